"""The tiny base's tokenizer loses nothing and spends one token on a line's beginning."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from tailorbird.base.load import tokenizer_sha256
from tailorbird.base.tokenizer import SPECIAL_TOKENS, save_tokenizer, train_tokenizer
from tailorbird.java_text import canonical_layout

NESTED = [
    f"@Test\npublic void tests{name}() {{\n\tfor (int i = 0; i < {value}; i++) {{\n\t\tif (i > 1) {{\n\t\t\trun(i);\n"
    f"\t\t}}\n\t}}\n\tassertEquals({value}, new {name}().size());\n}}"
    for value, name in enumerate(["Counter", "Parser", "Buffer", "Encoder", "Clock"] * 4)
]
TOKENIZER = train_tokenizer(NESTED, vocabulary_size=360)

ASCII = ["assertEquals", "(", ")", ";", "{", "}", "()", "\n", "\n\t", "\n\t\t", " ", "  ", "42", "123456789", "0xFFL"]
OTHER = ["$name_1", "größe", "日本", "\\n", '"a b"', "'\\u0041'", "->", "<T>", "@Test", "// é", "🐦", ".5f", "e\u0301"]
WORDS = st.sampled_from([*ASCII, *OTHER])
JAVA = st.one_of(st.lists(WORDS, max_size=40).map("".join), st.text(max_size=60)).map(canonical_layout)


def ids(text: str) -> list[int]:
    return [int(token) for token in TOKENIZER(text)["input_ids"]]


@given(JAVA.filter(lambda text: not any(special in text for special in SPECIAL_TOKENS)))
def test_decoding_gives_back_the_text(text: str) -> None:
    assert TOKENIZER.decode(ids(text), skip_special_tokens=True) == text


@given(JAVA.filter(lambda text: not any(special in text for special in SPECIAL_TOKENS)))
def test_the_end_token_is_the_only_special_one(text: str) -> None:
    special = {TOKENIZER.convert_tokens_to_ids(token) for token in SPECIAL_TOKENS}
    tokens = ids(text)
    assert tokens[-1] == TOKENIZER.eos_token_id
    assert not special & set(tokens[:-1])


@pytest.mark.parametrize("tabs", [0, 1, 2, 3])
def test_a_line_break_with_its_tabs_is_one_token(tabs: int) -> None:
    line = "\n" + "\t" * tabs
    assert len(ids(line)) == 2
    assert ids(f"a{line}b") == [*ids("a")[:-1], *ids(line)[:-1], *ids("b")]


def test_names_never_merge_with_punctuation_and_digits_go_by_threes() -> None:
    pieces = [TOKENIZER.decode([token]) for token in ids("run(i);123456")[:-1]]
    assert pieces[0] == "run"
    assert all(not (any(c.isalnum() for c in piece) and any(c in "();" for c in piece)) for piece in pieces)
    assert all(sum(c.isdigit() for c in piece) <= 3 for piece in pieces)


def test_special_tokens_stand_where_bart_has_them() -> None:
    assert [TOKENIZER.convert_tokens_to_ids(token) for token in SPECIAL_TOKENS] == [0, 1, 2, 3, 4]
    assert (TOKENIZER.pad_token_id, TOKENIZER.eos_token_id, TOKENIZER.mask_token_id) == (1, 2, 4)


def test_the_vocabulary_is_no_larger_than_asked_for() -> None:
    assert len(TOKENIZER) == 360


def test_training_is_reproducible() -> None:
    assert tokenizer_sha256(train_tokenizer(NESTED, vocabulary_size=360)) == tokenizer_sha256(TOKENIZER)
    assert tokenizer_sha256(train_tokenizer(NESTED[:7], vocabulary_size=360)) != tokenizer_sha256(TOKENIZER)


def test_a_saved_tokenizer_does_the_same(tmp_path: Path) -> None:
    save_tokenizer(TOKENIZER, tmp_path)
    for loaded in (
        AutoTokenizer.from_pretrained(str(tmp_path)),
        PreTrainedTokenizerFast.from_pretrained(str(tmp_path)),
    ):
        assert [loaded(text)["input_ids"] for text in NESTED] == [ids(text) for text in NESTED]
        assert tokenizer_sha256(loaded) == tokenizer_sha256(TOKENIZER)
        # Half a text must come out as it went in, spaces before punctuation too.
        assert loaded.decode(loaded("a ; b .")["input_ids"], skip_special_tokens=True) == "a ; b ."
