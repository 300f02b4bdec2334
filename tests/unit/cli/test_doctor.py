"""Doctor says what is missing, what to do about it, and whether the rest is enough."""

import json
from pathlib import Path

import pytest

from tailorbird import programs
from tailorbird.cli import app, machine
from tailorbird.cli.doctor import MISSING, NOTE, OK, TESTED, Check, diagnose
from tailorbird.cli.failures import run

_PROGRAMS = {"java": "17.0.15", "javac": "17.0.15", "mvn": "3.8.7", "git": "2.39.5"}


@pytest.fixture(autouse=True)
def whole_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has everything, whatever this one has; the default base counts as shipped."""
    monkeypatch.setattr(programs, "program_version", lambda name, _: _PROGRAMS[name])
    monkeypatch.setattr(machine, "package_version", TESTED.get)
    monkeypatch.setattr(machine, "bf16_units", lambda: ("amx_bf16",))
    monkeypatch.setattr(machine, "gpus", lambda: ("A GPU, 80 GiB",))
    monkeypatch.setattr("tailorbird.cli.doctor._default_base", lambda: Check("default base", OK, "19.1 MiB"))


def _states() -> dict[str, str]:
    return {check.name: check.state for check in diagnose().checks}


def test_a_whole_machine_is_ready(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, ["doctor"]) == 0
    assert "missing" not in capsys.readouterr().out


def test_json_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, ["doctor", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["ready"] is True
    assert {check["name"]: check["state"] for check in printed["checks"]} == _states()


@pytest.mark.parametrize(
    ("program", "found", "state"),
    [
        ("mvn", None, MISSING),
        ("mvn", "", MISSING),
        ("java", None, MISSING),
        ("javac", "11.0.2", MISSING),
        ("java", "1.8.0", MISSING),
        ("java", "25", OK),
        ("git", None, NOTE),
    ],
)
def test_programs(monkeypatch: pytest.MonkeyPatch, program: str, found: str | None, state: str) -> None:
    monkeypatch.setattr(programs, "program_version", lambda name, _: {**_PROGRAMS, program: found}[name])
    check = next(one for one in diagnose().checks if one.name == {"mvn": "maven"}.get(program, program))
    assert check.state == state
    assert bool(check.remedy) == (state != OK)
    assert run(app, ["doctor"]) == (1 if state == MISSING else 0)


@pytest.mark.parametrize(("found", "state"), [(None, MISSING), ("2.14.0", NOTE), ("2.15.0+cpu", OK)])
def test_torch(monkeypatch: pytest.MonkeyPatch, found: str | None, state: str) -> None:
    monkeypatch.setattr(machine, "package_version", lambda name: {**TESTED, "torch": found}[name])
    assert _states()["torch"] == state


def test_little_memory_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "memory", lambda: machine.Memory(8 << 30, 1 << 30))
    assert _states()["memory"] == NOTE


def test_free_disk_of_a_folder_not_made_yet(tmp_path: Path) -> None:
    assert machine.free_disk(tmp_path / "a" / "b") > 0


def test_folder_bytes_counts_files_and_not_links(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_bytes(b"12345")
    (tmp_path / "link").symlink_to(tmp_path / "a" / "x")
    assert machine.folder_bytes(tmp_path) == 5
    assert machine.folder_bytes(tmp_path / "none") == 0
