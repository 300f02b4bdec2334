"""What a type's name means at a place: a project's types, found by Java's own rules as far as sources alone allow."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache

from tailorbird.mining.declarations import JavaType, Method

_ANNOTATION = re.compile(r"@[\w.]+(\([^)]*\))?\s*")


def unannotated(written: str) -> str:
    """A written type without the annotations in it."""
    return _ANNOTATION.sub("", written).strip() if "@" in written else written


@lru_cache(maxsize=1 << 16)
def bare(written: str) -> str:
    """A written type without annotations, type arguments, ``...`` and array brackets: ``Map<K, V>[]`` gives ``Map``."""
    name, _ = split_arguments(unannotated(written))
    return name.replace("...", "").replace("[]", "").strip()


def split_arguments(written: str) -> tuple[str, tuple[str, ...]]:
    """``Map<K, List<V>>`` as ``("Map", ("K", "List<V>"))``; what follows the last bracket stays with the name."""
    start, end = written.find("<"), written.rfind(">")
    if start < 0 or end < start:
        return written, ()
    parts: list[str] = []
    depth, begin = 0, start + 1
    for at in range(start + 1, end):
        depth += {"<": 1, ">": -1}.get(written[at], 0)
        if written[at] == "," and depth == 0:
            parts.append(written[begin:at].strip())
            begin = at + 1
    return written[:start] + written[end + 1 :], (*parts, written[begin:end].strip())


class TypeIndex:
    """All types of a project, by qualified and by simple name."""

    def __init__(self, types: Sequence[JavaType]) -> None:
        self._qualified: dict[str, list[JavaType]] = defaultdict(list)
        self._simple: dict[str, list[JavaType]] = defaultdict(list)
        self._resolved: dict[tuple[str, str, str], JavaType | None] = {}
        self._all = tuple(types)
        self._below: dict[int, list[JavaType]] | None = None
        self._lineages: dict[int, tuple[JavaType, ...]] = {}
        self._implementations: dict[int, tuple[JavaType, Method]] = {}
        self._methods: dict[tuple[int, str], list[tuple[JavaType, Method]]] = {}
        for one in types:
            self._qualified[one.qualified_name].append(one)
            self._simple[one.simple_name].append(one)

    def production_named(self, name: str) -> list[JavaType]:
        """Types outside test sources with this simple name."""
        return [one for one in self._simple.get(name, ()) if not one.scope.is_test]

    def resolve(self, written: str, where: JavaType) -> JavaType | None:
        """The project's type that ``written`` means inside ``where``; None for a type from elsewhere."""
        key = (written, where.scope.path, where.name)
        if key not in self._resolved:
            self._resolved[key] = self._resolve(bare(written), where)
        return self._resolved[key]

    def _resolve(self, name: str, where: JavaType) -> JavaType | None:
        if not name:
            return None
        for qualified in self._readings(name, where):
            found = self._qualified.get(qualified)
            if found:
                return nearest(found, where)
        return None

    def _readings(self, name: str, where: JavaType) -> Iterator[str]:
        first, _, _ = name.partition(".")
        dot = f"{where.scope.package}." if where.scope.package else ""
        outer = where.name
        while outer:  # nested types of this type and of those around it
            yield f"{dot}{outer}.{name}"
            outer = outer.rpartition(".")[0]
        for one in where.scope.imports:
            if not one.wildcard and one.name.rpartition(".")[2] == first:
                yield one.name + name[len(first) :]
        yield dot + name
        for one in where.scope.imports:
            if one.wildcard:
                yield f"{one.name}.{name}"
        yield name

    def lineage(self, start: JavaType) -> tuple[JavaType, ...]:
        """``start`` and the project's own types above it: superclasses before interfaces, each once."""
        if id(start) not in self._lineages:
            self._lineages[id(start)] = tuple(self._lineage(start))
        return self._lineages[id(start)]

    def _lineage(self, start: JavaType) -> Iterator[JavaType]:
        pending, seen = [start], set[int]()
        while pending:
            current = pending.pop(0)
            if id(current) in seen:
                continue
            seen.add(id(current))
            yield current
            above = [current.superclass] if current.superclass else []
            parents = [self.resolve(name, current) for name in (*above, *current.interfaces)]
            pending.extend(parent for parent in parents if parent is not None)

    def subtypes(self, start: JavaType) -> Sequence[JavaType]:
        """Production types that extend or implement ``start``, directly or through others."""
        if self._below is None:
            self._below = defaultdict(list)
            for one in self._all:
                if not one.scope.is_test:
                    for above in self.lineage(one):
                        if above is not one:
                            self._below[id(above)].append(one)
        return self._below.get(id(start), ())

    def methods(self, start: JavaType, name: str) -> list[tuple[JavaType, Method]]:
        """Methods of this name that ``start`` has or inherits, each with its declaring type, nearest first."""
        key = (id(start), name)
        if key not in self._methods:
            self._methods[key] = [
                (owner, one) for owner in self.lineage(start) for one in owner.methods if one.name == name
            ]
        return self._methods[key]

    def implementation(self, owner: JavaType, method: Method) -> tuple[JavaType, Method]:
        """The one production method that implements ``owner``'s abstract one; that itself where there are several."""
        if id(method) not in self._implementations:
            found = [
                (below, one)
                for below in self.subtypes(owner)
                for one in below.methods
                if one.name == method.name and one.parameters == method.parameters and one.has_body
            ]
            self._implementations[id(method)] = found[0] if len(found) == 1 else (owner, method)
        return self._implementations[id(method)]


def nearest(found: Sequence[JavaType], where: JavaType) -> JavaType:
    """Of several modules' types with one name, that whose path shares most with ``where``; then the first by path."""
    return min(found, key=lambda one: (-_shared(one.scope.path, where.scope.path), one.scope.path, one.name))


def _shared(left: str, right: str) -> int:
    count = 0
    for one, other in zip(left.split("/"), right.split("/"), strict=False):
        if one != other:
            break
        count += 1
    return count
