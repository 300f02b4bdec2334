"""What others may not read is copied so that they may, without giving them a way to the originals."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.execution.readable import Copies, copy_for_others, folder_for_others, others_may_pass, others_may_read

CAN_READ, CAN_PASS, CAN_WRITE = 0o004, 0o001, 0o002


@pytest.fixture
def hidden(tmp_path: Path) -> Path:
    """A folder that nobody else may pass, with a project and a jar."""
    home = tmp_path / "home"
    (home / "project" / "target").mkdir(parents=True)
    (home / "project" / "target" / "A.class").write_text("class")
    (home / "jars").mkdir()
    (home / "jars" / "a-1.0.jar").write_text("jar")
    home.chmod(0o700)
    return home


@pytest.fixture
def into(tmp_path: Path) -> Path:
    folder = tmp_path / "copies"
    folder.mkdir()
    return folder


def test_what_is_hidden_is_copied_and_names_stay(hidden: Path, into: Path) -> None:
    project, classes, jar = hidden / "project", hidden / "project" / "target", hidden / "jars" / "a-1.0.jar"
    copies = copy_for_others([project, classes, jar, hidden / "not-there"], into)
    assert (copies.of(jar).name, copies.of(jar).read_text()) == ("a-1.0.jar", "jar")
    assert copies.of(classes) == copies.of(project) / "target"
    assert (copies.of(classes) / "A.class").read_text() == "class"
    assert all(one.is_relative_to(into) for one in copies.all_of([project, classes, jar]))
    assert copies.of(Path("/usr")) == Path("/usr")
    # No second copy of many megabytes where the file system can do without.
    assert copies.of(jar).samefile(jar)


def test_options_name_the_copies(hidden: Path, into: Path) -> None:
    project = (hidden / "project").resolve()
    copies = copy_for_others([project], into)
    place = copies.of(project)
    assert copies.in_text(f"-Dbase={project} -Da={project}/x:{project}") == f"-Dbase={place} -Da={place}/x:{place}"
    assert copies.in_text(f"-Dbase={project}-2:{project}.old") == f"-Dbase={project}-2:{project}.old"


def test_what_everyone_may_write_is_no_hard_link(hidden: Path, into: Path) -> None:
    open_to_all, private = hidden / "project" / "open", hidden / "project" / "private"
    for path, mode in ((open_to_all, 0o666), (private, 0o600)):
        path.write_text("x")
        path.chmod(mode)
    place = copy_for_others([hidden / "project"], into).of(hidden / "project")
    for original, mode in ((open_to_all, 0o666), (private, 0o600)):
        copied = place / original.name
        assert not copied.samefile(original)
        assert copied.stat().st_mode & (CAN_READ | CAN_WRITE) == CAN_READ
        assert original.stat().st_mode & 0o777 == mode


def test_links_lead_to_copies(hidden: Path, into: Path) -> None:
    (hidden / "project" / "jars").symlink_to((hidden / "jars").resolve())
    (hidden / "project" / "near").symlink_to("target/A.class")
    (hidden / "project" / "loop").symlink_to("loop")
    copies = copy_for_others([hidden / "project", hidden / "jars"], into)
    place = copies.of(hidden / "project")
    assert (place / "jars").resolve() == copies.of(hidden / "jars").resolve()
    assert (place / "near").resolve() == (place / "target" / "A.class").resolve()
    assert (place / "loop").is_symlink()


def test_history_is_not_copied(hidden: Path, into: Path) -> None:
    (hidden / "project" / ".git").mkdir()
    place = copy_for_others([hidden / "project"], into).of(hidden / "project")
    assert sorted(one.name for one in place.iterdir()) == ["target"]


def test_what_others_may_read_stays_where_it_is(into: Path) -> None:
    assert others_may_read(Path("/usr"))
    assert copy_for_others([Path("/usr/bin/env")], into) == Copies()
    assert list(into.iterdir()) == []


@given(modes=st.lists(st.integers(0, 0o777), min_size=4, max_size=4))
def test_all_of_a_copy_can_be_read_and_nothing_written(
    modes: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    top = tmp_path_factory.mktemp("any")
    (top / "tree" / "folder").mkdir(parents=True)
    (top / "copies").mkdir()
    for name in ("a", "folder/b"):
        (top / "tree" / name).write_text(name)
    # Only a superuser could copy what he may not read himself.
    own = 0 if os.geteuid() == 0 else 0o700
    for name, mode in zip(("a", "folder/b", "folder", "."), modes, strict=True):
        (top / "tree" / name).chmod(mode | own)
    copies = copy_for_others([top / "tree"], top / "copies")
    place = copies.of(top / "tree")
    assert place.is_relative_to(top / "copies")  # `top` itself is private.
    for one in (place, *place.rglob("*")):
        wanted = CAN_READ | CAN_PASS if one.is_dir() else CAN_READ
        assert one.stat().st_mode & (wanted | CAN_WRITE) == wanted
    assert {one.read_text() for one in place.rglob("*") if one.is_file()} == {"a", "folder/b"}


def test_temporary_folders_are_where_others_may_pass(hidden: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(hidden))
    assert not others_may_pass(hidden)
    assert folder_for_others(hidden) in {Path("/tmp"), Path("/var/tmp")}
