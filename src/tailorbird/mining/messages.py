"""What a process that mines and its workers say to each other: msgpack messages, each with its length before it."""

import struct
from typing import IO, TypeVar

import msgspec

from tailorbird.config import Heuristics

_Message = TypeVar("_Message")
_LENGTH = struct.Struct("<Q")


class Job(msgspec.Struct, frozen=True):
    """What to parse, and how to pair."""

    root: bytes
    """Names of files are bytes: not all are Unicode."""
    files: tuple[bytes, ...]
    """Those to parse, and whose tests to read then."""
    cache: bytes | None
    heuristics: Heuristics
    published: str


class Rest(msgspec.Struct, frozen=True):
    """What the others have parsed."""

    types: tuple[bytes | None, ...]
    """Of each of the tree's files in order, encoded; None for the worker's own."""


def send(pipe: IO[bytes], message: object) -> None:
    """Write one message with its length."""
    encoded = msgspec.msgpack.encode(message)
    pipe.write(_LENGTH.pack(len(encoded)))
    pipe.write(encoded)
    pipe.flush()


def receive(pipe: IO[bytes], kind: type[_Message]) -> _Message:
    """Read one message. Raises EOFError when the other side has gone."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    (length,) = _LENGTH.unpack(head)
    body = pipe.read(length)
    if len(body) < length:
        raise EOFError
    return msgspec.msgpack.decode(body, type=kind)
