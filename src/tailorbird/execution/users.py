"""Unprivileged users that a superuser's workers become: nobody else's numbers, and nothing is left of them."""

import contextlib
import os
import pwd
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_PREFERRED = range(40_000, 60_000)
"""Between the people and services that a machine knows and the users that container engines take."""
_POSSIBLE = range(1_000, 65_534)
_END_SECONDS = 20
_SHARED_FOLDERS = (Path("/tmp"), Path("/var/tmp"), Path("/dev/shm"))
_END_ALL = (
    "import os, sys; user = int(sys.argv[1]); os.setgroups([]); os.setresgid(user, user, user); "
    "os.setresuid(user, user, user); user and os.getuid() == user and os.kill(-1, 9)"
)
"""Python in which a superuser becomes a user and ends everything that this user may end."""


def unprivileged_users(uid_map: str, gid_map: str) -> range:
    """Numbers that a process may take both as its user and as its group, the preferred ones if there are any.

    The maps are those of ``/proc/self``: a container may know few numbers, and the range is empty where it knows none.
    """
    for wanted in (_PREFERRED, _POSSIBLE):
        shared = [
            range(max(users.start, groups.start, wanted.start), min(users.stop, groups.stop, wanted.stop))
            for users in _mapped(uid_map)
            for groups in _mapped(gid_map)
        ]
        if found := max(shared, key=len, default=range(0)):
            return found
    return range(0)


def users_here() -> range:
    """The numbers of users that this process may become, if it is a superuser's."""
    try:
        return unprivileged_users(Path("/proc/self/uid_map").read_text(), Path("/proc/self/gid_map").read_text())
    except OSError:
        return range(0)


def free_user(number: int) -> int:
    """A user whom the machine does not know and who runs nothing; another for each number and each process."""
    users, busy = users_here(), _owners_of_processes()
    for step in range(len(users)):
        user = users[(os.getpid() * 7 + number + step) % len(users)]
        if user not in busy and not _has_a_name(user):
            return user
    raise OSError("no user is free for a worker")


def end_processes(user: int) -> None:
    """End all that a user runs. The user has to be one of `free_user`."""
    if user in _owners_of_processes():
        # The kernel does this in one step, so that nothing can start other processes meanwhile.
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(
                [sys.executable, "-I", "-S", "-c", _END_ALL, str(user)],
                capture_output=True,
                timeout=_END_SECONDS,
                check=False,
            )


def remove_files(user: int) -> None:
    """Remove what a user has left in the folders where everyone may write: other users could not write it again."""
    for folder in _SHARED_FOLDERS:
        for path in _files_of(user, folder):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def _files_of(user: int, folder: Path) -> Iterator[Path]:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for one in entries:
            with contextlib.suppress(OSError):
                if one.stat(follow_symlinks=False).st_uid == user:
                    yield Path(one.path)


def _mapped(text: str) -> Iterator[range]:
    """The numbers on the inside; each line is ``INSIDE OUTSIDE COUNT``."""
    for line in text.splitlines():
        inside, _, count = line.split()
        yield range(int(inside), int(inside) + int(count))


def _owners_of_processes() -> set[int]:
    owners = set()
    for name in os.listdir("/proc"):  # noqa: PTH208 - a path object for each process is dear
        if name.isdigit():
            with contextlib.suppress(OSError):
                status = os.stat(f"/proc/{name}")  # noqa: PTH116 - the same
                if stat.S_ISDIR(status.st_mode):
                    owners.add(status.st_uid)
    return owners


@cache
def _has_a_name(user: int) -> bool:
    try:
        pwd.getpwuid(user)
    except KeyError:
        return False
    return True
