"""Parsed files, remembered by their content: mining again after a change parses only what changed."""

import sqlite3
import time
from contextlib import closing
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

_READING = ("code.py", "declarations.py", "java.py", "syntax.py")
_DAY = 24 * 60 * 60
_MOST_FILES = 200_000
"""Entries that are kept; the longest unused go first. A file takes about 10 kB."""


def cache_key(path: str, source: bytes) -> bytes:
    """Stands for a file's content and place, and for the code that reads it."""
    # A file's place is part of what it means: it says whether this is a test source.
    return sha256(b"\0".join((_reader(), path.encode(), source))).digest()


@cache
def _reader() -> bytes:
    """Stands for the code that reads files: what another version of it read is not used."""
    own = files("tailorbird.mining")
    parts = [(own / name).read_bytes() for name in _READING]
    return sha256(b"\0".join([version("tree-sitter-java").encode(), *parts])).digest()


class ParseCache:
    """A SQLite file of encoded types by `cache_key`; after the first failure, and without a place, it is empty.

    A cache that cannot be read or written is done without: it saves time and decides nothing.
    """

    def __init__(self, place: Path | None) -> None:
        self._database: sqlite3.Connection | None = None
        self._used: list[bytes] = []
        self._new: list[tuple[bytes, bytes]] = []
        if place is None:
            return
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(place, timeout=5.0)
            # What a power cut takes is parsed again.
            self._database.execute("PRAGMA synchronous = OFF")
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS parsed (key BLOB PRIMARY KEY, types BLOB NOT NULL, used INTEGER NOT NULL)"
            )
        except (sqlite3.Error, OSError):
            self._give_up()

    def get(self, key: bytes) -> bytes | None:
        """The encoded types of one file, if they are known."""
        if self._database is None:
            return None
        try:
            with closing(self._database.execute("SELECT types FROM parsed WHERE key = ?", (key,))) as found:
                row = found.fetchone()
        except sqlite3.Error:
            self._give_up()
            return None
        return bytes(row[0]) if row is not None else None

    def use(self, key: bytes) -> None:
        """Note that an entry is still of use."""
        self._used.append(key)

    def put(self, key: bytes, types: bytes) -> None:
        """Remember one file's encoded types."""
        if self._database is not None:
            self._new.append((key, types))
            if len(self._new) >= 1_000:  # So that memory stays flat.
                self._write()

    def close(self) -> None:
        """Write what is new."""
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
                database.executemany(
                    "UPDATE parsed SET used = ? WHERE key = ? AND used < ?",
                    [(now, one, now - _DAY) for one in self._used],
                )
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
