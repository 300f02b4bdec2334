"""Frozen work done once: what a strategy never changes is computed for each example once, and kept.

Under L-LDB that is the encoder and the lower decoder blocks, under LoRA on the decoder the encoder. States lie in one
memory-mapped file, found by the content that gave them: examples that share a source share its encoding.
"""

import hashlib
import mmap
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import msgspec
import numpy as np
import torch

from tailorbird.networks.batch import Batch, Encoded
from tailorbird.networks.flops import frozen_flops
from tailorbird.networks.frontier import Frontier
from tailorbird.networks.network import Frozen, Network
from tailorbird.networks.segments import Segments

DEFAULT_LIMIT = 2 << 30
_INDEX, _STATES = "index.jsonl", "states.bin"


class FrozenWork:
    """Gives each batch its frozen part: from the store where it is there, computed and kept where it is not."""

    def __init__(self, network: Network, frontier: Frontier, store: "StateStore", *, bfloat16: bool) -> None:
        self._network, self.frontier, self._store = network, frontier, store
        self._bfloat16 = bfloat16
        self.flops = 0
        """Spent so far on what was not in the store."""

    @classmethod
    def of_network(
        cls, network: Network, folder: Path, *, bfloat16: bool, limit_bytes: int = DEFAULT_LIMIT
    ) -> "FrozenWork | None":
        """The frozen work of ``network`` as it trains now; None where everything changes, or ``limit_bytes`` is 0.

        ``folder`` belongs to one run, with one base and one strategy; it is made anew or gone on with.
        """
        frontier = network.frontier()
        if not frontier or not limit_bytes:
            return None
        kind = torch.bfloat16 if bfloat16 else torch.float32
        store = StateStore(folder, width=network.parts.head.weight.shape[1], kind=kind, limit_bytes=limit_bytes)
        return cls(network, frontier, store, bfloat16=bfloat16)

    @torch.no_grad()
    def of(self, examples: Sequence[Encoded], batch: Batch) -> Frozen:
        """The frozen part of ``batch``, which `Network.batch` made of ``examples``."""
        device = self._network.device
        with torch.autocast(device.type, torch.bfloat16, enabled=self._bfloat16):
            memory = states = None
            if self.frontier.memory and batch.source is not None and batch.source_segments is not None:
                memory = self._memory([examples[at] for at in batch.firsts], batch.source_segments)
            if self.frontier.blocks:
                states = self._states(examples, batch, memory)
        self._store.rest()
        return Frozen(memory, states, self.frontier.blocks)

    def close(self) -> None:
        """Let go of the files."""
        self._store.close()

    def _memory(self, examples: Sequence[Encoded], segments: Segments) -> torch.Tensor:
        def compute(places: Sequence[int]) -> tuple[torch.Tensor, Segments]:
            some = self._network.batch([Encoded(examples[place].source, (0,)) for place in places])
            assert some.source is not None
            assert some.source_segments is not None
            self.flops += frozen_flops(self._network, some.source_segments, None, blocks=0)
            return self._network.encode(some.source, some.source_segments), some.source_segments

        return self._served([_key(example.source) for example in examples], segments, compute)

    def _states(self, examples: Sequence[Encoded], batch: Batch, memory: torch.Tensor | None) -> torch.Tensor:
        network, blocks = self._network, self.frontier.blocks

        def compute(places: Sequence[int]) -> tuple[torch.Tensor, Segments]:
            part, theirs = network.batch([examples[place] for place in places]), memory
            if memory is not None and part.source_segments is not None and batch.source_segments is not None:
                split = memory[: batch.source_segments.total].split(list(batch.source_segments.lengths))
                reads = batch.reads if batch.reads is not None else range(len(examples))
                theirs = _pad(torch.cat([split[reads[place]] for place in places]), part.source_segments.rows)
            self.flops += frozen_flops(network, None, part.segments, blocks=blocks, read=part.source_segments)
            return network.decode(network.enter(part), part, theirs, slice(0, blocks)), part.segments

        return self._served([_key(one.source, one.target) for one in examples], batch.segments, compute)

    def _served(
        self,
        keys: Sequence[str],
        segments: Segments,
        compute: Callable[[Sequence[int]], tuple[torch.Tensor, Segments]],
    ) -> torch.Tensor:
        """What belongs to ``keys``, packed; ``compute`` gives it for the places whose keys the store lacks."""
        lacking = {key: keys.index(key) for key in keys if key not in self._store}
        fresh = self._keep(lacking, *compute(list(lacking.values()))) if lacking else {}
        return self._joined(keys, segments, fresh)

    def _keep(self, keys: Iterable[str], packed: torch.Tensor, segments: Segments) -> dict[str, torch.Tensor]:
        parts = packed[: segments.total].split(list(segments.lengths))
        for key, part in zip(keys, parts, strict=True):
            self._store.add(key, part)
        return dict(zip(keys, parts, strict=True))

    def _joined(self, keys: Sequence[str], segments: Segments, fresh: dict[str, torch.Tensor]) -> torch.Tensor:
        device = self._network.device
        parts = [fresh[key] if key in fresh else self._store[key].to(device) for key in keys]
        return _pad(torch.cat(parts), segments.rows)


