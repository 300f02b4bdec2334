"""BART's text infilling: spans of the input become one mask each, the whole text is the target (Lewis et al., 2020)."""

from collections.abc import Sequence

import numpy as np

MASKED_SHARE = 0.3
MEAN_SPAN = 3.0


def infill(tokens: Sequence[int], *, mask: int, random: np.random.Generator, share: float = MASKED_SHARE) -> list[int]:
    """``tokens`` with about ``share`` of them masked, in spans of Poisson(3) length, one ``mask`` for each span.

    A span of length 0 inserts a mask where nothing is missing, as in the paper. The last token (the end) is kept.
    """
    body = list(tokens[:-1])
    budget = round(share * len(body))
    keep = np.ones(len(body), dtype=bool)
    starts: set[int] = set()
    while budget > 0:
        length = min(int(random.poisson(MEAN_SPAN)), budget)
        start = int(random.integers(0, max(1, len(body) - length + 1)))
        keep[start : start + length] = False
        starts.add(start)
        budget -= max(length, 1)
    noised: list[int] = []
    for position, token in enumerate(body):
        if position in starts and not (noised and noised[-1] == mask):
            noised.append(mask)
        if keep[position]:
            noised.append(token)
    return [*noised, tokens[-1]]
