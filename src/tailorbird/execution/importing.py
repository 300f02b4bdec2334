"""The one best import for a name that a candidate lacks, as an editor would choose it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tailorbird.execution.messages import Find, Found, FoundType
from tailorbird.execution.placing import ClassText, read_candidate
from tailorbird.execution.task import Task
from tailorbird.execution.unresolved import Unresolved
from tailorbird.mining.declarations import Import, JavaType
from tailorbird.mining.java import JavaParser

_COMMON = (
    *("java.util", "java.io", "java.nio", "java.math", "java.time", "java.text", "java.net", "java.lang.reflect"),
    *("java.lang.annotation", "java.security"),
)
"""Packages of the JDK that go before its others: ``List`` is not that of AWT, ``Date`` not that of SQL."""
_NO_SUBPACKAGES = ("java.security",)
_ASSERTIONS = {
    **{"junit3": "junit.framework.Assert", "junit4": "org.junit.Assert"},
    **{"junit5": "org.junit.jupiter.api.Assertions", "testng": "org.testng.Assert"},
}
_LIBRARIES = ("org.assertj.core.api.Assertions", "com.google.common.truth.Truth", "org.hamcrest.MatcherAssert",
              "org.hamcrest.Matchers", "org.mockito.Mockito", "org.mockito.ArgumentMatchers")  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Owner:
    everywhere: frozenset[str]
    near: frozenset[str]


class ImportFinder:
    """Finds imports for the candidates of one project; ``types`` are those of the whole tree, tests included."""

    def __init__(self, types: Sequence[JavaType]) -> None:
        self._imports = {one.scope.path: one.scope.imports for one in types}
        self._used: dict[str, Counter[str]] = defaultdict(Counter)
        """By simple name: what the project's test files import under it, and how many do."""
        for scope in {one.scope.path: one.scope for one in types if one.scope.is_test}.values():
            for one in dict.fromkeys(scope.imports):
                if not one.wildcard:
                    self._used[_simple(one.name)][_written(one)] += 1
        self._parser = JavaParser()

    def question(self, wanted: Iterable[tuple[Task, Sequence[Unresolved]]]) -> Find:
        """What has to be known of the class path for some candidates' names."""
        types, owners = set(), set(_LIBRARIES)
        for task, names in wanted:
            types |= {one.name for one in names if one.kind == "type"}
            owners |= {owner for one in names if one.kind == "method" for owner in self._owners(task)}
        return Find(tuple(sorted(types)), tuple(sorted(owners)))

    def imports(self, task: Task, names: Sequence[Unresolved], found: Found) -> tuple[str, ...]:
        """Imports for those of the names that have one best match, besides the task's own."""
        classes: dict[str, list[FoundType]] = defaultdict(list)
        for one in found.types:
            if one.everywhere or one.package_name == task.home.package:
                classes[_simple(one.name)].append(one)
        owners = {one.name: _Owner(frozenset(one.everywhere), frozenset(one.near)) for one in found.owners}
        taken = {_simple(one.name) for one in self._own(task) if not one.wildcard} | {
            _simple(one) for one in task.imports
        }
        chosen = list(task.imports)
        for name, kind in names:
            if name not in taken:
                levels = self._types(task, name, classes[name]) if kind == "type" else self._methods(task, name, owners)
                best = _best(levels)
                chosen += [best] if best is not None else []
        return tuple(chosen)

    def _types(self, task: Task, name: str, found: Sequence[FoundType]) -> Iterator[set[str]]:
        """Qualified names by preference, best first."""
        focal = task.pair.focal
        around = f"{focal.package}.{focal.class_name}.".lstrip(".")
        project = [one for one in found if one.origin in ("main", "tests")]
        yield {
            one.name
            for one in project
            if one.name.startswith(around) or one.name == f"{focal.package}.{name}".lstrip(".")
        }
        for origin in ("main", "tests"):
            yield {one.name for one in project if one.origin == origin}
        yield self._most_used(name, static=False)
        yield from _by_depth(one for one in found if one.origin == "jdk" and _is_common(one.package_name))
        yield from _by_depth(one for one in found if one.origin == "jdk" and one.package_name != "java.lang")
        yield from _by_depth(one for one in found if one.origin == "dependencies")

    def _methods(self, task: Task, name: str, owners: Mapping[str, _Owner]) -> Iterator[set[str]]:
        """Static methods as imports have them, by preference."""
        package = f"{task.home.package}."

        def having(some: Iterable[str]) -> set[str]:
            return {
                f"static {one}.{name}"
                for one in some
                if (owner := owners.get(one)) is not None
                and (name in owner.everywhere or (name in owner.near and one.startswith(package)))
            }

        yield having([_focal_class(task)])
        yield having(self._holders(task))
        # What JUnit 4 calls ``assertThat`` is hardly ever meant.
        yield having([_ASSERTIONS.get(task.pair.test.framework, "")]) if name != "assertThat" else set()
        yield self._most_used(name, static=True)
        yield having(_LIBRARIES)

    def _owners(self, task: Task) -> set[str]:
        """Classes that a static method may come from."""
        framework = _ASSERTIONS.get(task.pair.test.framework)
        return {_focal_class(task), *self._holders(task), *((framework,) if framework else ())}

    def _holders(self, task: Task) -> set[str]:
        """Classes that the test's file imports, or members of."""
        return {
            one.name.rpartition(".")[0] if one.static and not one.wildcard else one.name
            for one in self._own(task)
            if one.static or not one.wildcard
        }

    def _most_used(self, name: str, *, static: bool) -> set[str]:
        counts = {one: count for one, count in self._used[name].items() if one.startswith("static ") == static}
        most = max(counts.values(), default=0)
        return {one for one, count in counts.items() if count == most}

    def _own(self, task: Task) -> tuple[Import, ...]:
        """What the file imports that the candidate stands in: its own, for a whole file."""
        read = read_candidate(task.candidate.text)
        if not isinstance(read, ClassText):
            return self._imports.get(task.home.path, ())
        types = self._parser.parse(task.home.path, read.text.encode("utf-8", errors="replace"))
        return types[0].scope.imports if types else ()


def _best(levels: Iterable[set[str]]) -> str | None:
    """The only one of the first level that has any; nothing where it has several."""
    first = next((level for level in levels if level), set())
    return next(iter(first)) if len(first) == 1 else None


def _by_depth(found: Iterable[FoundType]) -> Iterator[set[str]]:
    """Classes of a package before those in other classes."""
    listed = list(found)
    top = {one.name for one in listed if one.name.rpartition(".")[0] == one.package_name}
    yield top
    yield {one.name for one in listed} - top


def _is_common(package: str) -> bool:
    return any(
        package == one or (package.startswith(f"{one}.") and one not in _NO_SUBPACKAGES) for one in _COMMON
    )  # fmt: skip


def _focal_class(task: Task) -> str:
    return f"{task.pair.focal.package}.{task.pair.focal.class_name}".lstrip(".")


def _simple(name: str) -> str:
    return name.rpartition(".")[2]


def _written(one: Import) -> str:
    return f"static {one.name}" if one.static else one.name
