"""Text metrics on Java lexemes: layout and comments do not count."""

from collections.abc import Sequence
from functools import cache

from rapidfuzz.distance import Levenshtein
from sacrebleu.metrics.bleu import BLEU

from tailorbird.java_text import lexemes


@cache
def _corpus_bleu() -> BLEU:
    # force: the text is lexemes already, which is what sacrebleu would warn about.
    return BLEU(tokenize="none", force=True)


@cache
def _sentence_bleu() -> BLEU:
    # Add-one smoothing beyond unigrams (Lin and Och, 2004); short tests often share no 4-gram at all.
    return BLEU(tokenize="none", force=True, smooth_method="add-k", smooth_value=1, effective_order=True)


def spaced(text: str) -> str:
    """The lexemes of ``text`` with one space between two; blanks inside a literal become ``·`` to stay one lexeme."""
    return " ".join(lexeme.replace(" ", "·").replace("\n", "⏎") for lexeme in lexemes(text))


def bleu4(candidates: Sequence[str], references: Sequence[str]) -> float:
    """Corpus BLEU-4 (Papineni et al., 2002), 0 to 100, over Java lexemes."""
    return float(
        _corpus_bleu()
        .corpus_score([spaced(text) for text in candidates], [[spaced(text) for text in references]])
        .score
    )


def bleu_signature() -> str:
    """What exactly `bleu4` computes, in sacrebleu's form, with the tokenisation named."""
    bleu = BLEU(tokenize="none", force=True)
    bleu.corpus_score(["a"], [["a"]])
    return f"{bleu.get_signature()}|lexemes:java"


def sentence_bleu4(candidate: str, reference: str) -> float:
    """BLEU-4 of one candidate, 0 to 100, smoothed; for paired statistics, not for headlines."""
    return float(_sentence_bleu().sentence_score(spaced(candidate), [spaced(reference)]).score)


def exact_match(candidate: str, reference: str) -> bool:
    """The same lexemes in the same order."""
    return lexemes(candidate) == lexemes(reference)


def edit_similarity(candidate: str, reference: str) -> float:
    """1 - Levenshtein distance / longer length, over characters of the spaced lexemes; 0 to 1."""
    return float(Levenshtein.normalized_similarity(spaced(candidate), spaced(reference)))