class _Entry(msgspec.Struct, array_like=True, frozen=True):
    key: str
    row: int
    rows: int


@dataclass
class StateStore:
    """Tensors (rows, width) by key, in one memory-mapped file of at most ``limit_bytes``.

    Rows are only ever added: what a killed run left behind is whole, and is found again. A full store takes no more.
    """

    folder: Path
    width: int
    kind: torch.dtype
    limit_bytes: int

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._row_bytes = self.width * self.kind.itemsize
        self._limit = max(1, self.limit_bytes // self._row_bytes)
        self._entries: dict[str, _Entry] = {}
        self._used = 0
        self._read_index()
        self._index = (self.folder / _INDEX).open("ab")
        file = os.open(self.folder / _STATES, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            os.ftruncate(file, self._limit * self._row_bytes)  # Sparse: only what is written takes room.
            self._map = mmap.mmap(file, self._limit * self._row_bytes)
        finally:
            os.close(file)
        raw = np.frombuffer(self._map, dtype=np.uint8).reshape(self._limit, self._row_bytes)
        self._rows = torch.from_numpy(raw).view(self.kind)

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    def __getitem__(self, key: str) -> torch.Tensor:
        """What was kept under ``key``, (rows, width): a view of the file."""
        entry = self._entries[key]
        return self._rows[entry.row : entry.row + entry.rows]

    def __len__(self) -> int:
        return len(self._entries)

    def __enter__(self) -> "StateStore":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add(self, key: str, states: torch.Tensor) -> bool:
        """Keep ``states``, (rows, width); False where there is no room left."""
        if key in self._entries or self._used + len(states) > self._limit:
            return False
        entry = _Entry(key, self._used, len(states))
        self._rows[entry.row : entry.row + entry.rows] = states.to("cpu")
        # The index comes after what it points to.
        self._index.write(msgspec.json.encode(entry) + b"\n")
        self._index.flush()
        self._entries[key] = entry
        self._used += len(states)
        return True

    def rest(self) -> None:
        """Let the system have the pages that were read: they stay in its cache, and do not count as this process's."""
        if hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED)

    def close(self) -> None:
        """Close the files; the file of states shrinks to what is used."""
        self._index.close()
        del self._rows
        try:
            self._map.close()
        except BufferError:
            return  # Someone still holds a view: the system closes it with the last one.
        os.truncate(self.folder / _STATES, self._used * self._row_bytes)

    def _read_index(self) -> None:
        try:
            lines = (self.folder / _INDEX).read_bytes().split(b"\n")
        except FileNotFoundError:
            return
        for line in lines:
            try:
                entry = msgspec.json.decode(line, type=_Entry)
            except msgspec.DecodeError:
                continue  # The last line of a killed run.
            if entry.row + entry.rows <= self._limit:
                self._entries[entry.key] = entry
                self._used = max(self._used, entry.row + entry.rows)


def _key(*parts: tuple[int, ...]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(len(part).to_bytes(4, "little") + np.asarray(part, dtype=np.int32).tobytes())
    return digest.hexdigest()


def _pad(packed: torch.Tensor, rows: int) -> torch.Tensor:
    return torch.nn.functional.pad(packed, (0, 0, 0, rows - len(packed)))
