"""Calls inside a test method, each resolved to the method it means, as far as the project's own sources tell."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node, Query, QueryCursor

from tailorbird.mining.java import LANGUAGE, JavaType, Method, one_line, text_of
from tailorbird.mining.names import TypeIndex, bare, split_arguments
from tailorbird.mining.overloads import choose

_WANTED = Query(
    LANGUAGE,
    """
    (method_invocation) @call
    (method_reference) @reference
    (local_variable_declaration) @local
    (enhanced_for_statement) @loop
    (resource) @resource
    (formal_parameter) @parameter
    (object_creation_expression) @new
    """,
)
_LITERALS = {
    "string_literal": "String",
    "character_literal": "char",
    "true": "boolean",
    "false": "boolean",
    "null_literal": "null",
    "class_literal": "Class",
    "lambda_expression": "lambda",
    "method_reference": "lambda",
    "hex_integer_literal": "int",
    "decimal_integer_literal": "int",
    "decimal_floating_point_literal": "double",
    "instanceof_expression": "boolean",
}
_ASSERTIONS = ("assert", "fail", "verify", "expect")
_MAX_DEPTH = 40


@dataclass(frozen=True, slots=True)
class Kind:
    """What is known of an expression's type: the name as written, and the project's type it means."""

    name: str | None = None
    type: JavaType | None = None


UNKNOWN = Kind()


@dataclass(frozen=True, slots=True)
class Call:
    """One invocation in a test, in the order of execution (``end``, a byte offset)."""

    name: str
    arity: int
    """-1 for a method reference."""
    start: int
    end: int
    owner: JavaType | None
    """Type that declares ``method``."""
    method: Method | None
    receiver: JavaType | None
    certain: bool
    """One overload alone fits the arguments."""
    unknown_receiver: bool
    """Nothing is known of the receiver: it may be any object."""


@dataclass(frozen=True, slots=True)
class Body:
    """What a test method does: its calls, and where its first assertion stands."""

    calls: tuple[Call, ...]
    assertions: tuple[tuple[int, int], ...]
    """(start, end) of each assertion, in order."""
    created: tuple[JavaType, ...]
    """The project's types that are instantiated."""


class Reader:
    """Reads the bodies of one test class's methods; ``home`` is the class that is run, ``owner`` declares the method."""

    def __init__(self, index: TypeIndex, home: JavaType) -> None:
        self._index = index
        self._home = home
        self._bindings = _bindings(index, home)
        self._fields: dict[str, Kind] = {}
        for owner in _with_outer(index, home):
            for field in owner.fields:
                self._fields.setdefault(field.name, self._kind(field.type, owner))

    def read(self, owner: JavaType, method: Method) -> Body:
        """Calls, assertions and creations of one method."""
        if method.node is None:
            return Body((), (), ())
        return _BodyReader(self._index, self._home, owner, self._fields, self._kind).read(method.node)

    def _kind(self, written: str, owner: JavaType) -> Kind:
        bound = self._bindings.get((owner.qualified_name, bare(written)))
        return bound if bound is not None else Kind(written, self._index.resolve(written, owner))


def _with_outer(index: TypeIndex, home: JavaType) -> Iterator[JavaType]:
    yield from index.lineage(home)
    outer = home.name.rpartition(".")[0]
    while outer:  # an inner test class sees the fields of those around it
        around = index.resolve(outer, home)
        if around is not None:
            yield from index.lineage(around)
        outer = outer.rpartition(".")[0]


def _bindings(index: TypeIndex, home: JavaType) -> dict[tuple[str, str], Kind]:
    """What each type parameter of the test class's supertypes stands for: ``extends BaseTest<Soundex>``."""
    bound: dict[tuple[str, str], Kind] = {}
    for owner in index.lineage(home):
        for written in (owner.superclass, *owner.interfaces):
            parent = index.resolve(written, owner) if written else None
            if parent is None or written is None:
                continue
            for name, argument in zip(parent.type_parameters, split_arguments(written)[1], strict=False):
                inherited = bound.get((owner.qualified_name, argument))
                kind = inherited or Kind(argument, index.resolve(argument, owner))
                bound.setdefault((parent.qualified_name, name), kind)
    return bound


