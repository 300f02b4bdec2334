"""What stands around a test: its file without any tests, and the same in short for a model to read."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from tailorbird.java_text import canonical_layout
from tailorbird.mining.declarations import JavaType, Method
from tailorbird.records import HOLE, Pair, TestClass

_SET_UP = {
    *("Before", "After", "BeforeClass", "AfterClass", "Rule", "ClassRule"),  # JUnit 4
    *("BeforeEach", "AfterEach", "BeforeAll", "AfterAll", "RegisterExtension", "TempDir"),  # JUnit 5
    *("BeforeMethod", "AfterMethod", "BeforeTest", "AfterTest", "BeforeSuite", "AfterSuite"),  # TestNG
}
_JUNIT3_SET_UP = {"setUp", "tearDown", "suite"}
_CALL = re.compile(rb"(?:(?<![.\w])|(?<=\bthis\.))(\w+)\s*\(")
"""What is declared or called without a receiver, and also what a comment speaks of as if it were."""


@dataclass(frozen=True, slots=True)
class TestFile:
    """A file with tests: its bytes, all of its types, and which of their methods are tests."""

    __test__ = False

    source: bytes
    types: tuple[JavaType, ...]
    tests: tuple[tuple[JavaType, Method], ...]


def skeleton(file: TestFile, owner: JavaType, above: Sequence[JavaType]) -> TestClass:
    """The skeleton of ``owner``, a type of ``file``; ``above`` are its superclasses in the project, nearest first."""
    gone = tuple(_callable_by_none(file))
    return TestClass(
        class_name=owner.name,
        package=owner.scope.package,
        path=owner.scope.path,
        text=_with_hole(file, owner, gone, _demanded(owner, gone, above)),
        outline=_outline(file, owner),
        inherited=tuple(one.qualified_name for one in above),
        inherited_set_up=tuple(
            f"{one.qualified_name}: {method.signature}" for one in above for method in one.methods if _sets_up(method)
        ),
    )


def with_outlines(pairs: Iterable[Pair], classes: Iterable[TestClass]) -> tuple[Pair, ...]:
    """The pairs, each with the outline of its test class where that is among ``classes``."""
    outlines = {(one.path, one.class_name): one.outline for one in classes}
    return tuple(replace(pair, skeleton=outlines.get((pair.test.path, pair.test.class_name))) for pair in pairs)


def _sets_up(method: Method) -> bool:
    return method.name in _JUNIT3_SET_UP or any(one.name.rpartition(".")[2] in _SET_UP for one in method.annotations)


def _demanded(owner: JavaType, gone: Sequence[tuple[JavaType, Method]], above: Sequence[JavaType]) -> list[str]:
    """Empty methods in the place of tests without which ``owner`` would not compile: a superclass declares them."""
    declared = {method.name for one in above for method in one.methods if "abstract" in method.modifiers}
    return [f"{method.signature} {{}}" for home, method in gone if home is owner and method.name in declared]


def _with_hole(
    file: TestFile, owner: JavaType, gone: Sequence[tuple[JavaType, Method]], demanded: Sequence[str]
) -> str:
    """The file's text without the tests that are ``gone``, the hole before the closing brace of ``owner``, what is
    ``demanded`` above it.
    """
    source = file.source
    spans = [method.span for _, method in gone] + [one.span for one in _idle(file, owner)]
    line = source.rfind(b"\n", 0, owner.closing) + 1
    at = line if not source[line : owner.closing].strip() else owner.closing
    parts: list[bytes] = []
    position = 0
    for start, end in [*_merged(spans), (len(source), len(source))]:
        start = max(start, position)
        if position <= at <= start:
            parts += [source[position:at], *(f"{one}\n".encode() for one in demanded), f"{HOLE}\n".encode()]
            position = at
        parts.append(source[position:start])
        position = max(position, end)
    return b"".join(parts).decode("utf-8", errors="replace")


def _callable_by_none(file: TestFile) -> Iterator[tuple[JavaType, Method]]:
    """The tests that nothing in the file calls: one that others call is a helper too."""
    spoken = Counter(name.decode("utf-8", errors="replace") for name in _CALL.findall(file.source))
    declared = Counter(method.name for one in file.types for method in one.methods)
    return (one for one in file.tests if spoken[one[1].name] <= declared[one[1].name])


def _idle(file: TestFile, owner: JavaType) -> Iterator[JavaType]:
    """Nested classes of tests that nothing else speaks of: without their tests they are clutter."""
    testing = [home.name for home, _ in file.tests]
    for one in file.types:
        within = _holds(owner.name, one.name) or owner.name == one.name
        if "." not in one.name or within or not any(_holds(name, one.name) or name == one.name for name in testing):
            continue
        outside = file.source[: one.span[0]] + file.source[one.span[1] :]
        if one.simple_name.encode() not in outside:
            yield one


def _holds(inner: str, outer: str) -> bool:
    return inner.startswith(f"{outer}.")


def _merged(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    last: tuple[int, int] | None = None
    for start, end in sorted(spans):
        if last is not None and start <= last[1]:
            last = (last[0], max(last[1], end))
        else:
            if last is not None:
                yield last
            last = (start, end)
    if last is not None:
        yield last


def _outline(file: TestFile, owner: JavaType) -> str:
    """The class's fields, its set-up in full and the signatures of its helpers, in canonical layout."""
    above = f" extends {owner.superclass}" if owner.superclass else ""
    tests = {id(method) for _, method in file.tests}
    others = [one for one in (*owner.constructors, *owner.methods) if id(one) not in tests]
    testing = [home.name for home, _ in file.tests]
    nested = [
        one
        for one in file.types
        if one.name.rpartition(".")[0] == owner.name
        and not any(name == one.name or _holds(name, one.name) for name in testing)
    ]
    helpers = [(one.span, f"{one.signature};") for one in others if not _sets_up(one)]
    helpers += [(one.span, f"{one.simple_name} {{}}") for one in nested]
    return "\n".join(
        [
            f"{owner.simple_name}{above} {{",
            *dict.fromkeys(_field(field.text) for field in owner.fields),
            *(canonical_layout(one.text) for one in sorted(others, key=lambda one: one.span) if _sets_up(one)),
            *(text for _, text in sorted(helpers)),
            "}",
        ]
    )


def _field(written: str) -> str:
    """The declaration, without an initialiser that goes over several lines: tables of cases are not style."""
    text = canonical_layout(written)
    return text if "\n" not in text else f"{text.partition('=')[0].rstrip()};"
