"""The two stages of the base: denoising, then focal method -> test case with denoising mixed in."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from tailorbird.networks.batch import Encoded
from tailorbird.pretraining.denoising import break_off, infill
from tailorbird.pretraining.token_store import TokenStore
from tailorbird.training.batches import EpochOrder, SharedOrder, attention_length

PAD, END, MASK = 1, 2, 4


Reword = Callable[[Encoded, np.random.Generator], Encoded]
"""Gives an example in other words."""


class DenoisingBatches:
    """Batch of a step: snippets cut to ``length`` tokens, masked anew each time from (seed, step).

    ``broken_off`` is the share of them that break off; the others have spans masked.
    """

    def __init__(
        self,
        store: TokenStore,
        indices: Sequence[int],
        *,
        batch_size: int,
        length: int,
        seed: int,
        broken_off: float = 0.0,
    ) -> None:
        self._store, self._indices, self._length, self._seed = store, list(indices), length, seed
        self._broken_off = broken_off
        lengths = np.minimum(store.lengths()[self._indices], length)
        self.mean_target_tokens = float(lengths.mean())
        self._order = EpochOrder([int(n) for n in lengths], batch_size=batch_size, seed=seed)

    def __call__(self, step: int) -> list[Encoded]:
        random = np.random.default_rng((self._seed, step))
        return [self._noised(self._indices[at], random) for at in self._order(step)]

    def _noised(self, index: int, random: np.random.Generator) -> Encoded:
        tokens = self._store[index]
        if len(tokens) > self._length:
            # A window anywhere in the snippet: its end is seen as often as its beginning.
            start = int(random.integers(0, len(tokens) - self._length + 1))
            tokens = tokens[start : start + self._length]
        if tokens[-1] != END:
            tokens = [*tokens[:-1], END]
        noise = break_off if random.random() < self._broken_off else infill
        return Encoded(tuple(noise(tokens, mask=MASK, random=random)), tuple(tokens))


class PairBatches:
    """Batch of a step: encoded pairs in epoch order, some in other words, drawn anew each time from (seed, step).

    With ``shared_sources`` those of equal sources are in one batch, as far as half of it.
    """

    def __init__(
        self,
        examples: Sequence[Encoded],
        *,
        batch_size: int,
        seed: int,
        reword: Reword | None = None,
        share: float = 0.0,
        shared_sources: bool = False,
    ) -> None:
        self._examples, self._seed = examples, seed
        self._reword, self._share = reword, share
        self.mean_target_tokens = sum(len(example.target) for example in examples) / len(examples)
        self._order: Callable[[int], Sequence[int]] = (
            SharedOrder(examples, batch_size=batch_size, seed=seed)
            if shared_sources
            else EpochOrder([attention_length(example) for example in examples], batch_size=batch_size, seed=seed)
        )

    def __call__(self, step: int) -> list[Encoded]:
        examples = [self._examples[at] for at in self._order(step)]
        if self._reword is None:
            return examples
        # Equal sources get the same words: they stay equal.
        numbers: dict[tuple[int, ...], int] = {}
        return [self._reworded(one, step, numbers.setdefault(one.source, len(numbers))) for one in examples]

    def _reworded(self, example: Encoded, step: int, number: int) -> Encoded:
        random = np.random.default_rng((self._seed, step, number))
        reword = random.random() < self._share
        return self._reword(example, random) if reword and self._reword is not None else example


Examples = Callable[[int], Sequence[Encoded]]
"""The examples of a step."""


def mixed(pairs: Examples, denoising: Examples, *, every: int) -> Examples:
    """Every ``every``-th step denoises, so that reading the input is not forgotten; 0 never does."""

    def batch(step: int) -> Sequence[Encoded]:
        return denoising(step) if every and step % every == every - 1 else pairs(step)

    return batch


def held_out_indices(count: int, *, held_out: int, seed: int) -> tuple[list[int], list[int]]:
    """(training, held-out) indices of ``count`` examples, drawn from ``seed``."""
    order = np.random.default_rng(seed).permutation(count)
    cut = min(held_out, count // 10)
    return sorted(int(i) for i in order[cut:]), sorted(int(i) for i in order[:cut])


def pair_store(stem: Path) -> list[Encoded]:
    """Pairs written as two token stores, ``stem.source`` and ``stem.target``."""
    sources, targets = (
        TokenStore(stem.with_name(stem.name + "-source")),
        TokenStore(stem.with_name(stem.name + "-target")),
    )
    return [Encoded(tuple(sources[index]), tuple(targets[index])) for index in range(len(sources))]
