"""Mining from end to end: a source in, ``pairs.jsonl`` and ``manifest.json`` out."""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from tailorbird import __version__
from tailorbird.config import Heuristics
from tailorbird.errors import DataError
from tailorbird.mining import dataset, splits
from tailorbird.mining.context import LEVEL, focal_context
from tailorbird.mining.declarations import JavaType, Method
from tailorbird.mining.files import read_sources, walk
from tailorbird.mining.java import JavaParser
from tailorbird.mining.methods2test import Methods2TestMatcher
from tailorbird.mining.names import TypeIndex
from tailorbird.mining.pairing import Focal, Matcher
from tailorbird.mining.recognise import Recogniser
from tailorbird.mining.uses import Reader
from tailorbird.progress import Progress, Silent
from tailorbird.records import FORMAT_VERSION, DataManifest, FocalMethod, Pair, Skipped, TestCase
from tailorbird.sources import resolve
from tailorbird.storage import sha256_bytes


@dataclass(frozen=True, slots=True)
class MinedTree:
    """What a tree holds: its pairs, not yet split (``cluster`` -1, ``split`` empty), and all its test cases."""

    pairs: tuple[Pair, ...]
    test_cases: tuple[TestCase, ...]
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


def mine(
    source: str, out: Path, *, seed: int = 0, heuristics: Heuristics = "tailorbird", progress: Progress | None = None
) -> DataManifest:
    """Mine SOURCE (a folder, a git URL, ``group:artifact:version``) into the folder ``out``.

    ``seed`` moves the split only; everything else depends on the source's bytes and the ``heuristics`` alone.

    Raises SourceError when the source cannot be had, and DataError when it has no Java, no tests, or too few pairs.
    """
    start = time.perf_counter()
    resolved = resolve(source)
    mined = mine_tree(resolved.root, heuristics=heuristics, progress=progress)
    _check(mined, source)
    divided = splits.split(mined.pairs, seed=seed)
    pairs_sha256 = dataset.save_pairs(out, divided.pairs)
    sizes = Counter(pair.split for pair in divided.pairs)
    manifest = DataManifest(
        format_version=FORMAT_VERSION,
        tailorbird=__version__,
        source=resolved.provenance,
        context_level=LEVEL,
        heuristics=heuristics,
        seed=seed,
        files=mined.files,
        test_cases=len(mined.test_cases),
        pairs=len(divided.pairs),
        unasserted=sum(not pair.test.assertions for pair in divided.pairs),
        splits={name: sizes[name] for name in splits.NAMES},
        leakage=divided.leakage,
        skipped=mined.skipped,
        seconds=round(time.perf_counter() - start, 3),
        pairs_sha256=pairs_sha256,
    )
    dataset.save_manifest(out, manifest)
    return manifest


def mine_tree(
    root: Path, *, heuristics: Heuristics = "tailorbird", distinct: bool = True, progress: Progress | None = None
) -> MinedTree:
    """Find the test cases of a tree and the focal method of each; pure, deterministic, in order of path and line.

    ``distinct`` keeps the first alone of pairs whose two texts are the same.
    """
    watch = progress or Silent()
    found = walk(root)
    parser = JavaParser()
    types: list[JavaType] = []
    watch.start("reading Java files", len(found.files))
    for done, (path, source) in enumerate(read_sources(root, found), start=1):
        types.extend(parser.parse(path, source))
        watch.update(done)
    watch.finish()
    index = TypeIndex(types)
    cases: list[TestCase] = []
    pairs: list[Pair] = []
    watch.start("pairing tests", len(types))
    recogniser = Recogniser(index)
    for done, owner in enumerate(types, start=1):
        _mine_type(owner, index, recogniser, MATCHERS[heuristics], cases, pairs)
        watch.update(done)
    watch.finish()
    cases.sort(key=lambda case: (case.path, case.line, case.name))
    pairs.sort(key=lambda pair: (pair.test.path, pair.test.line, pair.id))
    kept = _distinct(pairs) if distinct else tuple(pairs)
    return MinedTree(kept, tuple(cases), len(found.files), tuple(found.skipped))


def _mine_type(
    owner: JavaType,
    index: TypeIndex,
    recogniser: Recogniser,
    matcher_of: Callable[[TypeIndex, JavaType, Reader], FindsFocal],
    cases: list[TestCase],
    pairs: list[Pair],
) -> None:
    found = recogniser.cases(owner)
    if not found:
        return
    reader = Reader(index, owner)
    matcher = matcher_of(index, owner, reader)
    for method, recognised in found:
        case = replace(recognised, assertions=reader.assertions(method))
        cases.append(case)
        focal = matcher.focal(method)
        if focal is not None:
            pairs.append(_pair(focal, case))


def _pair(focal: Focal, case: TestCase) -> Pair:
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
            context=focal_context(owner, method),
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


def _check(mined: MinedTree, source: str) -> None:
    if not mined.files:
        raise DataError(f"{source} holds no Java files: give the folder of a Java project, tests included.")
    if not mined.test_cases:
        raise DataError(
            f"{source} has {mined.files} Java files but no JUnit or TestNG test methods: "
            "give the project's root, so that its test sources are inside."
        )
    if not mined.pairs:
        raise DataError(
            f"{source} has {len(mined.test_cases)} test cases, but no focal method could be found for any: "
            "give the project's root, so that the code under test is inside too."
        )
