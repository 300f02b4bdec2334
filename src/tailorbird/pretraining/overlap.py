"""Nothing that a study is measured on stands in the corpus: its methods are looked for, and what is like them goes.

Two methods are alike where the Jaccard similarity of their shingles of five lexemes reaches a threshold: comments and
layout do not count, names and literals do. Exact, by prefix filtering: whoever is alike shares a shingle that is rare.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tailorbird.java_text import lexemes
from tailorbird.mining.similarity import SHINGLE, Ids, Postings, prefix_length, rarity
from tailorbird.pretraining.snippets import snippets
from tailorbird.progress import Progress
from tailorbird.records import Provenance
from tailorbird.sources import ResolvedSource

ALIKE = 0.7
"""From here on a method is near enough to another to be a copy that was worked over."""

_FACTOR = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyOverlap:
    """What one project of the studies shares with the corpus, all of which was removed from there."""

    source: Provenance
    methods: int
    """Distinct methods and constructors of at least 60 characters, main and test code."""
    found: int
    """Of these, how many had something like them in the corpus."""
    removed: int
    """Methods, pairs and test cases of the corpus that were most like one of them."""


class StudyMethods:
    """The methods of the projects that studies personalise to."""

    def __init__(self, texts: Sequence[str], *, alike: float = ALIKE) -> None:
        self._alike = alike
        self._words: dict[str, int] = {}
        raw = [self._shingles(text) for text in texts]
        self._sizes: Ids = np.array([len(one) for one in raw], dtype=np.int64)
        flat = np.concatenate(raw) if raw else np.zeros(0, dtype=np.uint64)
        self._known, places, counts = np.unique(flat, return_inverse=True, return_counts=True)
        self._rank = rarity(counts)
        ends = np.cumsum(self._sizes)
        self._sets: list[Ids] = [
            np.sort(self._rank[places[end - size : end]]) for end, size in zip(ends, self._sizes, strict=True)
        ]
        rarest = [one[: prefix_length(len(one), alike)] for one in self._sets]
        self._postings = Postings(range(len(texts)), rarest, len(self._known))

    def most_like(self, text: str) -> tuple[int, float] | None:
        """The number of the method that ``text`` is most like, and their similarity; None where none is alike."""
        own = self._shingles(text)
        at = np.searchsorted(self._known, own)
        at[at == len(self._known)] = 0
        known = self._known[at] == own if len(self._known) else np.zeros(len(own), dtype=bool)
        ranks = np.sort(self._rank[at[known]])
        # What no method of a study has is rarest of all, and finds nothing.
        prefix = prefix_length(len(own), self._alike) - (len(own) - len(ranks))
        if prefix <= 0:
            return None
        others = np.unique(self._postings.holders(ranks[:prefix]))
        if not len(others):
            return None
        shared = np.array([len(np.intersect1d(ranks, self._sets[other], assume_unique=True)) for other in others])
        similarities = shared / (len(own) + self._sizes[others] - shared)
        best = int(np.argmax(similarities))
        found = float(similarities[best])
        return (int(others[best]), found) if found >= self._alike else None

    def _shingles(self, text: str) -> NDArray[np.uint64]:
        """Hashes of the runs of five lexemes, each once, sorted; a shorter text is one run by itself."""
        words = [self._words.setdefault(one, len(self._words) + 1) for one in lexemes(text)]
        padded = np.array([*words, *[0] * max(0, SHINGLE - len(words))], dtype=np.uint64)
        count = len(padded) - SHINGLE + 1
        hashes = np.zeros(count, dtype=np.uint64)
        for following in range(SHINGLE):
            hashes = (hashes ^ padded[following : following + count]) * _FACTOR
            hashes ^= hashes >> np.uint64(29)
        return np.unique(hashes)


class Overlap:
    """Asks of each text of the corpus whether a study has it, and counts."""

    def __init__(self, studies: Iterable[tuple[Provenance, Sequence[str]]]) -> None:
        given = list(studies)
        self._studies = [(source, len(texts)) for source, texts in given]
        self._owner = [number for number, (_, count) in enumerate(self._studies) for _ in range(count)]
        self._methods = StudyMethods([text for _, texts in given for text in texts])
        self._found: list[set[int]] = [set() for _ in self._studies]
        self._removed = [0] * len(self._studies)

    def has(self, *texts: str) -> bool:
        """Whether one of ``texts``, which belong together, is like a method of a study."""
        for text in texts:
            found = self._methods.most_like(text)
            if found is not None:
                owner = self._owner[found[0]]
                self._found[owner].add(found[0])
                self._removed[owner] += 1
                return True
        return False

    def report(self) -> tuple[StudyOverlap, ...]:
        """What was found so far, by project."""
        return tuple(
            StudyOverlap(source=source, methods=count, found=len(found), removed=removed)
            for (source, count), found, removed in zip(self._studies, self._found, self._removed, strict=True)
        )


def read_studies(sources: Sequence[ResolvedSource], progress: Progress) -> Overlap:
    """Read the methods of the projects of the studies."""
    progress.start("reading the projects of studies", len(sources))
    studies = []
    for number, source in enumerate(sources, start=1):
        studies.append((source.provenance, tuple(snippets(source.root))))
        progress.update(number, source.provenance.location)
    progress.finish()
    return Overlap(studies)
