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
        """Position of each row in its own sequence, (rows,); filler stands at 0."""
        parts = [torch.arange(length) for length in self.lengths]
        return torch.cat([*parts, torch.zeros(self.rows - self.total, dtype=torch.long)]).to(device)

    def spread(self, packed: torch.Tensor, *, before: int = 0) -> torch.Tensor:
        """(rows, heads, features) side by side: (sequences, heads, before + longest, features), zeros between."""
        heads, features = packed.shape[1:]
        spread = packed.new_zeros(len(self.lengths), heads, before + self.longest, features)
        for index, (start, length) in enumerate(zip(self.starts, self.lengths, strict=True)):
            spread[index, :, before : before + length] = packed[start : start + length].transpose(0, 1)
        return spread

    def gather(self, spread: torch.Tensor, *, before: int = 0) -> torch.Tensor:
        """The way back from `spread`: (rows, heads, features), filler being zeros."""
        packed = spread.new_empty(self.rows, spread.shape[1], spread.shape[3])
        for index, (start, length) in enumerate(zip(self.starts, self.lengths, strict=True)):
            packed[start : start + length] = spread[index, :, before : before + length].transpose(0, 1)
        packed[self.total :] = 0
        return packed


def pack(rows: Sequence[Sequence[int]], *, fill: int = 0) -> tuple[torch.Tensor, Segments]:
    """``rows`` end to end as one tensor of token ids with filler behind, (rows,), and their lengths."""
    segments = Segments(tuple(len(row) for row in rows))
    flat = [token for row in rows for token in row]
    return torch.tensor(flat + [fill] * (segments.rows - segments.total), dtype=torch.long), segments


def _up(count: int, multiple: int) -> int:
    return -(-count // multiple) * multiple
