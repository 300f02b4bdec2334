"""Copies for another user of what only the invoking user may read, such as jars below ``/root``."""

import os
import re
import shutil
import stat
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_LEFT_OUT = frozenset({".git", ".hg", ".svn"})
_READ, _WRITE, _PASS = stat.S_IROTH, stat.S_IWOTH, stat.S_IXOTH


@dataclass(frozen=True, slots=True)
class Copies:
    """Where another user finds what there is to read."""

    places: tuple[tuple[Path, Path], ...] = ()
    """Each file or folder that was copied, and its copy."""

    def of(self, path: Path) -> Path:
        """The path's copy; the path itself if it was not copied."""
        real = path.resolve()
        for original, copied in self.places:
            if real.is_relative_to(original):
                return copied / real.relative_to(original)
        return path

    def all_of(self, paths: Sequence[Path]) -> tuple[Path, ...]:
        """The copy of each path."""
        return tuple(self.of(one) for one in paths)

    def in_text(self, text: str) -> str:
        """The text with the copies in the place of the originals, as options of a JVM name them."""
        for original, copied in self.places:
            text = re.sub(rf"{re.escape(str(original))}(?![\w.\-])", str(copied).replace("\\", r"\\"), text)
        return text


def others_may_pass(folder: Path) -> bool:
    """Every user may pass through the folder, and through all on the way to it."""
    return all(one.stat().st_mode & _PASS for given in _both(folder) for one in (given, *given.parents))


def others_may_read(path: Path) -> bool:
    """Every user may read the file or folder, what the folder holds left aside."""
    wanted = _READ | _PASS if path.is_dir() else _READ
    return path.stat().st_mode & wanted == wanted and all(others_may_pass(one.parent) for one in _both(path))


def folder_for_others(near: Path) -> Path:
    """A folder for temporary files that every user may pass, on the file system of ``near`` if there is one."""
    usual = dict.fromkeys((Path(tempfile.gettempdir()), Path("/var/tmp"), Path("/tmp")))
    usable = [one for one in usual if one.is_dir() and others_may_pass(one) and os.access(one, os.W_OK)]
    same = [one for one in usable if one.stat().st_dev == near.stat().st_dev]
    return next(iter((*same, *usable)), Path(tempfile.gettempdir()))


def copy_for_others(paths: Sequence[Path], into: Path) -> Copies:
    """Copy into a folder what others may not read, by hard links where that works."""
    hidden = [one for one in outermost(paths) if not _others_may_read_all(one)]
    # A path in which a link leads to a hidden place is found by its real place.
    hidden += [one.resolve() for one in paths if one.exists() and not others_may_read(one)]
    copies = Copies(tuple((one, into / str(number) / one.name) for number, one in enumerate(outermost(hidden))))
    for original, copied in copies.places:
        _make_folder(copied.parent)
        if original.is_dir():
            _copy_folder(original, copied, copies)
        else:
            _copy_file(original, copied)
    return copies


def outermost(paths: Sequence[Path]) -> list[Path]:
    """The real places of the existing paths, each once, without those that lie in another."""
    found: list[Path] = []
    for one in sorted({path.resolve() for path in paths if path.exists()}, key=lambda path: len(path.parts)):
        if not any(one.is_relative_to(other) for other in found):
            found.append(one)
    return found


def _both(path: Path) -> tuple[Path, Path]:
    """The path as it is given and where it leads: a user has to pass both."""
    return path.absolute(), path.resolve()


def _others_may_read_all(path: Path) -> bool:
    if not others_may_read(path):
        return False
    for folder, folders, names in os.walk(path):
        for name in (*folders, *names):
            mode = os.lstat(os.path.join(folder, name)).st_mode  # noqa: PTH118 - there may be many
            wanted = _READ | _PASS if stat.S_ISDIR(mode) else _READ
            if not stat.S_ISLNK(mode) and mode & wanted != wanted:
                return False
    return True


def _copy_folder(original: Path, copied: Path, copies: Copies) -> None:
    for place, folders, names in os.walk(original):
        folders[:] = [one for one in folders if one not in _LEFT_OUT]
        folder = copied / Path(place).relative_to(original)
        _make_folder(folder)
        for name in (*folders, *names):
            one = Path(place) / name
            mode = one.lstat().st_mode
            if stat.S_ISLNK(mode):
                target = one.readlink()
                (folder / name).symlink_to(copies.of(target) if target.is_absolute() else target)
            elif stat.S_ISREG(mode):
                _copy_file(one, folder / name)


def _make_folder(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)


def _copy_file(original: Path, copied: Path) -> None:
    # A hard link has the rights of its original: who could not reach a file before must not be able to write it now.
    if original.stat().st_mode & (_READ | _WRITE) == _READ:
        try:
            os.link(original, copied)
        except OSError:
            pass
        else:
            return
    shutil.copyfile(original, copied)
    copied.chmod(0o755 if original.stat().st_mode & stat.S_IXUSR else 0o644)
