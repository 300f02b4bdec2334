from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerBase

from tailorbird.base.prompts import encode_pair
from tailorbird.bases.open import open_base
from tailorbird.records import Neighbour, Pair
from tests import builders

METHOD = "int run(int count) {\n\treturn count + seen;\n}"
CONTEXT = f"Foo {{\n{METHOD}\nFoo(int seen);\nvoid walk();\nint seen;\n}}"
NEIGHBOUR = Neighbour(
    pair_id="1", focal_text="int go() { return 4; }", test_text="@Test void go() { assertTrue(it.go()); }"
)
SKELETON = "FooTest {\nprivate Foo foo;\n}"


@cache
def tokenizer() -> PreTrainedTokenizerBase:
    return open_base("tiny").tokenizer


def pair_with(*, skeleton: str | None = SKELETON, neighbour: Neighbour | None = NEIGHBOUR) -> Pair:
    return replace(
        builders.pair(), focal=builders.focal(text=METHOD, context=CONTEXT), skeleton=skeleton, neighbour=neighbour
    )


def parts(pair: Pair, limit: int) -> list[str]:
    text = tokenizer().decode(list(encode_pair(tokenizer(), pair, max_source=limit).source))
    return str(text).split(str(tokenizer().eos_token))[:-1]


def test_every_part_stands_in_its_place_with_its_own_end() -> None:
    test = "@Test void go() { assertTrue(it.go()); }\nint go() { return 4; }"
    assert parts(pair_with(), 500) == [CONTEXT, SKELETON, test]
    assert parts(pair_with(skeleton=None), 500) == [CONTEXT, test]
    assert parts(pair_with(neighbour=None, skeleton=None), 500) == [CONTEXT]


@given(st.integers(2, 120))
def test_the_context_gives_way_first_and_the_focal_method_last(limit: int) -> None:
    prompt = encode_pair(tokenizer(), pair_with(), max_source=limit)
    assert len(prompt.source) <= limit
    assert prompt.source[-1] == tokenizer().eos_token_id
    whole = encode_pair(tokenizer(), pair_with(), max_source=500)
    assert prompt.source_cut == (prompt.source != whole.source)
    shown = "".join(parts(pair_with(), limit))
    if prompt.focal_cut:
        assert "@Test" not in shown
        assert "FooTest" not in shown
    else:
        assert METHOD.rstrip("}").rstrip() in shown
    if "FooTest" in shown:
        assert "int go() { return 4; }" in shown  # The neighbour is whole before the skeleton has a token.
    if "walk" in shown:
        assert SKELETON in shown  # And both are before the signatures.


@pytest.mark.parametrize("limit", [500, 20])
def test_without_anything_beside_it_the_context_is_cut_at_its_end(limit: int) -> None:
    alone = pair_with(skeleton=None, neighbour=None)
    whole = tokenizer()(CONTEXT)["input_ids"]
    expected = whole if len(whole) <= limit else [*whole[: limit - 1], whole[-1]]
    assert list(encode_pair(tokenizer(), alone, max_source=limit).source) == expected


def test_a_cut_target_does_not_pretend_to_end() -> None:
    whole = encode_pair(tokenizer(), pair_with())
    cut = encode_pair(tokenizer(), pair_with(), max_target=5)
    assert (whole.target_cut, cut.target_cut) == (False, True)
    assert cut.target == whole.target[:5]
    assert whole.target[-1] == tokenizer().eos_token_id
