"""Mining one tree: its test cases, the focal method of each, and what stands around both."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from tailorbird.config import Heuristics
from tailorbird.mining.classes import source_class, source_classes
from tailorbird.mining.context import PUBLISHED, focal_context
from tailorbird.mining.declarations import JavaType, Method
from tailorbird.mining.files import Walk, read_again, read_sources, walk
from tailorbird.mining.methods2test import Methods2TestMatcher
from tailorbird.mining.names import TypeIndex
from tailorbird.mining.pairing import Focal, Matcher
from tailorbird.mining.parse_cache import parse_all
from tailorbird.mining.providers import providers
from tailorbird.mining.recognise import Recogniser
from tailorbird.mining.skeleton import TestFile, skeleton
from tailorbird.mining.uses import Reader
from tailorbird.progress import Progress, Silent
from tailorbird.records import FocalMethod, Pair, Skipped, SourceClass, TestCase, TestClass
from tailorbird.storage import sha256_bytes


@dataclass(frozen=True, slots=True)
class MinedTree:
    """What a tree holds: its pairs, not yet split (``cluster`` -1, ``split`` empty), and all its test cases."""

    pairs: tuple[Pair, ...]
    test_cases: tuple[TestCase, ...]
    test_classes: tuple[TestClass, ...]
    """The skeletons of all classes with test cases, in order of path and name."""
    classes: tuple[SourceClass, ...]
    """All classes that a pair speaks of, in order of path and name."""
    files: int
    skipped: tuple[Skipped, ...]


class FindsFocal(Protocol):
    """Finds the focal method of each test of the one test class that it was made for."""

    def focal(self, method: Method) -> Focal | None:
        """The focal method of one test, or None when the evidence is too thin."""
        ...


MATCHERS: dict[Heuristics, Callable[[TypeIndex, JavaType, Reader], FindsFocal]] = {
    "tailorbird": Matcher,
    "methods2test": Methods2TestMatcher,
}


def mine_tree(
    root: Path,
    *,
    heuristics: Heuristics = "tailorbird",
    published: str = PUBLISHED[-1],
    distinct: bool = True,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> MinedTree:
    """Find the test cases of a tree and the focal method of each; pure, deterministic, in order of path and line.

    ``distinct`` keeps the first alone of pairs whose two texts are the same; ``cache`` is a file that remembers what
    was parsed.
    """
    watch = progress or Silent()
    found = walk(root)
    types: list[JavaType] = []
    watch.start("reading Java files", len(found.files))
    for done, parsed in enumerate(parse_all(read_sources(root, found), cache), start=1):
        types.extend(parsed)
        watch.update(done)
    watch.finish()
    index = TypeIndex(types)
    recogniser = Recogniser(index)
    tests = _Tests(index, recogniser, MATCHERS[heuristics], published)
    watch.start("pairing tests", len(types))
    for done, owner in enumerate(types, start=1):
        tests.take(owner)
        watch.update(done)
    watch.finish()
    tests.cases.sort(key=lambda case: (case.path, case.line, case.name))
    tests.pairs.sort(key=lambda pair: (pair.test.path, pair.test.line, pair.id))
    kept = _distinct(tests.pairs) if distinct else tuple(tests.pairs)
    spoken_of = {(half.path, half.class_name) for pair in kept for half in (pair.focal, pair.test)}
    return MinedTree(
        pairs=kept,
        test_cases=tuple(tests.cases),
        test_classes=_skeletons(root, found, types, tests),
        classes=source_classes(one for one in types if (one.scope.path, one.name) in spoken_of),
        files=len(found.files),
        skipped=tuple(found.skipped),
    )


@dataclass(slots=True)
class _Tests:
    """What has been found so far."""

    index: TypeIndex
    recogniser: Recogniser
    matcher_of: Callable[[TypeIndex, JavaType, Reader], FindsFocal]
    published: str
    cases: list[TestCase] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    classes: list[tuple[JavaType, list[Method]]] = field(default_factory=list)
    records: dict[int, SourceClass] = field(default_factory=dict)

    def take(self, owner: JavaType) -> None:
        """Read the tests of one class, if it has any."""
        found = self.recogniser.cases(owner)
        if not found:
            return
        self.classes.append((owner, [method for method, _ in found]))
        reader = Reader(self.index, owner)
        matcher = self.matcher_of(self.index, owner, reader)
        home = self.recogniser.superclasses(owner)
        for method, recognised in found:
            case = replace(recognised, assertions=reader.assertions(method), providers=providers(method, home))
            self.cases.append(case)
            focal = matcher.focal(method)
            if focal is not None:
                self.pairs.append(_pair(focal, case, self._context(focal)))

    def _context(self, focal: Focal) -> str:
        key = id(focal.owner)
        if key not in self.records:
            self.records[key] = source_class(focal.owner)
        return focal_context(
            self.records[key], focal.method.text, focal.method.signature, focal.method.line, self.published
        )


def _skeletons(root: Path, found: Walk, types: Sequence[JavaType], tests: _Tests) -> tuple[TestClass, ...]:
    """The skeleton of each class with tests whose code was kept, in order of path and name."""
    of_file: dict[str, list[JavaType]] = defaultdict(list)
    for one in types:
        of_file[one.scope.path].append(one)
    classes: dict[str, list[tuple[JavaType, list[Method]]]] = defaultdict(list)
    for owner, methods in tests.classes:
        if owner.scope.is_test:
            classes[owner.scope.path].append((owner, methods))
    made = []
    for path in sorted(classes):
        marked = tuple((owner, method) for owner, methods in classes[path] for method in methods)
        file = TestFile(read_again(root, found, path), tuple(of_file[path]), marked)
        made += [skeleton(file, owner, tests.recogniser.superclasses(owner)[1:]) for owner, _ in classes[path]]
    return tuple(sorted(made, key=lambda one: (one.path, one.class_name)))


def _pair(focal: Focal, case: TestCase, context: str) -> Pair:
    owner, method = focal.owner, focal.method
    place = f"{owner.scope.path}:{method.line}:{method.signature}\n{case.path}:{case.line}:{case.name}"
    return Pair(
        id=sha256_bytes(place.encode())[:16],
        focal=FocalMethod(
            class_name=owner.name,
            package=owner.scope.package,
            name=method.name,
            signature=method.signature,
            parameters=method.parameters,
            path=owner.scope.path,
            line=method.line,
            end_line=method.end_line,
            text=method.text,
            context=context,
        ),
        test=case,
        evidence=focal.evidence,
        confidence=focal.confidence,
        cluster=-1,
        split="",
    )


def _distinct(pairs: Iterable[Pair]) -> tuple[Pair, ...]:
    """Pairs with the same two texts taught twice are one; the first stands."""
    first: dict[tuple[str, str], Pair] = {}
    for pair in pairs:
        first.setdefault((pair.focal.text, pair.test.text), pair)
    return tuple(first.values())
