"""Atomic JSON and JSON lines, and hashes.

A file is written under a temporary name in its own folder, flushed to disk, and renamed: a killed run leaves either the
old file or the new one, never half of one.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

import msgspec

from tailorbird.errors import StorageError

T = TypeVar("T")


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file for writing that appears under ``path`` only when the block ends without an error.

    Raises StorageError when the folder cannot be made or the disk refuses the bytes; ``path`` is then as it was.
    """
    temporary: str | None = None
    try:
        descriptor, temporary = _temporary_beside(path)
        with os.fdopen(descriptor, "wb") as file:
            yield cast(BinaryIO, file)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o666 & ~_umask())
        Path(temporary).replace(path)
        temporary = None
    except OSError as error:
        reason = error.strerror or str(error)
        raise StorageError(
            f"{path} could not be written ({reason}): free space or choose another --out; nothing was lost."
        ) from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def check_writable(path: Path) -> None:
    """Raise StorageError now if `atomic_file` would, before hours of work are lost to it."""
    try:
        descriptor, temporary = _temporary_beside(path)
        os.close(descriptor)
        Path(temporary).unlink()
    except OSError as error:
        raise StorageError(
            f"{path} could not be written ({error.strerror or error}): choose another --out; nothing was begun."
        ) from error


def _temporary_beside(path: Path) -> tuple[int, str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    return tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")


def _umask() -> int:
    # There is no way to read the mask without setting it.
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def write_json(path: Path, record: object) -> None:
    """Write one record as indented JSON, keys in the record's own order."""
    with atomic_file(path) as file:
        file.write(msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")


def read_json(path: Path, kind: type[T]) -> T:
    """Read one record, strictly: a wrong type names its place in the file."""
    try:
        return msgspec.json.decode(read_bytes(path), type=kind)
    except msgspec.DecodeError as error:
        raise StorageError(f"{path} is not a valid {kind.__name__} file ({error}): make it again.") from error


def write_jsonl(path: Path, records: Iterable[object]) -> None:
    """Write records as JSON lines."""
    encoder = msgspec.json.Encoder()
    with atomic_file(path) as file:
        for record in records:
            file.write(encoder.encode(record) + b"\n")


def read_jsonl(path: Path, kind: type[T]) -> Iterator[T]:
    """Read records of one kind from JSON lines; blank lines are passed over."""
    decoder = msgspec.json.Decoder(type=kind)
    for number, line in enumerate(read_bytes(path).split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            yield decoder.decode(line)
        except msgspec.DecodeError as error:
            raise StorageError(f"{path}, line {number}, is not a valid {kind.__name__} ({error}).") from error


def read_bytes(path: Path) -> bytes:
    """Read a whole file, or say in one sentence why not."""
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise missing(path) from error
    except OSError as error:
        raise StorageError(f"{path} could not be read ({error.strerror}).") from error


def missing(path: Path) -> StorageError:
    """What to raise for a file or folder that is not there."""
    return StorageError(f"{path} does not exist: check the path, or run the stage that writes it.")


def sha256_bytes(data: bytes) -> str:
    """SHA-256 as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's bytes, read in blocks."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise StorageError(f"{path} could not be read ({error.strerror}).") from error
    return digest.hexdigest()
