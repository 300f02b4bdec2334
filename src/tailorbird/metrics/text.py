"""Text metrics on Java lexemes: layout and comments do not count. All work on broken code, which a test may be."""

import re
from collections.abc import Sequence

from rapidfuzz.distance import Levenshtein
from sacrebleu.metrics.bleu import BLEU

from tailorbird.java_text import lexemes

_BLANK = re.compile(r"\s")
# force: sacrebleu would warn that the text looks tokenised, which is the intention.
_CORPUS = BLEU(tokenize="none", force=True)
# effective_order: sacrebleu would warn otherwise; with smoothing every order counts either way.
_SENTENCE = BLEU(tokenize="none", force=True, smooth_method="add-k", smooth_value=1, effective_order=True)


def bleu4(candidates: Sequence[str], references: Sequence[str]) -> float:
    """Corpus BLEU-4 over Java lexemes, 0 to 100; one reference for each candidate."""
    score = _CORPUS.corpus_score([_tokens(text) for text in candidates], [[_tokens(text) for text in references]])
    return _at_most_100(score.score)


def bleu_signature() -> str:
    """What exactly ``bleu4`` computes, in sacrebleu's form, with the tokenisation named that came before."""
    bleu = BLEU(tokenize="none", force=True)
    # There is a signature only after a score.
    bleu.corpus_score(["a"], [["a"]])
    return f"{bleu.get_signature()}|lexemes:java"


def sentence_bleu4(candidate: str, reference: str) -> float:
    """BLEU-4 of one test over Java lexemes, 0 to 100; one is added to the counts beyond unigrams."""
    return _at_most_100(_SENTENCE.sentence_score(_tokens(candidate), [_tokens(reference)]).score)


def exact_match(candidate: str, reference: str) -> bool:
    """Whether both have the same lexemes: layout and comments do not count."""
    return lexemes(candidate) == lexemes(reference)


def edit_similarity(candidate: str, reference: str) -> float:
    """1 minus the Levenshtein distance over the longer length, in characters of lexemes joined by single spaces."""
    return float(Levenshtein.normalized_similarity(" ".join(lexemes(candidate)), " ".join(lexemes(reference))))


def _at_most_100(score: float) -> float:
    # exp(log) of a perfect match is a few units in the last place above.
    return min(score, 100.0)


def _tokens(text: str) -> str:
    """Lexemes as sacrebleu splits them again: at spaces, so that none may stand inside a literal."""
    return " ".join(_BLANK.sub("\N{OPEN BOX}", lexeme) for lexeme in lexemes(text))
