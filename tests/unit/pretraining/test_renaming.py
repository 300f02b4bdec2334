"""Pairs in other words."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.base.load import Base, load_base
from tailorbird.networks.batch import Encoded
from tailorbird.pretraining.renaming import COMMON, WORD, Renaming, count_words, read_words, swap, write_words
from tests.data import write_base

END = 2
JAVA = st.text(alphabet='abCDeF19_.(){};" \n', max_size=60)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    folder = tmp_path_factory.mktemp("base")
    write_base(folder)
    return load_base(str(folder))


def words(others: tuple[str, ...]) -> tuple[str, ...]:
    """The commonest first: those that stay, then those that others are swapped for."""
    return ("test", "assert", "equals", "new", *(f"filler{at}" for at in range(COMMON - 4)), *others)


def renaming(base: Base, others: tuple[str, ...] = ("river", "mountain", "lake"), **limits: int) -> Renaming:
    limits = {"max_source": 400, "max_target": 400} | limits
    return Renaming(base.tokenizer, words(others), end=END, **limits)


def encoded(base: Base, *parts: str, target: str) -> Encoded:
    source = [token for part in parts for token in base.tokenizer(part)["input_ids"]]
    return Encoded(tuple(source), tuple(base.tokenizer(target)["input_ids"]))


def texts(base: Base, example: Encoded) -> tuple[str, str]:
    return str(base.tokenizer.decode(list(example.source))), str(base.tokenizer.decode(list(example.target)))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("encode", ["encode"]),
        ("encodeBase64URLSafe", ["encode", "Base", "URL", "Safe"]),
        ("HTMLParser", ["HTML", "Parser"]),
        ("MAX_VALUE", ["MAX", "VALUE"]),
        ("testX509", ["test", "X"]),
    ],
)
def test_words_are_the_parts_of_names(name: str, expected: list[str]) -> None:
    assert WORD.findall(name) == expected


def test_case_is_kept() -> None:
    assert swap("encode Encoder testEncode ENCODE_ALL", {"encode": "river"}) == "river Encoder testRiver RIVER_ALL"


@given(JAVA)
def test_swapping_and_swapping_back_gives_the_text(text: str) -> None:
    own = {word.lower() for word in WORD.findall(text)}
    there = {word: "q" * (3 + at) for at, word in enumerate(sorted(own)) if len(word) > 1}
    back = {new: word for word, new in there.items()}
    # Neighbouring words in one case may look like a single one afterwards: only lower and capital ones come back.
    if all(word.islower() or word.istitle() for word in WORD.findall(text)):
        assert swap(swap(text, there), back) == text


@given(JAVA)
def test_without_swaps_the_text_stays(text: str) -> None:
    assert swap(text, {}) == text


def test_input_and_test_get_the_same_words(base: Base) -> None:
    example = encoded(base, "Adder { add(); }", "testAdder() { }", target="new Adder().add(); testAdd();")
    for seed in range(20):
        source, target = texts(base, renaming(base)(example, np.random.default_rng(seed)))
        assert source.count("</s>") == 2
        for word in ("river", "mountain", "lake"):
            assert (word in source.lower()) == (word in target.lower())
        assert target.startswith("new ")


def test_common_words_and_words_of_the_test_alone_stay(base: Base) -> None:
    example = encoded(base, "assertEquals new test Adder", target="test Adder elsewhere assertEquals")
    for seed in range(20):
        _, target = texts(base, renaming(base)(example, np.random.default_rng(seed)))
        assert target.startswith("test ")
        assert target.endswith(" elsewhere assertEquals</s>")


def test_two_words_never_become_one(base: Base) -> None:
    example = encoded(base, "alpha beta gamma delta", target="alpha beta gamma delta")
    for seed in range(50):
        source, _ = texts(base, renaming(base, ("river", "delta"))(example, np.random.default_rng(seed)))
        found = source.removesuffix("</s>").split()
        assert len(set(found)) == 4


def test_the_same_draw_gives_the_same_words(base: Base) -> None:
    example = encoded(base, "alpha beta gamma", target="beta")
    one, two = (renaming(base)(example, np.random.default_rng(3)) for _ in range(2))
    assert one == two
    assert len({renaming(base)(example, np.random.default_rng(seed)) for seed in range(20)}) > 1


def test_limits_hold(base: Base) -> None:
    example = encoded(base, "alpha beta", target="alpha")
    long = ("averyveryverylongwordindeed",)
    limits = {"max_source": len(example.source), "max_target": len(example.target)}
    for seed in range(20):
        renamed = renaming(base, long, **limits)(example, np.random.default_rng(seed))
        assert len(renamed.source) <= len(example.source)
        assert len(renamed.target) <= len(example.target)
        assert renamed.source[-1] == renamed.target[-1] == END


def test_without_words_to_take_nothing_changes(base: Base) -> None:
    example = encoded(base, "alpha beta", target="alpha")
    assert renaming(base, ())(example, np.random.default_rng(0)) == example


def test_words_are_counted_once_a_text_and_the_commonest_stand_first(tmp_path: Path) -> None:
    counts = count_words(["Adder add adder", "adder", "Adder", "ADDER if", "adderAdd", "rare"] + ["add"] * 6)
    assert (counts["adder"], counts["add"], counts["rare"]) == (5, 8, 1)
    write_words(tmp_path / "words.txt", counts)
    assert read_words(tmp_path / "words.txt") == ("add", "adder")
