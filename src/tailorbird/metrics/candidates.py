"""Reads a candidates file line by line: one header, then losses of references and candidates in any order.

A file of another tool has no header, and of each candidate perhaps only ``pair_id`` and ``text``.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import msgspec

from tailorbird.errors import DataError, StorageError
from tailorbird.records import FORMAT_VERSION, Candidate, GenerationHeader, ReferenceLoss

T = TypeVar("T")


class _Tag(msgspec.Struct):
    kind: str = "candidate"


class _Line(msgspec.Struct):
    """A candidate of any tool."""

    pair_id: str
    text: str
    index: int | None = None
    log_probability: float | None = None
    tokens: int = 0
    finished: bool = True
    completed: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class CandidatesFile:
    """What scoring needs of a candidates file; of several candidates of a pair only the first is kept."""

    header: GenerationHeader | None
    """None of a file of another tool."""
    first: dict[str, Candidate] = field(default_factory=dict)
    """Pair id -> candidate of index 0."""
    losses: dict[str, ReferenceLoss] = field(default_factory=dict)
    pair_ids: list[str] = field(default_factory=list)
    """One entry for each candidate, of whatever index."""


def read_candidates(path: Path) -> CandidatesFile:
    """Read ``path``; DataError for an empty file, a second header, a line of another kind, or a doubled entry."""
    found: CandidatesFile | None = None
    seen: Counter[str] = Counter()
    for place, line in _lines(path):
        kind = _decode(line, _Tag, place).kind
        if found is None:
            found = CandidatesFile(_header(line, place) if kind == "header" else None)
            if kind == "header":
                continue
        if kind == "reference":
            loss = _decode(line, ReferenceLoss, place)
            _add(found.losses, loss.pair_id, loss, place)
        elif kind == "candidate":
            candidate = _candidate(line, place, seen)
            found.pair_ids.append(candidate.pair_id)
            if candidate.index == 0:
                _add(found.first, candidate.pair_id, candidate, place)
        else:
            raise DataError(
                f"{place} is of kind {kind!r}: only one header, at the top, references and candidates may stand here."
            )
    if found is None:
        raise DataError(f"{path} is empty: make it with 'tailorbird generate'.")
    return found


def _candidate(line: bytes, place: str, seen: Counter[str]) -> Candidate:
    """One without an index comes after those of its pair before it."""
    given = _decode(line, _Line, place)
    index = given.index if given.index is not None else seen[given.pair_id]
    seen[given.pair_id] += 1
    return Candidate(
        pair_id=given.pair_id,
        index=index,
        text=given.text,
        log_probability=given.log_probability,
        tokens=given.tokens,
        finished=given.finished,
        completed=given.completed,
        seconds=given.seconds,
    )


def _lines(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield f"{path}, line {number},", line
    except OSError as error:
        raise StorageError(f"{path} could not be read ({error.strerror}): give a candidates file.") from error


def _decode(line: bytes, kind: type[T], place: str) -> T:
    try:
        return msgspec.json.decode(line, type=kind)
    except msgspec.DecodeError as error:
        raise DataError(
            f"{place} is not a valid line of a candidates file ({error}): generate it again, or give one JSON object "
            f"with pair_id and text a line."
        ) from error


def _header(line: bytes, place: str) -> GenerationHeader:
    header = _decode(line, GenerationHeader, place)
    if header.format_version != FORMAT_VERSION:
        raise DataError(
            f"{place} has format version {header.format_version}, and this Tailorbird reads {FORMAT_VERSION}: "
            f"generate it again."
        )
    return header


def _add(known: dict[str, T], pair_id: str, value: T, place: str) -> None:
    if pair_id in known:
        raise DataError(f"{place} repeats the entry of pair {pair_id}: generate the file again.")
    known[pair_id] = value
