"""The test cases of some of a tree's files, the focal method of each, and what stands around both."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from tailorbird.config import Heuristics
from tailorbird.mining.classes import known_class, source_class
from tailorbird.mining.context import class_outline, focal_context
from tailorbird.mining.declarations import JavaType, Method
from tailorbird.mining.files import printable, read_source
from tailorbird.mining.methods2test import Methods2TestMatcher
from tailorbird.mining.names import TypeIndex
from tailorbird.mining.pairing import Focal, Matcher
from tailorbird.mining.providers import providers
from tailorbird.mining.recognise import Recogniser
from tailorbird.mining.skeleton import TestFile, skeleton
from tailorbird.mining.uses import Reader
from tailorbird.progress import Progress, Silent
from tailorbird.records import FocalMethod, KnownClass, Pair, SourceClass, TestCase, TestClass
from tailorbird.storage import sha256_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What some files of a tree hold, in order of the files."""

    cases: tuple[TestCase, ...]
    pairs: tuple[Pair, ...]
    test_classes: tuple[TestClass, ...]
    classes: tuple[SourceClass, ...]
    """Those that the pairs speak of, each once."""
    known: tuple[KnownClass, ...]
    """All of them, in short."""


class FindsFocal(Protocol):
    """Finds the focal method of each test of the one test class that it was made for."""

    def focal(self, method: Method) -> Focal | None:
        """The focal method of one test, or None when the evidence is too thin."""
        ...


MATCHERS: dict[Heuristics, Callable[[TypeIndex, JavaType, Reader], FindsFocal]] = {
    "tailorbird": Matcher,
    "methods2test": Methods2TestMatcher,
}


def mine_share(
    root: Path,
    types: Sequence[JavaType],
    files: Sequence[str],
    *,
    heuristics: Heuristics,
    published: str,
    progress: Progress | None = None,
) -> Share:
    """Read the tests in ``files``; ``types`` are those of the whole tree, in order of path."""
    watch = progress or Silent()
    index = TypeIndex(types)
    of_file: dict[str, list[JavaType]] = defaultdict(list)
    for one in types:
        of_file[one.scope.path].append(one)
    tests = _Tests(index, Recogniser(index), MATCHERS[heuristics], published)
    skeletons: list[TestClass] = []
    known: list[KnownClass] = []
    watch.start("pairing tests", len(files))
    for done, relative in enumerate(files, start=1):
        own = tuple(of_file.get(printable(relative), ()))
        marked = [found for owner in own if (found := tests.take(owner))]
        skeletons.extend(_skeletons(root, relative, own, marked, tests.recogniser))
        of_owner = {id(owner): methods for owner, methods in marked}
        known.extend(known_class(one, of_owner.get(id(one), ())) for one in own if one.scope.is_test or not one.private)
        watch.update(done)
    watch.finish()
    return Share(
        cases=tuple(tests.cases),
        pairs=tuple(tests.pairs),
        test_classes=tuple(skeletons),
        classes=tuple(tests.records.values()),
        known=tuple(known),
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
    records: dict[int, SourceClass] = field(default_factory=dict)
    """By the type's identity, of each class that a pair speaks of."""

    def take(self, owner: JavaType) -> tuple[JavaType, list[Method]] | None:
        """Read the tests of one class; the class with its tests, None if it has none."""
        found = self.recogniser.cases(owner)
        if not found:
            return None
        reader = Reader(self.index, owner)
        matcher = self.matcher_of(self.index, owner, reader)
        home = self.recogniser.superclasses(owner)
        for method, recognised in found:
            case = replace(recognised, assertions=reader.assertions(method), providers=providers(method, home))
            self.cases.append(case)
            focal = matcher.focal(method)
            if focal is not None:
                self.pairs.append(_pair(focal, case, *self._context(focal)))
                self._record(owner)
        return owner, [method for method, _ in found]

    def _context(self, focal: Focal) -> tuple[str, str]:
        """The focal context, and the outline of the class."""
        record, method = self._record(focal.owner), focal.method
        context = focal_context(record, method.text, method.signature, method.line, self.published)
        return context, class_outline(record, self.published)

    def _record(self, one: JavaType) -> SourceClass:
        if id(one) not in self.records:
            self.records[id(one)] = source_class(one)
        return self.records[id(one)]


def _skeletons(
    root: Path,
    relative: str,
    own: tuple[JavaType, ...],
    marked: Sequence[tuple[JavaType, list[Method]]],
    recogniser: Recogniser,
) -> Iterator[TestClass]:
    """The skeleton of each class with tests whose code was kept."""
    kept = [(owner, methods) for owner, methods in marked if owner.scope.is_test]
    if not kept:
        return
    source = read_source(root, relative)
    # A file that has gone since it was read has an empty one.
    text = source if isinstance(source, bytes) else b""
    file = TestFile(text, own, tuple((owner, method) for owner, methods in kept for method in methods))
    for owner, _ in kept:
        yield skeleton(file, owner, recogniser.superclasses(owner)[1:])


def _pair(focal: Focal, case: TestCase, context: str, outline: str) -> Pair:
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
            outline=outline,
        ),
        test=case,
        evidence=focal.evidence,
        confidence=focal.confidence,
        cluster=-1,
        split="",
    )
