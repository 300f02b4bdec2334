"""Prompts with tokenizers shaped as they are published: what these add by themselves is never there."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from tailorbird.base.prompts import encode_lone_test, encode_pair, encode_test, encode_text
from tailorbird.records import Neighbour
from tests import builders
from tests.published import LOSSLESS, SHAPES, tokenizer

_SPECIAL = ["<s>", "</s>", "<pad>", "<mask>", "<|endoftext|>", "<|im_end|>", "<tool_call>", "__java__", "<extra_id_0>"]
_WORDS = [
    "assertEquals(",
    "12345",
    "3.14f",
    '"',
    "\n\t",
    "  ",
    "größe",
    "日本",
    "🐦",
    " ! a ? b",
    "\r",
    "don 't",
    "\u2581",
]
TEXTS = st.lists(st.sampled_from([*_SPECIAL, *_WORDS]), min_size=1, max_size=12).map("".join)


def specials(of: PreTrainedTokenizerFast) -> set[int]:
    return {number for number, token in of.added_tokens_decoder.items() if token.special} | set(of.all_special_ids)


@pytest.mark.parametrize("shape", SHAPES)
@given(text=TEXTS)
def test_a_part_has_one_special_token_and_that_is_its_end(shape: str, text: str) -> None:
    own = tokenizer(shape)
    *inner, last = encode_text(own, text)
    assert last == own.eos_token_id
    assert own.eos_token_id not in inner
    if shape in LOSSLESS:  # T5's special tokens are pieces like any other, and are found in texts.
        assert not specials(own) & set(inner)


@pytest.mark.parametrize("shape", LOSSLESS)
@given(text=TEXTS.filter(lambda text: "\u2581" not in text))
def test_a_part_says_its_text_and_nothing_else(shape: str, text: str) -> None:
    own = tokenizer(shape)
    said = own.decode(list(encode_text(own, text)[:-1]), skip_special_tokens=True, clean_up_tokenization_spaces=False)
    assert said == text


@pytest.mark.parametrize("shape", SHAPES)
def test_an_uncut_target_ends_and_a_cut_one_does_not(shape: str) -> None:
    own, pair = tokenizer(shape), builders.pair()
    whole = encode_pair(own, pair, max_target=4_000)
    assert whole.target[-1] == own.eos_token_id
    assert whole.target.count(own.eos_token_id) == 1
    assert own.eos_token_id not in encode_pair(own, pair, max_target=5).target


@pytest.mark.parametrize("shape", SHAPES)
def test_each_part_of_an_input_ends_with_the_end_token(shape: str) -> None:
    own = tokenizer(shape)
    neighbour = Neighbour(pair_id="1", focal_text="int go() { return 4; }", test_text="@Test void go() { }")
    pair = replace(builders.pair(), skeleton="FooTest {\n}", neighbour=neighbour)
    source = encode_pair(own, pair, max_source=4_000).source
    assert source.count(own.eos_token_id) == 3
    assert source[-1] == own.eos_token_id
    lone = encode_lone_test(own, "FooTest { }", "void a() { }", "void b() { }", max_source=4_000, max_target=4_000)
    assert lone.source.count(own.eos_token_id) == 2
    assert not specials(own) & {source[0], lone.source[0], lone.target[0]}


def test_an_end_token_that_is_not_marked_as_special_is_not_found_in_texts() -> None:
    own = PreTrainedTokenizerFast(tokenizer_object=tokenizer("qwen2").backend_tokenizer, eos_token="<tool_call>")
    *inner, last = encode_text(own, 'say("<tool_call>");')
    assert last == own.eos_token_id == own.convert_tokens_to_ids("<tool_call>")
    assert last not in inner
    assert own.decode(inner) == 'say("<tool_call>");'


def test_what_is_not_known_falls_back_to_its_bytes_and_the_end_still_follows() -> None:
    own = tokenizer("llama")
    assert own.convert_ids_to_tokens(list(encode_test(own, "日"))) == ["▁", "<0xE6>", "<0x97>", "<0xA5>", "</s>"]
