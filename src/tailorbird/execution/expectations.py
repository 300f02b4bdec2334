"""Assertions of a candidate that say what they expect by a literal or by their name, and where that stands."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from tree_sitter import Node

from tailorbird.execution.placing import PARSER, ClassText, read_candidate
from tailorbird.mining.declarations import Import

SWAPPED = {
    **{"assertTrue": "assertFalse", "assertFalse": "assertTrue"},
    **{"assertNull": "assertNotNull", "assertNotNull": "assertNull"},
    **{"isTrue": "isFalse", "isFalse": "isTrue", "isNull": "isNotNull", "isNotNull": "isNull"},
}
"""Of an assertion that says by its name what it expects, the one that expects the opposite."""
_EQUAL = ("assertEquals", "assertArrayEquals")
_PASSED_OVER = frozenset({"as", "describedAs", "withFailMessage", "overridingErrorMessage", "isNotNull"})
"""What may stand between ``assertThat`` and its check: the value is still the same."""
_HOLDERS = (("org.junit.jupiter.api.Assertions", "junit5"), ("org.testng.Assert", "testng"))
_LITERALS = frozenset({"true", "false", "null_literal", "string_literal", "character_literal"})
_NUMBERS = ("_integer_literal", "_floating_point_literal")
_CONSTANT = re.compile(r"(?:[a-z]\w*\.)*[A-Z]\w*(?:\.[A-Z]\w*)*\.[A-Z][A-Z0-9_]*")
_MADE = re.compile(r"(?:java\.util\.)?(?:Arrays\.asList|List\.of|Collections\.(?:emptyList|singletonList))$"
                   r"|(?:Integer|Long|Short|Byte|Character|Boolean|Double|Float|String)\.valueOf$")  # fmt: skip
_BOXES = frozenset({"String", "Integer", "Long", "Short", "Byte", "Character", "Boolean", "Double", "Float"})
_OF_STRINGS = frozenset({"getBytes", "toCharArray"})
_BEFORE, _AFTER = "class X {\n", "\n}\n"

Span = tuple[int, int]
"""Bytes, from and to."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """One assertion; the spans are within `Source.encoded`."""

    statement: Span
    ends: bool
    """The statement has its own semicolon; a lambda's expression has none."""
    actual: Span
    expected: Span
    """The literal, or the name of the assertion."""
    name: str
    """Of the assertion."""
    swaps: bool
    """It expects by its name."""
    qualified: bool
    """Its name follows a dot."""
    by_content: bool
    """Arrays are equal to it by what they hold."""


@dataclass(frozen=True, slots=True)
class Source:
    """A candidate as it was parsed."""

    encoded: bytes
    around: int
    """How many characters of a class stand before it, and must be taken off again."""

    def restored(self, changed: bytes) -> str:
        """A candidate's text from its encoded source, changed."""
        text = changed.decode("utf-8", errors="replace")
        return text[self.around : -len(_AFTER)] if self.around else text


def parsed(text: str) -> Source:
    """A candidate, with a class around it unless it is a whole file."""
    whole = isinstance(read_candidate(text), ClassText)
    source = text if whole else f"{_BEFORE}{text}{_AFTER}"
    return Source(source.encode("utf-8", errors="replace"), 0 if whole else len(_BEFORE))


def expectations(source: Source, imports: Sequence[Import]) -> tuple[Expectation, ...]:
    """The assertions that say what they expect, in order; ``imports`` are those of the file."""
    found = []
    stack = [PARSER.parse(source.encoded).root_node]
    while stack:
        node = stack.pop()
        stack += node.named_children
        call = _asserting(node)
        if call is not None:
            found += [one for one in (_chained(node, call), _called(node, call, imports)) if one is not None]
    return tuple(sorted(found, key=lambda one: one.statement))


@lru_cache(maxsize=1 << 10)
def file_imports(text: str) -> tuple[Import, ...]:
    """What a file imports."""
    found = []
    for node in PARSER.parse(text.encode("utf-8", errors="replace")).root_node.named_children:
        if node.type == "import_declaration":
            kinds = [child.type for child in node.children]
            name = next((_text(child) for child in node.named_children if "identifier" in child.type), "")
            found.append(Import("".join(name.split()), "static" in kinds, "asterisk" in kinds))
    return tuple(found)


def _asserting(node: Node) -> Node | None:
    """The call that a statement, or the body of a lambda, is."""
    if node.type == "expression_statement":
        inner = node.named_children[0] if node.named_children else None
        return inner if inner is not None and inner.type == "method_invocation" else None
    parent = node.parent
    body = parent is not None and parent.type == "lambda_expression" and parent.child_by_field_name("body") == node
    return node if body and node.type == "method_invocation" else None


def _made(
    statement: Node, actual: Node, expected: Node, name: str, *, swaps: bool, qualified: bool, by_content: bool = False
) -> Expectation:
    return Expectation(
        statement=(statement.start_byte, statement.end_byte),
        ends=statement.type == "expression_statement",
        actual=(actual.start_byte, actual.end_byte),
        expected=(expected.start_byte, expected.end_byte),
        name=name,
        swaps=swaps,
        qualified=qualified,
        by_content=by_content,
    )


