"""The stage from a data set and a model to candidates, with the losses of the developers' own tests."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import msgspec

from tailorbird import __version__
from tailorbird.base.load import Base
from tailorbird.base.prompts import Prompt, count_cuts, encode_pair, encode_test
from tailorbird.bases.catalogue import DEFAULT_BASE
from tailorbird.bases.open import open_base
from tailorbird.config import GenerateConfig
from tailorbird.deltas.attach import attach_delta
from tailorbird.deltas.store import load_delta
from tailorbird.errors import DataError, UsageError
from tailorbird.generation.decode import Decoding, decode_batch, to_text
from tailorbird.generation.journal import Journal
from tailorbird.generation.names import Known
from tailorbird.generation.selecting import Selector
from tailorbird.generation.syntax import Syntax
from tailorbird.java_text import canonical_layout
from tailorbird.mining.dataset import DataSet, load_data
from tailorbird.networks.batch import Encoded
from tailorbird.progress import Progress, Silent
from tailorbird.records import Candidate, Cost, DeltaManifest, GenerationHeader, Pair, ReferenceLoss
from tailorbird.storage import sha256_bytes, write_jsonl
from tailorbird.training.device import choose_device, describe_device, in_precision, use_bfloat16, versions
from tailorbird.training.losses import target_losses, with_other_inputs

MAX_REFERENCE_TOKENS = 2048
"""Longest reference whose loss is taken whole: one that is longer is a table of data, and takes minutes."""

_GREEDY_BATCHES = 4
"""Batches that are handed over at once in greedy decoding, where one source that is done makes room for the next."""


@dataclass(frozen=True, slots=True)
class _Task:
    """One generation: the base as it stands, and what it is asked."""

    base: Base
    delta: DeltaManifest | None
    data: DataSet
    config: GenerateConfig
    pairs: tuple[Pair, ...]
    syntax: Syntax | None = None
    known: Known | None = None
    """What tests can name; None where that is not asked for, or not known."""

    @property
    def fingerprint(self) -> str:
        parts = (
            self.base.sha256,
            self.base.tokenizer_sha256,
            self.delta.tensors_sha256 if self.delta else "",
            self.data.manifest.pairs_sha256,
            (self.data.manifest.test_classes_sha256, self.data.manifest.known_classes_sha256)
            if self.config.names
            else (),
            self.config,
            sorted(versions().items()),
        )
        return sha256_bytes(msgspec.json.encode(parts))


def generate(
    data: Path,
    out: Path,
    config: GenerateConfig,
    *,
    base: str = DEFAULT_BASE,
    delta: Path | None = None,
    progress: Progress | None = None,
) -> GenerationHeader:
    """Generate for one split of ``data`` with ``base``, personalised by ``delta`` where one is given."""
    model = open_base(base, device=choose_device())
    return generate_base(load_data(data), out, config, model, delta=delta, progress=progress)


def generate_base(
    data: DataSet,
    out: Path,
    config: GenerateConfig,
    base: Base,
    *,
    delta: Path | None = None,
    progress: Progress | None = None,
) -> GenerationHeader:
    """The same with data and base in memory; the delta is off the base again afterwards."""
    decoding = _decoding(config)
    base.require_positions(max_source=config.max_source_tokens, max_target=config.max_target_tokens)
    pairs = data.split(config.split)
    pairs = pairs[: config.limit] if config.limit else pairs
    pairs = pairs if config.neighbour else tuple(replace(pair, neighbour=None) for pair in pairs)
    if not pairs:
        raise DataError(f"The data set has no {config.split} pairs: choose another --split, or mine more tests.")
    loaded = load_delta(delta) if delta is not None else None
    undo = attach_delta(base, loaded) if loaded is not None else (lambda: None)
    task = _Task(base, loaded.manifest if loaded is not None else None, data, config, pairs)
    try:
        # A prompt takes positions of its own.
        base.require_positions(max_source=config.max_source_tokens, max_target=config.max_target_tokens)
        done = _finished(out, task.fingerprint)
        if done is not None:
            return done
        with in_precision(base.network, bfloat16=use_bfloat16(config.precision, base.network.device)):
            return _run(_guided(task), decoding, out, progress or Silent())
    finally:
        undo()


def _guided(task: _Task) -> _Task:
    """``task`` with the grammar and the names that it asks for: not read where all is done already."""
    if not task.config.syntax:
        return task
    known = Known.of(task.data, plain=task.config.steering) if task.config.names else None
    return replace(task, syntax=Syntax(task.base.tokenizer), known=known)


def _usual_tokens(task: _Task) -> int:
    """The median length of the tests that a model is personalised with; 0 where nothing steers or there is none."""
    if task.known is None or not task.config.steering:
        return 0
    lengths = [len(encode_test(task.base.tokenizer, pair.test.text)) for pair in task.data.split("train")]
    return int(median(lengths or [0]))


def _finished(out: Path, fingerprint: str) -> GenerationHeader | None:
    """The header of ``out`` if it was written by the same run, else None."""
    try:
        with out.open("rb") as file:
            header = msgspec.json.decode(file.readline(), type=GenerationHeader)
    except (OSError, msgspec.DecodeError):
        return None
    return header if header.fingerprint == fingerprint else None


def _run(task: _Task, decoding: Decoding, out: Path, progress: Progress) -> GenerationHeader:
    decoding = replace(decoding, usual_tokens=_usual_tokens(task)) if decoding.likeliest else decoding
    prompts = [
        encode_pair(
            task.base.tokenizer,
            pair,
            layout=task.base.description.prompt,
            max_source=task.config.max_source_tokens,
            max_target=task.config.max_target_tokens,
        )
        for pair in task.pairs
    ]
    journal = Journal(out, task.fingerprint)
    selector = Selector(task.data) if task.config.draws is not None else None
    _decode_all(task, decoding, prompts, selector, journal, progress)
    candidates = [candidate for pair in task.pairs for candidate in journal.done[pair.id]]
    references = _reference_losses(task, prompts)
    header = replace(_header(task, decoding, candidates), truncation=count_cuts(prompts))
    write_jsonl(out, [header, *references, *candidates])
    journal.close()
    return header


def _decode_all(
    task: _Task,
    decoding: Decoding,
    prompts: Sequence[Prompt],
    selector: Selector | None,
    journal: Journal,
    progress: Progress,
) -> None:
    progress.start(f"generating ({task.delta.strategy if task.delta else 'base'})", len(task.pairs))
    # Long inputs share batches with long ones; the order does not depend on what was done before a kill.
    order = sorted(range(len(prompts)), key=lambda index: (len(prompts[index].source), index))
    size = task.config.batch_size * (_GREEDY_BATCHES if decoding.likeliest else 1)
    for number, start in enumerate(range(0, len(order), size)):
        indices = order[start : start + size]
        if any(task.pairs[index].id not in journal.done for index in indices):
            journal.add(_decode_some(task, decoding, prompts, indices, selector, seed=task.config.seed + number))
        progress.update(min(start + size, len(order)))
    progress.finish()


def _decode_some(
    task: _Task,
    decoding: Decoding,
    prompts: Sequence[Prompt],
    indices: Sequence[int],
    selector: Selector | None,
    *,
    seed: int,
) -> list[Candidate]:
    started = time.perf_counter()
    sources = [prompts[index].source for index in indices]
    decoded = decode_batch(
        task.base,
        sources,
        decoding,
        seed=seed,
        at_once=task.config.batch_size,
        syntax=task.syntax,
        names=[task.known.names(task.pairs[index]) for index in indices] if task.known is not None else None,
        steers=task.config.steering,
    )
    if selector is not None:
        decoded = [
            [ranked[at] for at in selector.best(task.pairs[index], texts, task.config.candidates)]
            for index, ranked in zip(indices, decoded, strict=True)
            for texts in [[to_text(task.base, one) for one in ranked]]
        ]
    share = (time.perf_counter() - started) / (len(indices) * task.config.candidates)
    return [
        Candidate(
            pair_id=task.pairs[index].id,
            index=rank,
            text=to_text(task.base, one),
            log_probability=one.log_probability,
            tokens=len(one.tokens),
            finished=one.finished,
            completed=one.completed,
            seconds=share,
        )
        for index, ranked in zip(indices, decoded, strict=True)
        for rank, one in enumerate(ranked)
    ]


def _reference_losses(task: _Task, prompts: Sequence[Prompt]) -> list[ReferenceLoss]:
    """Losses of the developers' own tests: whole ones, however short candidates are to be."""
    limit = min(MAX_REFERENCE_TOKENS, task.base.target_room(task.config.max_source_tokens))
    targets = [encode_test(task.base.tokenizer, pair.test.text) for pair in task.pairs]
    examples = [Encoded(prompt.source, target[:limit]) for prompt, target in zip(prompts, targets, strict=True)]
    own = target_losses(task.base.network, examples)
    other = target_losses(task.base.network, with_other_inputs(examples))
    return [
        ReferenceLoss(
            pair_id=pair.id,
            loss=mine.loss,
            other_loss=theirs.loss,
            tokens=mine.tokens,
            characters=_characters(task.base, pair, target, limit),
            truncated=len(target) > limit,
        )
        for pair, target, mine, theirs in zip(task.pairs, targets, own, other, strict=True)
    ]


