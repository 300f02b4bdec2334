"""Calls inside a test method, each resolved to the method it means, as far as the project's own sources tell."""

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence

import msgspec

from tailorbird.mining.declarations import CAUGHT, Code, Expression, JavaType, Local, Method, code_of
from tailorbird.mining.kinds import UNKNOWN, ClassView, Kind, library_return, literal, operation
from tailorbird.mining.overloads import choose

ASSERTION_PREFIXES = ("assert", "fail", "verify", "expect")
"""The names of calls that assert begin so."""
_MAX_DEPTH = 40
ANY_ARITY = -1
"""Of a method reference, which says only the name."""


class Call(msgspec.Struct, frozen=True, gc=False):
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


class Body(msgspec.Struct, frozen=True, gc=False):
    """What a method does: its calls in order of execution, its assertions, the project's types that it creates."""

    calls: tuple[Call, ...]
    assertions: tuple[tuple[int, int], ...]
    """(start, end) of each assertion, in order."""
    created: tuple[JavaType, ...]
    statements: bool = False
    """It has ``assert`` statements."""
    outermost: tuple[tuple[int, int], ...] = ()
    """The assertions that stand in no other one, in order."""

    def asserts_on(self, call: Call) -> bool:
        """Whether the call stands within an assertion, or is one."""
        at = bisect_right(self.outermost, (call.start, math.inf)) - 1
        return at >= 0 and call.end <= self.outermost[at][1]


def read_body(view: ClassView, owner: JavaType, method: Method) -> Body:
    """Read a method that ``owner`` declares, as it runs in the class of ``view``."""
    code = code_of(method)
    if code is None:
        return Body((), (), ())
    reader = _BodyReader(view, owner, code)
    nodes = [code.expressions[at] for at in code.calls]
    new = sorted((one for one in nodes if one.kind == "object_creation_expression"), key=lambda one: one.start)
    created = [view.kind(one.text, owner).type for one in new]
    assertions = sorted((one.start, one.end) for one in nodes if _is_assertion(one))
    return Body(
        tuple(reader.call(at) for at in code.calls),
        tuple(assertions),
        tuple(one for one in created if one is not None),
        statements=code.statements,
        outermost=tuple(_outermost(assertions)),
    )


