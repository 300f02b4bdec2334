"""Train, validation and test: split by focal class and near-duplicate cluster at once, so that neither straddles."""

import random
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

from tailorbird.errors import DataError
from tailorbird.mining.similarity import Shingles, nearest_similarity, neighbours
from tailorbird.records import Leakage, Pair

CLUSTER_SIMILARITY = 0.7
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)
NAMES = ("train", "validation", "test")
_HELD_OUT_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class SplitPairs:
    """The pairs with their cluster and split, and how well the split holds."""

    pairs: tuple[Pair, ...]
    leakage: Leakage


def split(pairs: Sequence[Pair], *, seed: int) -> SplitPairs:
    """Assign clusters and splits, near 80/10/10 by pairs; the same pairs and seed give the same splits.

    Raises DataError with fewer than three groups: there is then nothing to hold out.
    """
    shingles = Shingles(texts(pairs))
    cluster_of = clusters(shingles)
    found = groups(pairs, cluster_of)
    if len(found) < 3:
        raise DataError(
            f"The {len(pairs)} pairs form {len(found)} group(s) of focal classes and near-duplicates, "
            "and a split needs 3: choose a project whose tests cover more classes."
        )
    names = _assign([len(group) for group in found], seed)
    split_of = {member: name for group, name in zip(found, names, strict=True) for member in group}
    return measure(
        tuple(replace(pair, cluster=cluster_of[at], split=split_of[at]) for at, pair in enumerate(pairs)), shingles
    )


def texts(pairs: Sequence[Pair]) -> list[str]:
    """What two pairs are compared by: both of their halves."""
    return [f"{pair.focal.text}\n{pair.test.text}" for pair in pairs]


def clusters(shingles: Shingles) -> list[int]:
    """Number of each text's near-duplicate cluster."""
    return _components(len(shingles.sets), neighbours(shingles, CLUSTER_SIMILARITY))


def measure(pairs: tuple[Pair, ...], shingles: Shingles) -> SplitPairs:
    """The split pairs with their leakage figures."""
    found = groups(pairs, [pair.cluster for pair in pairs])
    return SplitPairs(pairs, _leakage(pairs, shingles, groups=[len(group) for group in found]))


def _components(count: int, links: Iterable[tuple[int, int]]) -> list[int]:
    """Number of each node's connected component (union-find); components are numbered by their first member."""
    parent = list(range(count))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for one, other in links:
        low, high = sorted((root(one), root(other)))
        parent[high] = low
    numbers: dict[int, int] = {}
    return [numbers.setdefault(root(node), len(numbers)) for node in range(count)]


def class_of(pair: Pair) -> str:
    """The top-level focal class: its nested classes stand in the same file, and stay with it."""
    return f"{pair.focal.package}.{pair.focal.class_name.partition('.')[0]}"


def groups(pairs: Sequence[Pair], cluster_of: Sequence[int]) -> list[list[int]]:
    """Members of each connected component of focal classes and clusters."""
    first: dict[Hashable, int] = {}
    links = []
    for at, pair in enumerate(pairs):
        for key in (class_of(pair), cluster_of[at]):
            links.append((first.setdefault(key, at), at))
    members: dict[int, list[int]] = defaultdict(list)
    for at, group in enumerate(_components(len(pairs), links)):
        members[group].append(at)
    return list(members.values())


def _assign(sizes: Sequence[int], seed: int) -> list[str]:
    """A split for each group: held-out splits are filled with random groups, the largest always trains."""
    order = list(range(len(sizes)))
    random.Random(seed).shuffle(order)
    names = ["train"] * len(sizes)
    free = [group for group in order if group != max(order, key=lambda one: sizes[one])]
    target = max(sum(sizes) * _HELD_OUT_SHARE, 1.0)
    for name, reserved in (("test", 1), ("validation", 0)):  # validation must find a group left
        taken = _fill([sizes[group] for group in free], target, at_most=len(free) - reserved)
        for position in taken:
            names[free[position]] = name
        free = [group for position, group in enumerate(free) if position not in taken]
    return names


def _fill(sizes: Sequence[int], target: float, *, at_most: int) -> set[int]:
    """Positions of groups that together come near ``target``: at least one, and several where that can be."""
    taken: set[int] = set()
    filled = 0
    # Small groups first, so that a held-out split speaks of more than one class; then what comes nearest.
    for limit in (target * 0.6, None):
        for position, size in enumerate(sizes):
            after = filled + size
            fits = size <= limit and after <= target if limit else abs(after - target) < abs(filled - target)
            if position not in taken and fits and len(taken) < at_most:
                taken.add(position)
                filled = after
    return taken or {min(range(len(sizes)), key=lambda position: sizes[position])}


def _leakage(pairs: Sequence[Pair], shingles: Shingles, *, groups: Sequence[int]) -> Leakage:
    places = {name: [at for at, pair in enumerate(pairs) if pair.split == name] for name in NAMES}
    nearest = nearest_similarity(shingles, places["test"], places["train"])
    clusters = Counter(pair.cluster for pair in pairs)
    return Leakage(
        clusters=len(clusters),
        largest_cluster=max(clusters.values()),
        groups=len(groups),
        largest_group=max(groups),
        shared_classes=_straddling((class_of(pair), pair.split) for pair in pairs),
        shared_clusters=_straddling((pair.cluster, pair.split) for pair in pairs),
        max_similarity=round(max(nearest, default=0.0), 4),
        test_with_neighbour=tuple((limit, sum(one >= limit for one in nearest)) for limit in THRESHOLDS),
    )


def _straddling(places: Iterable[tuple[Hashable, str]]) -> int:
    splits: dict[Hashable, set[str]] = defaultdict(set)
    for key, name in places:
        splits[key].add(name)
    return sum(len(names) > 1 for names in splits.values())
