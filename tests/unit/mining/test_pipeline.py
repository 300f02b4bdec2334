import os
import sys
from pathlib import Path

import pytest

from tailorbird.config import MineConfig
from tailorbird.errors import DataError, StorageError, UsageError
from tailorbird.mining.dataset import load_classes, load_data
from tailorbird.mining.files import walk
from tailorbird.mining.pipeline import mine
from tailorbird.mining.tree import mine_tree
from tests.unit.mining.java_projects import IMPORTS, JUNIT4, JUNIT5, write

PAIR = {
    "src/main/java/p/Foo.java": "package p; class Foo { int run() { return 1; } }",
    "src/test/java/p/FooTest.java": f"package p; {IMPORTS} class FooTest {{ @Test void run() "
    "{ assertEquals(1, new Foo().run()); } }",
}


def test_mine_writes_what_load_data_reads(tmp_path: Path) -> None:
    manifest = mine(str(JUNIT4), tmp_path / "data")
    data = load_data(tmp_path / "data")
    assert data.manifest == manifest
    assert (manifest.files, manifest.test_cases, manifest.pairs) == (8, 14, 13)
    assert manifest.source.licence == "Apache-2.0"
    assert manifest.leakage.shared_classes == manifest.leakage.shared_clusters == 0
    assert {name: len(data.split(name)) for name in manifest.splits} == manifest.splits
    assert sum(manifest.splits.values()) == 13
    places = [(pair.test.path, pair.test.line) for pair in data.pairs]
    assert places == sorted(places)
    with pytest.raises(DataError, match="no split named 'dev'"):
        data.split("dev")


def test_runs_are_byte_identical_and_the_seed_moves_only_the_split(tmp_path: Path) -> None:
    for name, seed in (("one", 0), ("two", 0), ("other", 5)):
        mine(str(JUNIT5), tmp_path / name, MineConfig(seed=seed))
    one, two, other = (load_data(tmp_path / name) for name in ("one", "two", "other"))
    assert (tmp_path / "one/pairs.jsonl").read_bytes() == (tmp_path / "two/pairs.jsonl").read_bytes()
    assert one.manifest.pairs_sha256 == two.manifest.pairs_sha256
    assert [(pair.id, pair.cluster) for pair in one.pairs] == [(pair.id, pair.cluster) for pair in other.pairs]


def test_pairs_below_a_confidence_are_left_out(tmp_path: Path) -> None:
    mine(str(JUNIT4), tmp_path / "all")
    mine(str(JUNIT4), tmp_path / "certain", MineConfig(min_confidence=0.75))
    every, certain = load_data(tmp_path / "all"), load_data(tmp_path / "certain")
    assert {one.id for one in certain.pairs} == {one.id for one in every.pairs if one.confidence >= 0.75}
    assert 0 < len(certain.pairs) < len(every.pairs)
    spoken_of = {(half.path, half.class_name) for one in certain.pairs for half in (one.focal, one.test)}
    assert set(load_classes(tmp_path / "certain")) == spoken_of
    with pytest.raises(DataError, match="lower --min-confidence"):
        mine(str(JUNIT4), tmp_path / "none", MineConfig(min_confidence=1.0))


def test_all_test_cases_are_kept_and_all_ids_differ() -> None:
    mined = mine_tree(JUNIT4)
    assert len(mined.test_cases) == 14
    assert len({pair.id for pair in mined.pairs}) == len(mined.pairs)
    assert {case.framework for case in mined.test_cases} == {"junit4"}


def test_exact_duplicates_are_one(tmp_path: Path) -> None:
    copies = {f"{module}/{path}": text for module in ("a", "b") for path, text in PAIR.items()}
    mined = mine_tree(write(tmp_path, copies))
    assert len(mined.test_cases) == 2
    (pair,) = mined.pairs
    assert (pair.focal.path, pair.test.path) == ("a/src/main/java/p/Foo.java", "a/src/test/java/p/FooTest.java")


def test_modules_are_not_mixed(tmp_path: Path) -> None:
    second = {path: text.replace("1", "2") for path, text in PAIR.items()}
    files = {
        **{f"a/{path}": text for path, text in PAIR.items()},
        **{f"b/{path}": text for path, text in second.items()},
    }
    for pair in mine_tree(write(tmp_path, files)).pairs:
        assert pair.focal.path[0] == pair.test.path[0]


