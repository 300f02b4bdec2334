"""Sequences that begin alike as a tree: what they share is computed once."""

from collections.abc import Sequence
from dataclasses import dataclass

LEAST_SHARED = 16
"""Tokens: a shorter shared beginning is not worth a part of its own."""


@dataclass(frozen=True, slots=True)
class PrefixTree:
    """Parts of sequences; each sequence is the parts on the way from a root to its leaf, one after another."""

    parts: tuple[tuple[int, ...], ...]
    """Tokens of each part; a part stands after all those before it on its way."""
    before: tuple[tuple[int, ...], ...]
    """For each part the numbers of those before it, from the root on."""
    leaves: tuple[int, ...]
    """For each sequence the number of the part that it ends with; several sequences may end with one part."""


def build_prefix_tree(sequences: Sequence[Sequence[int]], *, least: int = LEAST_SHARED) -> PrefixTree:
    """The tree of ``sequences``, in which beginnings of at least ``least`` tokens are shared.

    An inner part is shared by at least two sequences. Parts are in depth-first order of sorted sequences.
    """
    growing = _Growing(sequences, least)
    order = sorted(range(len(sequences)), key=lambda index: tuple(sequences[index]))
    growing.add(order, start=0, before=())
    return PrefixTree(tuple(growing.parts), tuple(growing.before), tuple(growing.leaves))


class _Growing:
    """A tree that is being built."""

    def __init__(self, sequences: Sequence[Sequence[int]], least: int) -> None:
        self._sequences, self._least = sequences, least
        self.parts: list[tuple[int, ...]] = []
        self.before: list[tuple[int, ...]] = []
        self.leaves = [-1] * len(sequences)

    def add(self, order: Sequence[int], *, start: int, before: tuple[int, ...]) -> None:
        """Add the sorted sequences ``order``, which share their first ``start`` tokens, below ``before``."""
        at = 0
        while at < len(order):
            shared, count = self._widest_group(order, at, start)
            group = order[at : at + count]
            at += count
            number = self._part(self._sequences[group[0]][start:shared], before)
            for index in group:
                if len(self._sequences[index]) == shared:
                    self.leaves[index] = number
            rest = [index for index in group if len(self._sequences[index]) > shared]
            if rest:
                self.add(rest, start=shared, before=(*before, number))

    def _widest_group(self, order: Sequence[int], at: int, start: int) -> tuple[int, int]:
        """Length shared by as many sequences from ``at`` on as share ``least`` tokens more, and how many they are."""
        first = self._sequences[order[at]]
        shared, count = len(first), 1
        for index in order[at + 1 :]:
            common = _common(first, self._sequences[index], limit=shared)
            # A sequence that is a whole beginning of another one is shared, however short its rest is.
            if common < start + self._least and common < len(first):
                break
            shared, count = min(shared, common), count + 1
        return shared, count

    def _part(self, tokens: Sequence[int], before: tuple[int, ...]) -> int:
        self.parts.append(tuple(tokens))
        self.before.append(before)
        return len(self.parts) - 1


def _common(one: Sequence[int], other: Sequence[int], *, limit: int) -> int:
    """Length of the common beginning, ``limit`` at most."""
    length = min(len(one), len(other), limit)
    return next((at for at in range(length) if one[at] != other[at]), length)
