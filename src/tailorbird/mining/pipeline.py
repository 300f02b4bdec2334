"""Mining from end to end: sources in, a data set out."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from tailorbird import __version__
from tailorbird.config import MineConfig
from tailorbird.errors import DataError, UsageError
from tailorbird.mining import dataset, splits
from tailorbird.mining.context import Level, parse_level
from tailorbird.mining.neighbours import with_neighbours
from tailorbird.mining.scope import with_scope
from tailorbird.mining.time_split import split_by_time
from tailorbird.mining.tree import MinedTree, mine_tree
from tailorbird.progress import Progress
from tailorbird.records import (
    FORMAT_VERSION,
    DataManifest,
    KnownClass,
    Leakage,
    Pair,
    Provenance,
    SourceClass,
    TestClass,
)
from tailorbird.sources import ResolvedSource, default_cache, resolve, resolve_past
from tailorbird.storage import sha256_bytes


def mine(
    sources: str | Sequence[str],
    out: Path,
    config: MineConfig | None = None,
    *,
    progress: Progress | None = None,
) -> DataManifest:
    """Mine one SOURCE (a folder, an archive, a git URL, ``group:artifact:version``) or several into the folder ``out``.

    The seed moves the split only; everything else depends on the sources' bytes and the other settings alone. Of
    several sources each pair's id and paths begin with its own source.

    Raises SourceError when a source cannot be had; DataError when one has no Java, no tests, or too few pairs, and,
    with the data set written, when its test pairs are nearer to the training pairs than ``config.max_similarity``.
    """
    config = config or MineConfig()
    level = parse_level(config.context)
    start = time.perf_counter()
    names = (sources,) if isinstance(sources, str) else tuple(sources)
    found = _found(names, config, partial(_mined, config=config, level=level, progress=progress))
    pairs = with_scope(found.pairs, found.test_classes, found.known_classes) if level.skeleton else found.pairs
    if level.neighbour:
        pairs = with_neighbours(pairs)
    sizes = Counter(pair.split for pair in pairs)
    manifest = DataManifest(
        format_version=FORMAT_VERSION,
        tailorbird=__version__,
        source=_together([one.source for one in found.projects]),
        sources=tuple(one.source for one in found.projects),
        older=found.older,
        copies_left_out=found.copies,
        context_level=str(level),
        heuristics=config.heuristics,
        seed=config.seed,
        files=sum(one.tree.files for one in found.projects),
        test_cases=sum(len(one.tree.test_cases) for one in found.projects),
        pairs=len(pairs),
        unasserted=sum(not pair.test.assertions for pair in pairs),
        splits={name: sizes[name] for name in splits.NAMES},
        leakage=found.leakage,
        skipped=tuple(skipped for one in found.projects for skipped in one.tree.skipped),
        seconds=round(time.perf_counter() - start, 3),
        pairs_sha256=dataset.save_pairs(out, pairs),
        classes_sha256=dataset.save_classes(out, found.classes),
        test_classes_sha256=dataset.save_test_classes(out, found.test_classes),
        known_classes_sha256=dataset.save_known_classes(out, found.known_classes),
    )
    dataset.save_manifest(out, manifest)
    _refuse_leaks(manifest, out, config.max_similarity)
    return manifest


@dataclass(frozen=True, slots=True)
class _Project:
    source: Provenance
    tree: MinedTree


@dataclass(frozen=True, slots=True)
class _Found:
    projects: tuple[_Project, ...]
    pairs: tuple[Pair, ...]
    classes: tuple[SourceClass, ...]
    test_classes: tuple[TestClass, ...]
    known_classes: tuple[KnownClass, ...]
    leakage: Leakage
    older: Provenance | None = None
    copies: int = 0


def _found(names: Sequence[str], config: MineConfig, mined: Callable[[ResolvedSource, str], MinedTree]) -> _Found:
    """What the sources hold, split."""
    if not names:
        raise UsageError("There is no SOURCE: give a folder, an archive, a git URL, or group:artifact:version.")
    if len(set(names)) < len(names):
        raise UsageError(
            f"{next(name for name in names if names.count(name) > 1)} is given twice: give each source once."
        )
    if len(names) == 1:
        return _of_one(names[0], config, mined)
    if config.older is not None or config.since is not None:
        raise UsageError("A time split goes with one source: mine the others without --older and --since.")
    projects = []
    for name in names:
        resolved = resolve(name)
        projects.append(_Project(resolved.provenance, _within(mined(resolved, name), name)))
    trees = [one.tree for one in projects]
    divided = _split([pair for tree in trees for pair in tree.pairs], names, config.seed)
    return _Found(
        tuple(projects),
        divided.pairs,
        tuple(one for tree in trees for one in tree.classes),
        tuple(one for tree in trees for one in tree.test_classes),
        tuple(one for tree in trees for one in tree.known_classes),
        divided.leakage,
    )


def _of_one(name: str, config: MineConfig, mined: Callable[[ResolvedSource, str], MinedTree]) -> _Found:
    resolved = resolve(name)
    before = _older(resolved, config)
    tree = mined(resolved, name)
    projects = (_Project(resolved.provenance, tree),)
    if before is None:
        divided = _split(tree.pairs, (name,), config.seed)
        return _Found(projects, divided.pairs, tree.classes, tree.test_classes, tree.known_classes, divided.leakage)
    past = mined(before, before.provenance.location)
    divided, copies = split_by_time(past.pairs, tree.pairs, past.test_cases, seed=config.seed)
    # One file for both times: where a class stands in both, what it is now.
    classes = {(one.path, one.class_name): one for one in (*past.classes, *tree.classes)}
    test_classes = {(one.path, one.class_name): one for one in (*past.test_classes, *tree.test_classes)}
    return _Found(
        projects,
        divided.pairs,
        tuple(classes.values()),
        tuple(test_classes.values()),
        tree.known_classes,
        divided.leakage,
        before.provenance,
        copies,
    )


def _split(pairs: Sequence[Pair], names: Sequence[str], seed: int) -> splits.SplitPairs:
    try:
        return splits.split(pairs, seed=seed)
    except DataError as error:
        raise DataError(f"{', '.join(names)}: {error}") from error


def _mined(
    resolved: ResolvedSource, name: str, *, config: MineConfig, level: Level, progress: Progress | None
) -> MinedTree:
    tree = mine_tree(
        resolved.root,
        heuristics=config.heuristics,
        published=level.published,
        cache=default_cache() / "parsed.sqlite",
        progress=progress,
    )
    _check(tree, name)
    return _certain(tree, name, config.min_confidence)


def _certain(tree: MinedTree, name: str, least: float) -> MinedTree:
    """The tree without pairs whose focal method is less certain."""
    pairs = tuple(pair for pair in tree.pairs if pair.confidence >= least)
    if not pairs:
        raise DataError(
            f"{name} has no pair with a confidence of {least:g} or more, the highest has "
            f"{max(pair.confidence for pair in tree.pairs):g}: lower --min-confidence."
        )
    spoken_of = {(half.path, half.class_name) for pair in pairs for half in (pair.focal, pair.test)}
    return replace(
        tree, pairs=pairs, classes=tuple(one for one in tree.classes if (one.path, one.class_name) in spoken_of)
    )


def _within(tree: MinedTree, name: str) -> MinedTree:
    """The tree as one among several: its paths, and so its pairs' ids, begin with its source."""
    return replace(
        tree,
        pairs=tuple(
            replace(
                pair,
                id=sha256_bytes(f"{name}\n{pair.id}".encode())[:16],
                project=name,
                focal=replace(pair.focal, path=f"{name}/{pair.focal.path}"),
                test=replace(pair.test, path=f"{name}/{pair.test.path}"),
            )
            for pair in tree.pairs
        ),
        classes=tuple(replace(one, path=f"{name}/{one.path}") for one in tree.classes),
        test_classes=tuple(replace(one, path=f"{name}/{one.path}") for one in tree.test_classes),
        known_classes=tuple(replace(one, path=f"{name}/{one.path}") for one in tree.known_classes),
        skipped=tuple(replace(one, path=f"{name}/{one.path}") for one in tree.skipped),
    )


