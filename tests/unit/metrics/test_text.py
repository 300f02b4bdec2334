import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.metrics.text import bleu4, bleu_signature, edit_similarity, exact_match, sentence_bleu4

CODE = '@Test\nvoid adds() {\n    int sum = new Adder().add(1, 2);\n    assertEquals("one  two", sum);\n}'
LAID_OUT = (
    '@Test void adds() { // a comment\n\tint sum=new Adder().add(1,2);\n\n assertEquals("one  two",sum); /* x */}'
)

texts = st.one_of(
    st.text(max_size=60), st.lists(st.sampled_from(["a", "(", ")", ";", '"b c"', "1", "// x\n"])).map(" ".join)
)


def test_layout_and_comments_do_not_count() -> None:
    assert exact_match(LAID_OUT, CODE)
    assert bleu4([LAID_OUT], [CODE]) == sentence_bleu4(LAID_OUT, CODE) == 100
    assert edit_similarity(LAID_OUT, CODE) == 1


def test_what_stands_in_a_literal_counts() -> None:
    other = CODE.replace("one  two", "one two")
    assert not exact_match(other, CODE)
    # The literal is one lexeme, so that one of 24 is wrong, not one word of a longer text.
    assert bleu4([other], [CODE]) == bleu4([CODE.replace("one  two", "three")], [CODE]) < 100


def test_an_empty_candidate_scores_nothing() -> None:
    assert bleu4([""], [CODE]) == sentence_bleu4("", CODE) == edit_similarity("", CODE) == 0
    assert not exact_match("", CODE)


def test_corpus_bleu_is_sacrebleus_on_lexemes() -> None:
    # Unigrams 4 of 5, bigrams 2 of 4, 3-grams 1 of 3, 4-grams 0 of 2, which exponential smoothing makes 1/2 of 2.
    expected = 100 * (4 / 5 * 2 / 4 * 1 / 3 * 1 / 4) ** (1 / 4)
    assert bleu4(["a b c x e"], ["a b c d e"]) == pytest.approx(expected)


def test_sentence_bleu_adds_one_beyond_unigrams() -> None:
    expected = 100 * (4 / 5 * 3 / 5 * 2 / 4 * 1 / 3) ** (1 / 4)
    assert sentence_bleu4("a b c x e", "a b c d e") == pytest.approx(expected)


def test_edit_similarity_counts_characters_of_spaced_lexemes() -> None:
    # "f ( 1 ) ;" and "f ( 2 ) ;": one of nine characters.
    assert edit_similarity("f(1);", "f( 2 );") == pytest.approx(8 / 9)


def test_the_signature_names_the_tokenisation() -> None:
    signature = bleu_signature()
    assert "tok:none" in signature
    assert "lexemes:java" in signature


@given(texts, texts)
def test_scores_stay_in_range_and_agree_on_equality(candidate: str, reference: str) -> None:
    assert 0 <= sentence_bleu4(candidate, reference) <= 100
    assert 0 <= bleu4([candidate], [reference]) <= 100
    assert 0 <= edit_similarity(candidate, reference) <= 1
    assert (edit_similarity(candidate, reference) == 1) == exact_match(candidate, reference)
