"""Calls inside a test method, each resolved to the method it means, as far as the project's own sources tell."""

from collections import defaultdict
from dataclasses import dataclass

from tree_sitter import Node, Query, QueryCursor

from tailorbird.mining.declarations import JavaType, Method
from tailorbird.mining.java import LANGUAGE, one_line, text_of
from tailorbird.mining.kinds import UNKNOWN, ClassView, Kind, library_return, literal, operation
from tailorbird.mining.overloads import choose
from tailorbird.records import CONSTRUCTOR

_WANTED = Query(
    LANGUAGE,
    """
    (method_invocation) @call
    (method_reference) @reference
    (local_variable_declaration) @local
    (enhanced_for_statement) @variable
    (resource) @variable
    (formal_parameter) @variable
    (object_creation_expression) @new
    (assert_statement) @statement
    """,
)
_ASSERTIONS = ("assert", "fail", "verify", "expect")
# Longer chains of calls exist, in generated code and in jokes; their end is then of an unknown type.
_MAX_DEPTH = 40


@dataclass(frozen=True, slots=True)
class Call:
    """One invocation in a test."""

    name: str
    arity: int
    """-1 for a method reference."""
    start: int
    end: int
    """Byte offsets in the file; in order of ``end`` calls are in order of execution."""
    owner: JavaType | None = None
    """Type that declares ``method``."""
    method: Method | None = None
    receiver: JavaType | None = None
    certain: bool = False
    """One overload alone fits the arguments."""
    unknown_receiver: bool = False
    """Nothing is known of the receiver: it may be any object."""


@dataclass(frozen=True, slots=True)
class Body:
    """What a method does: its calls in order of execution, its assertions, the project's types that it creates."""

    calls: tuple[Call, ...]
    assertions: tuple[tuple[int, int], ...]
    """(start, end) of each assertion, in order."""
    created: tuple[JavaType, ...]
    statements: bool = False
    """It has ``assert`` statements."""


def read_body(view: ClassView, owner: JavaType, method: Method) -> Body:
    """Read a method that ``owner`` declares, as it runs in the class of ``view``."""
    if method.node is None:
        return Body((), (), ())
    found = QueryCursor(_WANTED).captures(method.node)
    reader = _BodyReader(view, owner)
    reader.declare(found)
    nodes = [*found.get("call", ()), *found.get("reference", ()), *found.get("new", ())]
    calls = sorted((reader.call(one) for one in nodes), key=lambda call: (call.end, -call.start))
    assertions = sorted((one.start_byte, one.end_byte) for one in found.get("call", ()) if _is_assertion(one))
    new = sorted(found.get("new", ()), key=lambda one: one.start_byte)  # captures come in no fixed order
    created = [view.kind(one_line(one.child_by_field_name("type")), owner).type for one in new]
    types = tuple(one for one in created if one is not None)
    return Body(tuple(calls), tuple(assertions), types, statements=bool(found.get("statement")))


def _compiled(receiver: JavaType | None, name: str, arity: int) -> bool:
    """Methods that every enum has without declaring them, whatever its interfaces declare."""
    return receiver is not None and bool(receiver.constants) and (name, arity) in {("valueOf", 1), ("values", 0)}


def _arguments(node: Node) -> list[Node]:
    listed = node.child_by_field_name("arguments")
    return [one for one in listed.named_children if "comment" not in one.type] if listed is not None else []


def _is_assertion(node: Node) -> bool:
    return text_of(node.child_by_field_name("name")).startswith(_ASSERTIONS)


