"""Parsed files, remembered by their content: mining again after a change parses only what changed."""

import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import msgspec

from tailorbird.mining.declarations import JavaType
from tailorbird.mining.java import JavaParser

_READING = ("code.py", "declarations.py", "java.py", "syntax.py")
_MOST_FILES = 200_000
"""Entries that are kept; the longest unused go first. A file takes about 10 kB."""
_DECODER = msgspec.msgpack.Decoder(tuple[JavaType, ...])


def parse_all(sources: Iterable[tuple[str, bytes]], place: Path | None) -> Iterator[tuple[JavaType, ...]]:
    """The types of each (path, source), in order; with a ``place``, what was parsed before is taken from there.

    A cache that cannot be read or written is done without: it saves time and decides nothing.
    """
    parser = JavaParser()
    kept = _Kept(place) if place is not None else None
    for path, source in sources:
        key = _key(path, source)
        types = kept.get(key) if kept is not None else None
        if types is None:
            types = parser.parse(path, source)
            if kept is not None:
                kept.put(key, types)
        yield types
    if kept is not None:
        kept.close()


def _key(path: str, source: bytes) -> bytes:
    # A file's place is part of what it means: it says whether this is a test source.
    return sha256(b"\0".join((_reader(), path.encode(), source))).digest()


@cache
def _reader() -> bytes:
    """Stands for the code that reads files: what another version of it read is not used."""
    own = files("tailorbird.mining")
    parts = [(own / name).read_bytes() for name in _READING]
    return sha256(b"\0".join([version("tree-sitter-java").encode(), *parts])).digest()


class _Kept:
    """A SQLite file of encoded types; after the first failure it is as if it were empty."""

    def __init__(self, place: Path) -> None:
        self._database: sqlite3.Connection | None = None
        self._used: list[bytes] = []
        self._new: list[tuple[bytes, bytes]] = []
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(place, timeout=5.0)
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS parsed (key BLOB PRIMARY KEY, types BLOB NOT NULL, used INTEGER NOT NULL) "
                "WITHOUT ROWID"
            )
        except (sqlite3.Error, OSError):
            self._give_up()

    def get(self, key: bytes) -> tuple[JavaType, ...] | None:
        if self._database is None:
            return None
        try:
            with closing(self._database.execute("SELECT types FROM parsed WHERE key = ?", (key,))) as found:
                row = found.fetchone()
            if row is None:
                return None
            types = _DECODER.decode(row[0])
        except (sqlite3.Error, msgspec.MsgspecError):
            self._give_up()
            return None
        self._used.append(key)
        return types

    def put(self, key: bytes, types: tuple[JavaType, ...]) -> None:
        if self._database is not None:
            self._new.append((key, msgspec.msgpack.encode(types)))
            if len(self._new) >= 1_000:  # So that memory stays flat.
                self._write()

    def close(self) -> None:
        self._write()
        if self._database is not None:
            self._database.close()

    def _write(self) -> None:
        if self._database is None:
            return
        now = int(time.time())
        try:
            with self._database as database:  # One transaction.
                database.executemany(
                    "INSERT OR REPLACE INTO parsed VALUES (?, ?, ?)", [(*one, now) for one in self._new]
                )
                database.executemany("UPDATE parsed SET used = ? WHERE key = ?", [(now, one) for one in self._used])
                (count,) = database.execute("SELECT COUNT(*) FROM parsed").fetchone()
                if count > _MOST_FILES:
                    surplus = "SELECT key FROM parsed ORDER BY used LIMIT ?"
                    database.execute(f"DELETE FROM parsed WHERE key IN ({surplus})", (count - _MOST_FILES,))
        except sqlite3.Error:
            self._give_up()
        self._new, self._used = [], []

    def _give_up(self) -> None:
        if self._database is not None:
            self._database.close()
        self._database = None
