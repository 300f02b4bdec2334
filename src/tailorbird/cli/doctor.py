"""`tailorbird doctor`."""

import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import typer

from tailorbird.bases.catalogue import DEFAULT_BASE, folder_of, get_entry, require_here
from tailorbird.cli import machine
from tailorbird.cli.options import Json
from tailorbird.cli.output import print_json, print_line, readable_bytes
from tailorbird.errors import BaseError, ToolMissingError

EXAMPLES = """\b
Examples:
  tailorbird doctor
  tailorbird doctor --json | jq '.checks[] | select(.state == "missing")'

\b
Exit code 0 when all is there that `mine` and `compare` need, 1 otherwise.
"""

OK, NOTE, MISSING = "ok", "note", "missing"

TESTED = {"torch": "2.15.0", "transformers": "5.23.0"}
"""The pair that this version was tested with: docs/design/0004-dependencies.md."""

_GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: ``state`` is ``ok``, ``note`` (works, but worth knowing) or ``missing``."""

    name: str
    state: str
    found: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What ``--json`` prints."""

    ready: bool
    """Nothing that `mine` and `compare` need is missing."""
    checks: tuple[Check, ...]


def doctor(*, json: Json = False) -> None:
    """Say what this machine has and lacks, and what to do about it."""
    diagnosis = diagnose()
    if json:
        print_json(diagnosis)
    else:
        for check in diagnosis.checks:
            print_line(f"{check.state:<8} {check.name:<14} {check.found}")
            if check.remedy:
                print_line(f"{'':<8} {'':<14} -> {check.remedy}")
    if not diagnosis.ready:
        raise typer.Exit(1)


def diagnose() -> Diagnosis:
    """Look at everything once."""
    checks = (*_programs(), _sandbox(), *_packages(), _default_base(), *_hardware(), *_cache())
    return Diagnosis(all(check.state != MISSING for check in checks), checks)


def _programs() -> Iterator[Check]:
    yield Check("python", OK, f"{platform.python_version()} ({sys.executable})")
    for name, option in (("java", "-version"), ("javac", "-version")):
        yield _jdk(name, machine.program_version(name, option))
    maven = machine.program_version("mvn", "-version")
    if maven:
        yield Check("maven", OK, maven)
    else:
        found = "not found" if maven is None else "found, but `mvn -version` fails"
        yield Check("maven", MISSING, found, "install Maven 3.8 or newer, and a JDK that it can find")
    git = machine.program_version("git", "--version")
    if git:
        yield Check("git", OK, git)
    else:
        yield Check("git", NOTE, "not found", "install git to mine git URLs and to record commits")


def _jdk(name: str, found: str | None) -> Check:
    remedy = "install a JDK 17 or newer and put its bin folder on PATH"
    if not found:
        return Check(name, MISSING, "not found" if found is None else f"found, but `{name} -version` fails", remedy)
    # Java 8 called itself 1.8.
    major = int(found.removeprefix("1.").split(".")[0])
    return Check(name, OK, found) if major >= 17 else Check(name, MISSING, f"{found}, older than 17", remedy)


def _sandbox() -> Check:
    from tailorbird.execution.sandbox import sandbox

    try:
        found = sandbox().name
    except ToolMissingError:
        return Check(
            "sandbox",
            NOTE,
            "none works",
            "install bubblewrap to execute candidates, outside a container that forbids it",
        )
    if found == "bubblewrap":
        return Check("sandbox", OK, found)
    return Check("sandbox", NOTE, found, "install bubblewrap: it also keeps candidates from your files")


def _packages() -> Iterator[Check]:
    for name, tested in TESTED.items():
        found = machine.package_version(name)
        if found is None:
            yield Check(name, MISSING, "not installed", "pip install 'tailorbird[train]'")
        elif found.partition("+")[0] == tested:
            yield Check(name, OK, found)
        else:
            yield Check(name, NOTE, f"{found}, not tested together", f"pip install {name}=={tested}, which was")


def _default_base() -> Check:
    try:
        entry = get_entry(DEFAULT_BASE)
        require_here(entry)
    except BaseError as error:
        found, _, remedy = str(error).partition(": ")
        return Check("default base", MISSING, found, remedy)
    return Check("default base", OK, f"{entry.name} ({readable_bytes(machine.folder_bytes(folder_of(entry)))})")


def _hardware() -> Iterator[Check]:
    yield Check("processor", OK, f"{machine.processor()}, {machine.usable_cores()} cores for this process")
    units = machine.bf16_units()
    if units:
        yield Check("bf16 units", OK, ", ".join(units))
    else:
        yield Check("bf16 units", NOTE, "none", "nothing to do: training runs in fp32, up to twice as slow")
    gpus = machine.gpus()
    if gpus:
        yield Check("GPU", OK, "; ".join(gpus))
    else:
        yield Check("GPU", NOTE, "none", "nothing to do: small bases run on the processor")
    memory = machine.memory()
    free = memory.total if memory.available is None else memory.available
    found = f"{readable_bytes(memory.total)}, {readable_bytes(free)} free"
    small = free < 2 * _GIB
    yield Check("memory", NOTE if small else OK, found, "compare takes about 2 GiB: close programs" if small else "")


def _cache() -> Iterator[Check]:
    from tailorbird.sources import default_cache

    folder = default_cache()
    yield Check("cache", OK, f"{folder} ({readable_bytes(machine.folder_bytes(folder))})")
    free = machine.free_disk(folder)
    small = free < 2 * _GIB
    remedy = "a study takes up to 1 GiB: free space" if small else ""
    yield Check("free disk", NOTE if small else OK, f"{readable_bytes(free)} at the cache", remedy)
