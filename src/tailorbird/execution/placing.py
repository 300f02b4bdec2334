"""A candidate in its place: the skeleton of the test class it was asked for, or a file of its own."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import tree_sitter_java
from tree_sitter import Language, Node, Parser

from tailorbird.execution.messages import Unit
from tailorbird.records import HOLE, TestClass

PARSER = Parser(Language(tree_sitter_java.language()))
TYPES = {"class_declaration", "interface_declaration", "enum_declaration", "record_declaration"}
_BEFORE, _AFTER = "class X {\n", "\n}\n"
_SOURCE_ROOT = re.compile(r"^(?:.*/)?src/[^/]+/java/")
_BY_OWN_NAME = re.compile(r"@MethodSource\s*(?!\()|@MethodSource\s*\(\s*\)")
"""Such a test's arguments come from the method that has its name: it must keep it."""
_CALL = re.compile(r"\b(\w+)\s*\(")
_DECLARED = re.compile(r"[\w>\]]\s+(\w+)\s*\(")
_OWN_CALL = re.compile(r"(?<![\w.])(\w+)\s*\(|\bthis\s*(?:\.|::)\s*(\w+)")
"""Of a method that is not another object's: ``name(``, ``this.name(``, ``this::name``."""
_SAFE = frozenset(
    {
        "Test", "ParameterizedTest", "RepeatedTest", "DisplayName", "Disabled", "Ignore", "Timeout", "Tag", "Tags",
        "Override", "SuppressWarnings", "SafeVarargs", "Deprecated", "EmptySource", "EnumSource", "NullSource",
        "NullAndEmptySource", "MethodSource", "ValueSource", "CsvSource", "CsvFileSource", "ArgumentsSource", "Order",
    }
)  # fmt: skip
"""Annotations that say nothing of other methods of the class."""


@dataclass(frozen=True, slots=True)
class MethodText:
    """A candidate that is one method."""

    text: str
    name: str
    name_at: tuple[int, int]
    """Where the name stands in the text."""
    modifiers: frozenset[str] = frozenset()
    """Java's own: ``public``, ``static``."""
    annotations: frozenset[str] = frozenset()
    """Their simple names."""
    returns: str = "void"
    has_parameters: bool = False

    @property
    def calls(self) -> frozenset[str]:
        """Names of methods that it calls on no other object, so that they may be its class's."""
        body = self.renamed(".")
        return frozenset(one for found in _OWN_CALL.findall(body) for one in found if one)

    def leaves_others_alone(self, home: TestClass) -> bool:
        """Whether a framework would see its class's other tests as if it were not there.

        JUnit 4 runs no test of a class in which one has the wrong shape, and a lifecycle method runs around all.
        """
        if self.returns != "void" or self.modifiers - {"public"} or self.annotations - _SAFE:
            return False
        return "org.junit.jupiter" in home.text or ("public" in self.modifiers and not self.has_parameters)

    @property
    def keeps_its_name(self) -> bool:
        """Whether it would mean something else under another name."""
        return "Override" in self.annotations or _BY_OWN_NAME.search(self.text) is not None

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

    def text(self, number: int) -> str:
        """One of the candidates as it stands there."""
        start, end = self.spans[number]
        if self.unit.text.isascii():
            return self.unit.text[start:end]
        encoded = self.unit.text.encode("utf-16-le", errors="surrogatepass")
        return encoded[2 * start : 2 * end].decode("utf-16-le", errors="surrogatepass")

    def at(self, offset: int) -> int | None:
        """The number of the candidate at an offset; None for one between them."""
        for number, (start, end) in enumerate(self.spans):
            if start <= offset < end:
                return number
        return None


def read_candidate(text: str) -> MethodText | ClassText | None:
    """A candidate as one method or one whole file; None for anything else, and for anything with a syntax error."""
    source = (_BEFORE + text + _AFTER).encode("utf-8", errors="replace")
    root = PARSER.parse(source).root_node
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
    kind, parameters = node.child_by_field_name("type"), node.child_by_field_name("parameters")
    return MethodText(
        text,
        found,
        (start, start + len(found)),
        *_modifiers(node),
        returns=_text(kind) if kind is not None else "",
        has_parameters=parameters is not None and any("parameter" in one.type for one in parameters.named_children),
    )


def _modifiers(node: Node) -> tuple[frozenset[str], frozenset[str]]:
    """Words and annotations' names."""
    words, annotations = set(), set()
    for child in node.children:
        for one in child.children if child.type == "modifiers" else ():
            if one.type in ("marker_annotation", "annotation"):
                name = one.child_by_field_name("name")
                annotations.add(_text(name).rpartition(".")[2] if name is not None else "")
            elif not one.type.endswith("comment"):
                words.add(_text(one))
    return frozenset(words), frozenset(annotations)


def _class(text: str) -> ClassText | None:
    root = PARSER.parse(text.encode("utf-8", errors="replace")).root_node
    if root.has_error:
        return None
    package, types = "", []
    for child in root.named_children:
        if child.type == "package_declaration":
            package = next((_text(one) for one in child.named_children if "identifier" in one.type), "")
        elif child.type in TYPES:
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


def with_imports(text: str, imports: Iterable[str]) -> str:
    """A file with some more imports. They stand where its package is named, so that no line moves."""
    lines = " ".join(f"import {one};" for one in dict.fromkeys(imports))
    if not lines:
        return text
    encoded = text.encode("utf-8", errors="surrogatepass")
    root = PARSER.parse(encoded).root_node
    package = next((one for one in root.named_children if one.type == "package_declaration"), None)
    if package is None:
        return f"{lines} {text}"
    before, after = encoded[: package.end_byte], encoded[package.end_byte :]
    return f"{before.decode('utf-8', 'surrogatepass')} {lines}{after.decode('utf-8', 'surrogatepass')}"


def place(
    home: TestClass,
    candidates: Sequence[MethodText],
    *,
    also_taken: Iterable[str] = (),
    imports: Iterable[str] = (),
) -> Placed:
    """Put methods into the skeleton of a test class, all beside each other; those of one name get different ones.

    ``also_taken`` are names that none may have, those of the class that the tests are run in; ``imports`` are added to
    those of the file.
    """
    before, hole, after = with_imports(home.text, imports).partition(HOLE)
    if not hole:
        raise ValueError(f"the skeleton of {home.class_name} has no line {HOLE}")
    parts, methods, spans = [before], [], []
    # Helpers' names, and those of tests that are helpers of others.
    taken = {*_CALL.findall(home.text), *also_taken}
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


@dataclass(frozen=True, slots=True)
class RunsIn:
    """The class that the tests of an abstract one are run in."""

    owner: str = ""
    """Its binary name; empty where tests are run in the class that they stand in."""
    names: frozenset[str] = frozenset()
    """Methods that it may have itself: a test of such a name would not be run in their place."""


def runnable_below(home: TestClass, among: Sequence[TestClass], root: Path) -> tuple[RunsIn, ...]:
    """For an abstract test class, those below it that are not; nothing for any other."""
    if not is_abstract(home):
        return ()
    qualified = f"{home.package}.{home.class_name}".lstrip(".")
    return tuple(
        RunsIn(owner_of(one), _declared((root / one.path).read_text(errors="replace")))
        for one in among
        if qualified in one.inherited and not is_abstract(one)
    )


def runs_in(below: Sequence[RunsIn], test: str) -> RunsIn:
    """The first class that has not overridden a test, if any: one that does often cannot run it."""
    return next((one for one in below if test not in one.names), below[0] if below else RunsIn())


def _declared(text: str) -> frozenset[str]:
    return frozenset(_DECLARED.findall(text))
