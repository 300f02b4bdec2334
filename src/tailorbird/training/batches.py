"""Batches as a pure function of the step: a resumed run reads the same examples in the same order as one left alone."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from tailorbird.networks.batch import Encoded


class EpochOrder:
    """Which examples make up the batch of a step.

    Every epoch visits each example once, in an order drawn from (seed, epoch). Within a stretch of 32 batches examples
    are sorted by length, so that attention pads little, and then the batches are shuffled.
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
        stretch = self._batch_size * 32
        batches: list[tuple[int, ...]] = []
        for start in range(0, len(order), stretch):
            part = order[start : start + stretch]
            part = part[np.argsort(self._lengths[part], kind="stable")]
            batches += [
                tuple(int(index) for index in part[at : at + self._batch_size])
                for at in range(0, len(part), self._batch_size)
            ]
        return tuple(batches[index] for index in random.permutation(len(batches)))


def attention_length(example: Encoded) -> int:
    """What batches are sorted by: targets differ most in length, and the source decides among equal ones."""
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
