"""Mining again parses only what changed, and finds the same as a fresh run."""

import shutil
import sqlite3
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.mining import parse_cache, parsing
from tailorbird.mining.declarations import JavaType
from tailorbird.mining.java import JavaParser
from tailorbird.mining.tree import mine_tree
from tests.unit.mining.java_projects import JUNIT4, JUNIT5


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that were really parsed."""
    paths: list[str] = []

    class Counting(JavaParser):
        def parse(self, path: str, source: bytes) -> tuple[JavaType, ...]:
            paths.append(path)
            return super().parse(path, source)

    monkeypatch.setattr(parsing, "JavaParser", Counting)
    return paths


def project(folder: Path) -> Path:
    shutil.copytree(JUNIT4, folder)
    return folder


def test_only_what_changed_is_parsed_again(tmp_path: Path, parsed: list[str]) -> None:
    root, cache = project(tmp_path / "project"), tmp_path / "cache" / "parsed.sqlite"
    first = mine_tree(root, cache=cache)
    assert len(parsed) == first.files
    parsed.clear()
    assert mine_tree(root, cache=cache) == first
    assert parsed == []

    changed = sorted(root.rglob("*Test.java"))[0]
    changed.write_text(changed.read_text().replace("assertEquals", "assertSame"))
    gone = sorted(root.rglob("*.java"))[-1]
    gone.rename(gone.with_name("Renamed.java"))
    again = mine_tree(root, cache=cache)
    assert sorted(parsed) == sorted(
        [changed.relative_to(root).as_posix(), gone.with_name("Renamed.java").relative_to(root).as_posix()]
    )
    assert again == mine_tree(root)
    assert again != first


def test_two_projects_share_a_cache(tmp_path: Path, parsed: list[str]) -> None:
    cache = tmp_path / "parsed.sqlite"
    one, other = mine_tree(JUNIT4, cache=cache), mine_tree(JUNIT5, cache=cache)
    parsed.clear()
    assert (mine_tree(JUNIT4, cache=cache), mine_tree(JUNIT5, cache=cache)) == (one, other)
    assert parsed == []


def test_another_reader_does_not_use_what_an_older_one_read(
    tmp_path: Path, parsed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "parsed.sqlite"
    mine_tree(JUNIT4, cache=cache)
    parsed.clear()
    monkeypatch.setattr(parse_cache, "_reader", lambda: b"another")
    mine_tree(JUNIT4, cache=cache)
    assert parsed


def test_the_longest_unused_goes_first(tmp_path: Path, parsed: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "parsed.sqlite"
    mine_tree(JUNIT4, cache=cache)
    with sqlite3.connect(cache) as database:
        database.execute("UPDATE parsed SET used = 5")
    monkeypatch.setattr(parse_cache, "_MOST_FILES", 9)
    mine_tree(JUNIT5, cache=cache)
    parsed.clear()
    mine_tree(JUNIT5, cache=cache)
    assert parsed == []
    with sqlite3.connect(cache) as database:
        assert database.execute("SELECT COUNT(*) FROM parsed").fetchone() == (9,)


@pytest.mark.parametrize("content", [b"no database at all", b"", None])
def test_a_cache_that_cannot_be_used_is_done_without(tmp_path: Path, content: bytes | None) -> None:
    cache = tmp_path / "parsed.sqlite"
    if content is None:
        cache.mkdir()
    else:
        cache.write_bytes(content)
    assert mine_tree(JUNIT4, cache=cache) == mine_tree(JUNIT4)


def test_damaged_entries_are_parsed_again(tmp_path: Path) -> None:
    cache = tmp_path / "parsed.sqlite"
    mine_tree(JUNIT4, cache=cache)
    with sqlite3.connect(cache) as database:
        database.execute("UPDATE parsed SET types = x'c1'")
    assert mine_tree(JUNIT4, cache=cache) == mine_tree(JUNIT4)


@given(st.text(max_size=200))
def test_types_survive_being_written(text: str) -> None:
    source = f"package p; import org.junit.*; class A {{ int x = 1; @Test void t() {{ new B().f(x, {text}); }} }}"
    types = JavaParser().parse("src/test/java/p/ATest.java", source.encode())
    written = msgspec.msgpack.encode(types)
    assert msgspec.msgpack.encode(msgspec.msgpack.decode(written, type=tuple[JavaType, ...])) == written
