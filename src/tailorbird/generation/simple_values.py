"""The simplest expressions of a Java type: 0, "", null, empty arrays, and objects from their simplest constructors."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from tailorbird.records import CONSTRUCTOR, KnownClass, KnownMethod

_INTEGERS = ("0", "1", "-1", "2")
_LITERALS: dict[str, tuple[str, ...]] = {
    "boolean": ("false", "true"),
    "char": ("'a'", "'\\0'", "' '"),
    "byte": tuple(f"(byte) {one}" for one in _INTEGERS),
    "short": tuple(f"(short) {one}" for one in _INTEGERS),
    "int": _INTEGERS,
    "long": tuple(f"{one}L" for one in _INTEGERS),
    "float": ("0.0f", "1.0f", "-1.0f"),
    "double": ("0.0", "1.0", "-1.0"),
}
_BOXED = {
    "Boolean": "boolean",
    "Character": "char",
    "Byte": "byte",
    "Short": "short",
    "Integer": "int",
    "Long": "long",
    "Float": "float",
    "Double": "double",
}
_TEXT = ('""', '"a"', "null", '"1"')
_EMPTY = {
    "Iterable": "emptyList",
    "Collection": "emptyList",
    "List": "emptyList",
    "Set": "emptySet",
    "Map": "emptyMap",
    "Iterator": "emptyIterator",
    "Enumeration": "emptyEnumeration",
}
_LANG = {"String", "CharSequence", "Object", "Class", "Number", "Comparable", "Runnable", "Throwable", "Exception"}
_DEEPEST = 2
"""Objects that a constructor takes are made too, but not what their constructors take."""
_OBJECTS = 4
"""Most expressions for one type."""


@dataclass(frozen=True, slots=True)
class SimpleValues:
    """Makes expressions with the classes of a project, as they can be written in ``package``."""

    classes: dict[str, tuple[KnownClass, ...]]
    """By their simple names and by their names with those around them."""
    subtypes: dict[str, tuple[KnownClass, ...]]
    """By the simple names of what they extend or implement."""
    package: str

    @classmethod
    def of(cls, known: Sequence[KnownClass], package: str) -> "SimpleValues":
        """For tests in ``package`` of a project with the classes ``known``."""
        classes: dict[str, list[KnownClass]] = defaultdict(list)
        subtypes: dict[str, list[KnownClass]] = defaultdict(list)
        # The test's own package first: a simple name means that class there.
        for one in sorted(known, key=lambda one: (one.package != package, one.path, one.class_name)):
            for name in {one.class_name, one.class_name.rpartition(".")[2]}:
                classes[name].append(one)
            for above in (one.superclass, *one.interfaces):
                if above:
                    subtypes[_plain(above)].append(one)
        return cls(
            {name: tuple(some) for name, some in classes.items()},
            {name: tuple(some) for name, some in subtypes.items()},
            package,
        )

    def values(self, kind: str, depth: int = 0) -> tuple[str, ...]:
        """Expressions of the type ``kind``, the simplest first; ``null`` at least."""
        kind = kind.strip()
        if kind.endswith(("[]", "...")):
            return self._arrays(_element(kind), depth)
        name = _plain(kind)
        if name in _LITERALS:
            return _LITERALS[name]
        if name in _BOXED:
            return (*_LITERALS[_BOXED[name]][:3], "null")
        if name in {"String", "CharSequence", "Object"} or is_type_variable(name):
            return _TEXT
        if name in _EMPTY:
            return f"java.util.Collections.{_EMPTY[name]}()", "null"
        if name == "Class":
            return "Object.class", "null"
        found = self.find(name)
        made = self.objects(found, depth) if found is not None else ()
        return (*made, "null")

    def find(self, name: str) -> KnownClass | None:
        """The class of that name, nearest to the test's package."""
        return next(iter(self.classes.get(name, ())), None)

    def objects(self, of: KnownClass, depth: int = 0) -> tuple[str, ...]:
        """Ways to make an object of a class, the simplest first; none where none is found."""
        if of.kind == "enum":
            return tuple(f"{self.name(of)}.{constant}" for constant in of.constants[:_OBJECTS])
        if depth > _DEEPEST:
            return ()
        made = [*self._constructed(of, depth), *self._from_factories(of, depth)]
        if not made:
            below = self.subtypes.get(of.class_name.rpartition(".")[2], ())
            made = [one for kind in below if kind is not of for one in self.objects(kind, depth + 1)]
        return tuple(dict.fromkeys(made))[:_OBJECTS]

    def calls(self, of: str, parameters: Sequence[str], depth: int = 0, *, cast: bool = False) -> Iterator[str]:
        """``of(arguments)`` with ever less simple arguments; ``cast`` tells ``null`` its type, for overloads."""
        for arguments in self.arguments(parameters, depth, cast=cast):
            yield f"{of}({', '.join(arguments)})"

    def arguments(self, parameters: Sequence[str], depth: int = 0, *, cast: bool = False) -> Iterator[tuple[str, ...]]:
        """Lists of arguments, the simplest first."""
        choices = [self.values(kind, depth + 1) for kind in parameters]
        if cast:
            choices = [
                tuple(self._typed(kind) if one == "null" else one for one in some)
                for kind, some in zip(parameters, choices, strict=True)
            ]
        yield from combinations(choices)

    def name(self, of: KnownClass) -> str:
        """How the class is written in the test's package."""
        return of.class_name if of.package == self.package else f"{of.package}.{of.class_name}".lstrip(".")

    def _constructed(self, of: KnownClass, depth: int) -> Iterator[str]:
        if not of.creatable:
            return
        constructors = sorted((one for one in of.methods if one.name == CONSTRUCTOR), key=_simplicity)
        takes = [one.parameters for one in constructors]
        if not takes:
            # A record's components are its constructor's parameters; other classes have one without any.
            takes = [tuple(kind for _, kind in of.fields)] if of.kind == "record" else [()]
        for parameters in takes[:2]:
            yield from islice(self.calls(f"new {self.name(of)}", parameters, depth, cast=len(takes) > 1), 3)

    def _from_factories(self, of: KnownClass, depth: int) -> Iterator[str]:
        """By static methods of the class itself that return it."""
        name = of.class_name.rpartition(".")[2]
        factories = [one for one in of.methods if one.static and _plain(one.returns) in {name, of.class_name}]
        for one in sorted(factories, key=_simplicity)[:2]:
            # One that takes the object that it makes would never end.
            if not any(_plain(kind) == name for kind in one.parameters):
                yield from islice(self.calls(f"{self.name(of)}.{one.name}", one.parameters, depth), 2)

    def _arrays(self, element: str, depth: int) -> tuple[str, ...]:
        name = self._written(element)
        base, brackets = name.partition("[")[0], name[len(name.partition("[")[0]) :]
        filled = next((one for one in self.values(element, depth + 1) if one != "null"), None)
        empty = f"new {base}[0]{brackets}"
        some = (f"new {name}[] {{{filled}}}",) if filled is not None else ()
        return (empty, *some, f"({name}[]) null")

    def _typed(self, kind: str) -> str:
        if kind.endswith(("[]", "...")):
            return f"({self._written(_element(kind))}[]) null"
        return f"({self._written(kind)}) null"

    def _written(self, kind: str) -> str:
        """A type without its arguments, as it can be written here."""
        base, bracket, rest = kind.partition("[")
        name = _plain(base)
        if is_type_variable(name):
            name = "Object"
        elif name in _EMPTY:
            name = f"java.util.{name}" if name != "Iterable" else name
        elif name not in _LANG and (found := self.find(name)) is not None:
            name = self.name(found)
        return f"{name}{bracket}{rest}".replace(" ", "")