class _BodyReader:
    def __init__(self, index, home, owner, fields, kind_of):  # type: ignore[no-untyped-def]
        self._index: TypeIndex = index
        self._home: JavaType = home
        self._owner: JavaType = owner
        self._fields: dict[str, Kind] = fields
        self._kind = kind_of
        self._locals: dict[str, list[tuple[int, Kind]]] = defaultdict(list)
        self._calls: dict[int, Call] = {}

    def read(self, node: Node) -> Body:
        found = QueryCursor(_WANTED).captures(node)
        self._declare(found)
        nodes = [*found.get("call", ()), *found.get("reference", ())]
        calls = sorted((self._call(one) for one in nodes), key=lambda call: (call.end, -call.start))
        assertions = sorted(
            (one.start_byte, one.end_byte) for one in found.get("call", ()) if _is_assertion(one)
        )
        created = [self._kind(one_line(n.child_by_field_name("type")), self._owner).type for n in found.get("new", ())]
        return Body(tuple(calls), tuple(assertions), tuple(one for one in created if one is not None))

    def _declare(self, found: dict[str, list[Node]]) -> None:
        for node in (*found.get("parameter", ()), *found.get("loop", ()), *found.get("resource", ())):
            name, kind = text_of(node.child_by_field_name("name")), one_line(node.child_by_field_name("type"))
            if name and kind:
                known = self._kind(kind, self._owner)
                self._locals[name].append((node.start_byte, self._sharpened(known, node)))
        for node in sorted(found.get("local", ()), key=lambda one: one.start_byte):
            kind = one_line(node.child_by_field_name("type"))
            for declarator in node.children_by_field_name("declarator"):
                name = text_of(declarator.child_by_field_name("name"))
                written = kind + one_line(declarator.child_by_field_name("dimensions"))
                known = self._kind(written, self._owner)
                self._locals[name].append((node.start_byte, self._sharpened(known, declarator)))

    def _sharpened(self, declared: Kind, node: Node) -> Kind:
        """A variable's type by its initialiser, where that says more: ``var x = …``, ``Encoder x = new Soundex()``."""
        value = node.child_by_field_name("value")
        if value is None:
            return declared
        if declared.name == "var" or value.type == "object_creation_expression":
            actual = self._infer(value, _MAX_DEPTH)
            return actual if declared.name == "var" or actual.type is not None else declared
        return declared

    def _call(self, node: Node, depth: int = _MAX_DEPTH) -> Call:
        known = self._calls.get(node.id)
        if known is None:
            known = self._calls[node.id] = self._resolve_call(node, depth)
        return known

    def _resolve_call(self, node: Node, depth: int) -> Call:
        if node.type == "method_reference":
            return self._reference(node, depth)
        name = text_of(node.child_by_field_name("name"))
        arguments = node.child_by_field_name("arguments")
        given = [one for one in arguments.named_children if "comment" not in one.type] if arguments is not None else []
        target = node.child_by_field_name("object")
        unknown = False
        receiver: JavaType | None
        if target is None:
            receiver, found = self._unqualified(name, len(given))
        else:
            kind = self._infer(target, depth - 1)
            receiver, unknown = kind.type, kind.name is None
            found = self._index.methods(receiver, name) if receiver is not None else []
        if not found:
            return Call(name, len(given), node.start_byte, node.end_byte, None, None, receiver, False, unknown)
        kinds = [self._infer(one, depth - 1) for one in given]
        chosen, certain = choose(found, kinds, self._index)
        owner, method = chosen if chosen is not None else (None, None)
        return Call(name, len(given), node.start_byte, node.end_byte, owner, method, receiver, certain, unknown)

    def _reference(self, node: Node, depth: int) -> Call:
        parts = node.named_children
        name = text_of(parts[-1]) if len(parts) > 1 else "new"
        receiver = self._infer(parts[0], depth - 1).type if parts else None
        found = self._index.methods(receiver, name) if receiver is not None else []
        owner, method = found[0] if found else (None, None)
        return Call(name, -1, node.start_byte, node.end_byte, owner, method, receiver, len(found) == 1, False)

    def _unqualified(self, name: str, arity: int) -> tuple[JavaType | None, list[tuple[JavaType, Method]]]:
        for owner in (self._home, self._owner):
            for around in _with_outer(self._index, owner):
                found = self._index.methods(around, name)
                if found:
                    return around, found
        for one in self._owner.scope.imports:
            if not one.static:
                continue
            holder, _, member = one.name.rpartition(".")
            if one.wildcard or member == name:
                source = self._index.resolve(one.name if one.wildcard else holder, self._owner)
                found = self._index.methods(source, name) if source is not None else []
                if found:
                    return source, found
        return None, []

    def _infer(self, node: Node, depth: int) -> Kind:
        if depth <= 0:
            return UNKNOWN
        kind = node.type
        if kind in _LITERALS:
            text = text_of(node)
            return Kind({"L": "long", "l": "long"}.get(text[-1:], "int")) if _LITERALS[kind] == "int" else (
                Kind("float" if text[-1:] in "fF" else "double") if _LITERALS[kind] == "double" else Kind(_LITERALS[kind])
            )
        if kind == "identifier":
            return self._named(node)
        if kind == "this":
            return Kind(self._home.name, self._home)
        if kind == "super":
            parent = self._owner.superclass
            return self._kind(parent, self._owner) if parent else UNKNOWN
        if kind == "parenthesized_expression" and node.named_children:
            return self._infer(node.named_children[0], depth - 1)
        if kind in ("object_creation_expression", "cast_expression"):
            return self._kind(one_line(node.child_by_field_name("type")), self._owner)
        if kind == "array_creation_expression":
            brackets = "[]" * sum(1 for c in node.children if c.type in ("dimensions", "dimensions_expr"))
            return self._kind(one_line(node.child_by_field_name("type")) + brackets, self._owner)
        if kind == "method_invocation":
            return self._returned(self._call(node, depth - 1), node)
        if kind == "field_access":
            return self._field(node, depth)
        if kind == "array_access":
            array = node.child_by_field_name("array")
            inner = self._infer(array, depth - 1) if array is not None else UNKNOWN
            return Kind((inner.name or "").removesuffix("[]") or None, inner.type)
        if kind == "ternary_expression":
            branch = node.child_by_field_name("consequence")
            return self._infer(branch, depth - 1) if branch is not None else UNKNOWN
        if kind in ("binary_expression", "unary_expression"):
            return self._operation(node, depth)
        return UNKNOWN

    def _operation(self, node: Node, depth: int) -> Kind:
        operator = text_of(node.child_by_field_name("operator"))
        if operator in ("==", "!=", "<", ">", "<=", ">=", "&&", "||", "!"):
            return Kind("boolean")
        sides = [node.child_by_field_name(name) for name in ("left", "right", "operand")]
        kinds = [self._infer(side, depth - 1) for side in sides if side is not None]
        names = [one.name for one in kinds]
        if operator == "+" and "String" in names:
            return Kind("String")
        ranked = [name for name in ("double", "float", "long", "int") if name in names]
        return Kind(ranked[0]) if ranked and None not in names else UNKNOWN

    def _named(self, node: Node) -> Kind:
        name = text_of(node)
        before = [kind for start, kind in self._locals.get(name, ()) if start <= node.start_byte]
        if before:
            return before[-1]
        if name in self._fields:
            return self._fields[name]
        for owner in _with_outer(self._index, self._owner):
            for field in owner.fields:
                if field.name == name:
                    return self._kind(field.type, owner)
        found = self._index.resolve(name, self._owner)
        # A capitalised name from elsewhere is a class of a library: known to be none of the project's.
        return Kind(name, found) if found is not None or name[:1].isupper() else UNKNOWN

    def _field(self, node: Node, depth: int) -> Kind:
        target = node.child_by_field_name("object")
        name = text_of(node.child_by_field_name("field"))
        whole = self._index.resolve(text_of(node), self._owner) if name[:1].isupper() else None
        if whole is not None:
            return Kind(text_of(node), whole)
        kind = self._infer(target, depth - 1) if target is not None else UNKNOWN
        if name == "length" and (kind.name or "").endswith("[]"):
            return Kind("int")
        for owner in self._index.lineage(kind.type) if kind.type is not None else ():
            if name in owner.constants:
                return Kind(owner.name, owner)
            for field in owner.fields:
                if field.name == name:
                    return self._kind(field.type, owner)
        return UNKNOWN

    def _returned(self, call: Call, node: Node) -> Kind:
        if call.method is None or call.owner is None:
            # ``"a".getBytes()`` and the like: common enough in arguments to be worth knowing.
            known = {"getBytes": "byte[]", "toCharArray": "char[]", "toString": "String", "length": "int"}
            return Kind(known.get(call.name))
        return self._kind(call.method.returns, call.owner)


def _is_assertion(node: Node) -> bool:
    return text_of(node.child_by_field_name("name")).startswith(_ASSERTIONS)
