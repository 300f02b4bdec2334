import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.config import MineConfig
from tailorbird.errors import DataError, SourceError, UsageError
from tailorbird.mining.dataset import load_data
from tailorbird.mining.pipeline import mine
from tailorbird.mining.splits import class_of
from tailorbird.mining.time_split import split_by_time
from tailorbird.records import Pair
from tests import builders
from tests.unit.mining.java_projects import IMPORTS, write

NAMES = ("Anchor", "Beacon", "Cutter", "Dinghy", "Esker", "Fjord")
VERBS = ("hoist", "lower", "furl", "splice", "stow")


def production(name: str) -> str:
    methods = "".join(
        f"int {verb}{name}(int {name.lower()}{verb}) {{ return {name.lower()}{verb} * {at + 2} - {verb}Limit; }}\n"
        for at, verb in enumerate(VERBS)
    )
    return f"package p; class {name} {{ {methods} }}"


def cases_of(name: str, verbs: tuple[str, ...]) -> str:
    methods = "".join(
        f"@Test void {verb}{name}() {{ assertEquals({len(name)}{at}, new {name}().{verb}{name}({at})); }}\n"
        for at, verb in enumerate(verbs)
    )
    return f"package p; {IMPORTS} class {name}Test {{ {methods} }}"


def project(root: Path, verbs: tuple[str, ...], names: tuple[str, ...] = NAMES) -> Path:
    files = {f"src/main/java/p/{name}.java": production(name) for name in names}
    files |= {f"src/test/java/p/{name}Test.java": cases_of(name, verbs) for name in names}
    return write(root, files)


def test_an_older_tree_trains_and_what_was_added_tests(tmp_path: Path) -> None:
    older, newer = project(tmp_path / "one", VERBS[:3]), project(tmp_path / "two", VERBS)
    manifest = mine(str(newer), tmp_path / "data", MineConfig(older=str(older)))
    data = load_data(tmp_path / "data")
    assert manifest.older is not None
    assert manifest.older.location == "one"
    assert {pair.test.name[: -len("Anchor")] for pair in data.split("test") if "Anchor" in pair.test.name} == {
        "splice",
        "stow",
    }
    assert len(data.split("test")) == 2 * len(NAMES)
    assert len(data.split("train")) + len(data.split("validation")) == 3 * len(NAMES)
    assert data.split("validation")
    assert manifest.leakage.shared_clusters == 0
    assert not {class_of(pair) for pair in data.split("train")} & {class_of(pair) for pair in data.split("validation")}
    trained = {pair.id for pair in data.split("train")}
    assert all(pair.neighbour is None or pair.neighbour.pair_id in trained for pair in data.pairs)


def test_edited_moved_and_copied_tests_are_not_new() -> None:
    def made(number: int, name: str, text: str, focal_class: str = "Subject") -> Pair:
        focal = builders.focal(
            class_name=focal_class, text=f"int {focal_class}{number}() {{ return {number}{number}; }}"
        )
        return builders.pair(number, focal=focal, test=builders.case(name=name, text=text))

    body = "{ Fleet fleet = harbour.fleet(12); fleet.sail(); assertEquals(3, fleet.count()); }"
    older = [
        made(0, "kept", "void kept() { assertTrue(one.two(three)); }", "A"),
        made(1, "edited", "void edited() { assertNull(nothing.at(all)); }", "B"),
        made(2, "moved", "void moved() { check(mark, it, down); }", "C"),
        made(3, "original", f"void original() {body}", "D"),
    ]
    newer = [
        older[0],
        made(1, "edited", "void edited() { completely(); different(); words(); }", "B"),
        builders.pair(
            12, focal=older[2].focal, test=builders.case(class_name="Elsewhere", name="moved", text=older[2].test.text)
        ),
        builders.pair(13, focal=older[3].focal, test=builders.case(name="copied", text=f"void copied() {body}")),
        made(1, "added", "void added() { brand.new_(thing, here); }", "E"),
    ]
    divided, copies = split_by_time(older, newer, [pair.test for pair in older], seed=0)
    assert [pair.test.name for pair in divided.pairs if pair.split == "test"] == ["added"]
    assert copies == 1
    assert len({pair.id for pair in divided.pairs}) == len(divided.pairs)
    assert {pair.split for pair in divided.pairs} == {"train", "validation", "test"}


