"""Java projects for the mining tests: the committed fixtures, and small ones written on the spot."""

from pathlib import Path

from tailorbird.mining.tree import MinedTree, mine_tree
from tailorbird.records import Pair

FIXTURES = Path(__file__).parents[2] / "fixtures"
JUNIT4 = FIXTURES / "junit4-ledger"
JUNIT5 = FIXTURES / "junit5-parcel"

IMPORTS = "import org.junit.jupiter.api.Test; import static org.junit.jupiter.api.Assertions.*;"


def write(root: Path, files: dict[str, str]) -> Path:
    """Write ``path -> text`` under ``root``."""
    for path, text in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return root


def focal_of(mined: MinedTree) -> dict[str, str]:
    """``TestClass.test -> FocalClass.method(parameters)``."""
    return {f"{pair.test.class_name}.{pair.test.name}": focal_name(pair) for pair in mined.pairs}


def focal_name(pair: Pair) -> str:
    return f"{pair.focal.class_name}.{pair.focal.name}({', '.join(pair.focal.parameters)})"


def mine_one(root: Path, production: str, test: str, *, name: str = "Foo") -> dict[str, str]:
    """Pairs of a project with one production class and one JUnit 5 test class, both in package ``p``."""
    write(
        root,
        {
            f"src/main/java/p/{name}.java": f"package p; {production}",
            f"src/test/java/p/{name}Test.java": f"package p; {IMPORTS} {test}",
        },
    )
    return focal_of(mine_tree(root))
