"""How alike pairs are: exact Jaccard similarity of token shingles, through an inverted index.

MinHash would only guess at these figures, and the data sets are small enough to have them exactly: a pair is compared
with those that share a shingle, and, above a threshold, with those that share one of its rarest (prefix filtering).
"""

import math
from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from tailorbird.java_text import lexemes

SHINGLE = 5

Ids = NDArray[np.int64]


class Shingles:
    """The shingle sets of n texts; ids are sorted from the rarest shingle to the commonest."""

    def __init__(self, texts: Sequence[str]) -> None:
        raw = _shingle_ids(texts)
        self.sizes: Ids = np.array([len(one) for one in raw], dtype=np.int64)
        flat = np.concatenate(raw) if raw else np.zeros(0, dtype=np.int64)
        self._count = int(flat.max(initial=-1)) + 1
        rank = rarity(np.bincount(flat, minlength=self._count))
        self.sets: list[Ids] = [np.sort(rank[one]) for one in raw]

    def postings(self, members: Sequence[int], prefix: Sequence[int] | None = None) -> "Postings":
        """Inverted index over some of the texts; ``prefix`` limits each to that many of its rarest shingles."""
        kept = [self.sets[one] if prefix is None else self.sets[one][: prefix[one]] for one in members]
        return Postings(members, kept, self._count)

    def jaccard(self, one: int, others: Ids) -> NDArray[np.float64]:
        """Exact similarity of one text with each of the others, shape (len(others),)."""
        own = self.sets[one]
        shared = np.array([len(np.intersect1d(own, self.sets[other], assume_unique=True)) for other in others])
        alike: NDArray[np.float64] = shared / np.maximum(self.sizes[one] + self.sizes[others] - shared, 1)
        return alike


class Postings:
    """For each shingle the texts that hold it."""

    def __init__(self, members: Sequence[int], sets: Sequence[Ids], count: int) -> None:
        shingles = np.concatenate(sets) if sets else np.zeros(0, dtype=np.int64)
        owners = np.repeat(np.asarray(members, dtype=np.int64), [len(one) for one in sets])
        order = np.argsort(shingles, kind="stable")
        self._owners = owners[order]
        self._starts = np.concatenate([[0], np.cumsum(np.bincount(shingles, minlength=count))]).astype(np.int64)

    def holders(self, shingles: Ids) -> Ids:
        """Texts that hold each of ``shingles``, repeated once for each that they share."""
        parts = [self._owners[self._starts[one] : self._starts[one + 1]] for one in shingles]
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


def rarity(counts: Ids) -> Ids:
    """The place of each shingle from the rarest to the commonest, from how many texts hold it."""
    rank = np.empty(len(counts), dtype=np.int64)
    rank[np.argsort(counts, kind="stable")] = np.arange(len(counts))
    return rank


def prefix_length(size: int, threshold: float) -> int:
    """Two sets whose similarity reaches ``threshold`` share one of so many of the rarest of each."""
    return size - math.ceil(threshold * size) + 1


def _shingle_ids(texts: Sequence[str]) -> list[Ids]:
    """For each text the numbers of its shingles, each once; a text shorter than a shingle is one by itself."""
    words: dict[str, int] = {}
    end = [0] * SHINGLE
    tokens = [[words.setdefault(one, len(words) + 1) for one in lexemes(text)] for text in texts]
    flat = np.fromiter(chain.from_iterable([*one, *end] for one in tokens), dtype=np.int64)
    # Runs of two words are numbered, then runs of three: exact, where a hash of five would only mostly be.
    numbers = flat
    for following in range(1, SHINGLE):
        longer = numbers[:-1] * (len(words) + 1) + flat[following:]
        _, numbers = np.unique(longer, return_inverse=True)
    starts = np.cumsum([0] + [len(one) + len(end) for one in tokens])
    counts = [max(len(one) - SHINGLE + 1, 1) for one in tokens]
    return [np.unique(numbers[start : start + count]) for start, count in zip(starts, counts, strict=False)]


def neighbours(shingles: Shingles, threshold: float) -> list[tuple[int, int]]:
    """All (i, j), i < j, with Jaccard similarity at or above ``threshold`` (above 0): none missed, none guessed."""
    prefix = [prefix_length(int(size), threshold) for size in shingles.sizes]
    postings = shingles.postings(range(len(shingles.sets)), prefix)
    found: list[tuple[int, int]] = []
    for one, own in enumerate(shingles.sets):
        others = np.unique(postings.holders(own[: prefix[one]]))
        others = others[others > one]
        sizes = shingles.sizes[others]
        others = others[np.minimum(sizes, shingles.sizes[one]) >= threshold * np.maximum(sizes, shingles.sizes[one])]
        if len(others):
            alike = shingles.jaccard(one, others)
            found.extend((one, int(other)) for other in others[alike >= threshold])
    return found


def nearest_similarity(shingles: Shingles, queries: Sequence[int], pool: Sequence[int]) -> list[float]:
    """For each query its largest Jaccard similarity with any member of ``pool``; 0.0 with an empty pool."""
    postings = shingles.postings(pool)
    best: list[float] = []
    for query in queries:
        shared = np.bincount(postings.holders(shingles.sets[query]), minlength=len(shingles.sets))
        union = shingles.sizes + shingles.sizes[query] - shared
        best.append(float((shared / np.maximum(union, 1)).max(initial=0.0)))
    return best