def test_several_sources_are_one_data_set(tmp_path: Path) -> None:
    both = (str(JUNIT4), str(JUNIT5))
    manifest = mine(both, tmp_path / "both")
    data = load_data(tmp_path / "both")
    alone = [mine(source, tmp_path / "alone") for source in both]
    assert manifest.pairs == sum(one.pairs for one in alone)
    assert manifest.test_cases == sum(one.test_cases for one in alone)
    assert manifest.sources == tuple(one.source for one in alone)
    assert manifest.source.location == "junit4-ledger, junit5-parcel"
    assert manifest.source.licence == "Apache-2.0 and unknown"
    assert len({pair.id for pair in data.pairs}) == len(data.pairs)
    trained = {pair.id: pair for pair in data.split("train")}
    for pair in data.pairs:
        assert pair.project in both
        assert pair.test.path.startswith(f"{pair.project}/")
        assert pair.neighbour is None or trained[pair.neighbour.pair_id].project == pair.project
    classes = load_classes(tmp_path / "both")
    assert all((pair.focal.path, pair.focal.class_name) in classes for pair in data.pairs)
    for names, message in [((), "no SOURCE"), ((both[0], both[0]), "given twice")]:
        with pytest.raises(UsageError, match=message):
            mine(names, tmp_path / "both")
    with pytest.raises(UsageError, match="goes with one source"):
        mine(both, tmp_path / "both", MineConfig(older="x"))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"README.md": "nothing"}, "holds no Java files"),
        ({"A.java": "class A { void f() { } }"}, "No JUnit or TestNG test method"),
        ({"ATest.java": f"{IMPORTS} class ATest {{ @Test void f() {{ }} }}"}, "no focal method could be found"),
        (PAIR, "a split needs 3"),
    ],
)
def test_projects_that_cannot_be_mined(tmp_path: Path, files: dict[str, str], message: str) -> None:
    write(tmp_path / "project", files)
    with pytest.raises(DataError, match=message):
        mine(str(tmp_path / "project"), tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_walk_leaves_out_what_is_not_the_projects_source(tmp_path: Path) -> None:
    write(
        tmp_path / "project",
        {
            "A.java": "",
            "src/b/build/B.java": "",
            ".hidden/C.java": "",
            "target/D.java": "",
            "module/pom.xml": "",
            "module/build/E.java": "",
            "META-INF/versions/9/A.java": "",
            "big/F.java": " " * 2_000_001,
            "text.txt": "",
        },
    )
    write(tmp_path, {"outside/G.java": "class G {}"})
    (tmp_path / "project/G.java").symlink_to(tmp_path / "outside/G.java")
    (tmp_path / "project/linked").symlink_to(tmp_path / "outside")
    (tmp_path / "project/Loop.java").symlink_to(tmp_path / "project/Loop.java")
    (tmp_path / "project/Folder.java").mkdir()
    found = walk(tmp_path / "project")
    assert found.files == ["A.java", "src/b/build/B.java"]
    reasons = {one.path: one.reason for one in found.skipped}
    assert set(reasons) == {"G.java", "Loop.java", "big/F.java"}
    assert reasons["G.java"] == "a link that leaves the tree"
    assert "over the limit" in reasons["big/F.java"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_and_texts_that_are_not_utf8(tmp_path: Path) -> None:
    write(tmp_path, PAIR)
    folder = tmp_path / "src/test/java/p"
    source = PAIR["src/test/java/p/FooTest.java"].replace("run()", "käse()", 1).encode("iso-8859-1")
    with open(os.path.join(os.fsencode(folder), b"K\xe4seTest.java"), "wb") as file:  # noqa: PTH118, PTH123
        file.write(source)
    mined = mine_tree(tmp_path)
    assert {case.name for case in mined.test_cases} == {"run", "käse"}
    assert any("\\udce4" in case.path for case in mined.test_cases)


def test_a_file_that_would_explode_is_skipped(tmp_path: Path) -> None:
    mined = mine_tree(write(tmp_path, {**PAIR, "src/main/java/p/Deep.java": "class Deep { " + "a<" * 50_000}))
    assert [(one.path, one.reason) for one in mined.skipped] == [
        ("src/main/java/p/Deep.java", "over 2,000 open angle brackets")
    ]
    assert len(mined.pairs) == 1


def test_damaged_data_sets_are_refused(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with pytest.raises(DataError, match=r"holds no manifest\.json"):
        load_data(data)
    mine(str(JUNIT4), data)
    manifest = (data / "manifest.json").read_text()
    pairs = (data / "pairs.jsonl").read_bytes()
    (data / "pairs.jsonl").write_bytes(pairs[:-10])
    with pytest.raises(DataError, match="SHA-256 differs"):
        load_data(data)
    (data / "pairs.jsonl").unlink()
    with pytest.raises(DataError, match=r"no pairs\.jsonl"):
        load_data(data)
    (data / "manifest.json").write_text(manifest.replace('"format_version": 1', '"format_version": 99'))
    with pytest.raises(DataError, match="format version 99"):
        load_data(data)
    (data / "manifest.json").write_text("{")
    with pytest.raises(DataError, match="mine it again"):
        load_data(data)
    (data / "manifest.json").write_text('{"format_version": 1}')
    with pytest.raises(StorageError, match="not a valid DataManifest"):
        load_data(data)
