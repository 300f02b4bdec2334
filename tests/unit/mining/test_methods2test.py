"""The published heuristics, as they are described."""

from pathlib import Path

import pytest

from tailorbird.config import MineConfig
from tailorbird.mining.pipeline import mine
from tailorbird.mining.tree import mine_tree
from tailorbird.records import DataManifest
from tailorbird.storage import read_json
from tests.unit.mining.java_projects import IMPORTS, JUNIT4, focal_of, write

FOO = """
    public class Foo {
        public int add(long a) { return 1; }
        public int add(int a) { return 1; }
        public int sub(int a) { return 1; }
    }
"""


def published(tmp_path: Path, test_class: str, body: str, *, package: str = "p") -> list[str]:
    write(
        tmp_path,
        {
            "src/main/java/p/Foo.java": f"package p; {FOO}",
            f"src/test/java/{package}/{test_class}.java": f"package {package}; import p.*; {IMPORTS}"
            f" class {test_class} {{ {body} }}",
        },
    )
    return list(focal_of(mine_tree(tmp_path, heuristics="methods2test")).values())


@pytest.mark.parametrize(
    ("body", "focal"),
    [
        ("@Test void testSub() { new Foo().add(1); new Foo().sub(1); }", "Foo.sub(int)"),
        ("@Test void sub() { }", "Foo.sub(int)"),
        ("@Test void testAdd() { new Foo().add(1); }", "Foo.add(long)"),
        ("@Test void works() { new Foo().sub(1); }", "Foo.sub(int)"),
        ("@Test void works() { new Foo().sub(1); new Foo().add(1); }", None),
        ("@Test void works() { }", None),
        ("@RepeatedTest(2) void sub() { }", None),
    ],
)
def test_by_name_then_by_the_only_call(body: str, focal: str | None, tmp_path: Path) -> None:
    assert published(tmp_path, "FooTest", body) == ([focal] if focal else [])


@pytest.mark.parametrize(
    ("test_class", "package", "found"),
    [("FooTest", "p", True), ("TestFoo", "q", True), ("FooTests", "p", True), ("FooIT", "p", False)],
)
def test_the_focal_class(test_class: str, package: str, found: bool, tmp_path: Path) -> None:
    assert bool(published(tmp_path, test_class, "@Test void sub() { }", package=package)) is found


def test_the_manifest_says_which_heuristics(tmp_path: Path) -> None:
    mine(str(JUNIT4), tmp_path, MineConfig(heuristics="methods2test"))
    assert read_json(tmp_path / "manifest.json", DataManifest).heuristics == "methods2test"
