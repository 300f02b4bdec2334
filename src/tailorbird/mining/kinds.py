"""What is known of an expression's type, and what names mean inside one test class."""

from collections.abc import Iterator, Sequence

import msgspec

from tailorbird.mining.declarations import Expression, JavaType, Method
from tailorbird.mining.names import TypeIndex, bare, split_arguments

_LITERALS = {
    "string_literal": "String",
    "character_literal": "char",
    "true": "boolean",
    "false": "boolean",
    "null_literal": "null",
    "class_literal": "Class",
    "method_reference": "lambda",
    "instanceof_expression": "boolean",
}
_LOGICAL = {"==", "!=", "<", ">", "<=", ">=", "&&", "||", "!"}
# ``"a".getBytes()`` and the like: common enough in arguments to be worth knowing.
_LIBRARY_RETURNS = {"getBytes": "byte[]", "toCharArray": "char[]", "toString": "String", "length": "int"}


class Kind(msgspec.Struct, frozen=True, gc=False):
    """An expression's type: its name as written, None when unknown, and the project's type that it means."""

    name: str | None = None
    type: JavaType | None = None


UNKNOWN = Kind()


def literal(one: Expression) -> Kind | None:
    """The kind of a literal, a lambda or an ``instanceof``; None for any other expression.

    A lambda's is ``lambda/`` with its number of parameters, a method reference's ``lambda``.
    """
    if one.kind == "lambda_expression":
        return Kind(f"lambda/{one.text}")
    if one.kind.endswith("integer_literal"):
        return Kind("long" if one.text in "lL" else "int")
    if one.kind.endswith("floating_point_literal"):
        return Kind("float" if one.text in "fF" else "double")
    name = _LITERALS.get(one.kind)
    return Kind(name) if name is not None else None


def operation(operator: str, operands: Sequence[Kind]) -> Kind:
    """The kind of a unary or binary operation, by Java's numeric promotion."""
    if operator in _LOGICAL:
        return Kind("boolean")
    names = [one.name for one in operands]
    if operator == "+" and "String" in names:
        return Kind("String")
    ranked = [name for name in ("double", "float", "long", "int") if name in names]
    return Kind(ranked[0]) if ranked and None not in names else UNKNOWN


def library_return(method: str) -> Kind:
    """What a library's method of this name returns nearly always."""
    return Kind(_LIBRARY_RETURNS.get(method))


class ClassView:
    """Names inside a test class: its fields, its type arguments, its own and inherited methods.

    ``home`` is the class that is run; a method may be declared in one of its supertypes.
    """

    def __init__(self, index: TypeIndex, home: JavaType) -> None:
        self.index = index
        self.home = home
        self._bindings = _bindings(index, home)
        self._fields: dict[str, Kind] = {}
        self._unqualified: dict[tuple[str, int], tuple[JavaType | None, list[tuple[JavaType, Method]]]] = {}
        for owner in self._around(home):
            for field in owner.fields:
                self._fields.setdefault(field.name, self.kind(field.type, owner))

    def kind(self, written: str, owner: JavaType) -> Kind:
        """What a type written in ``owner`` means; a type parameter stands for the argument that ``home`` gives it."""
        name = bare(written)
        bound = self._bindings.get((owner.qualified_name, name))
        if bound is not None:
            return bound
        # An unbound parameter is at least what its bound says.
        limit = next((limit for parameter, limit in owner.type_parameters if parameter == name and limit), None)
        return Kind(written, self.index.resolve(limit or written, owner))

    def named(self, name: str, owner: JavaType) -> Kind:
        """What a simple name that is no local variable means: a field, or a type."""
        if name in self._fields:
            return self._fields[name]
        for around in self._around(owner):
            found = self.field(around, name)
            if found is not None:
                return found
        known = self.index.resolve(name, owner)
        # A capitalised name from elsewhere is a class of a library: known to be none of the project's.
        return Kind(name, known) if known is not None or name[:1].isupper() else UNKNOWN

    def field(self, holder: JavaType, name: str) -> Kind | None:
        """A field or enum constant that ``holder`` has or inherits."""
        for owner in self.index.lineage(holder):
            if name in owner.constants:
                return Kind(owner.name, owner)
            for field in owner.fields:
                if field.name == name:
                    return self.kind(field.type, owner)
        return None

    def unqualified(self, name: str, owner: JavaType) -> tuple[JavaType | None, list[tuple[JavaType, Method]]]:
        """Methods that a bare ``name(…)`` may mean in ``owner``, and the type through which it is reached."""
        key = (name, id(owner))
        if key not in self._unqualified:
            self._unqualified[key] = self._find_unqualified(name, owner)
        return self._unqualified[key]

    def _find_unqualified(self, name: str, owner: JavaType) -> tuple[JavaType | None, list[tuple[JavaType, Method]]]:
        for inner in (self.home, owner):
            for around in self._around(inner):
                found = self.index.methods(around, name)
                if found:
                    return around, found
        for one in owner.scope.imports:
            if not one.static:
                continue
            holder, _, member = one.name.rpartition(".")
            if one.wildcard or member == name:
                source = self.index.resolve(one.name if one.wildcard else holder, owner)
                found = self.index.methods(source, name) if source is not None else []
                if found:
                    return source, found
        return None, []

    def _around(self, start: JavaType) -> Iterator[JavaType]:
        """``start`` and its supertypes, then those of each class around it: an inner class sees them all."""
        yield from self.index.lineage(start)
        outer = start.name.rpartition(".")[0]
        while outer:
            around = self.index.resolve(outer, start)
            if around is not None:
                yield from self.index.lineage(around)
            outer = outer.rpartition(".")[0]


def _bindings(index: TypeIndex, home: JavaType) -> dict[tuple[str, str], Kind]:
    """What each type parameter of the test class's supertypes stands for: ``extends BaseTest<Soundex>``."""
    bound: dict[tuple[str, str], Kind] = {}
    for owner in index.lineage(home):
        for written in (owner.superclass, *owner.interfaces):
            parent = index.resolve(written, owner) if written else None
            if parent is None or written is None:
                continue
            for (name, _), argument in zip(parent.type_parameters, split_arguments(written)[1], strict=False):
                inherited = bound.get((owner.qualified_name, argument))
                kind = inherited or Kind(argument, index.resolve(argument, owner))
                bound.setdefault((parent.qualified_name, name), kind)
    return bound
