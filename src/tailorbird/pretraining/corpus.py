"""The base's corpus: from a list of Maven coordinates to token files."""

import random
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

import msgspec
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from tailorbird.base.load import tokenizer_sha256
from tailorbird.base.prompts import encode_pair
from tailorbird.base.tokenizer import save_tokenizer, train_tokenizer
from tailorbird.config import PretrainConfig
from tailorbird.errors import DataError
from tailorbird.mining.neighbours import with_neighbours
from tailorbird.mining.tree import mine_tree
from tailorbird.pretraining.snippets import snippets
from tailorbird.pretraining.token_store import write_tokens
from tailorbird.progress import Progress
from tailorbird.records import Pair, Provenance
from tailorbird.sources import resolve
from tailorbird.storage import read_json, sha256_bytes, write_json

TOKENIZER_SNIPPETS = 60_000
"""Snippets that the tokenizer is trained on: more of them move few of its 8,192 entries."""


_ALONE = 8

CORPUS_VERSION = 3
"""To be raised when mining or tokenising makes something else of the same list: an old corpus is then made anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusList:
    """What a base is trained on, as Maven coordinates or other sources."""

    coordinates: tuple[str, ...]
    held_out: tuple[str, ...] = ()
    """Never trained on: the second stage is measured on their pairs. A family of its own, or the curve flatters."""


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


def read_list(path: Path | None = None) -> CorpusList:
    """The list in ``path``, or the embedded base's own; DataError when it has no coordinates."""
    place = path or Path(str(files("tailorbird.pretraining"))) / "corpus.toml"
    try:
        listed = msgspec.convert(tomllib.loads(place.read_text(encoding="utf-8")), CorpusList)
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
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
    Writes ``denoise``, ``pairs-source`` and ``pairs-target`` token files, the tokenizer, and ``corpus.json``.
    """
    vocabulary = config.vocabulary_size if tokenizer is None else tokenizer_sha256(tokenizer)
    limits = (CORPUS_VERSION, listed, vocabulary, config.max_source_tokens, config.max_target_tokens)
    fingerprint = sha256_bytes(msgspec.json.encode(limits))
    record = folder / "corpus.json"
    if record.exists() and (done := read_json(record, Corpus)).fingerprint == fingerprint:
        return done, PreTrainedTokenizerFast.from_pretrained(str(folder / "tokenizer"))
    gathered = list(_gather(listed, progress))
    texts = [text for part in gathered if not part.held_out for text in part.snippets]
    random.Random(0).shuffle(texts)
    if tokenizer is None:
        tokenizer = train_tokenizer(texts[:TOKENIZER_SNIPPETS], vocabulary_size=config.vocabulary_size)
    save_tokenizer(tokenizer, folder / "tokenizer")
    encoded = tokenizer(texts, verbose=False)["input_ids"]
    write_tokens(folder / "denoise", encoded)
    parts = _write_pairs(folder, gathered, tokenizer, config)
    corpus = Corpus(
        fingerprint=fingerprint,
        parts=tuple(parts),
        snippets=len(texts),
        snippet_tokens=sum(len(tokens) for tokens in encoded),
        pairs=sum(part.pairs_kept for part in parts if not part.held_out),
        held_out_pairs=sum(part.pairs_kept for part in parts if part.held_out),
    )
    write_json(record, corpus)
    return corpus, tokenizer


@dataclass(frozen=True, slots=True)
class _Gathered:
    source: Provenance
    files: int
    test_cases: int
    snippets: list[str]
    pairs: tuple[Pair, ...]
    held_out: bool


def _gather(listed: CorpusList, progress: Progress) -> Iterator[_Gathered]:
    # What is held out comes last: its pairs then stand after those to train on, and a copy is one to train on.
    coordinates = (*listed.coordinates, *listed.held_out)
    progress.start("fetching and mining", len(coordinates))
    seen: set[str] = set()
    for number, coordinate in enumerate(coordinates, start=1):
        resolved = resolve(coordinate)
        mined = mine_tree(resolved.root)
        # Modules of one family share classes by copy: each text is taken once over the whole corpus.
        fresh = [text for text in snippets(resolved.root) if text not in seen]
        seen.update(fresh)
        yield _Gathered(
            resolved.provenance,
            mined.files,
            len(mined.test_cases),
            fresh,
            # Nothing is held out within an artifact: each of its pairs may be shown beside the others.
            tuple(replace(pair, split="train") for pair in mined.pairs),
            number > len(listed.coordinates),
        )
        progress.update(number, coordinate)
    progress.finish()


def _some_alone(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """One pair in eight loses its neighbour: a base must do without one too."""
    for pair in pairs:
        yield replace(pair, neighbour=None) if int(pair.id, 16) % _ALONE == 0 else pair


def _write_pairs(
    folder: Path, gathered: list[_Gathered], tokenizer: PreTrainedTokenizerBase, config: PretrainConfig
) -> list[CorpusPart]:
    sources: list[tuple[int, ...]] = []
    targets: list[tuple[int, ...]] = []
    seen: set[str] = set()
    parts = []
    for part in gathered:
        before = len(sources)
        for pair in _some_alone(with_neighbours(part.pairs)):
            prompt = encode_pair(
                tokenizer, pair, max_source=config.max_source_tokens, max_target=config.max_target_tokens
            )
            digest = sha256_bytes(f"{pair.focal.text}\0{pair.test.text}".encode())
            if pair.test.assertions and not prompt.target_cut and digest not in seen:
                seen.add(digest)
                sources.append(prompt.source)
                targets.append(prompt.target)
        parts.append(
            CorpusPart(
                source=part.source,
                files=part.files,
                snippets=len(part.snippets),
                test_cases=part.test_cases,
                pairs=len(part.pairs),
                pairs_kept=len(sources) - before,
                held_out=part.held_out,
            )
        )
    write_tokens(folder / "pairs-source", sources)
    write_tokens(folder / "pairs-target", targets)
    return parts