@given(st.sets(st.integers(0, 30), min_size=3), st.sets(st.integers(0, 30)), st.integers(0, 9))
def test_nothing_that_was_there_is_tested_on(before: set[int], after: set[int], seed: int) -> None:
    def made(number: int) -> Pair:
        words = " ".join(f"w{number}x{at}" for at in range(9))
        focal = builders.focal(class_name=f"C{number % 7}", text=words)
        return builders.pair(
            number, focal=focal, test=builders.case(name=f"t{number}", text=f"void t{number}() {{ {words} }}")
        )

    older, newer = [made(number) for number in sorted(before)], [made(number) for number in sorted(after)]
    if not after - before:
        with pytest.raises(DataError, match="Choose an older version"):
            split_by_time(older, newer, [pair.test for pair in older], seed=seed)
        return
    divided, copies = split_by_time(older, newer, [pair.test for pair in older], seed=seed)
    tested = {pair.test.name for pair in divided.pairs if pair.split == "test"}
    assert tested == {f"t{number}" for number in after - before}
    assert copies == 0
    assert {pair.split for pair in divided.pairs} >= {"train", "test"}
    assert divided == split_by_time(older, newer, [pair.test for pair in older], seed=seed)[0]


def commit(folder: Path, date: str) -> str:
    def git(*words: str) -> str:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
        done = subprocess.run(
            ["git", "-C", str(folder), *identity, *words],
            check=True,
            capture_output=True,
            text=True,
            env={"PATH": "/usr/bin:/bin", "GIT_COMMITTER_DATE": date, "GIT_AUTHOR_DATE": date},
        )
        return done.stdout.strip()

    if not (folder / ".git").exists():
        git("init", "--quiet", "--initial-branch=main")
    git("add", ".")
    git("commit", "--quiet", "-m", "more")
    return git("rev-parse", "HEAD")


def test_git_history_tells_what_was_added_since(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("git") is None:
        pytest.skip("needs git")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "repository"
    first = commit(project(folder, VERBS[:2]), "2026-01-01T12:00:00Z")
    commit(project(folder, VERBS), "2026-03-01T12:00:00Z")
    for since in (first, first[:9], "main~1", "2026-02-01"):
        manifest = mine(str(folder), tmp_path / "data", MineConfig(since=since))
        assert manifest.older is not None
        assert manifest.older.commit == first
        assert manifest.splits["test"] == 3 * len(NAMES)
    for since in ("2025-12-31", "nothing", "--all"):
        with pytest.raises(SourceError, match=f"no commit for --since {since}"):
            mine(str(folder), tmp_path / "data", MineConfig(since=since))


def test_a_past_that_cannot_be_had(tmp_path: Path) -> None:
    folder = project(tmp_path / "plain", VERBS)
    with pytest.raises(SourceError, match="not in a git repository"):
        mine(str(folder), tmp_path / "data", MineConfig(since="2026-01-01"))
    with pytest.raises(UsageError, match="give one of them"):
        mine(str(folder), tmp_path / "data", MineConfig(since="2026-01-01", older="x"))
    with pytest.raises(DataError, match="Choose an older version, or a newer one"):
        mine(str(folder), tmp_path / "data", MineConfig(older=str(folder)))


def test_a_leak_fails_the_command_and_keeps_the_data(tmp_path: Path) -> None:
    folder = project(tmp_path / "plain", VERBS)
    manifest = mine(str(folder), tmp_path / "data", MineConfig(max_similarity=1.0))
    limit = manifest.leakage.max_similarity - 0.01
    assert limit > 0
    with pytest.raises(DataError, match="The split leaks: the closest test pair has similarity"):
        mine(str(folder), tmp_path / "data", MineConfig(max_similarity=limit))
    assert load_data(tmp_path / "data").manifest.leakage == manifest.leakage
