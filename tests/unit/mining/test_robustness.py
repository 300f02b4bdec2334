"""No input file stops a run: damaged copies of real-looking files, absurd ones, and what must be told of them."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailorbird.mining.context import focal_context
from tailorbird.mining.tree import mine_tree
from tests.unit.mining.java_projects import FIXTURES, IMPORTS, write

SOURCES = [path.read_bytes() for path in sorted(FIXTURES.rglob("*.java"))]
JUNK = [b"{", b"}", b"(", b'"', b"/*", b"<", b"@", b"class ", b"\0", b"\r", b'"""', b"\xff\xfe", b"->", b"new "]


def damaged(draw: random.Random) -> bytes:
    """A fixture with up to six wounds: cut off, spliced, overwritten, stuffed, thinned."""
    text = bytearray(draw.choice(SOURCES))
    for _ in range(draw.randint(0, 6)):
        at = draw.randrange(len(text) + 1)
        match draw.randrange(5):
            case 0:
                del text[at:]
            case 1:
                other = draw.choice(SOURCES)
                start = draw.randrange(len(other))
                text[at:at] = other[start : start + draw.randrange(400)]
            case 2:
                text[at : at + draw.randrange(50)] = draw.randbytes(draw.randrange(40))
            case 3:
                text[at:at] = draw.choice(JUNK) * draw.choice([1, 3, 500])
            case _:
                del text[at : at + draw.randrange(300)]
    return bytes(text)


@settings(max_examples=40)
@given(st.integers(0, 2**32))
def test_damaged_files_are_mined_as_far_as_they_go(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    draw = random.Random(seed)
    root = tmp_path_factory.mktemp("damaged")
    for number in range(8):
        place = root / draw.choice(["src/main/java", "src/test/java"]) / f"F{number}.java"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(damaged(draw))
    mined = mine_tree(root)
    classes = {(one.path, one.class_name): one for one in mined.classes}
    for pair in mined.pairs:
        focal = pair.focal
        owner = classes[focal.path, focal.class_name]
        assert focal_context(owner, focal.text, focal.signature, focal.line) == focal.context
    again = mine_tree(root)
    assert (again.pairs, again.test_classes, again.classes) == (mined.pairs, mined.test_classes, mined.classes)


DEEP = 30_000
GOOD = {
    "src/main/java/p/Foo.java": "package p; class Foo { int run() { return 1; } }",
    "src/test/java/p/FooTest.java": f"package p; {IMPORTS} class FooTest {{ @Test void run() "
    "{ assertEquals(1, new Foo().run()); } }",
}


@pytest.mark.parametrize(
    "body",
    [
        "{" * DEEP + "}" * DEEP,
        "f(" * DEEP + ")" * DEEP + ";",
        "x = " + "(" * DEEP + "1" + ")" * DEEP + ";",
        "x = " + "1 + " * DEEP + "1;",
        "x" + ".y()" * DEEP + ";",
        "if (a) " * DEEP + ";",
        "Runnable r = " + "() -> " * DEEP + "1;",
    ],
    ids=["blocks", "calls", "brackets", "sums", "chains", "ifs", "lambdas"],
)
def test_no_nesting_is_too_deep(tmp_path: Path, body: str) -> None:
    absurd = (
        f"package p; {IMPORTS} class AbsurdTest {{ @Test void run() {{ {body} assertEquals(1, new Foo().run()); }} }}"
    )
    mined = mine_tree(write(tmp_path, {**GOOD, "src/test/java/p/AbsurdTest.java": absurd}))
    assert "FooTest" in {pair.test.class_name for pair in mined.pairs}


def test_what_is_left_out_is_listed_with_its_reason(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    (tmp_path / "src/test/java/p/LongTest.java").write_text("class LongTest { int x; " + " " * 10_000_000 + "}")
    (tmp_path / "src/test/java/p/Binary.java").write_bytes(bytes(range(256)) * 100)
    (tmp_path / "src/test/java/p/Angles.java").write_text("a<" * 5_000)
    outside = tmp_path.parent / f"{tmp_path.name}-outside.java"
    outside.write_text("class Outside { }")
    (tmp_path / "src/test/java/p/Link.java").symlink_to(outside)
    (tmp_path / "src/test/java/p/Loop.java").symlink_to(tmp_path / "src/test/java/p/Loop.java")
    mined = mine_tree(tmp_path)
    assert [pair.test.class_name for pair in mined.pairs] == ["FooTest"]
    reasons = {one.path.rpartition("/")[2]: one.reason for one in mined.skipped}
    assert set(reasons) == {"LongTest.java", "Angles.java", "Link.java", "Loop.java"}
    assert "over the limit" in reasons["LongTest.java"]
    assert "leaves the tree" in reasons["Link.java"]
