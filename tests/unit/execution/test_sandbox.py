"""Which sandbox is taken, and that a superuser's candidates never have a superuser's rights over files."""

from pathlib import Path

import pytest

from tailorbird.errors import ToolMissingError
from tailorbird.execution import sandbox as module
from tailorbird.execution.sandbox import Bubblewrap, NoSandbox, Sandbox, Unshare, fit_for, sandbox


@pytest.fixture
def works(monkeypatch: pytest.MonkeyPatch) -> set[Sandbox]:
    """What works on this machine."""
    found: set[Sandbox] = set()
    monkeypatch.setattr(module, "_works", lambda one: one in found)
    return found


def as_superuser(monkeypatch: pytest.MonkeyPatch, *, really: bool) -> None:
    monkeypatch.setattr(module, "_is_superuser", lambda: really)


def test_the_best_that_works_is_taken(works: set[Sandbox], monkeypatch: pytest.MonkeyPatch) -> None:
    as_superuser(monkeypatch, really=False)
    with pytest.raises(ToolMissingError, match="install bubblewrap"):
        sandbox()
    works.add(Unshare())
    assert sandbox() == Unshare()
    works.add(Bubblewrap())
    assert sandbox() == Bubblewrap()
    assert sandbox("unshare") == Unshare()
    assert sandbox("none") == NoSandbox()


def test_a_superuser_without_bubblewrap_is_another_user_or_nobody(
    works: set[Sandbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    as_superuser(monkeypatch, really=True)
    works.add(Unshare())
    for kind in ("auto", "unshare"):
        with pytest.raises(ToolMissingError):
            sandbox(kind)
    works.add(Unshare(own_user=True))
    assert sandbox() == Unshare(own_user=True)


def test_what_only_a_superuser_may_read_is_run_in_bubblewrap_alone(tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir(mode=0o700)
    assert fit_for(Bubblewrap(own_user=True), [hidden]) == Bubblewrap()
    with pytest.raises(ToolMissingError, match="install bubblewrap"):
        fit_for(Unshare(own_user=True), [hidden])
    # Whoever is no superuser keeps the rights that he has.
    assert fit_for(Unshare(), [hidden]) == Unshare()