def _chained(statement: Node, call: Node) -> Expectation | None:
    """``assertThat(actual).isEqualTo(expected)`` of AssertJ and Truth."""
    name_node, arguments = call.child_by_field_name("name"), _arguments(call)
    target = call.child_by_field_name("object")
    while target is not None and target.type == "method_invocation" and _name(target) in _PASSED_OVER:
        target = target.child_by_field_name("object")
    if name_node is None or target is None or target.type != "method_invocation" or _name(target) != "assertThat":
        return None
    actual, name = _arguments(target), _text(name_node)
    if len(actual) != 1 or _is_literal(actual[0]):
        return None
    if name == "isEqualTo" and len(arguments) == 1 and _is_literal(arguments[0]):
        return _made(statement, actual[0], arguments[0], name, swaps=False, qualified=True, by_content=True)
    if name in SWAPPED and not arguments:
        return _made(statement, actual[0], name_node, name, swaps=True, qualified=True)
    return None


def _called(statement: Node, call: Node, imports: Sequence[Import]) -> Expectation | None:
    """``assertEquals(expected, actual)`` and its like of JUnit and TestNG."""
    name_node, arguments = call.child_by_field_name("name"), _arguments(call)
    holder = call.child_by_field_name("object")
    if name_node is None or (name := _text(name_node)) not in (*_EQUAL, *SWAPPED) or name.startswith("is"):
        return None
    style = _style(name, _text(holder) if holder is not None else "", imports)
    qualified = holder is not None
    if name in SWAPPED:
        if len(arguments) not in (1, 2):
            return None
        actual = arguments[-1] if style == "junit4" else arguments[0]
        swapped = _made(statement, actual, name_node, name, swaps=True, qualified=qualified)
        return swapped if not _is_literal(actual) else None
    pair = _pair(style, arguments)
    literals = [_is_literal(one) for one in pair]
    if sum(literals) != 1:
        return None  # With two literals it is about nothing.
    # Whatever side it stands on: many confuse the order.
    expected, actual = pair if literals[0] else pair[::-1]
    by_content = name == "assertArrayEquals" or style == "testng"
    return _made(statement, actual, expected, name, swaps=False, qualified=qualified, by_content=by_content)


def _pair(style: str, arguments: Sequence[Node]) -> Sequence[Node]:
    """The two that are compared, without message and tolerance."""
    if style != "junit4" or len(arguments) == 2:
        return arguments[:2] if 2 <= len(arguments) <= 4 else ()
    if len(arguments) == 4:
        return arguments[1:3]
    if len(arguments) != 3:
        return ()
    first, second, last = arguments
    if first.type == "string_literal":
        return second, last
    if _is_number(last) or _is_number(first) or not _is_literal(second):
        return first, second
    return second, last


def _style(name: str, holder: str, imports: Sequence[Import]) -> str:
    """Whose order of arguments a call has: ``junit5``, ``testng`` or ``junit4``, which JUnit 3 shares."""
    if holder:
        known = [holder] if "." in holder else [
            f"{one.name}.{holder}" if one.wildcard else one.name
            for one in imports
            if not one.static and (one.wildcard or one.name.endswith(f".{holder}"))
        ]  # fmt: skip
    else:
        static = [one for one in imports if one.static]
        exact = [one.name.rpartition(".")[0] for one in static if not one.wildcard and one.name.endswith(f".{name}")]
        known = exact or [one.name for one in static if one.wildcard]
    return next((style for prefix, style in _HOLDERS if prefix in known), "junit4")


def _is_literal(node: Node, depth: int = 8) -> bool:
    """A value that is written down: a literal, a constant of a class, or an array or list of such."""
    if depth == 0:
        return False
    kind, inner = node.type, [one for one in node.named_children if not one.type.endswith("comment")]

    def all_literal(nodes: Sequence[Node]) -> bool:
        return all(_is_literal(one, depth - 1) for one in nodes)

    if kind in _LITERALS or kind.endswith(_NUMBERS):
        return True
    if kind in ("unary_expression", "parenthesized_expression", "binary_expression", "array_initializer",
                "dimensions_expr"):  # fmt: skip
        return all_literal(inner)
    if kind == "cast_expression":
        return all_literal(node.children_by_field_name("value"))
    if kind == "array_creation_expression":
        return all_literal([one for one in inner if one.type in ("array_initializer", "dimensions_expr")])
    if kind == "field_access":
        return _CONSTANT.fullmatch(_text(node)) is not None
    if kind == "object_creation_expression":
        return _text(node.child_by_field_name("type")) in _BOXES and all_literal(_arguments(node))
    if kind == "method_invocation":
        target, arguments = node.child_by_field_name("object"), _arguments(node)
        if target is not None and target.type == "string_literal":
            return _name(node) in _OF_STRINGS and all_literal(arguments)
        return _MADE.match(f"{_text(target)}.{_name(node)}") is not None and all_literal(arguments)
    return False


def _is_number(node: Node) -> bool:
    while node.type in ("unary_expression", "cast_expression", "parenthesized_expression") and node.named_children:
        node = node.named_children[-1]
    return node.type.endswith(_NUMBERS)


def _arguments(call: Node) -> list[Node]:
    listed = call.child_by_field_name("arguments")
    return list(_without_comments(listed)) if listed is not None else []


def _without_comments(node: Node) -> Iterator[Node]:
    return (one for one in node.named_children if not one.type.endswith("comment"))


def _name(call: Node) -> str:
    return _text(call.child_by_field_name("name"))


def _text(node: Node | None) -> str:
    return (node.text or b"").decode("utf-8", errors="replace") if node is not None else ""
