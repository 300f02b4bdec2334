"""A candidate in its place: the skeleton of the test class it was asked for, or a file of its own."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import tree_sitter_java
from tree_sitter import Language, Node, Parser

from tailorbird.execution.messages import Unit
from tailorbird.records import HOLE, TestClass

_PARSER = Parser(Language(tree_sitter_java.language()))
_TYPES = {"class_declaration", "interface_declaration", "enum_declaration", "record_declaration"}
_BEFORE, _AFTER = "class X {\n", "\n}\n"
_SOURCE_ROOT = re.compile(r"^(?:.*/)?src/[^/]+/java/")
_BY_OWN_NAME = re.compile(r"@MethodSource\s*(?!\()|@MethodSource\s*\(\s*\)")
"""Such a test's arguments come from the method that has its name: it must keep it."""
_CALL = re.compile(r"\b(\w+)\s*\(")


@dataclass(frozen=True, slots=True)
class MethodText:
    """A candidate that is one method."""

    text: str
    name: str
    name_at: tuple[int, int]
    """Where the name stands in the text."""

    @property
    def keeps_its_name(self) -> bool:
        """Whether it would mean something else under another name."""
        return _BY_OWN_NAME.search(self.text) is not None

    def renamed(self, name: str) -> str:
        """The text with another name."""
        return self.text[: self.name_at[0]] + name + self.text[self.name_at[1] :]


@dataclass(frozen=True, slots=True)
class ClassText:
    """A candidate that is a whole file."""

    text: str
    package: str
    name: str

    @property
    def unit(self) -> Unit:
        """To compile."""
        folder = self.package.replace(".", "/")
        return Unit(path=f"{folder}/{self.name}.java".lstrip("/"), text=self.text)

    @property
    def binary_name(self) -> str:
        """As the JVM has it."""
        return f"{self.package}.{self.name}".lstrip(".")


@dataclass(frozen=True, slots=True)
class Placed:
    """Some candidates in one skeleton."""

    unit: Unit
    owner: str
    """Binary name of the class that they stand in."""
    methods: tuple[str, ...]
    """The name that each has there."""
    spans: tuple[tuple[int, int], ...]
    """Where each stands in the unit's text, in UTF-16 units."""

    def at(self, offset: int) -> int | None:
        """The number of the candidate at an offset; None for one between them."""
        for number, (start, end) in enumerate(self.spans):
            if start <= offset < end:
                return number
        return None


def read_candidate(text: str) -> MethodText | ClassText | None:
    """A candidate as one method or one whole file; None for anything else, and for anything with a syntax error."""
    source = (_BEFORE + text + _AFTER).encode("utf-8", errors="replace")
    root = _PARSER.parse(source).root_node
    members = (
        _members(root)
        if not root.has_error and [one.type for one in root.named_children] == ["class_declaration"]
        else []
    )
    if (
        len(members) == 1
        and members[0].type == "method_declaration"
        and members[0].child_by_field_name("body") is not None
    ):
        return _method(text, source, members[0])
    return _class(text)


def _method(text: str, source: bytes, node: Node) -> MethodText | None:
    name = node.child_by_field_name("name")
    if name is None or not name.text:
        return None
    start = len(source[: name.start_byte].decode("utf-8", errors="replace")) - len(_BEFORE)
    found = name.text.decode("utf-8", errors="replace")
    return MethodText(text, found, (start, start + len(found)))


def _class(text: str) -> ClassText | None:
    root = _PARSER.parse(text.encode("utf-8", errors="replace")).root_node
    if root.has_error:
        return None
    package, types = "", []
    for child in root.named_children:
        if child.type == "package_declaration":
            package = next((_text(one) for one in child.named_children if "identifier" in one.type), "")
        elif child.type in _TYPES:
            types.append(child)
        elif child.type not in ("import_declaration", "line_comment", "block_comment"):
            return None
    if not types:
        return None
    public = [
        one
        for one in types
        if any(child.type == "modifiers" and "public" in _text(child).split() for child in one.children)
    ]
    name = (public or types)[0].child_by_field_name("name")
    return ClassText(text, package, _text(name)) if name is not None else None


def _members(root: Node) -> list[Node]:
    body = root.named_children[0].child_by_field_name("body")
    return [one for one in body.named_children if not one.type.endswith("comment")] if body is not None else []


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", errors="replace")


def place(home: TestClass, candidates: Sequence[MethodText]) -> Placed:
    """Put methods into the skeleton of a test class, all beside each other; those of one name get different ones."""
    before, hole, after = home.text.partition(HOLE)
    if not hole:
        raise ValueError(f"the skeleton of {home.class_name} has no line {HOLE}")
    parts, methods, spans = [before], [], []
    # Helpers' names, and those of tests that are helpers of others.
    taken = set(_CALL.findall(home.text))
    position = _utf16(before)
    for candidate in candidates:
        name = candidate.name
        number = 1
        while name in taken and not (candidate.keeps_its_name and number == 1):
            number += 1
            name = f"{candidate.name}__{number}"
        taken.add(name)
        # A line comment at its end must not swallow what follows.
        text = (candidate.text if name == candidate.name else candidate.renamed(name)) + "\n"
        parts.append(text)
        methods.append(name)
        spans.append((position, position + _utf16(text)))
        position = spans[-1][1]
    parts.append(after)
    return Placed(Unit(_SOURCE_ROOT.sub("", home.path), "".join(parts)), owner_of(home), tuple(methods), tuple(spans))


def owner_of(home: TestClass) -> str:
    """Binary name of a test class: ``p.Outer$Inner``."""
    return f"{home.package}.{home.class_name.replace('.', '$')}".lstrip(".")


def _utf16(text: str) -> int:
    """Length as javac counts it."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", errors="surrogatepass")) // 2


def is_abstract(home: TestClass) -> bool:
    """Whether a test class cannot be run itself."""
    simple = re.escape(home.class_name.rpartition(".")[2])
    return re.search(rf"\babstract\b[\w\s]*\bclass\s+{simple}\b", home.text) is not None


def runs_in(home: TestClass, among: Sequence[TestClass]) -> str:
    """Binary name of the first class that is not abstract and has the tests of an abstract one; empty for any other."""
    if not is_abstract(home):
        return ""
    qualified = f"{home.package}.{home.class_name}".lstrip(".")
    return next((owner_of(one) for one in among if qualified in one.inherited and not is_abstract(one)), "")
