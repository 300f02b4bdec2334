"""The parts of pre-training: noise, token files, snippets, mixing, what is held out."""

from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.errors import DataError, UsageError
from tailorbird.java_text import canonical_layout
from tailorbird.networks.batch import Encoded
from tailorbird.pretraining.corpus import read_list
from tailorbird.pretraining.denoising import break_off, infill
from tailorbird.pretraining.snippets import snippets
from tailorbird.pretraining.stages import END, MASK, DenoisingBatches, PairBatches, held_out_indices, mixed, pair_store
from tailorbird.pretraining.token_store import TokenStore, write_tokens

FIXTURES = Path(__file__).parents[2] / "fixtures"
TOKENS = st.lists(st.integers(5, 65_535), min_size=1, max_size=120)
SEEDS = st.integers(0, 2**32)


@given(TOKENS, SEEDS, st.floats(0, 1))
def test_noise_keeps_the_end_and_the_order(tokens: list[int], seed: int, share: float) -> None:
    noised = infill(tokens, mask=MASK, random=np.random.default_rng(seed), share=share)
    assert noised[-1] == tokens[-1]
    kept = [token for token in noised if token != MASK]
    rest = iter(tokens)
    assert all(token in rest for token in kept)  # a subsequence: each is found after the one before
    assert all((one, other) != (MASK, MASK) for one, other in pairwise(noised))
    # Spans may meet, never exceed the budget.
    assert len(tokens) - len(kept) <= round(share * (len(tokens) - 1))
    assert len(kept) == len(tokens) or MASK in noised


@given(TOKENS, SEEDS)
def test_noise_is_the_generators_alone(tokens: list[int], seed: int) -> None:
    first, second = (infill(tokens, mask=MASK, random=np.random.default_rng(seed)) for _ in range(2))
    assert first == second


@given(TOKENS, SEEDS)
def test_what_breaks_off_goes_on_from_its_beginning(tokens: list[int], seed: int) -> None:
    noised = break_off(tokens, mask=MASK, random=np.random.default_rng(seed))
    kept = len(noised) - 2
    assert noised == [*tokens[:kept], MASK, tokens[-1]]
    assert (len(tokens) - 1) // 5 <= kept <= max(1, (len(tokens) - 1) * 4 // 5)


@pytest.mark.parametrize(("share", "least", "most"), [(0.0, 0, 0), (0.5, 60, 140), (1.0, 200, 200)])
def test_the_wanted_share_breaks_off(tmp_path: Path, share: float, least: int, most: int) -> None:
    write_tokens(tmp_path / "store", [[*range(5, 45), END]] * 200)
    store = TokenStore(tmp_path / "store")
    batches = DenoisingBatches(store, range(200), batch_size=200, length=50, seed=0, broken_off=share)
    examples = batches(0)
    # Infilled ones keep their last but one token in seven of ten cases; those that broke off never do.
    broken = sum(list(one.source[:-2]) == list(one.target[: len(one.source) - 2]) for one in examples)
    assert least <= broken <= most + 5
    assert {one.target for one in examples} == {(*range(5, 45), END)}


def test_about_the_wanted_share_is_masked_in_spans_of_about_three() -> None:
    random = np.random.default_rng(0)
    tokens = list(range(5, 206))
    noised = [infill(tokens, mask=MASK, random=random) for _ in range(200)]
    lost = np.mean([1 - sum(token != MASK for token in one) / len(tokens) for one in noised])
    assert 0.22 < lost <= 0.3  # Spans that overlap lose a little of the budget.
    masks = np.mean([one.count(MASK) for one in noised])
    assert 2 < lost * len(tokens) / masks < 4


@given(st.lists(st.lists(st.integers(0, 65_535), max_size=20), max_size=20))
def test_a_token_store_gives_back_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, sequences: list[list[int]]
) -> None:
    stem = tmp_path_factory.mktemp("store") / "tokens"
    assert write_tokens(stem, sequences) == len(sequences)
    store = TokenStore(stem)
    assert len(store) == len(sequences)
    assert [store[index] for index in range(len(store))] == sequences
    assert store.lengths().tolist() == [len(sequence) for sequence in sequences]


def test_pairs_are_read_side_by_side(tmp_path: Path) -> None:
    write_tokens(tmp_path / "pairs-source", [[5, 2], [6, 7, 2]])
    write_tokens(tmp_path / "pairs-target", [[8, 2], [9, 2]])
    assert pair_store(tmp_path / "pairs") == [Encoded((5, 2), (8, 2)), Encoded((6, 7, 2), (9, 2))]


@pytest.mark.parametrize("name", ["junit4-ledger", "junit5-parcel"])
def test_snippets_are_methods_in_canonical_layout_each_once(name: str) -> None:
    found = list(snippets(FIXTURES / name))
    assert len(found) >= 10
    assert max(Counter(found).values()) == 1
    for text in found:
        assert text == canonical_layout(text)
        assert 60 <= len(text) <= 2000
        assert text.rstrip().endswith(("}", ";"))


