"""The base's corpus: from a list of Maven coordinates to token files."""

import random
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

import msgspec
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from tailorbird.base.load import tokenizer_sha256
from tailorbird.base.prompts import Prompt, encode_lone_test, encode_pair
from tailorbird.base.tokenizer import save_tokenizer, train_tokenizer
from tailorbird.config import DEFAULT_CONTEXT, PretrainConfig, check_keys
from tailorbird.errors import DataError, SourceError
from tailorbird.mining.context import Level, parse_level
from tailorbird.mining.neighbours import with_neighbours
from tailorbird.mining.scope import with_scope
from tailorbird.mining.tree import MinedTree, mine_tree
from tailorbird.pretraining.lone_tests import LoneTest, lone_tests
from tailorbird.pretraining.overlap import Overlap, StudyOverlap, read_studies
from tailorbird.pretraining.renaming import count_words, write_words
from tailorbird.pretraining.snippets import snippets
from tailorbird.pretraining.token_store import write_tokens
from tailorbird.progress import Progress
from tailorbird.records import Pair, Provenance
from tailorbird.sources import ResolvedSource, fetch_together, resolve
from tailorbird.storage import read_json, sha256_bytes, write_json

TOKENIZER_SNIPPETS = 60_000
"""Snippets that the tokenizer is trained on: more of them move few of its 8,192 entries."""

WORDS = "words.txt"

_ALONE, _BARE = 8, 4

CORPUS_VERSION = 6
"""To be raised when mining or tokenising makes something else of the same list: an old corpus is then made anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusList:
    """What a base is trained on, as Maven coordinates or other sources."""

    coordinates: tuple[str, ...]
    held_out: tuple[str, ...] = ()
    """Never trained on: the second stage is measured on their pairs. A family of its own, or the curve flatters."""
    studies: tuple[str, ...] = ()
    """What studies personalise to: nothing like their methods stays in the corpus."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusPart:
    """What one artifact gave."""

    source: Provenance
    files: int
    snippets: int
    test_cases: int
    pairs: int
    pairs_kept: int
    """Pairs whose test case asserts something, fits the target limit, and that no other artifact had before."""
    held_out: bool = False
    lone_tests_kept: int = 0
    """Test cases without a focal method, of which the same holds."""
    bytes: int = 0
    """Of its Java files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """``corpus.json``: what the token files beside it were made from."""

    fingerprint: str
    parts: tuple[CorpusPart, ...]
    snippets: int
    snippet_tokens: int
    pairs: int
    """Pairs to train on, which stand first in the token files."""
    held_out_pairs: int = 0
    """Pairs of held-out artifacts, which stand after them."""
    lone_tests: int = 0
    """Test cases without a focal method, to train on."""
    overlap: tuple[StudyOverlap, ...] = ()
    """What the projects of studies shared with the artifacts, and was left out."""


def read_list(path: Path | None = None) -> CorpusList:
    """The list in ``path``, or the tiny base's own.

    DataError when it has no coordinates, UsageError for a key that it does not know: a misspelt ``studies`` would leave
    in what resembles them.
    """
    place = path or Path(str(files("tailorbird.pretraining"))) / "corpus.toml"
    try:
        given = tomllib.loads(place.read_text(encoding="utf-8"))
        check_keys(CorpusList, given, f"in {place}")
        listed = msgspec.convert(given, CorpusList)
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise DataError(
            f"{place} is not a corpus list ({error}): give a TOML file with coordinates = ['group:artifact:version']."
        ) from error
    if not listed.coordinates:
        raise DataError(f"{place} lists no coordinates: name at least one group:artifact:version.")
    if both := sorted(set(listed.coordinates) & set(listed.held_out)):
        raise DataError(f"{place} lists {both[0]} to train on and as held out: take it from one of the two.")
    return listed


def build_corpus(
    folder: Path,
    listed: CorpusList,
    config: PretrainConfig,
    progress: Progress,
    tokenizer: PreTrainedTokenizerFast | None = None,
) -> tuple[Corpus, PreTrainedTokenizerFast]:
    """Fetch, mine and tokenise into ``folder``; what is there from the same list and limits is used as it is.

    Without a ``tokenizer`` one is trained on the corpus.
    Writes ``denoise``, ``pairs-source``, ``pairs-target``, ``tests-source`` and ``tests-target`` token files, the
    tokenizer, its words (``words.txt``), and ``corpus.json``.
    """
    level = parse_level(config.context)
    vocabulary = config.vocabulary_size if tokenizer is None else tokenizer_sha256(tokenizer)
    limits: tuple[object, ...] = (
        CORPUS_VERSION,
        listed,
        vocabulary,
        config.max_source_tokens,
        config.max_target_tokens,
        *([config.context] if config.context != DEFAULT_CONTEXT else []),
    )
    fingerprint = sha256_bytes(msgspec.json.encode(limits))
    record = folder / "corpus.json"
    if record.exists() and (done := read_json(record, Corpus)).fingerprint == fingerprint:
        return done, PreTrainedTokenizerFast.from_pretrained(str(folder / "tokenizer"))
    sources, overlap = _fetched(listed, progress)
    gathered = list(_gather(listed, sources, overlap, level, progress))
    texts = [text for part in gathered if not part.held_out for text in part.snippets]
    random.Random(0).shuffle(texts)
    if tokenizer is None:
        tokenizer = train_tokenizer(texts[:TOKENIZER_SNIPPETS], vocabulary_size=config.vocabulary_size)
    save_tokenizer(tokenizer, folder / "tokenizer")
    encoded = tokenizer(texts, verbose=False)["input_ids"]
    write_tokens(folder / "denoise", encoded)
    write_words(folder / WORDS, count_words(texts))
    parts = _write_examples(folder, gathered, tokenizer, config, neighbours=level.neighbour)
    corpus = Corpus(
        fingerprint=fingerprint,
        parts=tuple(parts),
        snippets=len(texts),
        snippet_tokens=sum(len(tokens) for tokens in encoded),
        pairs=sum(part.pairs_kept for part in parts if not part.held_out),
        held_out_pairs=sum(part.pairs_kept for part in parts if part.held_out),
        lone_tests=sum(part.lone_tests_kept for part in parts),
        overlap=overlap.report(),
    )
    write_json(record, corpus)
    return corpus, tokenizer


@dataclass(frozen=True, slots=True)
class Gathered:
    """What one artifact has."""

    source: Provenance
    files: int
    bytes: int
    test_cases: int
    snippets: list[str]
    pairs: tuple[Pair, ...]
    pairs_found: int
    lone_tests: tuple[LoneTest, ...]
    held_out: bool


def gather(listed: CorpusList, level: Level, progress: Progress, *, pairs_only: bool = False) -> list[Gathered]:
    """Mine each artifact of ``listed`` without what resembles a study's; ``pairs_only`` leaves all but pairs out."""
    sources, overlap = _fetched(listed, progress)
    return list(_gather(listed, sources, overlap, level, progress, pairs_only=pairs_only))


