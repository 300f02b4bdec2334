"""Draws the test cases to be labelled: `python benchmarks/mining_labels/draw.py` writes sample.jsonl beside it.

It knows nothing of the miner: what counts as a test case here is read off annotations and JUnit 3's naming alone, so
that test cases which the miner overlooks are in the sample too. It draws twice, the second time among what the first
left: the first draw is for development, the second is set aside as `held-out`.
"""

import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import tree_sitter_java
from tree_sitter import Language, Node, Parser

from tailorbird.sources import resolve

LIBRARIES = (
    "org.apache.commons:commons-lang3:3.14.0",
    "org.apache.commons:commons-math3:3.6.1",
    "org.apache.commons:commons-geometry-euclidean:1.0",
    "org.apache.kafka:kafka-clients:3.6.0",
    "org.apache.hadoop:hadoop-common:3.3.6",
    "org.apache.jena:jena-core:4.9.0",
    "org.apache.wicket:wicket-core:9.15.0",
    "com.helger.commons:ph-commons:11.1.0",
    "org.infinispan:infinispan-core:14.0.17.Final",
    "io.vertx:vertx-core:4.4.6",
)
EACH = {"development": 34, "held-out": 17}
FEWER = {
    ("org.apache.kafka:kafka-clients:3.6.0", "held-out"): 8,
    ("org.apache.wicket:wicket-core:9.15.0", "held-out"): 8,
}
"""Nobody has read the others of these."""
SEED = {"development": 20221122, "held-out": 20221123}
ANNOTATIONS = {"Test", "ParameterizedTest", "RepeatedTest", "TestFactory", "TestTemplate"}


def main() -> None:
    """Draw and write the sample."""
    parser = Parser(Language(tree_sitter_java.language()))
    lines = []
    for coordinates in LIBRARIES:
        root = resolve(coordinates).root
        files = sorted(path for path in root.rglob("*.java") if "/src/test/" in f"/{path.relative_to(root)}")
        found = [
            (str(path.relative_to(root)), line, name)
            for path in files
            for line, name in _cases(parser, path.read_bytes())
        ]
        sys.stdout.write(f"{coordinates} {len(files)} files {len(found)} test cases\n")
        for part, count in EACH.items():
            drawn = random.Random(f"{SEED[part]} {coordinates}").sample(found, FEWER.get((coordinates, part), count))
            found = [one for one in found if one not in set(drawn)]
            for path, line, name in drawn:
                lines.append({"library": coordinates, "file": path, "line": line, "name": name, "part": part})
    out = Path(__file__).with_name("sample.jsonl")
    out.write_text("".join(json.dumps(line) + "\n" for line in lines))


def _cases(parser: Parser, source: bytes) -> Iterator[tuple[int, str]]:
    """Line (1-based, of the method's name) and name of each test case in one file."""
    annotated_file = b"org.junit" in source or b"org.testng" in source
    stack: list[tuple[Node, bool, bool]] = [(parser.parse(source).root_node, False, False)]
    cases = []
    while stack:
        node, class_annotated, extends = stack.pop()
        if node.type in ("class_declaration", "record_declaration", "enum_declaration", "interface_declaration"):
            class_annotated = "Test" in _annotations(node)
            extends = node.child_by_field_name("superclass") is not None
        if node.type == "method_declaration" and (name := node.child_by_field_name("name")) is not None:
            text = (name.text or b"").decode()
            modifiers = _modifiers(node)
            plain = "public" in modifiers and "static" not in modifiers and _returns_nothing(node)
            by_name = plain and text.startswith("test") and not _has_parameters(node) and extends
            if (
                _annotations(node) & ANNOTATIONS
                or (class_annotated and plain and not _annotations(node))
                or (by_name and (not annotated_file or b"junit.framework" in source))
            ):
                cases.append((name.start_point.row + 1, text))
        stack += [(child, class_annotated, extends) for child in node.named_children]
    return iter(sorted(cases))


def _annotations(node: Node) -> set[str]:
    modifiers = next((child for child in node.children if child.type == "modifiers"), None)
    found = set()
    for child in modifiers.children if modifiers is not None else ():
        if (
            child.type in ("marker_annotation", "annotation")
            and (name := child.child_by_field_name("name")) is not None
        ):
            found.add((name.text or b"").decode().rpartition(".")[2])
    return found


def _modifiers(node: Node) -> set[str]:
    modifiers = next((child for child in node.children if child.type == "modifiers"), None)
    return {child.type for child in modifiers.children} if modifiers is not None else set()


def _returns_nothing(node: Node) -> bool:
    kind = node.child_by_field_name("type")
    return kind is not None and kind.type == "void_type"


def _has_parameters(node: Node) -> bool:
    parameters = node.child_by_field_name("parameters")
    return parameters is not None and parameters.named_child_count > 0


if __name__ == "__main__":
    main()
