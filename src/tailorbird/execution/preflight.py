"""Whether candidates can be executed on this machine: known within seconds, and said before any work begins."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tailorbird import programs
from tailorbird.config import SandboxKind
from tailorbird.errors import ToolMissingError
from tailorbird.execution.sandbox import READABLE_JDK, WITHOUT_SANDBOX, jdk_is_hidden, sandbox

_JDK = 17


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that executing candidates needs."""

    name: str
    found: str
    """Its version or name, or what is wrong with it."""
    remedy: str = ""
    """What to do; empty where it is as it should be."""
    works: bool = True


def jdk() -> Iterator[Finding]:
    """``java`` and ``javac``, each with its version."""
    remedy = f"install a JDK {_JDK} or newer and put its bin folder on PATH"
    for name in ("java", "javac"):
        version = programs.program_version(name, "-version")
        if not version:
            yield Finding(name, _unusable(name, version), remedy, works=False)
        # Java 8 called itself 1.8.
        elif int(version.removeprefix("1.").split(".")[0]) < _JDK:
            yield Finding(name, f"{version}, older than {_JDK}", remedy, works=False)
        else:
            yield Finding(name, version)


def maven() -> Finding:
    """``mvn`` with its version."""
    version = programs.program_version("mvn", "-version")
    if version:
        return Finding("maven", version)
    remedy = "install Maven 3.8 or newer, and a JDK that it can find"
    return Finding("maven", _unusable("mvn", version), remedy, works=False)


def best_sandbox(kind: SandboxKind = "auto") -> Finding:
    """The sandbox that candidates would run in."""
    try:
        found = sandbox(kind)
    except ToolMissingError:
        return Finding("sandbox", "none works", WITHOUT_SANDBOX, works=False)
    java = shutil.which("java")
    if found.needs_copies and java is not None and jdk_is_hidden(Path(java)):
        wrong = f"{found.name}, whose user may not read the JDK of {Path(java).resolve()}"
        return Finding("sandbox", wrong, READABLE_JDK, works=False)
    if found.name == "bubblewrap":
        return Finding("sandbox", found.name)
    return Finding("sandbox", found.name, found.caveat.rstrip(".") or WITHOUT_SANDBOX)


def obstacle(source: str) -> str:
    """Why no candidate for SOURCE can be executed here, with what to do about it; empty if nothing is in the way.

    It takes about two seconds. Whether the project can be built is not looked at.
    """
    path = Path(source).expanduser()
    without_maven = path.is_dir() and not (path / "pom.xml").is_file()
    for one in (*jdk(), *(() if without_maven else (maven(),)), best_sandbox()):
        if not one.works:
            return f"{one.name}: {one.found}; {one.remedy}"
    return ""


def _unusable(program: str, version: str | None) -> str:
    return "not found" if version is None else f"found, but `{program} -version` fails"
