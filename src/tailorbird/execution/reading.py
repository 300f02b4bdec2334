"""Files of candidates, of ours and of other generators."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tailorbird.errors import DataError
from tailorbird.records import Candidate


def read_candidates(path: Path) -> list[Candidate]:
    """The candidates of a file of ours, or of any that has ``pair_id`` and ``text`` in each line.

    Raises DataError for a file that has none, and for a line that is none.
    """
    found = list(_read(path))
    if not found:
        raise DataError(f"{path} has no candidates: give one JSON object with pair_id and text a line.")
    return found


def _read(path: Path) -> Iterator[Candidate]:
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise DataError(f"{path} could not be read ({error.strerror}): give a file of candidates.") from error
    seen: Counter[str] = Counter()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            head = msgspec.json.decode(line, type=_Line)
        except msgspec.MsgspecError as error:
            raise DataError(
                f"{path}, line {number}: {error}; give one JSON object with pair_id and text a line."
            ) from error
        if head.kind != "candidate":
            continue
        if head.pair_id is None or head.text is None:
            raise DataError(f"{path}, line {number} has no pair_id or no text: a candidate needs both.")
        index = head.index if head.index is not None else seen[head.pair_id]
        seen[head.pair_id] += 1
        yield Candidate(
            pair_id=head.pair_id,
            index=index,
            text=head.text,
            log_probability=None,
            tokens=0,
            finished=True,
            seconds=0.0,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    kind: str = "candidate"
    pair_id: str | None = None
    index: int | None = None
    text: str | None = None
