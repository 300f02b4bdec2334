"""What a worker may touch. Generated code is untrusted, and workers started as root switch to an unprivileged user.

Bubblewrap is the strongest sandbox. Without it the kernel's own namespaces are used through ``unshare``, and where they
are forbidden, as in most containers, a superuser's workers become another user without a network. What each of them
does not stop is in ``docs/execution.md``.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import ClassVar, Literal, Protocol

from tailorbird.config import SandboxKind
from tailorbird.errors import ToolMissingError
from tailorbird.execution import launcher
from tailorbird.execution.readable import folder_for_others, others_may_read, outermost
from tailorbird.execution.users import end_processes, free_user, remove_files, users_here

_TEMPORARY_BYTES = 512 << 20
_FILE_BYTES = 256 << 20
_PROCESSES = 640
"""Processes and threads: a JVM needs some thirty."""
_OUTSIDE_HEAP_MB = 2048
"""Of a JVM's own; direct buffers may take as much as the heap beside it."""
_TRIAL_SECONDS = 20
_DROP = ("--clear-groups", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs")
_INSTALL = "install bubblewrap (Debian and Ubuntu: apt install bubblewrap)"
WITHOUT_SANDBOX = f"{_INSTALL}, outside a container that forbids it"
"""What to do where no sandbox works."""


READABLE_JDK = f"put a JDK that every user may read, such as one in /usr or /opt, first on PATH, or {_INSTALL}"
"""What to do where another user cannot run the JDK."""


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
    """The user that it becomes; None for the user who runs Tailorbird."""
    group: int | None = None
    """A group that may read the copies of what others may not read."""
    heap_mb: int = 768
    """The heap of its JVM."""


class Sandbox(Protocol):
    """Turns a command into one that runs inside."""

    @property
    def name(self) -> str:
        """As verdict files record it."""
        ...

    @property
    def isolates_processes(self) -> bool:
        """The command sees none but what it starts, and that ends with it."""
        ...

    @property
    def needs_copies(self) -> bool:
        """It runs as a user who reads only what every user may read."""
        ...

    @property
    def caveat(self) -> str:
        """A sentence on what it does not stop, for users to know before it runs anything; empty for the strong ones."""
        ...

    def user(self, number: int) -> int | None:
        """The user that the worker of a number is to become; None for the user who runs Tailorbird."""
        ...

    def command(self, command: Sequence[str], needs: Needs) -> list[str]:
        """The command that runs ``command`` inside."""
        ...

    def clean_up(self, user: int | None) -> None:
        """End and remove what the worker of a user has left behind."""
        ...


def sandbox(kind: SandboxKind = "auto") -> Sandbox:
    """The sandbox of a kind; ``auto`` is the strongest that works here.

    Raises ToolMissingError for one that does not work here, and for ``auto`` where none does: to run without one is
    asked for by name.
    """
    if kind == "none":
        return NoSandbox()
    for one in _by_strength():
        if kind in ("auto", one.kind) and _works(one):
            return one
    if kind == "auto":
        raise ToolMissingError(
            f"No sandbox works here (neither bubblewrap nor unshare): {WITHOUT_SANDBOX}, or run candidates that you "
            "trust by --sandbox none."
        )
    raise ToolMissingError(
        f"--sandbox {kind} does not work here: install it, or choose another (auto, bubblewrap, unshare, user, none)."
    )


def _by_strength() -> "list[Bubblewrap | Unshare | OtherUser]":
    if not _is_superuser():
        return [Bubblewrap(), Unshare()]
    if not users_here():
        return [Bubblewrap()]
    # In `unshare` files stay writable: with a superuser's rights a candidate could overwrite the JDK it runs in.
    return [
        Bubblewrap(own_user=True), Bubblewrap(), Unshare(own_user=True), OtherUser(), OtherUser(network=True)
    ]  # fmt: skip


def fit_for(chosen: Sandbox, readable: Sequence[Path], java: Path) -> Sandbox:
    """The sandbox for a project whose files lie at ``readable``, with the JDK that ``java`` belongs to.

    Raises ToolMissingError where a worker could not read its JDK.
    """
    if isinstance(chosen, Bubblewrap) and chosen.own_user:
        # Bubblewrap shows each place by itself, whoever may pass the folders on the way.
        unreadable = [
            one for one in readable if one.exists() and not one.stat().st_mode & (0o005 if one.is_dir() else 0o004)
        ]
        return replace(chosen, own_user=False) if unreadable else chosen
    if chosen.needs_copies and jdk_is_hidden(java):
        raise ToolMissingError(
            f"The JDK of {java.resolve()} can be read by you alone, and without bubblewrap a superuser's candidates "
            f"run as another user: {READABLE_JDK}."
        )
    return chosen


def jdk_is_hidden(java: Path) -> bool:
    """Whether another user may not read this ``java`` or the JDK that it belongs to."""
    home = java.resolve().parents[1]
    return not all(others_may_read(one) for one in (java, home, home / "lib") if one.exists())


@dataclass(frozen=True, slots=True)
class Bubblewrap:
    """Namespaces of its own for everything, no network, a read-only file system, private home and temporary folders."""

    own_user: bool = False
    """Become another user first: for a superuser, whose rights and lack of limits no candidate is to have."""
    kind: ClassVar[SandboxKind] = "bubblewrap"
    name: ClassVar[str] = "bubblewrap"
    isolates_processes: ClassVar[bool] = True
    needs_copies: ClassVar[bool] = False
    caveat: ClassVar[str] = ""

    def user(self, number: int) -> int | None:
        return free_user(number) if self.own_user else None

    def clean_up(self, user: int | None) -> None:
        """Its processes and temporary files end with it."""

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
        shown = outermost((*needs.readable, needs.folder))
        # What bubblewrap itself makes on the way to a place, only the superuser may pass.
        for one in _between(hidden, (*shown, needs.writable)):
            inside += ["--dir", str(one)]
        for one in shown:
            inside += ["--ro-bind", str(one), str(one)]
        inside += ["--bind", str(needs.writable), str(needs.writable)]
        return [*inside, *_become(needs.user), *_at_home(needs), *_limits(needs), *command]


@dataclass(frozen=True, slots=True)
class Unshare:
    """Namespaces without a network and without other processes, and limits; files stay as the user's rights say."""

    own_user: bool = False
    """Become another user first."""
    kind: ClassVar[SandboxKind] = "unshare"
    name: ClassVar[str] = "unshare"
    isolates_processes: ClassVar[bool] = True

    @property
    def needs_copies(self) -> bool:
        return self.own_user

    @property
    def caveat(self) -> str:
        if self.own_user:
            return ""
        return (
            "Bubblewrap does not work here, so candidates run with your own rights over files: they have no network, "
            f"but they could read and change your files; {_INSTALL} to stop that."
        )

    def user(self, number: int) -> int | None:
        return free_user(number) if self.own_user else None

    def command(self, command: Sequence[str], needs: Needs) -> list[str]:
        spaces = [*(() if self.own_user else ("--user", "--map-current-user")), "--net", "--ipc", "--uts", "--pid"]
        spaces += ["--fork", "--kill-child=KILL", "--mount-proc"]
        if self.own_user:
            return ["unshare", *spaces, *_launched(command, needs, "loopback")]
        return ["unshare", *spaces, *_at_home(needs), *_limits(needs), *command]

    def clean_up(self, user: int | None) -> None:
        if user is not None:
            remove_files(user)


@dataclass(frozen=True, slots=True)
class OtherUser:
    """A superuser's worker as an unprivileged user with limits, which needs no right that containers forbid."""

    network: bool = False
    """Leave it the network: for where the kernel lets us take away none."""
    kind: ClassVar[SandboxKind] = "user"
    isolates_processes: ClassVar[bool] = False
    needs_copies: ClassVar[bool] = True

    @property
    def name(self) -> str:
        return "user-with-network" if self.network else "user"

    @property
    def caveat(self) -> str:
        network = "can use the network" if self.network else "have no network"
        return (
            f"Neither bubblewrap nor unshare works here, so candidates run as an unprivileged user: they {network} and "
            "cannot change your files, but they can read what every user of this machine may read."
        )

    def user(self, number: int) -> int:
        return free_user(number)

    def command(self, command: Sequence[str], needs: Needs) -> list[str]:
        return _launched(command, needs, "keep" if self.network else "refuse")

    def clean_up(self, user: int | None) -> None:
        if user is not None:
            end_processes(user)
            remove_files(user)


@dataclass(frozen=True, slots=True)
class NoSandbox:
    """Nothing but limits on file size, memory and core dumps."""

    name: ClassVar[str] = "none"
    isolates_processes: ClassVar[bool] = False
    needs_copies: ClassVar[bool] = False
    caveat: ClassVar[str] = ""

    def user(self, number: int) -> None:
        """No other."""

    def command(self, command: Sequence[str], needs: Needs) -> list[str]:
        limits = _limits(needs) if shutil.which("prlimit") else ()
        return ["env", f"--chdir={needs.folder}", *limits, *command]

    def clean_up(self, user: int | None) -> None:
        """Whose files and processes they are cannot be told."""


def _is_superuser() -> bool:
    return os.geteuid() == 0


def _become(user: int | None) -> list[str]:
    return [] if user is None else ["setpriv", f"--reuid={user}", f"--regid={user}", *_DROP]


def _at_home(needs: Needs) -> list[str]:
    # After the first assignment nothing is an option of env's.
    return ["env", f"--chdir={needs.folder}", f"HOME={needs.writable}", f"TMPDIR={needs.writable}"]


def _most(needs: Needs) -> dict[str, int]:
    """Limits of each process by their names in `resource`; the first is of all processes and threads of the user."""
    memory = (2 * needs.heap_mb + _OUTSIDE_HEAP_MB) << 20
    return {"NPROC": _PROCESSES, "FSIZE": _FILE_BYTES, "CORE": 0, "DATA": memory}


def _limits(needs: Needs) -> list[str]:
    return ["prlimit", *(f"--{name.lower()}={most}" for name, most in _most(needs).items()), "--"]


def _launched(command: Sequence[str], needs: Needs, network: Literal["keep", "refuse", "loopback"]) -> list[str]:
    """The command, run by our own launcher as the user that the worker is to become."""
    if needs.user is None:
        raise ValueError("a launched worker becomes another user: say which")
    order = launcher.Order(
        user=needs.user,
        groups=[] if needs.group is None else [needs.group],
        folder=str(needs.folder),
        home=str(needs.writable),
        network=network,
        limits=_most(needs),
    )
    program = shutil.which(command[0]) or command[0]
    script = [sys.executable, "-I", "-S", launcher.__file__]
    return [*script, json.dumps(order._asdict()), program, *command[1:]]


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


@cache
def _works(one: Bubblewrap | Unshare | OtherUser) -> bool:
    """Containers often forbid what a sandbox is made of: only a trial says whether it works."""
    with tempfile.TemporaryDirectory(dir=folder_for_others(Path("/"))) as folder:
        place = Path(folder)
        try:
            user = one.user(0)
            if user is not None:
                os.chown(place, user, user)
        except OSError:
            return False
        command = one.command(["touch", str(place / "tried")], Needs(place, (), place, user))
        if shutil.which(command[0]) is None:
            return False
        try:
            done = subprocess.run(command, capture_output=True, timeout=_TRIAL_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return False
        return done.returncode == 0 and (place / "tried").exists()