def test_snippets_bring_their_javadoc_and_come_in_order(tmp_path: Path) -> None:
    method = "public int {name}(int left, int right) {{\n        return left + right + 12345678;\n    }}"
    one, two = (method.format(name=name) for name in ("one", "two"))
    (tmp_path / "B.java").write_text(f"class B {{\n    {one}\n}}")
    (tmp_path / "A.java").write_text(
        "class A {\n    /**\n     * Adds.\n     */\n"
        f"    {two}\n    // not this\n    {one}\n    int f() {{ return 1; }}\n}}"
    )
    found = list(snippets(tmp_path))
    assert [text.partition("(")[0].split()[-1] for text in found] == ["two", "one"]
    assert found[0].startswith("/**\n* Adds.\n*/\npublic int two")
    assert found[1].startswith("public int one")
    assert list(snippets(tmp_path, max_characters=85)) == found[1:]


def test_every_nth_step_denoises() -> None:
    pairs, noise = ([Encoded((token,), (token,))] for token in (5, 6))

    def kinds(every: int) -> str:
        batch_of = mixed(lambda _: pairs, lambda _: noise, every=every)
        return "".join("n" if batch_of(step) is noise else "p" for step in range(8))

    assert kinds(4) == "pppnpppn"
    assert kinds(1) == "nnnnnnnn"
    assert kinds(0) == "pppppppp"


@given(st.integers(0, 400), st.integers(0, 200), SEEDS)
def test_training_and_held_out_are_disjoint_and_complete(count: int, held_out: int, seed: int) -> None:
    training, held = held_out_indices(count, held_out=held_out, seed=seed)
    assert sorted(training + held) == list(range(count))
    assert len(held) == min(held_out, count // 10)
    assert (training, held) == held_out_indices(count, held_out=held_out, seed=seed)


def test_denoising_examples_are_a_function_of_seed_and_step(tmp_path: Path) -> None:
    write_tokens(tmp_path / "denoise", [[*range(5, 5 + length), END] for length in range(3, 60, 4)])
    store = TokenStore(tmp_path / "denoise")

    def batches(seed: int) -> DenoisingBatches:
        return DenoisingBatches(store, range(10), batch_size=4, length=16, seed=seed)

    steps = range(9)
    made = [batches(0)(step) for step in steps]
    assert [batches(0)(step) for step in reversed(steps)][::-1] == made
    assert [batches(1)(step) for step in steps] != made
    for example in (example for step in made for example in step):
        assert len(example.target) <= 16
        assert example.source[-1] == example.target[-1] == END
        # A window: tokens stand as they did.
        body = example.target[:-1]
        assert list(body) == list(range(body[0], body[0] + len(body)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("coordinates = ", "is not a corpus list"),
        ("other = []", r"other \(in .*corpus\.toml\) is not a setting here"),
        ('coordinate = ["g:a:1"]', r"coordinate \(in .*corpus\.toml\) is not .*: did you mean coordinates\?"),
        ('coordinates = ["g:a:1"]\nstudy = []', "study .*: did you mean studies"),
        ("coordinates = [1]", "is not a corpus list"),
        ("coordinates = []", "lists no coordinates"),
        ('coordinates = ["g:a:1"]\nheld_out = [2]', "is not a corpus list"),
        ('coordinates = ["g:a:1"]\nheld_out = ["g:a:1"]', "lists g:a:1 to train on and as held out"),
    ],
)
def test_a_corpus_list_that_is_none_is_refused(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "corpus.toml").write_text(text)
    with pytest.raises((DataError, UsageError), match=message):
        read_list(tmp_path / "corpus.toml")
    with pytest.raises(DataError, match="is not a corpus list"):
        read_list(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b"coordinates = ['\xe9']")
    with pytest.raises(DataError, match="is not a corpus list"):
        read_list(tmp_path / "latin.toml")


def test_the_embedded_corpus_names_versions_and_none_of_the_projects_it_is_compared_on() -> None:
    listed = read_list()
    coordinates = (*listed.coordinates, *listed.held_out)
    assert len(set(coordinates)) == len(coordinates) > 10
    assert len(listed.studies) > 20
    families = [{one.split(":")[0] for one in part} for part in (listed.coordinates, listed.held_out)]
    assert families[1]
    assert not families[0] & families[1]
    for coordinate in coordinates:
        group, _, version = coordinate.split(":")
        assert version
        assert not group.startswith(("org.apache.commons", "org.apache.wicket", "org.apache.jena", "com.helger"))
        assert group not in {one.split(":")[0] for one in listed.studies}


def test_equal_sources_stay_equal_in_other_words_and_stand_in_one_batch() -> None:
    examples = [Encoded((number // 2, 9), (number,)) for number in range(16)]

    def reword(example: Encoded, random: np.random.Generator) -> Encoded:
        return Encoded((*example.source, int(random.integers(1000, 2000))), example.target)

    batches = PairBatches(examples, batch_size=4, seed=3, reword=reword, share=0.5, shared_sources=True)
    reworded = 0
    for step in range(8):
        batch = batches(step)
        assert batches(step) == batch
        assert len({example.source for example in batch}) == 2
        reworded += sum(len(example.source) > 2 for example in batch)
    assert 0 < reworded < 32
