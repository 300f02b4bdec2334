"""Folders that appear whole or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tailorbird.errors import StorageError


@contextmanager
def scratch_beside(target: Path) -> Iterator[Path]:
    """An empty folder on the disk of ``target``, removed at the end. What killed processes left there goes too."""
    scratch = target.parent / f".{target.name}.{os.getpid()}.part"
    try:
        scratch.parent.mkdir(parents=True, exist_ok=True)
        _remove_orphans(target)
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
    except OSError as error:
        raise StorageError(
            f"{target.parent} could not be written to ({error.strerror}): free it, or set XDG_CACHE_HOME."
        ) from error
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def publish(made: Path, target: Path) -> None:
    """Let the folder ``made`` appear as ``target``; where another process was faster, its folder stays."""
    try:
        made.rename(target)
    except OSError:
        if not target.is_dir():
            raise


def _remove_orphans(target: Path) -> None:
    for folder in target.parent.glob(f".{target.name}.*.part"):
        number = folder.name.split(".")[-2]
        if number.isdigit() and not _runs(int(number)):
            shutil.rmtree(folder, ignore_errors=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
