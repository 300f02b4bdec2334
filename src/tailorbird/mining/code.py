"""From the syntax tree of a body to `Code`."""

from collections.abc import Callable, Sequence

from tree_sitter import Node, Query, QueryCursor

from tailorbird.mining.declarations import CAUGHT, Code, Expression, Local
from tailorbird.mining.syntax import LANGUAGE, Text
from tailorbird.records import CONSTRUCTOR

_WANTED = Query(
    LANGUAGE,
    """
    (method_invocation) @call
    (method_reference) @call
    (object_creation_expression) @call
    (local_variable_declaration) @local
    (enhanced_for_statement) @variable
    (resource) @variable
    (formal_parameter) @variable
    (assert_statement) @statement
    """,
)
# Longer chains of operators exist, in generated code and in jokes; their end is then of an unknown type.
_MAX_DEPTH = 40
_NONE = -1


def read_code(method: Node, text: Text) -> Code:
    """What the declaration ``method`` does, in the file of this text."""
    found = QueryCursor(_WANTED).captures(method)
    builder = _Builder(text)
    # Inner calls first, so that no chain of calls is too deep; captures come in no fixed order.
    nodes = sorted(found.get("call", ()), key=lambda node: (node.end_byte, -node.start_byte))
    calls = tuple([builder.add(node) for node in nodes])
    declared = [(node, node, "") for node in found.get("variable", ())]
    for node in found.get("local", ()):
        for declarator in node.children_by_field_name("declarator"):
            declared.append((node, declarator, text.one_line(declarator.child_by_field_name("dimensions"))))
    variables = []
    for node, holder, brackets in sorted(declared, key=lambda one: one[0].start_byte):
        name, written = text.of(holder.child_by_field_name("name")), text.one_line(node.child_by_field_name("type"))
        if name and written:
            value = builder.add(holder.child_by_field_name("value"))
            variables.append(Local(name, written + brackets, node.start_byte, value))
    return Code(tuple(builder.expressions), calls, tuple(variables), statements=bool(found.get("statement")))


class _Builder:
    """Adds each node once, its parts before it."""

    def __init__(self, text: Text) -> None:
        self._text = text
        self.expressions: list[Expression] = []
        self._known: dict[int, int] = {}

    def add(self, node: Node | None, depth: int = _MAX_DEPTH) -> int:
        """The position of ``node``; -1 for none, and for one that is nested too deep."""
        if node is None:
            return _NONE
        known = self._known.get(node.id)
        if known is not None:
            return known
        if depth <= 0:
            return _NONE
        kind = node.type
        composed = _COMPOSED.get(kind)
        if composed is not None:
            made = composed(self, kind, node, depth - 1)
        else:
            made = Expression(kind, node.start_byte, node.end_byte, text=_WRITTEN.get(kind, _literal)(self._text, node))
        self.expressions.append(made)
        at = self._known[node.id] = len(self.expressions) - 1
        return at

    def _call(self, kind: str, node: Node, depth: int) -> Expression:
        target = self.add(node.child_by_field_name("object"), depth)
        name = self._text.of(node.child_by_field_name("name"))
        text = CAUGHT if name == "fail" and _is_caught(node) else ""
        parts = self._arguments(node, depth)
        return Expression(kind, node.start_byte, node.end_byte, name, text, target=target, parts=parts)

    def _creation(self, kind: str, node: Node, depth: int) -> Expression:
        created = self._text.one_line(node.child_by_field_name("type"))
        body = any(child.type == "class_body" for child in node.children)
        parts = self._arguments(node, depth)
        return Expression(kind, node.start_byte, node.end_byte, CONSTRUCTOR, created, parts=parts, body=body)

    def _reference(self, kind: str, node: Node, depth: int) -> Expression:
        parts = node.named_children
        name = self._text.of(parts[-1]) if len(parts) > 1 else "new"
        target = self.add(parts[0], depth) if parts else _NONE
        return Expression(kind, node.start_byte, node.end_byte, name, target=target)

    def _access(self, kind: str, node: Node, depth: int) -> Expression:
        name = self._text.of(node.child_by_field_name("field"))
        target = self.add(node.child_by_field_name("object"), depth)
        whole = self._text.one_line(node) if name[:1].isupper() else ""
        return Expression(kind, node.start_byte, node.end_byte, name, whole, target)

    def _brackets(self, kind: str, node: Node, depth: int) -> Expression:
        inner = node.named_children[0] if node.named_children else None
        return Expression(kind, node.start_byte, node.end_byte, target=self.add(inner, depth))

    def _element(self, kind: str, node: Node, depth: int) -> Expression:
        target = self.add(node.child_by_field_name("array"), depth)
        return Expression(kind, node.start_byte, node.end_byte, target=target)

    def _choice(self, kind: str, node: Node, depth: int) -> Expression:
        target = self.add(node.child_by_field_name("consequence"), depth)
        return Expression(kind, node.start_byte, node.end_byte, target=target)

    def _operation(self, kind: str, node: Node, depth: int) -> Expression:
        sides = [node.child_by_field_name(name) for name in ("left", "right", "operand")]
        operator = self._text.of(node.child_by_field_name("operator"))
        operands = tuple([self.add(side, depth) for side in sides if side is not None])
        return Expression(kind, node.start_byte, node.end_byte, operator, parts=operands)

    def _arguments(self, node: Node, depth: int) -> tuple[int, ...]:
        listed = node.child_by_field_name("arguments")
        given: Sequence[Node] = listed.named_children if listed is not None else ()
        return tuple([self.add(one, depth) for one in given if not one.is_extra])


def _is_caught(node: Node | None) -> bool:
    while node is not None and node.type not in ("method_declaration", "lambda_expression"):
        if node.type == "catch_clause":
            return True
        node = node.parent
    return False


def _cast(text: Text, node: Node) -> str:
    return text.one_line(node.child_by_field_name("type"))


def _array(text: Text, node: Node) -> str:
    brackets = "[]" * sum(child.type in ("dimensions", "dimensions_expr") for child in node.children)
    return text.one_line(node.child_by_field_name("type")) + brackets


def _lambda(_: Text, node: Node) -> str:
    declared = node.child_by_field_name("parameters")
    if declared is None or declared.type == "identifier":
        return "1"
    return str(sum(not child.is_extra for child in declared.named_children))


def _literal(text: Text, node: Node) -> str:
    return text.of(node)[-1:] if node.type.endswith("_literal") else ""


_WRITTEN: dict[str, Callable[[Text, Node], str]] = {
    "identifier": Text.of,
    "cast_expression": _cast,
    "array_creation_expression": _array,
    "lambda_expression": _lambda,
}
_COMPOSED: dict[str, Callable[[_Builder, str, Node, int], Expression]] = {
    "method_invocation": _Builder._call,
    "object_creation_expression": _Builder._creation,
    "method_reference": _Builder._reference,
    "field_access": _Builder._access,
    "parenthesized_expression": _Builder._brackets,
    "array_access": _Builder._element,
    "ternary_expression": _Builder._choice,
    "binary_expression": _Builder._operation,
    "unary_expression": _Builder._operation,
}
