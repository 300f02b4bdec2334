"""Mining one tree: its test cases, the focal method of each, and what stands around both."""

import gc
import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tailorbird.config import Heuristics
from tailorbird.mining.context import PUBLISHED
from tailorbird.mining.declarations import JavaType
from tailorbird.mining.files import Walk, walk
from tailorbird.mining.messages import Job, Rest
from tailorbird.mining.parse_cache import ParseCache
from tailorbird.mining.parsing import Parsed, decoded, parse_files
from tailorbird.mining.share import Share, mine_share
from tailorbird.mining.team import Team, WorkerLostError, team_size
from tailorbird.progress import Progress, Silent
from tailorbird.records import KnownClass, Pair, Skipped, SourceClass, TestCase, TestClass


@dataclass(frozen=True, slots=True)
class MinedTree:
    """What a tree holds: its pairs, not yet split (``cluster`` -1, ``split`` empty), and all its test cases."""

    pairs: tuple[Pair, ...]
    test_cases: tuple[TestCase, ...]
    test_classes: tuple[TestClass, ...]
    """The skeletons of all classes with test cases, in order of path and name."""
    classes: tuple[SourceClass, ...]
    """All classes that a pair speaks of, in order of path and name."""
    known_classes: tuple[KnownClass, ...]
    """All classes, in short, in order of path and name."""
    files: int
    skipped: tuple[Skipped, ...]


@dataclass(frozen=True, slots=True)
class _How:
    """How a tree is mined."""

    root: Path
    heuristics: Heuristics
    published: str
    cache: Path | None
    progress: Progress


@dataclass(frozen=True, slots=True)
class _Mined:
    shares: tuple[Share, ...]
    skipped: tuple[Skipped, ...]
    """Files that could not be read or are not parsed, in order."""


def mine_tree(
    root: Path,
    *,
    heuristics: Heuristics = "tailorbird",
    published: str = PUBLISHED[-1],
    distinct: bool = True,
    cache: Path | None = None,
    processes: int | None = None,
    progress: Progress | None = None,
) -> MinedTree:
    """Find the test cases of a tree and the focal method of each; pure, deterministic, in order of path and line.

    ``distinct`` keeps the first alone of pairs whose two texts are the same; ``cache`` is a file that remembers what
    was parsed. ``processes`` work on it side by side, as many as there are processors for where it is None; they find
    the same, however many they are.
    """
    found = walk(root)
    how = _How(root, heuristics, published, cache, progress or Silent())
    size = team_size(len(found.files)) if processes is None else processes
    with _without_collection():
        return _tree(found, _mined(how, found, size), distinct=distinct)


def _mined(how: _How, found: Walk, size: int) -> _Mined:
    if size > 1:
        try:
            with Team(size - 1) as team:
                return _together(how, found.files, team)
        except WorkerLostError:
            pass  # Killed for want of memory, say: alone takes longer, and no more than that.
    return _alone(how, found.files)


def _alone(how: _How, files: Sequence[str]) -> _Mined:
    types: list[JavaType] = []
    skipped: list[Skipped] = []
    cache = ParseCache(how.cache)
    for parsed, own in _parse(how, files, cache, of=1):
        types.extend(own)
        _note(parsed, cache, skipped)
    cache.close()
    return _Mined((_pair(how, types, files),), tuple(skipped))


def _together(how: _How, files: Sequence[str], team: Team) -> _Mined:
    """The same with a team. Files are dealt out in turn, so that everyone gets some of each folder."""
    size = len(team) + 1
    job = Job(
        root=os.fsencode(how.root),
        files=(),
        cache=os.fsencode(how.cache) if how.cache is not None else None,
        heuristics=how.heuristics,
        published=how.published,
    )
    dealt = [files[at::size] for at in range(size)]
    team.start([msgspec.structs.replace(job, files=tuple(os.fsencode(one) for one in part)) for part in dealt[1:]])
    cache = ParseCache(how.cache)
    own = list(_parse(how, dealt[0], cache, of=size))
    parts = [[parsed for parsed, _ in own], *team.parsed()]
    read = deque(types for _, types in own)
    parsed = deque(parts[at % size][at // size] for at in range(len(files)))
    del own, parts
    team.go_on(
        [
            Rest(types=tuple(None if at % size == worker else one.types for at, one in enumerate(parsed)))
            for worker in range(1, size)
        ]
    )
    types: list[JavaType] = []
    skipped: list[Skipped] = []
    # What is encoded goes as its records come: never are all of both there.
    for at in range(len(files)):
        one = parsed.popleft()
        types.extend(read.popleft() if at % size == 0 else decoded(one.types) or ())
        _note(one, cache, skipped)
    cache.close()
    return _Mined((_pair(how, types, dealt[0]), *team.shares()), tuple(skipped))


def _parse(
    how: _How, files: Sequence[str], cache: ParseCache, *, of: int
) -> Iterator[tuple[Parsed, tuple[JavaType, ...]]]:
    """Read files, one of ``of`` equal parts of the tree."""
    how.progress.start("reading Java files", len(files) * of)
    for done, one in enumerate(parse_files(how.root, files, cache), start=1):
        yield one
        how.progress.update(done * of)
    how.progress.finish()


def _note(parsed: Parsed, cache: ParseCache, skipped: list[Skipped]) -> None:
    if parsed.reason is not None:
        skipped.append(Skipped(path=parsed.path, reason=parsed.reason))
    elif parsed.known:
        cache.use(parsed.key)
    else:
        cache.put(parsed.key, parsed.types)


def _pair(how: _How, types: Sequence[JavaType], files: Sequence[str]) -> Share:
    return mine_share(how.root, types, files, heuristics=how.heuristics, published=how.published, progress=how.progress)


def _tree(found: Walk, mined: _Mined, *, distinct: bool) -> MinedTree:
    shares = mined.shares
    cases = sorted((case for one in shares for case in one.cases), key=lambda case: (case.path, case.line, case.name))
    pairs = sorted(
        (pair for one in shares for pair in one.pairs), key=lambda pair: (pair.test.path, pair.test.line, pair.id)
    )
    kept = _distinct(pairs) if distinct else tuple(pairs)
    spoken_of = {(half.path, half.class_name) for pair in kept for half in (pair.focal, pair.test)}
    classes = {(one.path, one.class_name): one for share in shares for one in share.classes}
    return MinedTree(
        pairs=kept,
        test_cases=tuple(cases),
        test_classes=tuple(
            sorted((one for share in shares for one in share.test_classes), key=lambda one: (one.path, one.class_name))
        ),
        classes=tuple(classes[key] for key in sorted(spoken_of)),
        known_classes=tuple(
            sorted((one for share in shares for one in share.known), key=lambda one: (one.path, one.class_name))
        ),
        files=len(found.files),
        skipped=(*found.skipped, *mined.skipped),
    )


@contextmanager
def _without_collection() -> Iterator[None]:
    """What is parsed holds no cycles and stays until the end: looking through it for garbage is half of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _distinct(pairs: Iterable[Pair]) -> tuple[Pair, ...]:
    """Pairs with the same two texts taught twice are one; the first stands."""
    first: dict[tuple[str, str], Pair] = {}
    for pair in pairs:
        first.setdefault((pair.focal.text, pair.test.text), pair)
    return tuple(first.values())
