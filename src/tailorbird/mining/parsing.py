"""Files as their types, encoded: what the cache keeps and what one process hands another."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from tailorbird.mining.declarations import JavaType
from tailorbird.mining.files import printable, read_source, walk
from tailorbird.mining.java import JavaParser
from tailorbird.mining.parse_cache import ParseCache, cache_key

_TYPES = msgspec.msgpack.Decoder(tuple[JavaType, ...])
_ENCODER = msgspec.msgpack.Encoder()


class Parsed(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One file."""

    path: str
    """As records have it."""
    types: bytes = b""
    """Its `JavaType` s in msgpack; empty for a file that is left out."""
    key: bytes = b""
    """Of the cache."""
    known: bool = False
    """The cache has it."""
    reason: str | None = None
    """Why it is left out."""


def parse_files(root: Path, files: Iterable[str], cache: ParseCache) -> Iterator[tuple[Parsed, tuple[JavaType, ...]]]:
    """Each of a tree's files, in order, with its types; what ``cache`` knows is not parsed again. It is only read."""
    parser = JavaParser()
    for relative in files:
        path, source = printable(relative), read_source(root, relative)
        if not isinstance(source, bytes):
            yield Parsed(path, reason=source.reason), ()
            continue
        key = cache_key(path, source)
        encoded = cache.get(key)
        types = decoded(encoded) if encoded is not None else None
        if encoded is not None and types is not None:
            yield Parsed(path, encoded, key, known=True), types
        else:
            types = parser.parse(path, source)
            yield Parsed(path, _ENCODER.encode(types), key), types


def project_types(root: Path, cache: Path | None = None) -> tuple[JavaType, ...]:
    """All types of a tree in order of path; ``cache`` is a file that remembers what was parsed."""
    known = ParseCache(cache)
    try:
        return tuple(one for _, types in parse_files(root, walk(root).files, known) for one in types)
    finally:
        known.close()


def decoded(types: bytes) -> tuple[JavaType, ...] | None:
    """The types of a file, outer before inner; None for what is damaged."""
    try:
        return _TYPES.decode(types)
    except msgspec.MsgspecError:
        return None
