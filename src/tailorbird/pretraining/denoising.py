"""What the base restores: a text with masked spans, or one that breaks off; the whole text is the target each time."""

from collections.abc import Sequence

import numpy as np

MASKED_SHARE = 0.3
MEAN_SPAN = 3.0


def infill(tokens: Sequence[int], *, mask: int, random: np.random.Generator, share: float = MASKED_SHARE) -> list[int]:
    """``tokens`` with about ``share`` of them masked, in spans of Poisson(3) length, one ``mask`` for each span.

    BART's text infilling (Lewis et al., 2020), where a span of length 0 inserts a mask and nothing is missing. The last
    token (the end) is kept.
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


def break_off(tokens: Sequence[int], *, mask: int, random: np.random.Generator) -> list[int]:
    """``tokens`` up to somewhere between a fifth and four fifths, then one ``mask`` and the last token (the end).

    Infilling mends gaps of a few tokens between two known sides; only this teaches to go on alone, and to end (the
    S-denoiser of UL2, Tay et al., 2022).
    """
    body = tokens[:-1]
    kept = int(random.integers(len(body) // 5, max(len(body) // 5 + 1, len(body) * 4 // 5)))
    return [*body[:kept], mask, tokens[-1]]
