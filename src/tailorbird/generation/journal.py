"""Finished batches of a generation in progress, so that a killed run does none of them twice."""

from pathlib import Path

import msgspec

from tailorbird.errors import StorageError
from tailorbird.records import Candidate


class Journal:
    """An append-only file beside the output; its first line is the run's fingerprint."""

    def __init__(self, out: Path, fingerprint: str) -> None:
        self._path = out.with_name(f".{out.name}.partial")
        self._header = msgspec.json.encode({"fingerprint": fingerprint}) + b"\n"
        self._whole = 0
        """Bytes of this run's whole lines; what stands after them a kill cut off, or another run wrote."""
        self.done: dict[str, list[Candidate]] = self._read()

    def _read(self) -> dict[str, list[Candidate]]:
        done: dict[str, list[Candidate]] = {}
        if self._path.exists():
            header, end, rest = self._path.read_bytes().partition(b"\n")
            if header + end == self._header:
                # A kill may have cut the last line; what follows the last line break is not a whole batch.
                *lines, cut = rest.split(b"\n")
                self._whole = len(self._header) + len(rest) - len(cut)
                for line in lines:
                    for candidate in msgspec.json.decode(line, type=list[Candidate]):
                        done.setdefault(candidate.pair_id, []).append(candidate)
        return done

    def add(self, candidates: list[Candidate]) -> None:
        """Append one batch as one line."""
        for candidate in candidates:
            self.done.setdefault(candidate.pair_id, []).append(candidate)
        line = (b"" if self._whole else self._header) + msgspec.json.encode(candidates) + b"\n"
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab") as file:
                file.truncate(self._whole)
                self._whole += file.write(line)
        except OSError as error:
            raise StorageError(
                f"{self._path} could not be written ({error.strerror}): free space or choose another --out."
            ) from error

    def close(self) -> None:
        """The output is written: the journal has served."""
        self._path.unlink(missing_ok=True)
