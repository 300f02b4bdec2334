"""Accepted candidates in a copy of the tree: Maven's own word, and JaCoCo's."""

import shutil
from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest

from tailorbird.config import ExecuteConfig
from tailorbird.errors import DataError
from tailorbird.execution.confirming import Accepted, write_into
from tailorbird.execution.execute import Execution, execute
from tailorbird.execution.maven import run_maven
from tailorbird.execution.placing import RunsIn
from tailorbird.mining.tree import mine_tree
from tailorbird.records import Pair
from tests.unit.mining.java_projects import JUNIT5

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(shutil.which("mvn") is None or shutil.which("javac") is None, reason="needs mvn and a JDK"),
]
CONFIG = ExecuteConfig(reruns=0, heap_mb=256, confirm=True)
JACOCO = "org.jacoco:jacoco-maven-plugin:0.8.13"
GOOD = "@Test\nvoid grams() {\n    assertEquals(1000, Weight.ofKilograms(1).grams());\n}"
WHOLE = (
    "package org.sample.parcel; import org.junit.jupiter.api.Test;"
    " class GeneratedTest { @Test void own() { org.junit.jupiter.api.Assertions.assertEquals(1000,"
    " Weight.ofKilograms(1).grams()); } }"
)


@pytest.fixture
def parcel(tmp_path: Path) -> Path:
    return shutil.copytree(JUNIT5, tmp_path / "parcel")


def pairs_of(project: Path) -> list[Pair]:
    return list(mine_tree(project).pairs)


def run(folder: Path, project: Path, given: list[tuple[Pair, str]], config: ExecuteConfig = CONFIG) -> Execution:
    lines = [msgspec.json.encode({"pair_id": pair.id, "text": text}) for pair, text in given]
    (folder / "candidates.jsonl").write_bytes(b"\n".join(lines))
    return execute(folder / "candidates.jsonl", str(project), folder / "verdicts.jsonl", config)


def test_what_passes_is_confirmed_and_the_tree_is_as_it_was(parcel: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in parcel.rglob("*") if path.is_file()}
    weight = next(one for one in pairs_of(parcel) if one.test.name == "negativeWeightIsRefused")
    found = run(
        tmp_path, parcel, [(weight, GOOD), (weight, GOOD), (weight, WHOLE), (weight, "@Test void a() { b(); }")]
    )
    assert [one.verdict for one in found.verdicts] == ["pass", "pass", "pass", "compile_error"]
    assert [one.confirmed for one in found.verdicts] == [True, True, True, None]
    said = found.header.confirmation
    assert said is not None
    assert (said.candidates, said.confirmed, said.build_passes, said.reason) == (3, 3, True, "")
    assert {path: path.read_bytes() for path in parcel.rglob("*") if path.is_file()} == before


def test_a_candidate_that_only_passes_alone_is_not_confirmed(parcel: Path, tmp_path: Path) -> None:
    """Surefire sets ``surefire.real.class.path``; here nothing does."""
    weight = next(one for one in pairs_of(parcel) if one.test.name == "negativeWeightIsRefused")
    odd = '@Test void odd() { assertEquals(null, System.getProperty("surefire.real.class.path")); }'
    found = run(tmp_path, parcel, [(weight, odd), (weight, GOOD)])
    assert [(one.verdict, one.confirmed) for one in found.verdicts] == [("pass", False), ("pass", True)]
    said = found.header.confirmation
    assert said is not None
    assert not said.build_passes
    assert "mvn test failed" in said.reason


def test_only_a_tree_can_be_confirmed(tmp_path: Path) -> None:
    (tmp_path / "candidates.jsonl").write_text('{"pair_id": "a", "text": "b"}')
    with pytest.raises(DataError, match="published artifacts"):
        execute(tmp_path / "candidates.jsonl", "commons-codec:commons-codec:1.16.0", tmp_path / "v.jsonl", CONFIG)


def test_jacocos_own_report_agrees_line_for_line(parcel: Path, tmp_path: Path) -> None:
    """The developers' own tests, and one more, class by class: what JaCoCo's plugin reports and what is in verdicts."""
    pairs = pairs_of(parcel)
    weight = next(one for one in pairs if one.test.name == "negativeWeightIsRefused")
    found = run(tmp_path, parcel, [*((one, one.test.text) for one in pairs), (weight, GOOD)],
                ExecuteConfig(reruns=0, heap_mb=256))  # fmt: skip
    of_class = defaultdict(list)
    for (pair, text), verdict in zip([*((one, one.test.text) for one in pairs), (weight, GOOD)], found.verdicts,
                                     strict=True):  # fmt: skip
        assert verdict.coverage is not None
        of_class[pair.focal.package, pair.focal.class_name].append((pair, text, verdict.coverage))
    homes = {(one.path, one.class_name): one for one in mine_tree(parcel).test_classes}
    compared = 0
    for (package, class_name), some in of_class.items():
        tree = shutil.copytree(parcel, tmp_path / class_name)
        accepted = [
            Accepted(key, text, homes[pair.test.path, pair.test.class_name], RunsIn())
            for key, (pair, text, _) in enumerate(some)
        ]
        inserted = write_into(tree, accepted)
        chosen = ",".join(f"{one.owner}#{one.method}" for one in inserted)
        run_maven([f"{JACOCO}:prepare-agent", "test", f"-Dtest={chosen}", f"{JACOCO}:report"], tree, "testing")
        theirs = {
            int(line.get("nr", "0")): (int(line.get("ci", "0")) > 0, int(line.get("cb", "0")))
            for file in ElementTree.parse(tree / "target/site/jacoco/jacoco.xml").getroot().iter("sourcefile")
            if file.get("name") == f"{class_name.partition('.')[0]}.java"
            for line in file.iter("line")
        }
        # Of a file with several classes ours has the lines of the focal one alone.
        lines = {line for _, _, coverage in some for line in coverage.lines}
        whole = some[0][2].class_lines[1]
        if whole == len(theirs):
            assert lines == {line for line, (covered, _) in theirs.items() if covered}, (package, class_name)
        else:
            assert lines <= {line for line, (covered, _) in theirs.items() if covered}, (package, class_name)
        if len(some) == 1:
            assert dict(some[0][2].branches) == {line: count for line, (_, count) in theirs.items() if count}
        compared += whole == len(theirs)
    assert compared >= 2