def _characters(base: Base, pair: Pair, target: Sequence[int], limit: int) -> int:
    if len(target) <= limit:
        return len(canonical_layout(pair.test.text))
    return len(base.text(tuple(target[:limit])))


def _decoding(config: GenerateConfig) -> Decoding:
    written = config.candidates if config.draws is None else config.draws
    if written < config.candidates:
        raise UsageError(f"draws = {written} leaves no {config.candidates} candidates to keep: draw at least as many.")
    if config.decoding != "sample" and (config.temperature, config.top_p) != (1.0, 1.0):
        raise UsageError(
            f"temperature and top_p change nothing in {config.decoding} decoding: leave them out, or choose "
            "--decoding sample."
        )
    return Decoding(
        method=config.decoding,
        candidates=written,
        beams=config.beams,
        temperature=config.temperature,
        top_p=config.top_p,
        max_tokens=config.max_target_tokens,
        no_repeat_ngram=config.no_repeat_ngram,
    )


def _header(task: _Task, decoding: Decoding, candidates: Sequence[Candidate]) -> GenerationHeader:
    settings: dict[str, str | int | float | bool] = {
        "candidates": task.config.candidates,
        "no_repeat_ngram": decoding.no_repeat_ngram,
        "syntax": task.config.syntax,
        "names": task.known is not None,
        "steering": task.known is not None and task.config.steering,
        "neighbour": task.config.neighbour,
        "precision": "bfloat16" if use_bfloat16(task.config.precision, task.base.network.device) else "float32",
        "max_source_tokens": task.config.max_source_tokens,
        "max_target_tokens": task.config.max_target_tokens,
        "batch_size": task.config.batch_size,
    }
    if task.config.draws is not None:
        settings["draws"] = task.config.draws
    if decoding.likeliest:
        settings["usual_tokens"] = decoding.usual_tokens
    if decoding.method == "beam":
        settings["beams"] = decoding.beams
    if decoding.method == "sample":
        settings |= {"temperature": decoding.temperature, "top_p": decoding.top_p}
    total = sum(parameter.numel() for parameter in task.base.model.parameters())
    return GenerationHeader(
        tailorbird=__version__,
        strategy=task.delta.strategy if task.delta else "base",
        split=task.config.split,
        decoding=decoding.method,
        fingerprint=task.fingerprint,
        settings=settings,
        training=task.delta.settings if task.delta else {},
        base_name=task.base.name,
        base_sha256=task.base.sha256,
        data_sha256=task.data.manifest.pairs_sha256,
        delta_sha256=task.delta.tensors_sha256 if task.delta else "",
        source=task.data.manifest.source,
        seed=task.delta.seed if task.delta else task.config.seed,
        cost=task.delta.cost if task.delta else Cost(total_parameters=total),
        curve=task.delta.curve if task.delta else (),
        generate_seconds=sum(candidate.seconds for candidate in candidates),
        generated_tokens=sum(candidate.tokens for candidate in candidates),
        versions=versions(),
        device=describe_device(task.base.network.device),
    )