def _outermost(spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Of the spans of a tree's nodes, in order of their starts, those that lie in no other."""
    end = -1
    # Of those that start together the longest holds the others.
    for one in sorted(spans, key=lambda span: (span[0], -span[1])):
        if one[1] > end:
            end = one[1]
            yield one


def _compiled(receiver: JavaType | None, name: str, arity: int) -> bool:
    """Methods that every enum has without declaring them, whatever its interfaces declare."""
    return receiver is not None and bool(receiver.constants) and (name, arity) in {("valueOf", 1), ("values", 0)}


def _is_assertion(one: Expression) -> bool:
    return one.kind == "method_invocation" and one.name.startswith(ASSERTION_PREFIXES) and one.text != CAUGHT


class _BodyReader:
    """Resolves calls and infers kinds within one body; the two need each other."""

    def __init__(self, view: ClassView, owner: JavaType, code: Code) -> None:
        self._view = view
        self._owner = owner
        self._code = code
        self._locals: dict[str, list[tuple[int, Kind, Kind]]] = defaultdict(list)
        """For each variable: where it is declared, as what, and what its initialiser makes of it."""
        self._calls: dict[int, Call] = {}
        for one in code.locals:
            kind = view.kind(one.type, owner)
            actual = self._sharpened(kind, one)
            self._locals[one.name].append((one.start, actual if kind.name == "var" else kind, actual))

    def _at(self, at: int) -> Expression | None:
        return self._code.expressions[at] if at >= 0 else None

    def _sharpened(self, declared: Kind, local: Local) -> Kind:
        """A variable's kind by its initialiser, where that says more: ``var x = …``, ``Encoder x = new Soundex()``."""
        value = self._at(local.value)
        if value is None or not (declared.name == "var" or value.kind == "object_creation_expression"):
            return declared
        actual = self._infer(local.value, _MAX_DEPTH)
        return actual if declared.name == "var" or actual.type is not None else declared

    def call(self, at: int, depth: int = _MAX_DEPTH) -> Call:
        """The call that an expression makes; each is resolved once."""
        known = self._calls.get(at)
        if known is None:
            known = self._calls[at] = self._resolve(self._code.expressions[at], depth)
        return known

    def _resolve(self, one: Expression, depth: int) -> Call:
        if one.kind == "method_reference":
            return self._reference(one, depth)
        if one.kind == "object_creation_expression":
            return self._creation(one, depth)
        place = (one.name, len(one.parts), one.start, one.end)
        unknown = False
        if one.target < 0:
            receiver, found = self._view.unqualified(one.name, self._owner)
        else:
            kind = self._infer(one.target, depth - 1)
            receiver, unknown = kind.type, kind.name is None
            found = self._view.index.methods(receiver, one.name) if receiver is not None else []
        if not found or _compiled(receiver, one.name, len(one.parts)):
            return Call(*place, receiver=receiver, unknown_receiver=unknown)
        chosen, certain = choose(found, [self._argument(part, depth - 1) for part in one.parts], self._view.index)
        owner, method = chosen if chosen is not None else (None, None)
        return Call(*place, owner, method, receiver, certain, unknown)

    def _creation(self, one: Expression, depth: int) -> Call:
        place = (one.name, len(one.parts), one.start, one.end)
        created = self._view.kind(one.text, self._owner).type
        # A body makes it another class, whose own methods the test may be about.
        if created is None or one.body:
            return Call(*place, receiver=created)
        found = [(created, constructor) for constructor in created.constructors]
        chosen, certain = choose(found, [self._argument(part, depth - 1) for part in one.parts], self._view.index)
        owner, method = chosen if chosen is not None else (None, None)
        return Call(*place, owner, method, created, certain)

    def _reference(self, one: Expression, depth: int) -> Call:
        receiver = self._infer(one.target, depth - 1).type
        found = self._view.index.methods(receiver, one.name) if receiver is not None else []
        owner, method = found[0] if found else (None, None)
        return Call(one.name, ANY_ARITY, one.start, one.end, owner, method, receiver, certain=len(found) == 1)

    def _infer(self, at: int, depth: int) -> Kind:
        one = self._at(at)
        if one is None or depth <= 0:
            return UNKNOWN
        match one.kind:
            case "identifier":
                return self._named(one)
            case "this":
                return Kind(self._view.home.name, self._view.home)
            case "super":
                return self._view.kind(self._owner.superclass or "", self._owner)
            case "object_creation_expression" | "cast_expression" | "array_creation_expression":
                return self._view.kind(one.text, self._owner)
            case "method_invocation":
                return self._returned(self.call(at, depth - 1))
            case "field_access":
                return self._field(one, depth)
        return literal(one) or self._composed(one, depth)

    def _composed(self, one: Expression, depth: int) -> Kind:
        match one.kind:
            case "parenthesized_expression" | "ternary_expression":
                return self._infer(one.target, depth - 1)
            case "array_access":
                array = self._infer(one.target, depth - 1)
                return Kind((array.name or "").removesuffix("[]") or None, array.type)
            case "binary_expression" | "unary_expression":
                return operation(one.name, [self._infer(part, depth - 1) for part in one.parts])
        return UNKNOWN

    def _named(self, one: Expression) -> Kind:
        before = [actual for start, _, actual in self._locals.get(one.text, ()) if start <= one.start]
        return before[-1] if before else self._view.named(one.text, self._owner)

    def _argument(self, at: int, depth: int) -> Kind:
        """An argument's kind; overloads are chosen by what a variable is declared as, not by what it holds."""
        one = self._at(at)
        if one is not None and one.kind == "identifier":
            before = [kind for start, kind, _ in self._locals.get(one.text, ()) if start <= one.start]
            if before:
                return before[-1]
        return self._infer(at, depth)

    def _field(self, one: Expression, depth: int) -> Kind:
        whole = self._view.index.resolve(one.text, self._owner) if one.text else None
        if whole is not None:
            return Kind(whole.name, whole)
        holder = self._infer(one.target, depth - 1)
        if one.name == "length" and (holder.name or "").endswith("[]"):
            return Kind("int")
        found = self._view.field(holder.type, one.name) if holder.type is not None else None
        return found or UNKNOWN

    def _returned(self, call: Call) -> Kind:
        if call.method is None or call.owner is None:
            return library_return(call.name)
        return self._view.kind(call.method.returns, call.owner)
