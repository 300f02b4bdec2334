from collections import Counter, defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailorbird.errors import DataError
from tailorbird.java_text import lexemes
from tailorbird.mining.similarity import SHINGLE, Shingles, nearest_similarity, neighbours
from tailorbird.mining.splits import CLUSTER_SIMILARITY, class_of, split
from tailorbird.records import FocalMethod, Pair, TestCase


def pair(number: int, focal_class: str, focal: str, test: str) -> Pair:
    return Pair(
        id=f"{number:016x}",
        focal=FocalMethod(
            class_name=focal_class,
            package="p",
            name="f",
            signature="void f()",
            parameters=(),
            path="A.java",
            line=1,
            end_line=1,
            text=focal,
            context=focal,
        ),
        test=TestCase(
            class_name="T",
            package="p",
            name="t",
            framework="junit5",
            kind="test",
            annotations=("Test",),
            assertions=("junit",),
            path="T.java",
            line=1,
            end_line=1,
            text=test,
        ),
        evidence=(),
        confidence=1.0,
        cluster=-1,
        split="",
    )


WORDS = [f"w{number}" for number in range(12)]
TEXTS = st.lists(st.sampled_from(WORDS), min_size=0, max_size=14).map(" ".join)
PAIRS = st.lists(
    st.tuples(st.sampled_from(["A", "A.B", "C", "D", "E", "F", "G"]), TEXTS, TEXTS), min_size=1, max_size=40
).map(lambda rows: [pair(number, *row) for number, row in enumerate(rows)])


def exact(left: str, right: str) -> float:
    sets = []
    for text in (left, right):
        tokens = lexemes(text)
        sets.append({tuple(tokens[at : at + SHINGLE]) for at in range(max(len(tokens) - SHINGLE + 1, 1))})
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1])


@settings(max_examples=150)
@given(PAIRS, st.integers(0, 3))
def test_nothing_straddles(pairs: list[Pair], seed: int) -> None:
    try:
        divided = split(pairs, seed=seed)
    except DataError:
        return
    splits_of: dict[object, set[str]] = defaultdict(set)
    for one in divided.pairs:
        splits_of[class_of(one)].add(one.split)
        splits_of[one.cluster].add(one.split)
    assert all(len(names) == 1 for names in splits_of.values())
    assert {one.split for one in divided.pairs} == {"train", "validation", "test"}
    assert [one.id for one in divided.pairs] == [one.id for one in pairs]
    assert divided == split(pairs, seed=seed)
    held_out = [one for one in divided.pairs if one.split == "test"]
    train = [one for one in divided.pairs if one.split == "train"]
    texts = {one.id: f"{one.focal.text}\n{one.test.text}" for one in pairs}
    nearest = [max(exact(texts[one.id], texts[other.id]) for other in train) for one in held_out]
    assert divided.leakage.max_similarity == pytest.approx(max(nearest), abs=1e-4)
    assert max(nearest) < CLUSTER_SIMILARITY
    for limit, count in divided.leakage.test_with_neighbour:
        assert count == sum(value >= limit for value in nearest)


@settings(max_examples=100)
@given(st.lists(TEXTS, min_size=1, max_size=25), st.sampled_from([0.3, 0.5, 0.7, 0.9, 1.0]))
def test_neighbours_are_exact(texts: list[str], threshold: float) -> None:
    wanted = [
        (one, other)
        for one in range(len(texts))
        for other in range(one + 1, len(texts))
        if exact(texts[one], texts[other]) >= threshold
    ]
    assert neighbours(Shingles(texts), threshold) == wanted


def test_nearest_similarity_without_a_pool() -> None:
    assert nearest_similarity(Shingles(["a b c d e f"]), [0], []) == [0.0]


def many(sizes: list[int]) -> list[Pair]:
    """Groups of these sizes: one class each, texts that share nothing."""
    rows = [(group, member) for group, size in enumerate(sizes) for member in range(size)]
    return [
        pair(number, f"C{group}", f"f{number} a{number} b{number} c{number} d{number}", f"t{number}")
        for number, (group, member) in enumerate(rows)
    ]


@pytest.mark.parametrize("seed", range(5))
def test_near_80_10_10(seed: int) -> None:
    sizes = Counter(one.split for one in split(many([30, 20] + [5] * 20 + [1] * 50), seed=seed).pairs)
    assert sizes == {"train": 160, "validation": 20, "test": 20}


def test_seed_moves_the_split() -> None:
    pairs = many([3] * 40)
    assert [one.split for one in split(pairs, seed=0).pairs] != [one.split for one in split(pairs, seed=1).pairs]


def test_big_groups_train_and_each_split_has_something() -> None:
    divided = split(many([100, 40, 30]), seed=0)
    names = {one.focal.class_name: one.split for one in divided.pairs}
    assert names["C0"] == "train"
    assert set(names.values()) == {"train", "validation", "test"}
    assert divided.leakage.largest_group == 100


@settings(max_examples=60)
@given(st.lists(st.integers(1, 60), min_size=3, max_size=12), st.integers(0, 3))
def test_any_three_groups_can_be_split(sizes: list[int], seed: int) -> None:
    names = [one.split for one in split(many(sizes), seed=seed).pairs]
    assert set(names) == {"train", "validation", "test"}
    assert names.count("train") >= max(sizes)


def test_two_groups_cannot_be_split() -> None:
    with pytest.raises(DataError, match="2 group"):
        split(many([10, 10]), seed=0)


def test_clones_join_their_classes() -> None:
    clones = [pair(number, f"K{number}", "a b c d e f g h", "same test text here now") for number in range(3)]
    divided = split([*clones, *many([2, 2, 2])], seed=0)
    assert len({one.cluster for one in divided.pairs[:3]}) == 1
    assert len({one.split for one in divided.pairs[:3]}) == 1
    assert divided.leakage.groups == 4
    assert divided.leakage.largest_cluster == 3
