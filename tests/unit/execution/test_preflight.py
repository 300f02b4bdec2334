"""What is missing for executing candidates is known at once, and the doctor says it in the same words."""

import shutil
from pathlib import Path

import pytest

from tailorbird import programs
from tailorbird.cli.doctor import diagnose
from tailorbird.errors import ToolMissingError
from tailorbird.execution import preflight
from tailorbird.execution.preflight import best_sandbox, obstacle
from tailorbird.execution.sandbox import Bubblewrap, OtherUser, Sandbox, Unshare

_PROGRAMS = {"java": "21.0.1", "javac": "21.0.1", "mvn": "3.9.9", "git": "2.39.5"}
MAVEN = "group:artifact:1.0"


@pytest.fixture(autouse=True)
def whole_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    lacks(monkeypatch, {})
    chosen(monkeypatch, Bubblewrap())


def lacks(monkeypatch: pytest.MonkeyPatch, changes: dict[str, str | None]) -> None:
    monkeypatch.setattr(programs, "program_version", lambda name, _: {**_PROGRAMS, **changes}.get(name))


def chosen(monkeypatch: pytest.MonkeyPatch, found: Sandbox | None) -> None:
    def sandbox(_: str) -> Sandbox:
        if found is None:
            raise ToolMissingError("none")
        return found

    monkeypatch.setattr(preflight, "sandbox", sandbox)


def test_nothing_is_in_the_way_of_a_whole_machine() -> None:
    assert obstacle(MAVEN) == ""


@pytest.mark.parametrize(
    ("program", "found", "said"),
    [
        ("java", None, "java: not found; install a JDK 17 or newer and put its bin folder on PATH"),
        ("javac", "11.0.2", "javac: 11.0.2, older than 17; install a JDK 17 or newer and put its bin folder on PATH"),
        ("mvn", "", "maven: found, but `mvn -version` fails; install Maven 3.8 or newer, and a JDK that it can find"),
    ],
)
def test_a_missing_program(
    program: str, found: str | None, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lacks(monkeypatch, {program: found})
    assert obstacle(MAVEN) == said
    assert said in {f"{one.name}: {one.found}; {one.remedy}" for one in diagnose().checks}
    # A Gradle tree needs no Maven of the user's own.
    assert (obstacle(str(tmp_path)) == "") == (program == "mvn")
    (tmp_path / "pom.xml").touch()
    assert obstacle(str(tmp_path)) == said


def test_no_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen(monkeypatch, None)
    assert obstacle(MAVEN).startswith("sandbox: none works; install bubblewrap (Debian and Ubuntu: apt install")
    found = next(one for one in diagnose().checks if one.name == "sandbox")
    assert f"{found.name}: {found.found}; {found.remedy}" == obstacle(MAVEN)


def test_a_jdk_for_root_alone_is_in_the_way_of_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    java = tmp_path / "jdk" / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.touch()
    monkeypatch.setattr(shutil, "which", lambda _: str(java))
    chosen(monkeypatch, OtherUser())
    assert obstacle(MAVEN).startswith(f"sandbox: user, whose user may not read the JDK of {java}; put a JDK that every")
    chosen(monkeypatch, Bubblewrap(own_user=True))
    assert obstacle(MAVEN) == ""


@pytest.mark.parametrize("found", [Unshare(), Unshare(own_user=True), OtherUser(), OtherUser(network=True)])
def test_a_weaker_sandbox_is_in_nobodys_way_and_worth_knowing(found: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen(monkeypatch, found)
    monkeypatch.setattr(preflight, "jdk_is_hidden", lambda _: False)
    assert obstacle(MAVEN) == ""
    said = best_sandbox()
    assert (said.found, said.works) == (found.name, True)
    assert said.remedy
