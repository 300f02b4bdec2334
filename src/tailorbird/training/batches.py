"""Batches as a pure function of the step: a resumed run reads the same examples in the same order as one left alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

IGNORED = -100
"""Label of padding: no loss is taken there (torch's cross-entropy default)."""

_PAD_TO = 16  # Few distinct shapes, so that each one's FLOPs are counted once.


@dataclass(frozen=True, slots=True)
class Encoded:
    """One example as token ids; ``target`` ends with the end token unless it was cut."""

    source: tuple[int, ...]
    target: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """Padded examples: ``input_ids`` and ``attention_mask`` (batch, source), ``labels`` (batch, target; -100 pads)."""

    input_ids: torch.Tensor
    attention_mask: torch.Tensor
    labels: torch.Tensor

    def to(self, device: torch.device) -> "Batch":
        """The same batch on another device."""
        return Batch(self.input_ids.to(device), self.attention_mask.to(device), self.labels.to(device))


def collate(examples: Sequence[Encoded], *, pad: int) -> Batch:
    """Pad ``examples`` on the right, lengths rounded up to a multiple of 16."""
    source = _padded([example.source for example in examples], pad)
    labels = _padded([example.target for example in examples], IGNORED)
    mask = _padded([(1,) * len(example.source) for example in examples], 0)
    return Batch(source, mask, labels)


def _padded(rows: Sequence[Sequence[int]], fill: int) -> torch.Tensor:
    width = -(-max(len(row) for row in rows) // _PAD_TO) * _PAD_TO
    padded = torch.full((len(rows), width), fill, dtype=torch.long)
    for index, row in enumerate(rows):
        padded[index, : len(row)] = torch.tensor(row, dtype=torch.long)
    return padded


class EpochOrder:
    """Which examples make up the batch of a step.

    Every epoch visits each example once, in an order drawn from (seed, epoch). Within a stretch of 32 batches examples
    are sorted by length, so that little is padding, and then the batches are shuffled.
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
