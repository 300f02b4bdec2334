"""`tailorbird doctor`."""

import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import typer

from tailorbird import programs
from tailorbird.bases.catalogue import DEFAULT_BASE, folder_of, get_entry, require_here
from tailorbird.cli import machine
from tailorbird.cli.options import Json
from tailorbird.cli.output import print_json, print_line, readable_bytes
from tailorbird.errors import BaseError

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
    from tailorbird.execution import preflight

    yield Check("python", OK, f"{platform.python_version()} ({sys.executable})")
    for one in (*preflight.jdk(), preflight.maven()):
        yield Check(one.name, OK if one.works else MISSING, one.found, one.remedy)
    git = programs.program_version("git", "--version")
    if git:
        yield Check("git", OK, git)
    else:
        yield Check("git", NOTE, "not found", "install git to mine git URLs and to record commits")


def _sandbox() -> Check:
    from tailorbird.execution.preflight import best_sandbox

    one = best_sandbox()
    return Check(one.name, NOTE if one.remedy else OK, one.found, one.remedy)


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
