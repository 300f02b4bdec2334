"""Token sequences on disk: one flat array and its offsets, memory-mapped, so that a corpus never fills memory."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tailorbird.storage import atomic_file


class TokenStore:
    """Read-only list of token sequences written by `write_tokens`; ids are uint16, so vocabularies up to 65,536."""

    def __init__(self, stem: Path) -> None:
        self.tokens: NDArray[np.uint16] = np.load(stem.with_suffix(".tokens.npy"), mmap_mode="r")
        self.offsets: NDArray[np.int64] = np.load(stem.with_suffix(".offsets.npy"))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> list[int]:
        return [int(token) for token in self.tokens[self.offsets[index] : self.offsets[index + 1]]]

    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each sequence, shape (n,)."""
        return np.diff(self.offsets)


def write_tokens(stem: Path, sequences: Iterable[Sequence[int]]) -> int:
    """Write ``sequences`` as ``stem.tokens.npy`` and ``stem.offsets.npy``; returns how many there were."""
    parts: list[NDArray[np.uint16]] = []
    offsets = [0]
    for sequence in sequences:
        parts.append(np.asarray(sequence, dtype=np.uint16))
        offsets.append(offsets[-1] + len(sequence))
    flat = np.concatenate(parts) if parts else np.zeros(0, dtype=np.uint16)
    for suffix, array in ((".tokens.npy", flat), (".offsets.npy", np.asarray(offsets, dtype=np.int64))):
        with atomic_file(stem.with_suffix(suffix)) as file:
            np.save(file, array)
    return len(offsets) - 1
