"""Differences between two rows on the pairs they share, and which of them may be called one."""

import math
from typing import Literal

from tailorbird.metrics.stats import Difference, paired_bootstrap
from tailorbird.records import PairScore, Result
from tailorbird.report.units import signed

BLEU_POINTS = 2.0
"""A smaller difference in BLEU is not called one."""


def difference(ours: Result, theirs: Result, measure: Literal["loss", "bleu4"]) -> Difference | None:
    """Mean of ``ours - theirs``: loss in nats per token, BLEU-4 per test. None where they cannot be compared."""
    known = {score.pair_id: score for score in theirs.scores}
    both = [(one, known[one.pair_id]) for one in ours.scores if one.pair_id in known]
    if measure == "bleu4":
        triples = [(one.bleu4, other.bleu4, 1.0) for one, other in both]
    else:
        triples = [_per_token(one, other) for one, other in both if _comparable(one, other)]
        if len(triples) < len(both):
            return None
    if not triples:
        return None
    first, second, weights = zip(*triples, strict=True)
    return paired_bootstrap(first, second, [one.focal_class for one, _ in both], weights=weights)


def _comparable(one: PairScore, other: PairScore) -> bool:
    # Another tokenizer has other tokens: nats per token of the two are different things.
    return one.loss is not None and other.loss is not None and one.tokens == other.tokens > 0


def _per_token(one: PairScore, other: PairScore) -> tuple[float, float, float]:
    return (one.loss or 0.0) / one.tokens, (other.loss or 0.0) / other.tokens, float(one.tokens)


def called_in_bleu(ours: Result, theirs: Result) -> float:
    """Difference in corpus BLEU where it may be called one, else 0: at least 2 points, and clear of resampling."""
    points = ours.metrics.bleu4 - theirs.metrics.bleu4
    per_test = difference(ours, theirs, "bleu4")
    if abs(points) < BLEU_POINTS or per_test is None or not per_test.clear or per_test.difference * points < 0:
        return 0.0
    return points


def interval(found: Difference | None, digits: int, *, scale: float = 1) -> str:
    """``found`` times ``scale`` with its 95% interval in brackets; empty for None."""
    if found is None:
        return ""
    middle, low, high = (signed(scale * one, digits) for one in (found.difference, found.low, found.high))
    return f"{middle} [{low}, {high}]" if math.isfinite(found.low) else middle
