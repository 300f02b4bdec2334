"""Unpacking a source archive that nobody vouches for: nothing outside the folder, no links, no bombs."""

import stat
import zipfile
from pathlib import Path, PurePosixPath

from tailorbird.errors import SourceError

MAX_ENTRIES = 100_000
MAX_TOTAL_BYTES = 1 << 30
MAX_FILE_BYTES = 16 << 20
_BLOCK = 1 << 16


def unpack(archive: Path, folder: Path) -> int:
    """Unpack ``archive`` into ``folder``; returns how many files were left out for their size or for being links.

    Raises SourceError for a name that points out of the folder, too many entries, or too many bytes in all.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            return _unpack(opened, archive.name, folder)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError, ValueError) as error:
        raise SourceError(f"{archive.name} is not a readable archive ({error}): fetch it again.") from error
    except OSError as error:
        raise SourceError(
            f"{archive.name} could not be unpacked into {folder} ({error.strerror}): free space."
        ) from error


def _unpack(opened: zipfile.ZipFile, name: str, folder: Path) -> int:
    entries = opened.infolist()
    if len(entries) > MAX_ENTRIES:
        raise SourceError(f"{name} has {len(entries):,} entries, over the limit of {MAX_ENTRIES:,}: it is refused.")
    left, left_out = MAX_TOTAL_BYTES, 0
    for entry in entries:
        target = folder.joinpath(*_safe_parts(entry.filename, name))
        if entry.is_dir() or "META-INF/versions/" in entry.filename:  # copies of classes for other Java versions
            continue
        if stat.S_ISLNK(entry.external_attr >> 16) or entry.file_size > MAX_FILE_BYTES:
            left_out += 1
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        left -= _copy(opened, entry, target, left)
        if left <= 0:
            raise SourceError(f"{name} unpacks to more than {MAX_TOTAL_BYTES:,} bytes: it is refused.")
    return left_out


def _safe_parts(entry: str, archive: str) -> tuple[str, ...]:
    path = PurePosixPath(entry)
    if path.is_absolute() or ".." in path.parts or "\\" in entry or "\0" in entry or ":" in entry:
        raise SourceError(f"{archive} holds the name {entry!r}, which may point out of its folder: it is refused.")
    return path.parts


def _copy(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, left: int) -> int:
    """Copy one file, trusting no size that the archive states; returns the bytes written."""
    written = 0
    with opened.open(entry) as source, target.open("wb") as file:
        while block := source.read(_BLOCK):
            written += len(block)
            if written > min(left, MAX_FILE_BYTES):
                raise SourceError(f"{entry.filename!r} unpacks to more than it states: the archive is refused.")
            file.write(block)
    return written
