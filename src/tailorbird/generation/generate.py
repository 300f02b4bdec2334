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
from tailorbird.errors import UsageError
from tailorbird.generation.decode import Decoding, decode_batch, to_text
from tailorbird.generation.journal import Journal
from tailorbird.generation.names import Known
from tailorbird.generation.syntax import Syntax
from tailorbird.java_text import canonical_layout
from tailorbird.mining.dataset import DataSet, load_data
from tailorbird.networks.batch import Encoded
from tailorbird.progress import Progress, Silent
from tailorbird.records import (
    WITH_NEIGHBOUR,
    Candidate,
    Constraint,
    Cost,
    DecodingDefaults,
    DeltaManifest,
    GenerationHeader,
    Pair,
    ReferenceLoss,
)
from tailorbird.storage import sha256_bytes, write_jsonl
from tailorbird.training.device import choose_device, describe_device, in_precision, use_bfloat16, versions
from tailorbird.training.losses import target_losses, with_other_inputs

MAX_REFERENCE_TOKENS = 2048
"""Longest reference whose loss is taken whole: one that is longer is a table of data, and takes minutes."""

_GREEDY_BATCHES = 4
"""Batches that are handed over at once in greedy decoding, where one source that is done makes room for the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """One generation: the base as it stands, and what it is asked."""

    base: Base
    delta: DeltaManifest | None
    data: DataSet
    config: GenerateConfig
    decoding: Decoding
    constraint: Constraint
    bfloat16: bool
    max_source: int
    pairs: tuple[Pair, ...]
    syntax: Syntax | None = None
    known: Known | None = None
    """What tests can name; None where that is not asked for, or not known."""
    usual_tokens: int = 0
    """How long a usual test of the project is; 0 where that guides nothing."""

    @property
    def fingerprint(self) -> str:
        parts = (
            self.base.sha256,
            self.base.tokenizer_sha256,
            self.delta.tensors_sha256 if self.delta else "",
            self.data.manifest.pairs_sha256,
            (self.data.manifest.test_classes_sha256, self.data.manifest.known_classes_sha256)
            if self.constraint == "guided"
            else (),
            self.config,
            self.decoding,
            self.constraint,
            self.bfloat16,
            self.max_source,
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
    max_source, max_target = base.limits(config.max_source_tokens, config.max_target_tokens)
    own = base.description.decoding
    decoding = _decoding(config, own, max_target)
    pairs = data.chosen(config.split, limit=config.limit, methods=config.methods)
    pairs = pairs if config.neighbour else tuple(replace(pair, neighbour=None) for pair in pairs)
    loaded = load_delta(delta) if delta is not None else None
    undo = attach_delta(base, loaded) if loaded is not None else (lambda: None)
    task = _Task(
        base=base,
        delta=loaded.manifest if loaded is not None else None,
        data=data,
        config=config,
        decoding=decoding,
        constraint=config.constraint or own.constraint,
        bfloat16=use_bfloat16(config.precision or own.precision, base.network.device),
        max_source=max_source,
        pairs=pairs,
    )
    try:
        # A prompt takes positions of its own.
        base.require_positions(max_source=max_source, max_target=max_target)
        done = _finished(out, task.fingerprint)
        if done is not None:
            return done
        with in_precision(base.network, bfloat16=task.bfloat16):
            return _run(_constrained(task), out, progress or Silent())
    finally:
        undo()


def _constrained(task: _Task) -> _Task:
    """``task`` with the grammar and the names that it asks for: not read where all is done already."""
    if task.constraint == "none":
        return task
    known = Known.of(task.data, plain=True) if task.constraint == "guided" else None
    usual = _usual_tokens(task) if task.decoding.likeliest and known is not None else 0
    return replace(task, syntax=Syntax(task.base.tokenizer), known=known, usual_tokens=usual)


def _usual_tokens(task: _Task) -> int:
    """The median length of the tests that a model is personalised with; 0 where there is none."""
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


def _run(task: _Task, out: Path, progress: Progress) -> GenerationHeader:
    prompts = [
        encode_pair(
            task.base.tokenizer,
            pair,
            layout=task.base.description.prompt,
            max_source=task.max_source,
            max_target=task.decoding.max_tokens,
        )
        for pair in task.pairs
    ]
    journal = Journal(out, task.fingerprint)
    _decode_all(task, prompts, journal, progress)
    candidates = [candidate for pair in task.pairs for candidate in journal.done[pair.id]]
    references = _reference_losses(task, prompts)
    header = replace(_header(task, candidates), truncation=count_cuts(prompts))
    write_jsonl(out, [header, *references, *candidates])
    journal.close()
    return header


def _decode_all(
    task: _Task,
    prompts: Sequence[Prompt],
    journal: Journal,
    progress: Progress,
) -> None:
    progress.start(f"generating ({_row(task)})", len(task.pairs))
    # Long inputs share batches with long ones; the order does not depend on what was done before a kill.
    order = sorted(range(len(prompts)), key=lambda index: (len(prompts[index].source), index))
    size = task.config.batch_size * (_GREEDY_BATCHES if task.decoding.likeliest else 1)
    for number, start in enumerate(range(0, len(order), size)):
        indices = order[start : start + size]
        if any(task.pairs[index].id not in journal.done for index in indices):
            journal.add(_decode_some(task, prompts, indices, seed=task.config.seed + number))
        progress.update(min(start + size, len(order)))
    progress.finish()


def _decode_some(
    task: _Task,
    prompts: Sequence[Prompt],
    indices: Sequence[int],
    *,
    seed: int,
) -> list[Candidate]:
    started = time.perf_counter()
    sources = [prompts[index].source for index in indices]
    decoded = decode_batch(
        task.base,
        sources,
        replace(task.decoding, usual_tokens=task.usual_tokens),
        seed=seed,
        at_once=task.config.batch_size,
        syntax=task.syntax,
        names=[task.known.names(task.pairs[index]) for index in indices] if task.known is not None else None,
    )
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
    limit = min(MAX_REFERENCE_TOKENS, task.base.target_room(task.max_source))
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


def _decoding(config: GenerateConfig, own: DecodingDefaults, max_tokens: int) -> Decoding:
    """What ``config`` asks for, and the base's ``own`` for the rest."""
    method = config.decoding or own.method
    if method == "greedy" and config.decoding is None and config.candidates > 1:
        method = "sample"  # The likeliest tokens give one candidate.
    if method != "sample" and not {config.temperature, config.top_p} <= {None, 1.0}:
        raise UsageError(
            f"temperature and top_p change nothing in {method} decoding: leave them out, or choose --decoding sample."
        )
    return Decoding(
        method=method,
        candidates=config.candidates,
        beams=config.beams,
        temperature=(config.temperature or own.temperature) if method == "sample" else 1.0,
        top_p=(config.top_p or own.top_p) if method == "sample" else 1.0,
        max_tokens=max_tokens,
        no_repeat_ngram=own.no_repeat_ngram if config.no_repeat_ngram is None else config.no_repeat_ngram,
    )


