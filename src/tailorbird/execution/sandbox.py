"""What a worker may touch: generated code is nobody's, and is run as such.

Bubblewrap where it is there, else the kernel's own namespaces through ``unshare``; nothing only where that is asked
for. What neither stops is in ``docs/execution.md``.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import ClassVar, Protocol

from tailorbird.config import SandboxKind
from tailorbird.errors import ToolMissingError

_TEMPORARY_BYTES = 512 << 20
_FILE_BYTES = 256 << 20
_PROCESSES = 640
"""Processes and threads: a JVM needs some thirty."""
_TRIAL_SECONDS = 20
_USERS = range(40_000, 60_000)
"""Of these a superuser gives each worker one: the kernel limits no superuser's processes."""
_DROP = ("--clear-groups", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs")


@dataclass(frozen=True, slots=True)
class Needs:
    """What a worker needs of the file system."""

    folder: Path
    """Where it starts: the module's own folder."""
    readable: tuple[Path, ...]
    """What it reads that may lie in the home or the temporary folder."""
    writable: Path
    """A private folder of its own, for temporary files and as its home."""
    user: int | None = None
    """The user that it becomes; None for who one is."""


class Sandbox(Protocol):
    """Turns a command into one that runs inside."""

    @property
    def name(self) -> str:
        """As in the settings."""
        ...

    @property
    def isolates_processes(self) -> bool:
        """The command sees none but what it starts, and that ends with it."""
        ...

    def user(self, number: int) -> int | None:
        """The user that the worker of a number is to become; None for who one is."""
        ...

    def command(self, command: Sequence[str], needs: Needs) -> list[str]:
        """The command that runs ``command`` inside."""
        ...


def sandbox(kind: SandboxKind = "auto") -> Sandbox:
    """The sandbox of a kind; ``auto`` the best that works here.

    Raises ToolMissingError for one that does not work here, and for ``auto`` where none does: to run without one is
    asked for by name.
    """
    if kind == "none":
        return NoSandbox()
    users = (True, False) if _is_superuser() else (False,)
    for own_user in users:
        if kind in ("auto", "bubblewrap") and _works(Bubblewrap(own_user)):
            return Bubblewrap(own_user)
    # Files stay writable there: a candidate with a superuser's rights could overwrite the JDK it runs in.
    unshare = Unshare(own_user=_is_superuser())
    if kind in ("auto", "unshare") and _works(unshare):
        return unshare
    if kind == "auto":
        raise ToolMissingError(
            "No sandbox works here (neither bwrap nor unshare): install bubblewrap, or run without by --sandbox none."
        )
    raise ToolMissingError(
        f"--sandbox {kind} does not work here: install it, or choose another (auto, bubblewrap, unshare, none)."
    )


def fit_for(chosen: Sandbox, readable: Sequence[Path]) -> Sandbox:
    """The sandbox for a project: another user can only be had where others may read what there is to read.

    Raises ToolMissingError where a superuser's candidates would have to keep a superuser's rights over all files.
    """
    if isinstance(chosen, Bubblewrap | Unshare) and chosen.own_user:
        hidden = isinstance(chosen, Bubblewrap)
        for one in readable:
            # Bubblewrap shows each place by itself, whoever may pass the folders on the way.
            passed = (one,) if hidden else (one, *one.resolve().parents)
            unreadable = [
                each
                for each in passed
                if each.exists() and not each.stat().st_mode & (0o005 if each.is_dir() else 0o004)
            ]
            if unreadable and hidden:
                return replace(chosen, own_user=False)
            if unreadable:
                raise ToolMissingError(
                    f"{unreadable[0]} can be read by you alone, and without bubblewrap a superuser's candidates run as "
                    "another user: install bubblewrap, or run Tailorbird as another user than root."
                )
    return chosen


@dataclass(frozen=True, slots=True)
class Bubblewrap:
    """Namespaces of its own for everything, no network, a read-only file system, private home and temporary folders."""

    own_user: bool = False
    """Become another user first: for a superuser, whose rights and lack of limits no candidate is to have."""
    name: ClassVar[str] = "bubblewrap"
    isolates_processes: ClassVar[bool] = True

    def user(self, number: int) -> int | None:
        return _USERS[(os.getpid() * 7 + number) % len(_USERS)] if self.own_user else None

    def command(self, command: Sequence[str], needs: Needs) -> list[str]:
        # Whoever becomes another user cannot be in a namespace that knows but one.
        spaces = ["ipc", "pid", "net", "uts", *(() if self.own_user else ("user",))]
        inside = ["bwrap", *(f"--unshare-{one}" for one in spaces), "--unshare-cgroup-try"]
        inside += ["--die-with-parent", "--new-session", "--cap-drop", "ALL"]
        if self.own_user:
            for right in ("SETUID", "SETGID", "SETPCAP"):
                inside += ["--cap-add", f"CAP_{right}"]
        inside += ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
        hidden = _hidden()
        for place in hidden:
            # Whoever the candidate is, it may write there, as anyone may: agents and tests look for /tmp itself.
            mode = "1777" if place.name == "tmp" else "0755"
            inside += ["--perms", mode, "--size", str(_TEMPORARY_BYTES), "--tmpfs", str(place)]
        shown = _outermost((*needs.readable, needs.folder))
        # What bubblewrap itself makes on the way to a place, only the superuser may pass.
        for one in _between(hidden, (*shown, needs.writable)):
            inside += ["--dir", str(one)]
        for one in shown:
            inside += ["--ro-bind", str(one), str(one)]
        inside += ["--bind", str(needs.writable), str(needs.writable)]
        return [*inside, *_become(needs.user), *_at_home(needs), *_limits(), *command]


@dataclass(frozen=True, slots=True)
class Unshare:
    """Namespaces without a network and without other processes, and limits; files stay as the user's rights say."""

    own_user: bool = False
    name: ClassVar[str] = "unshare"
    isolates_processes: ClassVar[bool] = True

    def user(self, number: int) -> int | None:
        return Bubblewrap(self.own_user).user(number)

    def command(self, command: Sequence[str], needs: Needs) -> list[str]:
        spaces = [*(() if self.own_user else ("--user", "--map-current-user")), "--net", "--ipc", "--uts", "--pid"]
        spaces += ["--fork", "--kill-child=KILL", "--mount-proc"]
        return ["unshare", *spaces, *_become(needs.user), *_at_home(needs), *_limits(), *command]


@dataclass(frozen=True, slots=True)
class NoSandbox:
    """Nothing but limits on file size and on core dumps."""

    name: ClassVar[str] = "none"
    isolates_processes: ClassVar[bool] = False

    def user(self, number: int) -> None:
        """Who one is."""

    def command(self, command: Sequence[str], needs: Needs) -> list[str]:
        return ["env", f"--chdir={needs.folder}", *(_limits() if shutil.which("prlimit") else ()), *command]


def _is_superuser() -> bool:
    return os.geteuid() == 0


def _become(user: int | None) -> list[str]:
    return [] if user is None else ["setpriv", f"--reuid={user}", f"--regid={user}", *_DROP]


def _at_home(needs: Needs) -> list[str]:
    # After the first assignment nothing is an option of env's.
    return ["env", f"--chdir={needs.folder}", f"HOME={needs.writable}", f"TMPDIR={needs.writable}"]


def _limits() -> list[str]:
    return ["prlimit", f"--fsize={_FILE_BYTES}", "--core=0", f"--nproc={_PROCESSES}", "--"]


def _hidden() -> tuple[Path, ...]:
    """Folders that a candidate has no business in."""
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.home() fails where there is no entry for the user
    return tuple(one for one in dict.fromkeys((Path("/tmp"), Path("/var/tmp"), Path("/run"), home)) if one.is_dir())


def _between(places: Sequence[Path], paths: Sequence[Path]) -> list[Path]:
    """The folders that lie in one of the places and on the way to one of the paths, outer ones first."""
    found: dict[Path, None] = {}
    for path in paths:
        for one in reversed(path.resolve().parents):
            if any(one != place and one.is_relative_to(place) for place in places):
                found[one] = None
    return list(found)


def _outermost(paths: Sequence[Path]) -> list[Path]:
    """Those that lie in no other, each once, existing ones."""
    found: list[Path] = []
    for one in sorted({path.resolve() for path in paths if path.exists()}, key=lambda path: len(path.parts)):
        if not any(one.is_relative_to(other) for other in found):
            found.append(one)
    return found


@cache
def _works(one: Bubblewrap | Unshare) -> bool:
    """Containers often forbid what a sandbox is made of: only a trial says whether it works."""
    with tempfile.TemporaryDirectory() as folder:
        place, user = Path(folder), one.user(0)
        if user is not None:
            os.chown(place, user, user)
        command = one.command(["touch", str(place / "tried")], Needs(place, (), place, user))
        if shutil.which(command[0]) is None:
            return False
        try:
            done = subprocess.run(command, capture_output=True, timeout=_TRIAL_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return False
        return done.returncode == 0 and (place / "tried").exists()