def _fetched(listed: CorpusList, progress: Progress) -> tuple[dict[str, ResolvedSource], Overlap]:
    """Every source of the list, and the methods of its studies."""
    sources = _fetch((*listed.coordinates, *listed.held_out, *listed.studies), progress)
    return sources, read_studies([sources[one] for one in listed.studies], progress) if listed.studies else Overlap(())


def _fetch(coordinates: Sequence[str], progress: Progress) -> dict[str, ResolvedSource]:
    """Every source, at hand before hours are spent on the first; SourceError with all that cannot be had."""
    progress.start("fetching", len(coordinates))
    fetch_together(coordinates)
    sources: dict[str, ResolvedSource] = {}
    missing = []
    for number, coordinate in enumerate(coordinates, start=1):
        try:
            sources[coordinate] = resolve(coordinate)
        except SourceError as error:
            missing.append(str(error))
        progress.update(number, coordinate)
    progress.finish()
    if missing:
        raise SourceError(f"{len(missing)} of {len(coordinates)} sources of the corpus list: {' '.join(missing)}")
    return sources


def _gather(
    listed: CorpusList,
    sources: Mapping[str, ResolvedSource],
    overlap: Overlap,
    level: Level,
    progress: Progress,
    *,
    pairs_only: bool = False,
) -> Iterator[Gathered]:
    # What is held out comes last: its pairs then stand after those to train on, and a copy is one to train on.
    coordinates = (*listed.coordinates, *listed.held_out)
    progress.start("mining", len(coordinates))
    seen: set[str] = set()
    for number, coordinate in enumerate(coordinates, start=1):
        resolved = sources[coordinate]
        mined = mine_tree(resolved.root, published=level.published)
        # Modules of one family share classes by copy: each text is taken once over the whole corpus.
        fresh = [] if pairs_only else [text for text in snippets(resolved.root) if text not in seen]
        seen.update(fresh)
        held_out = number > len(listed.coordinates)
        yield Gathered(
            source=resolved.provenance,
            files=mined.files,
            bytes=sum(path.stat().st_size for path in resolved.root.rglob("*.java") if path.is_file()),
            test_cases=len(mined.test_cases),
            snippets=[text for text in fresh if not overlap.has(text)],
            # Nothing is held out within an artifact: each of its pairs may be shown beside the others.
            pairs=tuple(
                replace(pair, split="train")
                for pair in _surrounded(mined, level)
                if not overlap.has(pair.focal.text, pair.test.text)
            ),
            pairs_found=len(mined.pairs),
            lone_tests=()
            if held_out or pairs_only
            else tuple(one for one in lone_tests(mined) if not overlap.has(one.test.text, one.sibling)),
            held_out=held_out,
        )
        progress.update(number, coordinate)
    progress.finish()


