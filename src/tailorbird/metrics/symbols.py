"""What a compiler would not accept in a candidate, as far as its text and the project's own words can tell.

No classpath and no compiler is asked: this is cheap enough for every sample, and sorts out most of what a small model
invents. It may be wrong in both directions, so candidates are ranked by it, and none is refused for it.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tree_sitter import Node

from tailorbird.metrics.structure import parsed_in_class, syntax_valid, walk

_NAME = re.compile(r"[^\W\d][\w$]*")

# Of java.lang, and of what every test may call: a project need not have used them before.
_EVERYWHERE = frozenset(
    _NAME.findall(
        """
        Object String StringBuilder StringBuffer CharSequence Character Boolean Byte Short Integer Long Float
        Double Number Math System Thread Runnable Class Enum Iterable Comparable Void Error Throwable Exception
        RuntimeException IllegalArgumentException IllegalStateException NullPointerException
        UnsupportedOperationException IndexOutOfBoundsException ArithmeticException ClassCastException
        NumberFormatException CloneNotSupportedException InterruptedException Override Deprecated
        SuppressWarnings SafeVarargs equals hashCode toString getClass length clone name ordinal values valueOf
        out err println
        """
    )
)

_SCOPES = {
    "block",
    "constructor_body",
    "for_statement",
    "enhanced_for_statement",
    "catch_clause",
    "try_with_resources_statement",
    "lambda_expression",
    "method_declaration",
    "switch_block",
    "switch_rule",
}
_DECLARING = {"variable_declarator", "formal_parameter", "catch_formal_parameter", "resource", "enhanced_for_statement"}
_NAMED = {"method_declaration", "class_declaration", "interface_declaration", "enum_declaration", "record_declaration"}
_TYPE_SCOPES = {"class_body", "interface_body", "enum_body"}


_PATTERNS = {"instanceof_expression", "type_pattern", "record_pattern_component"}
_LABELLED = {"labeled_statement", "break_statement", "continue_statement", "inferred_parameters"}


@dataclass(frozen=True, slots=True)
class Doubts:
    """Each name once for every place where it stands."""

    syntax: bool
    """It is not exactly one method, or has an error."""
    undeclared: tuple[str, ...]
    """Variables that nothing declares."""
    redeclared: tuple[str, ...]
    """Local variables that are declared again where they are still known."""
    unknown_methods: tuple[str, ...]
    """Called, or referred to, and never met in the project's words."""
    unknown_types: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many there are; what does not parse has more than any other candidate could."""
        found = (self.undeclared, self.redeclared, self.unknown_methods, self.unknown_types)
        return sum(len(one) for one in found) + (1_000 if self.syntax else 0)


def words(texts: Iterable[str]) -> frozenset[str]:
    """All names in ``texts``, those in comments and literals among them."""
    return frozenset(name for text in texts for name in _NAME.findall(text))


def doubts(candidate: str, known: frozenset[str], fields: frozenset[str] = frozenset()) -> Doubts:
    """What ``candidate`` uses without any sign that it is there.

    ``known`` are the names that the project has; of these, only ``fields`` may be variables that it does not declare.
    """
    root = parsed_in_class(candidate)
    # Its own methods and types may be used before they are declared, and through a value.
    own = _texts(node.child_by_field_name("name") for node in walk(root) if node.type in _NAMED)
    reading = _Reading(known.union(_EVERYWHERE, own), fields)
    reading.read(root)
    return Doubts(
        syntax=not syntax_valid(candidate),
        undeclared=tuple(reading.undeclared),
        redeclared=tuple(reading.redeclared),
        unknown_methods=tuple(reading.unknown_methods),
        unknown_types=tuple(reading.unknown_types),
    )


@dataclass
class _Reading:
    """One walk over a candidate, in the order of its text: what is declared later is not known yet."""

    known: frozenset[str]
    fields: frozenset[str]
    undeclared: list[str] = field(default_factory=list)
    redeclared: list[str] = field(default_factory=list)
    unknown_methods: list[str] = field(default_factory=list)
    unknown_types: list[str] = field(default_factory=list)
    _scopes: list[set[str]] = field(default_factory=lambda: [set()])
    _barriers: list[int] = field(default_factory=lambda: [0])
    """Where the scopes of the innermost class begin: a local variable may bear the name of one outside it."""

    def read(self, root: Node) -> None:
        # Iterative: a candidate may nest deeper than Python's stack. None closes a scope.
        waiting: list[tuple[str, Node]] = [("open", root)]
        while waiting:
            what, node = waiting.pop()
            if what == "close":
                self._close(node)
                continue
            if what == "declare":
                self._declare(node)
                continue
            waiting.extend(reversed(list(self._steps(node))))

    def _steps(self, node: Node) -> Iterator[tuple[str, Node]]:
        kind = node.type
        if kind in _SCOPES or kind in _TYPE_SCOPES:
            self._scopes.append(set())
            if kind in _TYPE_SCOPES:
                self._barriers.append(len(self._scopes) - 1)
                # Members are known before they are declared.
                self._scopes[-1].update(_members(node))
        self._judge(node)
        name = node.child_by_field_name("name")
        for child in node.named_children:
            if child.type in {"identifier", "type_identifier"} and not _is_use(node, child):
                continue
            yield "open", child
            if kind == "enhanced_for_statement" and child == node.child_by_field_name("value") and name is not None:
                yield "declare", name
        if kind in _DECLARING - {"enhanced_for_statement"} and name is not None and not _is_field(node):
            yield "declare", name
        if kind in _SCOPES or kind in _TYPE_SCOPES:
            yield "close", node

    def _close(self, node: Node) -> None:
        self._scopes.pop()
        if node.type in _TYPE_SCOPES:
            self._barriers.pop()

    def _declare(self, name: Node) -> None:
        for text in _texts([name]):
            if any(text in scope for scope in self._scopes[self._barriers[-1] + 1 :]):
                self.redeclared.append(text)
            self._scopes[-1].add(text)

    def _judge(self, node: Node) -> None:
        kind = node.type
        if kind == "identifier":
            self._judge_name(node)
        elif kind == "type_identifier":
            self.unknown_types += self._missing([node])
        elif kind == "method_invocation":
            self.unknown_methods += self._missing([node.child_by_field_name("name")])
        elif kind == "method_reference":
            self.unknown_methods += self._missing(one for one in node.named_children[1:] if one.type == "identifier")
        elif kind == "lambda_expression":
            parameters = node.child_by_field_name("parameters")
            if parameters is not None and parameters.type != "formal_parameters":
                for one in (parameters, *parameters.named_children):
                    if one.type == "identifier":
                        self._declare(one)
        elif kind in _PATTERNS:
            # Where it is known depends on the flow: taken to be known from here on.
            self._scopes[-1].update(_texts([_pattern_name(node)]))

    def _judge_name(self, node: Node) -> None:
        for text in _texts([node]):
            # By convention a type's name, before a static member, or a constant's.
            if text[:1].isupper():
                self.unknown_types += self._missing([node])
            elif text not in self.fields and not self._is_local(text):
                self.undeclared.append(text)

    def _missing(self, names: Iterable[Node | None]) -> list[str]:
        return [text for text in _texts(names) if not self._is_there(text)]

    def _is_there(self, text: str) -> bool:
        return text in self.known or self._is_local(text)

    def _is_local(self, text: str) -> bool:
        return any(text in scope for scope in self._scopes)


_NEVER_USES = _LABELLED | {"marker_annotation", "annotation", "ERROR"}
_OWN_PART = dict.fromkeys((*_NAMED, *_DECLARING, "method_invocation"), "name") | {
    "lambda_expression": "parameters",
    "element_value_pair": "key",
}
"""The part of these that is a plain name and refers to nothing."""


def _is_use(parent: Node, child: Node) -> bool:
    """Whether a plain name inside ``parent`` refers to something; a declaration's own name and a member's do not."""
    kind = parent.type
    if kind in _OWN_PART:
        return child != parent.child_by_field_name(_OWN_PART[kind])
    if kind == "field_access":
        return child == parent.child_by_field_name("object")
    if kind == "method_reference":
        return child == parent.named_children[0]
    if kind in {"scoped_identifier", "scoped_type_identifier"}:
        return child == parent.named_children[0] and parent.parent is not None and parent.parent.type != kind
    if kind in _PATTERNS:
        return child != _pattern_name(parent)
    return kind not in _NEVER_USES


def _pattern_name(pattern: Node) -> Node | None:
    """What ``instanceof`` or a pattern declares."""
    if pattern.type == "instanceof_expression":
        return pattern.child_by_field_name("name")
    return pattern.named_children[-1] if pattern.named_child_count > 1 else None


def _is_field(declarator: Node) -> bool:
    return declarator.parent is not None and declarator.parent.type in {"field_declaration", "constant_declaration"}


def _members(body: Node) -> list[str]:
    """The fields that ``body`` declares."""
    return _texts(
        one.child_by_field_name("name")
        for child in body.named_children
        if child.type in {"field_declaration", "constant_declaration"}
        for one in child.children_by_field_name("declarator")
    )


def _texts(nodes: Iterable[Node | None]) -> list[str]:
    return [node.text.decode("utf-8", errors="replace") for node in nodes if node is not None and node.text]
