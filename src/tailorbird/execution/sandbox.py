"""What a worker may touch: generated code is nobody's, and is run as such.

Bubblewrap where it is there, else the kernel's own namespaces through ``unshare``; nothing only where that is asked
for. What neither stops is in ``docs/execution.md``.
"""

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

from tailorbird.config import SandboxKind
from tailorbird.errors import ToolMissingError

_TEMPORARY_BYTES = 512 << 20
_FILE_BYTES = 256 << 20
_PROCESSES = 2_000
_TRIAL_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Needs:
    """What a worker needs of the file system."""

    folder: Path
    """Where it starts: the module's own folder."""
    readable: tuple[Path, ...]
    """What it reads that may lie in the home or the temporary folder."""
    writable: Path
    """A private folder of its own, for temporary files and as its home."""


class Sandbox(Protocol):
    """Turns a command into one that runs inside."""

    @property
    def name(self) -> str:
        """As in the settings."""
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
    if kind in ("auto", "bubblewrap") and _works(Bubblewrap()):
        return Bubblewrap()
    if kind in ("auto", "unshare") and _works(Unshare()):
        return Unshare()
    if kind == "auto":
        raise ToolMissingError(
            "No sandbox works here (neither bwrap nor unshare): install bubblewrap, or run without by --sandbox none."
        )
    raise ToolMissingError(
        f"--sandbox {kind} does not work here: install it, or choose another (auto, bubblewrap, unshare, none)."
    )


class Bubblewrap:
    """Namespaces of its own for everything, no network, a read-only file system, private home and temporary folders."""

    name = "bubblewrap"

    def command(self, command: Sequence[str], needs: Needs) -> list[str]:
        inside = [
            *("bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"),
            *("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"),
        ]
        for place in _hidden():
            inside += ["--size", str(_TEMPORARY_BYTES), "--tmpfs", str(place)]
        for one in _outermost((*needs.readable, needs.folder)):
            inside += ["--ro-bind", str(one), str(one)]
        inside += ["--bind", str(needs.writable), str(needs.writable), "--chdir", str(needs.folder)]
        return [
            *inside,
            "--setenv",
            "HOME",
            str(needs.writable),
            "--setenv",
            "TMPDIR",
            str(needs.writable),
            *_limits(),
            *command,
        ]


class Unshare:
    """Namespaces without a network and without other processes, and limits; files stay as the user's rights say."""

    name = "unshare"

    def command(self, command: Sequence[str], needs: Needs) -> list[str]:
        home = ["env", f"HOME={needs.writable}", f"TMPDIR={needs.writable}", f"--chdir={needs.folder}"]
        spaces = [
            "--user",
            "--map-current-user",
            "--net",
            "--ipc",
            "--uts",
            "--pid",
            "--fork",
            "--kill-child=KILL",
            "--mount-proc",
        ]
        return ["unshare", *spaces, *home, *_limits(), *command]


class NoSandbox:
    """Nothing but limits on file size and on core dumps."""

    name = "none"

    def command(self, command: Sequence[str], needs: Needs) -> list[str]:
        return ["env", f"--chdir={needs.folder}", *(_limits() if shutil.which("prlimit") else ()), *command]


def _limits() -> list[str]:
    return ["prlimit", f"--fsize={_FILE_BYTES}", "--core=0", f"--nproc={_PROCESSES}", "--"]


def _hidden() -> tuple[Path, ...]:
    """Folders that a candidate has no business in."""
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.home() fails where there is no entry for the user
    return tuple(one for one in dict.fromkeys((Path("/tmp"), Path("/var/tmp"), Path("/run"), home)) if one.is_dir())


def _outermost(paths: Sequence[Path]) -> list[Path]:
    """Those that lie in no other, each once, existing ones."""
    found: list[Path] = []
    for one in sorted({path.resolve() for path in paths if path.exists()}, key=lambda path: len(path.parts)):
        if not any(one.is_relative_to(other) for other in found):
            found.append(one)
    return found


@cache
def _works_by_name(name: str) -> bool:
    return _tried(Bubblewrap() if name == Bubblewrap.name else Unshare())


def _works(one: Bubblewrap | Unshare) -> bool:
    return _works_by_name(one.name)


def _tried(one: Bubblewrap | Unshare) -> bool:
    """Containers often forbid what a sandbox is made of: only a trial says whether it works."""
    place = Path(os.getcwd())  # noqa: PTH109 - resolve() would fail on an unreadable parent
    command = one.command(["true"], Needs(folder=place, readable=(), writable=place))
    if shutil.which(command[0]) is None:
        return False
    try:
        return subprocess.run(command, capture_output=True, timeout=_TRIAL_SECONDS, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