def combinations(choices: Sequence[Sequence[str]]) -> Iterator[tuple[str, ...]]:
    """One of each of ``choices``, all of them in time; in order of how far they are from everyone's first."""
    for distance in range(sum(len(some) - 1 for some in choices) + 1):
        yield from _at_distance(choices, distance)


def _at_distance(choices: Sequence[Sequence[str]], distance: int) -> Iterator[tuple[str, ...]]:
    if not choices:
        if distance == 0:
            yield ()
        return
    first, rest = choices[0], choices[1:]
    reach = sum(len(some) - 1 for some in rest)
    for place in range(max(0, distance - reach), min(len(first) - 1, distance) + 1):
        for others in _at_distance(rest, distance - place):
            yield (first[place], *others)


def is_type_variable(name: str) -> bool:
    """By convention: one capital letter, perhaps with a digit."""
    return name[:1].isupper() and (len(name) == 1 or (len(name) == 2 and name[1].isdigit()))


def _simplicity(method: KnownMethod) -> tuple[int, int]:
    """Fewest parameters first, and of as many those with the plainest types."""
    plain = _LITERALS.keys() | _BOXED.keys() | {"String"}
    return len(method.parameters), sum(one not in plain for one in method.parameters)


def _element(array: str) -> str:
    """The type of an array's elements; of ``int[][]`` it is ``int[]``."""
    return array.removesuffix("...") if array.endswith("...") else array.removesuffix("[]").rstrip()


def _plain(kind: str) -> str:
    """A type's simple name, without annotations, type arguments and package; a nested one keeps its owner."""
    words = [one for one in kind.partition("<")[0].split() if not one.startswith("@") and one != "final"]
    name = words[-1] if words else ""
    parts = name.split(".")
    return ".".join(one for at, one in enumerate(parts) if at == len(parts) - 1 or one[:1].isupper())