def _surrounded(mined: MinedTree, level: Level) -> tuple[Pair, ...]:
    """The pairs of a tree with what stands around their tests, where ``level`` shows that."""
    return with_scope(mined.pairs, mined.test_classes, mined.known_classes) if level.skeleton else mined.pairs


def _some_alone(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """One pair in eight loses its neighbour, and one in four its skeleton: a base must do without them too."""
    for pair in pairs:
        drawn = int(pair.id, 16)
        yield replace(
            pair,
            neighbour=pair.neighbour if drawn % _ALONE else None,
            skeleton=pair.skeleton if drawn // _ALONE % _BARE else None,
        )


class _Examples:
    """Encoded examples in the order in which they come, each once."""

    def __init__(self) -> None:
        self.sources: list[tuple[int, ...]] = []
        self.targets: list[tuple[int, ...]] = []
        self._seen: set[str] = set()

    def __len__(self) -> int:
        return len(self.sources)

    def add(self, prompt: Prompt, *texts: str) -> None:
        """Take an example unless its target was cut, or one of the same texts is there."""
        digest = sha256_bytes("\0".join(texts).encode())
        if not prompt.target_cut and digest not in self._seen:
            self._seen.add(digest)
            self.sources.append(prompt.source)
            self.targets.append(prompt.target)

    def write(self, stem: Path) -> None:
        """Write two token stores, ``stem-source`` and ``stem-target``."""
        write_tokens(stem.with_name(f"{stem.name}-source"), self.sources)
        write_tokens(stem.with_name(f"{stem.name}-target"), self.targets)


def _write_examples(
    folder: Path,
    gathered: list[Gathered],
    tokenizer: PreTrainedTokenizerBase,
    config: PretrainConfig,
    *,
    neighbours: bool,
) -> list[CorpusPart]:
    most_source, most_target = config.max_source_tokens, config.max_target_tokens
    pairs, tests = _Examples(), _Examples()
    parts = []
    for part in gathered:
        before = len(pairs), len(tests)
        for pair in _some_alone(with_neighbours(part.pairs) if neighbours else part.pairs):
            if pair.test.assertions:
                prompt = encode_pair(tokenizer, pair, max_source=most_source, max_target=most_target)
                pairs.add(prompt, pair.focal.text, pair.test.text)
        for one in part.lone_tests:
            prompt = encode_lone_test(
                tokenizer, one.outline, one.sibling, one.test.text, max_source=most_source, max_target=most_target
            )
            if prompt.source:
                tests.add(prompt, one.test.text)
        parts.append(
            CorpusPart(
                source=part.source,
                files=part.files,
                bytes=part.bytes,
                snippets=len(part.snippets),
                test_cases=part.test_cases,
                pairs=part.pairs_found,
                pairs_kept=len(pairs) - before[0],
                held_out=part.held_out,
                lone_tests_kept=len(tests) - before[1],
            )
        )
    pairs.write(folder / "pairs")
    tests.write(folder / "tests")
    return parts
