"""The training pair whose focal method is most like another: BM25 over the words of the focal methods."""

import logging
from collections.abc import Sequence
from dataclasses import replace

import bm25s
import numpy as np

from tailorbird.java_text import lexemes
from tailorbird.mining.splits import class_of
from tailorbird.records import Neighbour, Pair


class Nearest:
    """Looks pairs up among ``training``, the pairs that may be shown."""

    def __init__(self, training: Sequence[Pair]) -> None:
        # It logs each step at its own level, whatever the command line's is.
        logging.getLogger("bm25s").setLevel(logging.WARNING)
        self._training = tuple(training)
        self._index = bm25s.BM25()
        self._terms: dict[str, list[str]] = {}
        if self._training:
            self._index.index([self._terms_of(pair) for pair in self._training], show_progress=False)
        self._numbers: dict[str, int] = {}
        self._classes = np.array(
            [self._numbers.setdefault(class_of(pair), len(self._numbers)) for pair in self._training]
        )
        self._clusters = np.array([pair.cluster for pair in self._training])

    def most_similar(self, pair: Pair) -> Pair | None:
        """The first of the most similar ones, whatever its class; None where there is nothing to look among."""
        return self._training[int(np.argmax(self._scores(pair)))] if self._training else None

    def from_elsewhere(self, pair: Pair) -> Pair | None:
        """The most similar one of another class and another cluster.

        That is what a held-out pair is shown in any case, the split being by class and cluster. A training pair must
        meet no nearer relatives than it, or the model learns to copy what is not there when it counts.
        """
        if not self._training:
            return None
        apart = (self._classes != self._numbers.get(class_of(pair), -1)) & (
            (self._clusters != pair.cluster) | (self._clusters < 0)
        )
        return self._training[int(np.argmax(np.where(apart, self._scores(pair), -1.0)))] if apart.any() else None

    def _scores(self, pair: Pair) -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
        return self._index.get_scores(self._terms_of(pair))  # type: ignore[no-any-return]

    def _terms_of(self, pair: Pair) -> list[str]:
        if pair.focal.text not in self._terms:
            self._terms[pair.focal.text] = _terms(pair.focal.text)
        return self._terms[pair.focal.text]


def with_neighbours(pairs: Sequence[Pair]) -> tuple[Pair, ...]:
    """Each pair with its neighbour from its own project's training part.

    Pairs without assertions are no example to show.
    """
    projects = sorted({pair.project for pair in pairs})
    nearest = {
        project: Nearest(
            [pair for pair in pairs if pair.project == project and pair.split == "train" and pair.test.assertions]
        )
        for project in projects
    }
    return tuple(replace(pair, neighbour=_shown(nearest[pair.project].from_elsewhere(pair))) for pair in pairs)


def _shown(pair: Pair | None) -> Neighbour | None:
    if pair is None:
        return None
    return Neighbour(pair_id=pair.id, focal_text=pair.focal.text, test_text=pair.test.text)


def _terms(text: str) -> list[str]:
    return [lexeme for lexeme in lexemes(text) if lexeme[0].isalnum() or lexeme[0] in "_$"] or ["<empty>"]
