"""The test-writing stage: a general code model learns from many projects what a unit test is.

AthenaTest's second step, as a delta: the corpus of `tailorbird pretrain` becomes a data set, and the base is
personalised to it like to any project. What studies personalise to, and what resembles it, stays out.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import msgspec

from tailorbird import __version__
from tailorbird.base.load import Base
from tailorbird.base.prompts import encode_test
from tailorbird.config import DEFAULT_CONTEXT, TestWritingConfig
from tailorbird.errors import DataError
from tailorbird.mining.context import parse_level
from tailorbird.mining.dataset import DataSet, load_data, save_manifest, save_pairs
from tailorbird.mining.neighbours import with_neighbours
from tailorbird.mining.splits import NAMES, class_of
from tailorbird.pretraining.corpus import CorpusList, Gathered, gather
from tailorbird.progress import Progress, Silent
from tailorbird.records import FORMAT_VERSION, DataManifest, DeltaManifest, Leakage, Pair, Provenance
from tailorbird.storage import read_json, sha256_bytes, write_json
from tailorbird.training.personalise import Announce, personalise_base

_VERSION = 1
"""To be raised when the same list gives another data set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    fingerprint: str


def train_test_writing(
    base: Base,
    out: Path,
    listed: CorpusList,
    config: TestWritingConfig,
    *,
    progress: Progress | None = None,
    announce: Announce | None = None,
) -> DeltaManifest:
    """Train ``base`` to write tests on the projects that ``listed`` names; the delta is written to ``out``.

    ``out/data`` keeps the data set. A run that was interrupted goes on from its checkpoint; a finished stage of the
    same recipe is left as it is. Raises SourceError for projects that cannot be had, DataError for too few pairs.
    """
    corpus = build_corpus_data(out / "data", listed, progress or Silent())
    seed = config.training.seed
    _, limit = base.limits(config.training.max_source_tokens, config.training.max_target_tokens)

    def fits(pair: Pair) -> bool:
        return len(encode_test(base.tokenizer, pair.test.text)) <= limit

    pairs = (
        *choose_pairs(corpus.split("train"), config.pairs, per_class=config.pairs_per_class, seed=seed, fits=fits),
        *choose_pairs(corpus.split("validation"), config.held_out, per_class=2, seed=seed, fits=fits),
    )
    counts = Counter(pair.split for pair in pairs)
    if len(counts) < 2:
        raise DataError(
            f"The corpus has {counts['train']} pairs to train on and {counts['validation']} held-out ones, of tests "
            f"of at most {limit} tokens: list more projects."
        )
    digest = sha256_bytes(msgspec.json.encode((corpus.manifest.pairs_sha256, [pair.id for pair in pairs])))
    manifest = replace(corpus.manifest, pairs=len(pairs), splits=dict(counts), pairs_sha256=digest)
    return personalise_base(DataSet(manifest, pairs), out, config.training, base, progress=progress, announce=announce)


def build_corpus_data(folder: Path, listed: CorpusList, progress: Progress) -> DataSet:
    """Mine the projects of ``listed`` into a data set in ``folder``; what is there of the same list is read again.

    The training split has the pairs of ``coordinates``, the validation split those of ``held_out``. Pairs that assert
    nothing are left out.
    """
    fingerprint = sha256_bytes(msgspec.json.encode((_VERSION, __version__, listed)))
    record = folder / "corpus.json"
    if record.exists() and read_json(record, _Record).fingerprint == fingerprint:
        return load_data(folder)
    gathered = gather(listed, parse_level(DEFAULT_CONTEXT), progress, pairs_only=True)
    pairs = tuple(
        replace(pair, id=_id(part.source, pair), split="validation" if part.held_out else "train")
        for part in gathered
        for pair in with_neighbours([one for one in part.pairs if one.test.assertions])
    )
    distinct = tuple({sha256_bytes(f"{one.focal.text}\0{one.test.text}".encode()): one for one in pairs}.values())
    digest = save_pairs(folder, distinct)
    save_manifest(folder, _manifest(distinct, digest, gathered))
    write_json(record, _Record(fingerprint=fingerprint))
    return load_data(folder)


def choose_pairs(
    pairs: Sequence[Pair], count: int, *, per_class: int, seed: int, fits: Callable[[Pair], bool] = lambda _: True
) -> tuple[Pair, ...]:
    """At most ``count`` pairs that ``fits`` takes, of each focal class at most ``per_class``.

    ``seed`` draws the order of the classes; the choice of a smaller count is the beginning of that of a larger one.
    """
    random = Random(seed)
    classes: dict[str, list[Pair]] = {}
    for pair in pairs:
        classes.setdefault(f"{pair.project} {class_of(pair)}", []).append(pair)
    order = sorted(classes)
    random.shuffle(order)
    chosen: list[Pair] = []
    for name in order:
        # Asked of each in turn, and only until there are enough: to tokenise a whole corpus takes minutes.
        group = [pair for pair in classes[name] if fits(pair)]
        chosen += random.sample(group, per_class) if len(group) > per_class else group
        if len(chosen) >= count:
            break
    return tuple(chosen[:count])


def _id(source: Provenance, pair: Pair) -> str:
    return sha256_bytes(f"{source.location}\n{source.version}\n{pair.id}".encode())[:16]


def _manifest(pairs: Sequence[Pair], digest: str, gathered: Sequence[Gathered]) -> DataManifest:
    sources = tuple(part.source for part in gathered)
    return DataManifest(
        format_version=FORMAT_VERSION,
        tailorbird=__version__,
        source=Provenance(
            kind="several",
            location=f"{len(sources)} projects of a corpus list",
            licence=" and ".join(sorted({one.licence or "unknown" for one in sources})),
        ),
        sources=sources,
        context_level=DEFAULT_CONTEXT,
        heuristics="tailorbird",
        seed=0,
        files=sum(part.files for part in gathered),
        test_cases=sum(part.test_cases for part in gathered),
        pairs=len(pairs),
        unasserted=0,
        splits={name: sum(pair.split == name for pair in pairs) for name in NAMES},
        # Splits are by project here: no focal class can stand in two of them.
        leakage=Leakage(
            clusters=0,
            largest_cluster=0,
            groups=0,
            shared_classes=0,
            shared_clusters=0,
            max_similarity=0.0,
            test_with_neighbour=(),
        ),
        skipped=(),
        seconds=0.0,
        pairs_sha256=digest,
    )