def _together(sources: Sequence[Provenance]) -> Provenance:
    """One provenance for all, for what is made from them."""
    if len(sources) == 1:
        return sources[0]
    return Provenance(
        kind="several",
        location=", ".join(one.location for one in sources),
        licence=" and ".join(sorted({one.licence or "unknown" for one in sources})),
        artifacts=tuple(artifact for one in sources for artifact in one.artifacts),
    )


def _older(resolved: ResolvedSource, config: MineConfig) -> ResolvedSource | None:
    """The tree that was there before, where a time split is asked for."""
    if config.older is not None and config.since is not None:
        raise UsageError("--older and --since both name the past: give one of them.")
    if config.older is not None:
        return resolve(config.older)
    return resolve_past(resolved, config.since) if config.since is not None else None


def _refuse_leaks(manifest: DataManifest, out: Path, limit: float | None) -> None:
    leakage = manifest.leakage
    if limit is not None and leakage.max_similarity > limit:
        raise DataError(
            f"The split leaks: the closest test pair has similarity {leakage.max_similarity:.2f} to a training pair, "
            f"over --max-similarity {limit:g}. The data set is in {out}; its manifest has the figures."
        )


def _check(mined: MinedTree, source: str) -> None:
    if not mined.files:
        raise DataError(f"{source} holds no Java files: give the folder of a Java project, tests included.")
    if not mined.test_cases:
        raise DataError(
            f"No JUnit or TestNG test method is in the Java files of {source} ({mined.files}): "
            "give the project's root, so that its test sources are inside."
        )
    if not mined.pairs:
        raise DataError(
            f"{source} has {len(mined.test_cases)} test cases, but no focal method could be found for any: "
            "give the project's root, so that the code under test is inside too."
        )
