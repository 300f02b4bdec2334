"""Sequences laid end to end: what is not attention computes no padding, and attention little.

Row counts are rounded up to a multiple of 64, lengths within attention to one of 32: a processor's matrix library
prepares a kernel for each new shape, at up to a millisecond each, and so meets few of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch

_ROWS = 64
_LENGTHS = 32


@dataclass(frozen=True)
class Segments:
    """Lengths of the sequences that a packed tensor (rows, ...) holds one after another, with filler behind."""

    lengths: tuple[int, ...]
    before: tuple[tuple[int, ...], ...] = ()
    """Where sequences are parts of a tree: for each, the numbers of the parts before it, from the root on. A part goes
    on from their positions and attends to them. Empty where each sequence is whole."""

    @cached_property
    def lengths_before(self) -> tuple[int, ...]:
        """For each sequence the tokens of the parts before it: the position of its first token."""
        if not self.before:
            return (0,) * len(self.lengths)
        return tuple(sum(self.lengths[part] for part in parts) for parts in self.before)

    @cached_property
    def total(self) -> int:
        """Tokens in all."""
        return sum(self.lengths)

    @property
    def rows(self) -> int:
        """Rows of a packed tensor: the tokens, and filler up to a multiple of 64."""
        return _up(self.total, _ROWS)

    @property
    def longest(self) -> int:
        """Rows for each sequence where they lie side by side: the longest one's, up to a multiple of 32."""
        return _up(max(self.lengths), _LENGTHS)

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """Where each sequence begins."""
        starts, at = [], 0
        for length in self.lengths:
            starts.append(at)
            at += length
        return tuple(starts)

    def positions(self, device: torch.device) -> torch.Tensor:
        """Position of each row in its own sequence, parts before it included, (rows,); filler stands at 0."""
        parts = [
            torch.arange(first, first + length) for first, length in zip(self.lengths_before, self.lengths, strict=True)
        ]
        return torch.cat([*parts, torch.zeros(self.rows - self.total, dtype=torch.long)]).to(device)

    def places(self, device: torch.device) -> torch.Tensor:
        """Where each token stands when sequences lie side by side, each of `longest` rows: (tokens,)."""
        starts = torch.tensor([at * self.longest - start for at, start in enumerate(self.starts)])
        lengths = torch.tensor(self.lengths)
        return (torch.arange(self.total) + starts.repeat_interleave(lengths)).to(device)

    def spread(self, packed: torch.Tensor) -> torch.Tensor:
        """(rows, heads, features) side by side: (sequences, heads, longest, features), zeros behind each end."""
        count = len(self.lengths)
        flat = packed.new_zeros(count * self.longest, *packed.shape[1:])
        flat = flat.index_copy(0, self.places(packed.device), packed[: self.total])
        return flat.view(count, self.longest, *packed.shape[1:]).transpose(1, 2)

    def gather(self, spread: torch.Tensor) -> torch.Tensor:
        """The way back from `spread`: (rows, heads, features), filler being zeros."""
        packed = spread.transpose(1, 2).flatten(0, 1).index_select(0, self.places(spread.device))
        return torch.nn.functional.pad(packed, (0, 0, 0, 0, 0, self.rows - self.total))


def pack(
    rows: Sequence[Sequence[int]], *, fill: int = 0, before: tuple[tuple[int, ...], ...] = ()
) -> tuple[torch.Tensor, Segments]:
    """``rows`` end to end as one tensor of token ids with filler behind, (rows,), and their lengths.

    ``before`` says which rows stand before each row where they are parts of a tree.
    """
    segments = Segments(tuple(len(row) for row in rows), before if any(before) else ())
    flat = [token for row in rows for token in row]
    return torch.tensor(flat + [fill] * (segments.rows - segments.total), dtype=torch.long), segments


def _up(count: int, multiple: int) -> int:
    return -(-count // multiple) * multiple
