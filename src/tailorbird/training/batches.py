"""Batches as a pure function of the step: a resumed run reads the same examples in the same order as one left alone."""

from collections.abc import Sequence
from functools import lru_cache
from heapq import heapify, heappop, heappush

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


BEGINNING = 24
"""Tokens that say which class a source of the format ``test-file`` is about."""


class SharedOrder:
    """The same, with examples of equal sources in one batch, as far as half of it: they are computed together.

    ``beginning`` puts together those whose sources begin with as many equal tokens, such as the tests of one class.

    Batches hold at most ``batch_size`` examples, and about as many tokens each: long ones are dealt out first, each to
    the batch that has least. Lengths are blurred by a quarter, so that it is not always the same that meet.
    """

    def __init__(
        self, examples: Sequence[Encoded], *, batch_size: int, seed: int, beginning: int | None = None
    ) -> None:
        if not examples or batch_size < 1:
            raise ValueError("SharedOrder needs at least one example and a batch size of at least 1")
        self._batch_size, self._seed, self._count = batch_size, seed, len(examples)
        self._groups: dict[tuple[int, ...], list[int]] = {}
        for index, example in enumerate(examples):
            self._groups.setdefault(example.source[:beginning], []).append(index)
        self._sources = [len(example.source) for example in examples]
        self._targets = [len(example.target) for example in examples]
        self._epoch = lru_cache(maxsize=2)(self._draw)

    @property
    def steps_per_epoch(self) -> int:
        """Batches in one epoch; some may be smaller."""
        return -(-self._count // self._batch_size)

    def __call__(self, step: int) -> tuple[int, ...]:
        """Indices of the examples of ``step`` (0-based)."""
        epoch, position = divmod(step, self.steps_per_epoch)
        return self._epoch(epoch)[position]

    def _draw(self, epoch: int) -> tuple[tuple[int, ...], ...]:
        random = np.random.default_rng((self._seed, epoch))
        most = max(1, self._batch_size // 2)
        units: list[list[int]] = []
        for group in self._groups.values():
            mixed = [group[at] for at in random.permutation(len(group))]
            units += [mixed[start : start + most] for start in range(0, len(mixed), most)]
        tokens = [self._sources[unit[0]] + sum(self._targets[index] for index in unit) for unit in units]
        blurred = np.asarray(tokens) * random.uniform(0.75, 1.25, len(units))
        deal = _Deal(self.steps_per_epoch, self._batch_size, random)
        for at in np.argsort(-blurred, kind="stable"):
            unit, share = units[at], tokens[at] // len(units[at])
            if not deal.put(unit, share):
                for index in unit:
                    deal.put([index], share)
        return tuple(tuple(deal.batches[number]) for number in random.permutation(len(deal.batches)))


class _Deal:
    """Batches that are being filled, the emptiest first."""

    def __init__(self, count: int, size: int, random: np.random.Generator) -> None:
        self.batches: list[list[int]] = [[] for _ in range(count)]
        self._size = size
        self._open = [(0, int(tie), number) for number, tie in enumerate(random.permutation(count))]
        heapify(self._open)

    def put(self, unit: Sequence[int], tokens: int) -> bool:
        """Put ``unit``, of ``tokens`` for each example, where there is room for all of it; False where there is not."""
        passed = []
        while self._open:
            filled, tie, number = heappop(self._open)
            batch = self.batches[number]
            fits = len(batch) + len(unit) <= self._size
            if fits:
                batch.extend(unit)
                filled += tokens * len(unit)
            if len(batch) < self._size:
                passed.append((filled, tie, number))
            if fits:
                break
        else:
            fits = False
        for one in passed:
            heappush(self._open, one)
        return fits


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
