"""The time split: train on the tests that were there, test on those that have been added since."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace

from tailorbird.errors import DataError
from tailorbird.java_text import lexemes
from tailorbird.mining.similarity import Shingles
from tailorbird.mining.splits import SplitPairs, clusters, groups, measure, texts
from tailorbird.records import Pair, TestCase
from tailorbird.storage import sha256_bytes

_VALIDATION_SHARE = 0.1


def split_by_time(
    older: Sequence[Pair], newer: Sequence[Pair], known: Iterable[TestCase], *, seed: int
) -> tuple[SplitPairs, int]:
    """Train and validate on ``older``, test on what ``newer`` has beyond it; ``known`` are all older test cases.

    A test counts as added where the older tree has none of its class and name and none with its text: one that was
    edited, moved or renamed was there before. Added ones in a near-duplicate cluster with an older pair are left out as
    well, and counted in the second value. Classes may stand on both sides: a new test of an old class is what this
    split is about.

    Raises DataError where nothing was added or too little was there.
    """
    cases = list(known)
    names = {(case.package, case.class_name, case.name) for case in cases}
    written = {_lexical(case) for case in cases}
    added = [
        pair
        for pair in newer
        if (pair.test.package, pair.test.class_name, pair.test.name) not in names and _lexical(pair.test) not in written
    ]
    pairs = [*older, *_with_own_ids(older, added)]
    shingles = Shingles(texts(pairs))
    cluster_of = clusters(shingles)
    before = set(cluster_of[: len(older)])
    kept = [at for at in range(len(pairs)) if at < len(older) or cluster_of[at] not in before]
    fresh = len(kept) - len(older)
    if len(older) < 2 or not fresh:
        raise DataError(
            f"The older source has {len(older)} pairs, and {fresh} of {len(added)} pairs added since are no copies of "
            "them: a time split needs two of the first and one of the second. Choose an older version, or a newer one."
        )
    validation = _validation(older, cluster_of[: len(older)], seed)
    split_of = {at: "validation" if at in validation else "train" for at in range(len(older))}
    done = tuple(replace(pairs[at], cluster=cluster_of[at], split=split_of.get(at, "test")) for at in kept)
    return measure(done, Shingles(texts(done))), len(added) - fresh


def _lexical(case: TestCase) -> str:
    return " ".join(lexemes(case.text))


def _with_own_ids(older: Sequence[Pair], added: Iterable[Pair]) -> list[Pair]:
    """Ids tell places, and a new pair may stand where an old one stood."""
    taken = {pair.id for pair in older}
    return [
        replace(pair, id=sha256_bytes(f"added {pair.id}".encode())[:16]) if pair.id in taken else pair for pair in added
    ]


def _validation(older: Sequence[Pair], cluster_of: Sequence[int], seed: int) -> set[int]:
    """Positions of about a tenth of ``older``: whole groups of classes and clusters, the largest always trains."""
    found = groups(older, cluster_of)
    random.Random(seed).shuffle(found)
    largest = max(found, key=len)
    target = max(1.0, len(older) * _VALIDATION_SHARE)
    taken: set[int] = set()
    for group in sorted((one for one in found if one is not largest), key=lambda one: len(one) > target * 0.6):
        if not taken or len(taken) + len(group) <= target:
            taken.update(group)
    # Where all are one group, single pairs are better than none: their likeness shows in the leakage figures.
    return taken or set(random.Random(seed).sample(range(len(older)), max(1, round(target))))