class _BodyReader:
    """Resolves calls and infers kinds within one body; the two need each other."""

    def __init__(self, view: ClassView, owner: JavaType) -> None:
        self._view = view
        self._owner = owner
        self._locals: dict[str, list[tuple[int, Kind, Kind]]] = defaultdict(list)
        """For each variable: where it is declared, as what, and what its initialiser makes of it."""
        self._calls: dict[int, Call] = {}

    def declare(self, found: dict[str, list[Node]]) -> None:
        """Note every variable with the place from which it is known."""
        declared = [(node, node, "") for node in found.get("variable", ())]
        for node in found.get("local", ()):
            for declarator in node.children_by_field_name("declarator"):
                declared.append((node, declarator, one_line(declarator.child_by_field_name("dimensions"))))
        for node, holder, brackets in sorted(declared, key=lambda one: one[0].start_byte):
            name, written = text_of(holder.child_by_field_name("name")), one_line(node.child_by_field_name("type"))
            if name and written:
                kind = self._view.kind(written + brackets, self._owner)
                actual = self._sharpened(kind, holder)
                self._locals[name].append((node.start_byte, actual if kind.name == "var" else kind, actual))

    def _sharpened(self, declared: Kind, holder: Node) -> Kind:
        """A variable's kind by its initialiser, where that says more: ``var x = …``, ``Encoder x = new Soundex()``."""
        value = holder.child_by_field_name("value")
        if value is None or not (declared.name == "var" or value.type == "object_creation_expression"):
            return declared
        actual = self._infer(value, _MAX_DEPTH)
        return actual if declared.name == "var" or actual.type is not None else declared

    def call(self, node: Node, depth: int = _MAX_DEPTH) -> Call:
        """The call that a node makes; each node is resolved once."""
        known = self._calls.get(node.id)
        if known is None:
            known = self._calls[node.id] = self._resolve(node, depth)
        return known

    def _resolve(self, node: Node, depth: int) -> Call:
        if node.type == "method_reference":
            return self._reference(node, depth)
        if node.type == "object_creation_expression":
            return self._creation(node, depth)
        name, target = text_of(node.child_by_field_name("name")), node.child_by_field_name("object")
        given = _arguments(node)
        place = (name, len(given), node.start_byte, node.end_byte)
        unknown = False
        if target is None:
            receiver, found = self._view.unqualified(name, self._owner)
        else:
            kind = self._infer(target, depth - 1)
            receiver, unknown = kind.type, kind.name is None
            found = self._view.index.methods(receiver, name) if receiver is not None else []
        if not found or _compiled(receiver, name, len(given)):
            return Call(*place, receiver=receiver, unknown_receiver=unknown)
        chosen, certain = choose(found, [self._argument(one, depth - 1) for one in given], self._view.index)
        owner, method = chosen if chosen is not None else (None, None)
        return Call(*place, owner, method, receiver, certain, unknown)

    def _creation(self, node: Node, depth: int) -> Call:
        given = _arguments(node)
        place = (CONSTRUCTOR, len(given), node.start_byte, node.end_byte)
        created = self._view.kind(one_line(node.child_by_field_name("type")), self._owner).type
        # A body makes it another class, whose own methods the test may be about.
        if created is None or any(child.type == "class_body" for child in node.children):
            return Call(*place, receiver=created)
        found = [(created, one) for one in created.constructors]
        chosen, certain = choose(found, [self._argument(one, depth - 1) for one in given], self._view.index)
        owner, method = chosen if chosen is not None else (None, None)
        return Call(*place, owner, method, created, certain)

    def _reference(self, node: Node, depth: int) -> Call:
        parts = node.named_children
        name = text_of(parts[-1]) if len(parts) > 1 else "new"
        receiver = self._infer(parts[0], depth - 1).type if parts else None
        found = self._view.index.methods(receiver, name) if receiver is not None else []
        owner, method = found[0] if found else (None, None)
        return Call(name, -1, node.start_byte, node.end_byte, owner, method, receiver, certain=len(found) == 1)

    def _infer(self, node: Node | None, depth: int) -> Kind:
        if node is None or depth <= 0:
            return UNKNOWN
        match node.type:
            case "identifier":
                return self._named(node)
            case "this":
                return Kind(self._view.home.name, self._view.home)
            case "super":
                return self._view.kind(self._owner.superclass or "", self._owner)
            case "object_creation_expression" | "cast_expression":
                return self._view.kind(one_line(node.child_by_field_name("type")), self._owner)
            case "array_creation_expression":
                brackets = "[]" * sum(child.type in ("dimensions", "dimensions_expr") for child in node.children)
                return self._view.kind(one_line(node.child_by_field_name("type")) + brackets, self._owner)
            case "method_invocation":
                return self._returned(self.call(node, depth - 1))
            case "field_access":
                return self._field(node, depth)
        return literal(node) or self._composed(node, depth)

    def _composed(self, node: Node, depth: int) -> Kind:
        match node.type:
            case "parenthesized_expression":
                return self._infer(node.named_children[0] if node.named_children else None, depth - 1)
            case "array_access":
                array = self._infer(node.child_by_field_name("array"), depth - 1)
                return Kind((array.name or "").removesuffix("[]") or None, array.type)
            case "ternary_expression":
                return self._infer(node.child_by_field_name("consequence"), depth - 1)
            case "binary_expression" | "unary_expression":
                sides = [node.child_by_field_name(name) for name in ("left", "right", "operand")]
                kinds = [self._infer(side, depth - 1) for side in sides if side is not None]
                return operation(text_of(node.child_by_field_name("operator")), kinds)
        return UNKNOWN

    def _named(self, node: Node) -> Kind:
        name = text_of(node)
        before = [actual for start, _, actual in self._locals.get(name, ()) if start <= node.start_byte]
        return before[-1] if before else self._view.named(name, self._owner)

    def _argument(self, node: Node, depth: int) -> Kind:
        """An argument's kind; overloads are chosen by what a variable is declared as, not by what it holds."""
        if node.type == "identifier":
            before = [kind for start, kind, _ in self._locals.get(text_of(node), ()) if start <= node.start_byte]
            if before:
                return before[-1]
        return self._infer(node, depth)

    def _field(self, node: Node, depth: int) -> Kind:
        name = text_of(node.child_by_field_name("field"))
        whole = self._view.index.resolve(one_line(node), self._owner) if name[:1].isupper() else None
        if whole is not None:
            return Kind(whole.name, whole)
        holder = self._infer(node.child_by_field_name("object"), depth - 1)
        if name == "length" and (holder.name or "").endswith("[]"):
            return Kind("int")
        found = self._view.field(holder.type, name) if holder.type is not None else None
        return found or UNKNOWN

    def _returned(self, call: Call) -> Kind:
        if call.method is None or call.owner is None:
            return library_return(call.name)
        return self._view.kind(call.method.returns, call.owner)
