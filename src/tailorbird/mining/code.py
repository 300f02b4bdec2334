"""From the syntax tree of a body to `Code`."""

from collections.abc import Sequence

from tree_sitter import Node, Query, QueryCursor

from tailorbird.mining.declarations import Code, Expression, Local
from tailorbird.mining.syntax import LANGUAGE, one_line, text_of
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


def code_of(method: Node) -> Code:
    """What the declaration ``method`` does."""
    found = QueryCursor(_WANTED).captures(method)
    builder = _Builder()
    # Inner calls first, so that no chain of calls is too deep; captures come in no fixed order.
    nodes = sorted(found.get("call", ()), key=lambda node: (node.end_byte, -node.start_byte))
    calls = tuple(builder.add(node) for node in nodes)
    declared = [(node, node, "") for node in found.get("variable", ())]
    for node in found.get("local", ()):
        for declarator in node.children_by_field_name("declarator"):
            declared.append((node, declarator, one_line(declarator.child_by_field_name("dimensions"))))
    variables = []
    for node, holder, brackets in sorted(declared, key=lambda one: one[0].start_byte):
        name, written = text_of(holder.child_by_field_name("name")), one_line(node.child_by_field_name("type"))
        if name and written:
            value = builder.add(holder.child_by_field_name("value"))
            variables.append(Local(name, written + brackets, node.start_byte, value))
    return Code(tuple(builder.expressions), calls, tuple(variables), statements=bool(found.get("statement")))


class _Builder:
    """Adds each node once, its parts before it."""

    def __init__(self) -> None:
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
        made = self._made(node, depth - 1)
        self.expressions.append(made)
        self._known[node.id] = len(self.expressions) - 1
        return self._known[node.id]

    def _made(self, node: Node, depth: int) -> Expression:
        kind, start, end = node.type, node.start_byte, node.end_byte
        match kind:
            case "method_invocation":
                target = self.add(node.child_by_field_name("object"), depth)
                name = text_of(node.child_by_field_name("name"))
                return Expression(kind, start, end, name, target=target, parts=self._arguments(node, depth))
            case "object_creation_expression":
                created = one_line(node.child_by_field_name("type"))
                body = any(child.type == "class_body" for child in node.children)
                return Expression(kind, start, end, CONSTRUCTOR, created, parts=self._arguments(node, depth), body=body)
            case "method_reference":
                parts = node.named_children
                name = text_of(parts[-1]) if len(parts) > 1 else "new"
                return Expression(kind, start, end, name, target=self.add(parts[0], depth) if parts else _NONE)
            case "field_access":
                name = text_of(node.child_by_field_name("field"))
                target = self.add(node.child_by_field_name("object"), depth)
                return Expression(kind, start, end, name, one_line(node) if name[:1].isupper() else "", target)
            case "identifier":
                return Expression(kind, start, end, text=text_of(node))
            case "cast_expression":
                return Expression(kind, start, end, text=one_line(node.child_by_field_name("type")))
            case "array_creation_expression":
                brackets = "[]" * sum(child.type in ("dimensions", "dimensions_expr") for child in node.children)
                return Expression(kind, start, end, text=one_line(node.child_by_field_name("type")) + brackets)
        return self._composed(node, depth)

    def _composed(self, node: Node, depth: int) -> Expression:
        kind, start, end = node.type, node.start_byte, node.end_byte
        match kind:
            case "parenthesized_expression":
                inner = node.named_children[0] if node.named_children else None
                return Expression(kind, start, end, target=self.add(inner, depth))
            case "array_access":
                return Expression(kind, start, end, target=self.add(node.child_by_field_name("array"), depth))
            case "ternary_expression":
                return Expression(kind, start, end, target=self.add(node.child_by_field_name("consequence"), depth))
            case "binary_expression" | "unary_expression":
                sides = [node.child_by_field_name(name) for name in ("left", "right", "operand")]
                operator = text_of(node.child_by_field_name("operator"))
                operands = tuple(self.add(side, depth) for side in sides if side is not None)
                return Expression(kind, start, end, operator, parts=operands)
        last = text_of(node)[-1:] if kind.endswith("_literal") else ""
        return Expression(kind, start, end, text=last)

    def _arguments(self, node: Node, depth: int) -> tuple[int, ...]:
        listed = node.child_by_field_name("arguments")
        given: Sequence[Node] = listed.named_children if listed is not None else ()
        return tuple(self.add(one, depth) for one in given if "comment" not in one.type)