def _row(task: _Task) -> str:
    """What the candidates are called: retrieval, which a neighbour in the prompt is, is part of the name."""
    name = task.delta.strategy if task.delta else "base"
    return f"{name}{WITH_NEIGHBOUR}" if any(pair.neighbour for pair in task.pairs) else name


def _header(task: _Task, candidates: Sequence[Candidate]) -> GenerationHeader:
    decoding = task.decoding
    settings: dict[str, str | int | float | bool] = {
        "candidates": task.config.candidates,
        "no_repeat_ngram": decoding.no_repeat_ngram,
        "constraint": task.constraint,
        "neighbour": task.config.neighbour,
        "precision": "bfloat16" if task.bfloat16 else "float32",
        "max_source_tokens": task.max_source,
        "max_target_tokens": decoding.max_tokens,
        "batch_size": task.config.batch_size,
    }
    if task.config.methods is not None:
        settings["methods"] = task.config.methods
    if decoding.likeliest:
        settings["usual_tokens"] = task.usual_tokens
    if decoding.method == "beam":
        settings["beams"] = decoding.beams
    if decoding.method == "sample":
        settings |= {"temperature": decoding.temperature, "top_p": decoding.top_p}
    total = sum(parameter.numel() for parameter in task.base.model.parameters())
    return GenerationHeader(
        tailorbird=__version__,
        strategy=_row(task),
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
