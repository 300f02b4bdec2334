"""What stands around a test: its file without any tests, and the same in short for a model to read."""

from collections.abc import Iterator, Sequence

from tree_sitter import Node

from tailorbird.java_text import canonical_layout
from tailorbird.mining.declarations import JavaType, Method
from tailorbird.mining.java import one_line, text_of
from tailorbird.records import HOLE, TestClass

_SET_UP = {
    *("Before", "After", "BeforeClass", "AfterClass", "Rule", "ClassRule"),  # JUnit 4
    *("BeforeEach", "AfterEach", "BeforeAll", "AfterAll", "RegisterExtension", "TempDir"),  # JUnit 5
    *("BeforeMethod", "AfterMethod", "BeforeTest", "AfterTest", "BeforeSuite", "AfterSuite"),  # TestNG
}
_JUNIT3_SET_UP = {"setUp", "tearDown", "suite"}
_NESTED = {"class_declaration", "interface_declaration", "enum_declaration", "record_declaration"}


def skeleton(
    owner: JavaType, tests: Sequence[Method], others: Sequence[Method], above: Sequence[JavaType]
) -> TestClass:
    """The skeleton of ``owner``, whose tests are ``tests``; ``others`` are the tests of other classes in its file.

    ``above`` are the superclasses that stand in the project, nearest first. At least one of ``tests`` keeps its node.
    """
    home = next(method.node for method in tests if method.node is not None)
    body = home.parent
    assert body is not None  # A method stands in a body.
    gone = {method.node.id: method.node for method in (*tests, *others) if method.node is not None}
    return TestClass(
        class_name=owner.name,
        package=owner.scope.package,
        path=owner.scope.path,
        text=_with_hole(body, list(gone.values())),
        outline=_outline(owner, body, gone),
        inherited=tuple(one.qualified_name for one in above),
        inherited_set_up=tuple(
            f"{one.qualified_name}: {method.signature}" for one in above for method in one.methods if _sets_up(method)
        ),
    )


def _sets_up(method: Method) -> bool:
    return method.name in _JUNIT3_SET_UP or any(one.name.rpartition(".")[2] in _SET_UP for one in method.annotations)


def _with_hole(body: Node, tests: Sequence[Node]) -> str:
    """The file's text without ``tests``, the hole before the closing brace of ``body``."""
    root = body
    ancestors = {body.id}
    while root.parent is not None:
        root = root.parent
        ancestors.add(root.id)
    source = root.text or b""
    spans = [_span(node, source) for node in (*tests, *_idle_classes(tests, ancestors, source))]
    hole = body.end_byte - 1 if source[body.end_byte - 1 : body.end_byte] == b"}" else body.end_byte
    line = source.rfind(b"\n", 0, hole) + 1
    at = line if not source[line:hole].strip() else hole
    parts: list[bytes] = []
    position = 0
    for start, end in [*_merged(spans), (len(source), len(source))]:
        start = max(start, position)
        if position <= at <= start:
            parts += [source[position:at], f"{HOLE}\n".encode()]
            position = at
        parts.append(source[position:start])
        position = max(position, end)
    return b"".join(parts).decode("utf-8", errors="replace")


def _idle_classes(tests: Sequence[Node], ancestors: set[int], source: bytes) -> Iterator[Node]:
    """Nested classes of tests that nothing else speaks of: without their tests they are clutter."""
    seen: set[int] = set()
    for test in tests:
        place = test.parent.parent if test.parent is not None else None
        while place is not None and place.id not in ancestors:
            nested = place.parent is not None and place.parent.type != "program"
            if place.type in _NESTED and nested and place.id not in seen:
                seen.add(place.id)
                name = (place.child_by_field_name("name") or place).text or b""
                outside = source[: place.start_byte] + source[place.end_byte :]
                if name not in outside:
                    yield place
            place = place.parent


def _span(node: Node, source: bytes) -> tuple[int, int]:
    """The bytes of ``node``'s lines, with the comments that belong to it."""
    start = node.start_byte
    before = node.prev_sibling
    while before is not None and before.type.endswith("comment"):
        line = source.rfind(b"\n", 0, before.start_byte) + 1
        if source[line : before.start_byte].strip():
            break  # At the end of another member's line.
        start, before = before.start_byte, before.prev_sibling
    line = source.rfind(b"\n", 0, start) + 1
    if not source[line:start].strip():
        start = line
        while (above := source.rfind(b"\n", 0, max(start - 1, 0)) + 1) < start and not source[above:start].strip():
            start = above  # The empty lines above it.
    end = source.find(b"\n", node.end_byte)
    end = len(source) if end < 0 else end + 1
    return start, end if not source[node.end_byte : end].strip() else node.end_byte


def _merged(spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    last: tuple[int, int] | None = None
    for start, end in sorted(spans):
        if last is not None and start <= last[1]:
            last = (last[0], max(last[1], end))
        else:
            if last is not None:
                yield last
            last = (start, end)
    if last is not None:
        yield last


def _outline(owner: JavaType, body: Node, gone: dict[int, Node]) -> str:
    """The class's fields, its set-up in full and the signatures of its helpers, in canonical layout."""
    above = f" extends {owner.superclass}" if owner.superclass else ""
    lines = [f"{owner.simple_name}{above} {{"]
    for member in body.named_children:
        if member.type == "field_declaration":
            lines.append(_field(member))
    by_node = {method.node.id: method for method in (*owner.constructors, *owner.methods) if method.node is not None}
    helpers = []
    for member in body.named_children:
        method = by_node.get(member.id)
        if method is not None and member.id not in gone:
            if _sets_up(method):
                lines.append(canonical_layout(method.text))
            else:
                helpers.append(f"{method.signature};")
        elif member.type in _NESTED and not any(
            test.parent is not None and _inside(test, member) for test in gone.values()
        ):
            helpers.append(f"{one_line(member.child_by_field_name('name'))} {{}}")
    return "\n".join([*lines, *helpers, "}"])


def _field(node: Node) -> str:
    """The declaration, without an initialiser that goes over several lines: tables of cases are not style."""
    text = canonical_layout(text_of(node))
    return text if "\n" not in text else f"{text.partition('=')[0].rstrip()};"


def _inside(node: Node, outer: Node) -> bool:
    return outer.start_byte <= node.start_byte and node.end_byte <= outer.end_byte
