"""Versions are read from what real programs print, and a program that misbehaves is told from one that is absent."""

from pathlib import Path

import pytest

from tailorbird import programs as programs_module
from tailorbird.cli import machine


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of PATH, apart from the shell."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def _program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("""echo 'openjdk version "17.0.15" 2025-04-15' >&2""", "17.0.15"),
        ("""echo 'openjdk version "25" 2025-09-16' >&2""", "25"),
        ("""echo 'java version "1.8.0_402"' >&2""", "1.8.0"),
        ("""printf '\\033[1mApache Maven 3.8.7\\033[m\\n'""", "3.8.7"),
        ("echo git version 2.39.5", "2.39.5"),
        ("echo 3.9.9; exit 1", ""),
        ("echo nothing of use", ""),
    ],
)
def test_versions(programs: Path, script: str, expected: str) -> None:
    _program(programs, "tool", script)
    assert programs_module.program_version("tool", "-version") == expected


@pytest.mark.usefixtures("programs")
def test_an_absent_program_is_none() -> None:
    assert programs_module.program_version("tool", "-version") is None
    assert machine.gpus() == ()


def test_gpus_are_listed_as_their_tool_lists_them(programs: Path) -> None:
    _program(programs, "nvidia-smi", "echo 'NVIDIA H100, 81559 MiB'; echo 'NVIDIA H100, 81559 MiB'")
    assert machine.gpus() == ("NVIDIA H100, 81559 MiB",) * 2


def test_packages() -> None:
    assert machine.package_version("msgspec")
    assert machine.package_version("no-such-package-as-this") is None


def test_memory_and_cores_are_positive() -> None:
    memory = machine.memory()
    assert memory.total > 0
    assert memory.available is None or 0 < memory.available <= memory.total
    assert machine.usable_cores() >= 1
