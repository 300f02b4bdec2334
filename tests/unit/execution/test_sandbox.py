"""Which sandbox is taken, and that a superuser's candidates never have a superuser's rights over files."""

from pathlib import Path

import pytest

from tailorbird.errors import ToolMissingError
from tailorbird.execution import sandbox as module
from tailorbird.execution.sandbox import Bubblewrap, NoSandbox, OtherUser, Sandbox, Unshare, fit_for, sandbox


@pytest.fixture
def works(monkeypatch: pytest.MonkeyPatch) -> set[Sandbox]:
    """What works on this machine."""
    found: set[Sandbox] = set()
    monkeypatch.setattr(module, "_works", lambda one: one in found)
    monkeypatch.setattr(module, "users_here", lambda: range(40_000, 60_000))
    return found


@pytest.fixture
def java(tmp_path: Path) -> Path:
    """The launcher of a JDK."""
    program = tmp_path / "jdk" / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.touch()
    return program


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
    weakest_first: tuple[Sandbox, ...] = (
        *(OtherUser(network=True), OtherUser(), Unshare(own_user=True), Bubblewrap(), Bubblewrap(own_user=True)),
    )
    for one in weakest_first:
        works.add(one)
        assert sandbox() == one
    assert sandbox("user") == OtherUser()
    assert sandbox("unshare") == Unshare(own_user=True)


def test_where_no_other_user_exists_only_bubblewrap_will_do(
    works: set[Sandbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    as_superuser(monkeypatch, really=True)
    monkeypatch.setattr(module, "users_here", lambda: range(0))
    works |= {OtherUser(), Unshare(own_user=True)}
    with pytest.raises(ToolMissingError, match="install bubblewrap"):
        sandbox()
    works.add(Bubblewrap())
    assert sandbox() == Bubblewrap()


def test_each_sandbox_that_leaves_something_open_has_a_name_and_a_sentence_of_its_own() -> None:
    weaker: tuple[Sandbox, ...] = (Unshare(), OtherUser(), OtherUser(network=True))
    assert len({one.caveat for one in weaker}) == 3
    assert [one.name for one in weaker] == ["unshare", "user", "user-with-network"]
    assert "can use the network" in OtherUser(network=True).caveat
    assert all(one.caveat == "" for one in (Bubblewrap(), Bubblewrap(own_user=True), Unshare(own_user=True)))


def test_what_only_a_superuser_may_read_is_shown_by_bubblewrap_alone(tmp_path: Path, java: Path) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir(mode=0o700)
    assert fit_for(Bubblewrap(own_user=True), [hidden], java) == Bubblewrap()
    # Others get copies.
    assert [one.needs_copies for one in (Unshare(own_user=True), OtherUser(), Unshare(), Bubblewrap())] == [
        *(True, True, False, False)
    ]  # fmt: skip


def test_a_jdk_that_the_worker_cannot_read_is_refused(java: Path) -> None:
    for one in (Unshare(own_user=True), OtherUser()):
        with pytest.raises(ToolMissingError, match=r"can be read by you alone.*put a JDK that every user may read"):
            fit_for(one, [], java)
        assert fit_for(one, [], Path("/usr/bin/env")) == one
    # Whoever is no superuser keeps the rights that he has.
    assert fit_for(Unshare(), [], java) == Unshare()
