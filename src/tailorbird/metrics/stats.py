"""pass@k, and whether a difference between two rows is more than luck: a paired bootstrap of focal classes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tailorbird.errors import DataError
from tailorbird.records import MethodOutcome, Result, Treatment

RESAMPLES = 10_000
_DRAWS_AT_ONCE = 2_000_000

_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Difference:
    """Mean of one strategy minus the mean of another, with the 95% interval of the bootstrap."""

    difference: float
    low: float
    """Infinite on both sides where all pairs share one focal class: nothing can be resampled, so nothing is known."""
    high: float

    @property
    def clear(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


def pass_at_k(samples: int, right: int, k: int) -> float:
    """The chance that at least one of ``k`` of a method's samples is right, where ``right`` of all of them are.

    It is the share of all ways to draw ``k`` without replacement: unbiased for any ``k`` up to ``samples`` (Chen et
    al., 2021, equation 1). ValueError for more than that.
    """
    if not (0 <= right <= samples and 0 < k <= samples):
        raise ValueError(f"{k} of {samples} samples, {right} of them right, cannot be drawn.")
    return 1.0 - math.comb(samples - right, k) / math.comb(samples, k)


def useful_difference(*rows: tuple[Result, Result], treatment: Treatment, k: int) -> Difference | None:
    """How much higher useful@k is in the first than in the second result of each pair; ``rows`` has a pair per project.

    Taken over the focal methods that both results have, with whole focal classes resampled. None where a result was not
    executed, has fewer than ``k`` samples for a method, or did not measure usefulness.
    """
    both: list[tuple[MethodOutcome, MethodOutcome]] = []
    classes: list[str] = []
    for number, (ours, theirs) in enumerate(rows):
        first, second = _outcomes(ours, treatment), _outcomes(theirs, treatment)
        own = [(one, second[method]) for method, one in first.items() if method in second]
        both += own
        classes += [f"{number} {one.focal_class}" for one, _ in own]
        if not own:
            return None
    if not both or any(min(one.samples, other.samples) < k for one, other in both):
        return None
    return paired_bootstrap(
        [pass_at_k(one.samples, one.useful, k) for one, _ in both],
        [pass_at_k(one.samples, one.useful, k) for _, one in both],
        classes,
    )


def _outcomes(result: Result, treatment: Treatment) -> dict[str, MethodOutcome]:
    """The outcomes of each method, none where usefulness was not measured."""
    if result.executed is None or (found := result.executed.funnel(treatment)).useful is None:
        return {}
    return {one.method: one for one in found.methods}


def paired_bootstrap(
    ours: Sequence[float],
    theirs: Sequence[float],
    clusters: Sequence[str],
    *,
    weights: Sequence[float] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Difference:
    """Weighted mean of ``ours - theirs`` (one value per pair) and its 95% percentile interval.

    Clusters are drawn with replacement, each with all of its pairs: tests of one class are alike, and drawing them
    singly would make the interval too narrow. DataError when there are no pairs or the lengths differ.
    """
    if not ours or not len(ours) == len(theirs) == len(clusters):
        raise DataError(f"{len(ours)} and {len(theirs)} scores cannot be paired: score both on the same pairs.")
    mass = np.asarray(weights if weights is not None else [1.0] * len(ours), dtype=np.float64)
    change = (np.asarray(ours, dtype=np.float64) - np.asarray(theirs, dtype=np.float64)) * mass
    names, member = np.unique(np.asarray(clusters), return_inverse=True)
    changes: _Floats = np.bincount(member, weights=change, minlength=len(names)).astype(np.float64, copy=False)
    masses: _Floats = np.bincount(member, weights=mass, minlength=len(names)).astype(np.float64, copy=False)
    difference = float(changes.sum() / masses.sum())
    if len(names) < 2:
        return Difference(difference, -math.inf, math.inf)
    low, high = np.percentile(_resampled(changes, masses, resamples, seed), [2.5, 97.5])
    return Difference(difference, float(low), float(high))


def _resampled(changes: _Floats, masses: _Floats, resamples: int, seed: int) -> _Floats:
    """The mean difference of each resample: shape (resamples,)."""
    random = np.random.default_rng(seed)
    count = len(changes)
    block = max(1, _DRAWS_AT_ONCE // count)
    means = []
    for start in range(0, resamples, block):
        drawn = random.integers(0, count, size=(min(block, resamples - start), count))
        means.append(changes[drawn].sum(axis=1) / masses[drawn].sum(axis=1))
    return np.concatenate(means)
