"""Which files of a tree are mined, and their text: a sorted walk that stays inside and says what it left out."""

import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path

from tailorbird.records import Skipped

MAX_FILE_BYTES = 2_000_000
MAX_OPEN_ANGLES = 2_000
# Beside a build file these hold generated copies; deeper inside they may be packages.
_BUILD_OUTPUT = {"target", "build", "out", "bin", "node_modules"}
_BUILD_FILES = {"pom.xml", "build.gradle", "build.gradle.kts", "build.xml", "package.json", "BUILD", "BUILD.bazel"}
_ANGLE = re.compile(rb"->|[<>]")
_ALWAYS_SKIPPED = {"META-INF", "node_modules"}


@dataclass(frozen=True, slots=True)
class Walk:
    """The Java files of a tree, relative with forward slashes and sorted, and what was left out."""

    files: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)


def walk(root: Path) -> Walk:
    """Find all ``*.java`` under ``root``; hidden folders, build output and links out of the tree are left out."""
    found = Walk()
    top = root.resolve()

    def unreadable(error: OSError) -> None:
        folder = Path(os.path.relpath(error.filename, top)).as_posix()
        found.skipped.append(Skipped(path=printable(folder), reason=f"unreadable ({error.strerror})"))

    for folder, subfolders, names in os.walk(top, onerror=unreadable, followlinks=False):
        here = Path(folder)
        subfolders[:] = sorted(name for name in subfolders if _enter(here, top, name, names))
        for name in sorted(names):
            if name.endswith(".java") and not name.startswith("."):
                path = here / name
                relative = path.relative_to(top).as_posix()
                reason = _refusal(path, top)
                if reason is None:
                    found.files.append(relative)
                else:
                    found.skipped.append(Skipped(path=printable(relative), reason=reason))
    found.files.sort()
    found.skipped.sort(key=lambda one: one.path)
    return found


def _enter(here: Path, top: Path, name: str, siblings: list[str]) -> bool:
    if name.startswith(".") or name in _ALWAYS_SKIPPED:
        return False
    at_module = here == top or bool(_BUILD_FILES.intersection(siblings))
    return not (name in _BUILD_OUTPUT and at_module)


def _refusal(path: Path, top: Path) -> str | None:
    try:
        status = path.lstat()
        if stat.S_ISREG(status.st_mode):  # Nearly all are; folders that are links are not entered.
            return _too_large(status.st_size)
        if not path.resolve().is_relative_to(top):
            return "a link that leaves the tree"
        if not path.is_file():
            return "not a plain file"
        return _too_large(path.stat().st_size)
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links, before Python 3.13
        return f"unreadable ({error})"


def _too_large(size: int) -> str | None:
    return f"{size:,} bytes, over the limit of {MAX_FILE_BYTES:,}" if size > MAX_FILE_BYTES else None


def printable(path: str) -> str:
    """A path as records have it: file names are bytes on Linux, a record is valid Unicode."""
    return path.encode("utf-8", errors="backslashreplace").decode("utf-8")


def read_source(root: Path, relative: str) -> bytes | Skipped:
    """The UTF-8 bytes of one file that `walk` found, or why it is left out."""
    try:
        source = normalised((root / relative).read_bytes())
    except OSError as error:
        return Skipped(path=printable(relative), reason=f"unreadable ({error.strerror})")
    if explodes(source):
        return Skipped(path=printable(relative), reason=f"over {MAX_OPEN_ANGLES:,} open angle brackets")
    return source


def explodes(source: bytes) -> bool:
    """Whether parsing might take memory without bound: ``a<a<a<…`` may be types or comparisons at every step.

    Measured: the parser's memory grows with the square of the open brackets, to 330 MB at 5,000 and a crash at 20,000.
    Real files stay far below the limit; one that hides its brackets' ends in comments still gets through.
    """
    if source.count(b"<") <= MAX_OPEN_ANGLES:
        return False
    depth = 0
    for bracket in _ANGLE.findall(source):
        depth += {b"<": 1, b">": -1 if depth else 0}.get(bracket, 0)
        if depth > MAX_OPEN_ANGLES:
            return True
    return False


def normalised(data: bytes) -> bytes:
    """Java source as UTF-8 with ``\\n`` line ends and no byte-order mark; what is not UTF-8 is read as ISO-8859-1."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        data = data.decode("iso-8859-1").encode("utf-8")
    return data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
