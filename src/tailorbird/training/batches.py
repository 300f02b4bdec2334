"""Batches as a pure function of the step: a resumed run reads the same examples in the same order as one left alone."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from tailorbird.networks.batch import Encoded

_STRETCH = 32
"""Batches that are dealt out at once: lengths are compared within them."""


class EpochOrder:
    """Which examples make up the batch of a step.

    Every epoch visits each example once, in an order drawn from (seed, epoch). Each batch gets some of every length, so
    that all hold about as many tokens: packed sequences need no neighbours of their own length, and steps that weigh
    alike learn more (docs/design/0012).
    """

    def __init__(self, lengths: Sequence[int], *, batch_size: int, seed: int) -> None:
        if not lengths or batch_size < 1:
            raise ValueError("EpochOrder needs at least one example and a batch size of at least 1")
        self._lengths = np.asarray(lengths)
        self._batch_size = batch_size
        self._seed = seed
        self._epoch = lru_cache(maxsize=2)(self._draw)

    @property
    def steps_per_epoch(self) -> int:
        """Batches in one epoch; the last one may be smaller."""
        return -(-len(self._lengths) // self._batch_size)

    def __call__(self, step: int) -> tuple[int, ...]:
        """Indices of the examples of ``step`` (0-based)."""
        epoch, position = divmod(step, self.steps_per_epoch)
        return self._epoch(epoch)[position]

    def _draw(self, epoch: int) -> tuple[tuple[int, ...], ...]:
        random = np.random.default_rng((self._seed, epoch))
        order = random.permutation(len(self._lengths))
        stretch = self._batch_size * _STRETCH
        batches: list[tuple[int, ...]] = []
        for start in range(0, len(order), stretch):
            part = order[start : start + stretch]
            part = part[np.argsort(-self._lengths[part], kind="stable")]
            count = -(-len(part) // self._batch_size)
            # One of the longest for each batch, one of the next longest, and so on; the shortest may not go round.
            slots = np.full(count * self._batch_size, -1)
            slots[: len(part)] = part
            dealt = np.stack([random.permutation(row) for row in slots.reshape(self._batch_size, count)], axis=1)
            batches += [tuple(int(index) for index in row if index >= 0) for row in dealt]
        return tuple(batches[index] for index in random.permutation(len(batches)))


def attention_length(example: Encoded) -> int:
    """How long an example is: targets count first, which differ most, and sources among equal ones."""
    return len(example.target) * 4096 + len(example.source)


def micro_batches(examples: Sequence[Encoded], *, tokens: int) -> list[list[Encoded]]:
    """``examples`` in groups of at most ``tokens`` source and target tokens each, one example at least; in order."""
    groups: list[list[Encoded]] = []
    filled = 0
    for example in examples:
        size = len(example.source) + len(example.target)
        if not groups or filled + size > tokens:
            groups.append([])
            filled = 0
        groups[-1].append(example)
        filled += size
    return groups
