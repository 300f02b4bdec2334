"""The stage from mined pairs to a delta."""

import math
import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import msgspec
import torch

from tailorbird import __version__
from tailorbird.base.load import Base
from tailorbird.base.prompts import Prompt, count_cuts, encode_pair
from tailorbird.bases.catalogue import DEFAULT_BASE
from tailorbird.bases.open import open_base
from tailorbird.config import PersonaliseConfig
from tailorbird.deltas.attach import merge_delta, mergeable, parameters_of
from tailorbird.deltas.store import Delta, load_delta, read_manifest, save_delta
from tailorbird.errors import DataError, DeltaError, UsageError
from tailorbird.mining.dataset import DataSet, load_data
from tailorbird.networks.batch import Encoded
from tailorbird.progress import Progress, Silent
from tailorbird.records import FORMAT_VERSION, Cost, DeltaManifest, Pair
from tailorbird.storage import sha256_bytes
from tailorbird.strategies.registry import STRATEGIES, complete_settings, find_strategy
from tailorbird.strategies.strategy import Prepared
from tailorbird.training.batches import BEGINNING, EpochOrder, SharedOrder, attention_length
from tailorbird.training.device import choose_device, describe_device, use_bfloat16, versions
from tailorbird.training.estimate import Estimate, TooLargeError, Work, estimate
from tailorbird.training.frozen import FrozenWork
from tailorbird.training.loop import LoopSettings, Outcome, train
from tailorbird.training.losses import validate

CHECKPOINT = "checkpoint.safetensors"
FROZEN = "frozen"
"""Begins the name of the folder with what a strategy never changes, computed once; it goes when the delta is there."""


Announce = Callable[[Estimate], None]


@dataclass(frozen=True, slots=True)
class _Plan:
    """All that determines a delta's tensors, settled before anything is loaded onto the model."""

    strategy: str
    settings: dict[str, str | int | float | bool]
    seed: int
    base: Base
    data: DataSet
    parent: Delta | None = None

    @property
    def fingerprint(self) -> str:
        parts = (
            self.strategy,
            sorted(self.settings.items()),
            self.seed,
            self.base.sha256,
            self.base.tokenizer_sha256,
            self.data.manifest.pairs_sha256,
            self.parent.manifest.tensors_sha256 if self.parent is not None else "",
            sorted(versions().items()),
        )
        return sha256_bytes(msgspec.json.encode(parts))


def personalise(
    data: Path,
    out: Path,
    config: PersonaliseConfig,
    *,
    base: str = DEFAULT_BASE,
    start: Path | None = None,
    progress: Progress | None = None,
    announce: Announce | None = None,
) -> DeltaManifest:
    """Personalise ``base`` to the training pairs in ``data`` and write the delta to ``out``.

    With ``start``, a delta of that base, training goes on from there: an organisation's delta, then the project's.
    ``announce`` is told what it will take, before it begins; UsageError where it does not fit into memory.
    A finished delta of the same base, data and settings is left as it is; an interrupted run goes on from its
    checkpoint.
    """
    complete_settings(find_strategy(config.strategy), config.settings)  # A misspelt one is said before anything loads.
    mined, loaded = load_data(data), open_base(base, device=choose_device())
    return personalise_base(mined, out, config, loaded, start=start, progress=progress, announce=announce)


def personalise_base(
    data: DataSet,
    out: Path,
    config: PersonaliseConfig,
    base: Base,
    *,
    start: Path | None = None,
    progress: Progress | None = None,
    announce: Announce | None = None,
) -> DeltaManifest:
    """The same with data and base in memory; the base is the unpersonalised one again afterwards, bit for bit."""
    parent = load_delta(start) if start is not None else None
    plan = _plan(config, base, data, parent)
    done = finished_delta(out, plan.fingerprint)
    if done is not None:
        return done
    with ExitStack() as stack:
        if parent is not None:
            stack.callback(merge_delta(base, parent))
        # The strategy's own random weights are part of what the seed decides.
        torch.manual_seed(plan.seed)
        prepared = find_strategy(plan.strategy).prepare(base.network, plan.settings)
        limit = round(config.frozen_gib * (1 << 30))
        try:
            with ExitStack() as training:
                training.callback(prepared.undo)
                base.limits(config.max_source_tokens, config.max_target_tokens)  # A prompt takes positions of its own.
                outcome = _train(plan, prepared, out, progress or Silent(), limit_bytes=limit, announce=announce)
                tensors = prepared.extract()
        except TooLargeError as error:
            raise UsageError(error.sentence(plan.strategy, _sizes(base, plan))) from error
        # Only now do the parameters stand as they did before: differences are taken from these.
        manifest = save_delta(
            out,
            tensors,
            _manifest(plan, prepared, outcome, tensors),
            packing="lossless",
            base=parameters_of(base),
            parent=start,
        )
    (out / CHECKPOINT).unlink(missing_ok=True)
    return manifest


def finished_delta(out: Path, fingerprint: str) -> DeltaManifest | None:
    """The delta in ``out`` if it is whole and was made by the same run, else None."""
    try:
        manifest = read_manifest(out)
        if manifest.fingerprint != fingerprint:
            return None
        load_delta(out)
    except DeltaError:
        return None
    return manifest


def own_settings(name: str, base: Base) -> dict[str, str | int | float | bool]:
    """The settings of the strategy ``name`` where nothing else is asked for: the rates are those found for ``base``."""
    searched = base.description.training.get(name)
    return complete_settings(find_strategy(name), {} if searched is None else asdict(searched))


def _plan(config: PersonaliseConfig, base: Base, data: DataSet, parent: Delta | None) -> _Plan:
    if parent is not None and not mergeable(parent.manifest):
        raise UsageError(
            f"--from-delta is a {parent.manifest.strategy}, which is no change of the base's weights: only such a "
            "delta can be trained on."
        )
    strategy = find_strategy(config.strategy)
    max_source, max_target = base.limits(config.max_source_tokens, config.max_target_tokens)
    given = {**own_settings(config.strategy, base), **config.settings}
    if config.learning_rate is not None:
        given["learning_rate"] = config.learning_rate
    if config.epochs is not None:
        given["epochs"] = float(config.epochs)
    settings = complete_settings(strategy, given)
    device = base.network.device
    if config.validation_pairs is not None:
        settings["validation_pairs"] = config.validation_pairs
    settings |= {
        "batch_size": config.batch_size,
        "warmup_share": config.warmup_share,
        "weight_decay": config.weight_decay,
        "validations": config.validations,
        "patience": config.patience,
        "micro_tokens": config.micro_tokens,
        "unlikelihood": config.unlikelihood,
        "unasserted": config.unasserted,
        "neighbour_share": config.neighbour_share,
        "max_source_tokens": max_source,
        "max_target_tokens": max_target,
        "precision": "bfloat16" if use_bfloat16(config.precision, device) else "float32",
    }
    return _Plan(config.strategy, settings, config.seed, base, data, parent)


def _sizes(base: Base, plan: _Plan) -> dict[str, int]:
    """How many values each strategy that suits the base trains there: the one asked for with its settings."""
    sizes: dict[str, int] = {}
    for name, strategy in STRATEGIES.items():
        settings = plan.settings if name == plan.strategy else strategy.defaults
        try:
            prepared = strategy.prepare(base.network, settings)
        except UsageError:
            if name == plan.strategy:
                raise
            continue
        sizes[name] = sum(parameter.numel() for parameter in prepared.parameters.values())
        prepared.undo()
    return sizes


def _prompts(plan: _Plan, pairs: Sequence[Pair]) -> list[Prompt]:
    share = float(plan.settings["neighbour_share"])
    kept = [pair if _drawn(pair) < share else replace(pair, neighbour=None) for pair in pairs]
    return [
        encode_pair(
            plan.base.tokenizer,
            pair,
            layout=plan.base.description.prompt,
            max_source=int(plan.settings["max_source_tokens"]),
            max_target=int(plan.settings["max_target_tokens"]),
        )
        for pair in kept
    ]


def _drawn(pair: Pair, *, of: str = "neighbour") -> float:
    """A number from 0 to 1 that belongs to the pair: the same in every run."""
    return int(sha256_bytes(f"{of} {pair.id}".encode())[:8], 16) / (1 << 32)


def _training_pairs(plan: _Plan) -> list[Pair]:
    return _asserting(plan, plan.data.split("train"))


def _validation_pairs(plan: _Plan) -> list[Pair]:
    pairs, wanted = _asserting(plan, plan.data.split("validation")), plan.settings.get("validation_pairs")
    if wanted is None:
        return pairs
    return sorted(pairs, key=lambda pair: _drawn(pair, of="validation"))[: int(wanted)]


def _asserting(plan: _Plan, pairs: Sequence[Pair]) -> list[Pair]:
    """Those of ``pairs`` that assert something, or all where the others are asked for too."""
    return [pair for pair in pairs if pair.test.assertions or plan.settings["unasserted"]]


def _train(
    plan: _Plan, prepared: Prepared, out: Path, progress: Progress, *, limit_bytes: int, announce: Announce | None
) -> Outcome:
    training, validation = (
        [Encoded(prompt.source, prompt.target) for prompt in _prompts(plan, pairs)]
        for pairs in (_training_pairs(plan), _validation_pairs(plan))
    )
    if not training or not validation:
        raise DataError(
            f"The data set has {len(training)} training and {len(validation)} validation pairs that assert something: "
            "mine a project with more tests."
        )
    batch_size = int(plan.settings["batch_size"])
    order = _order(plan.base, training, batch_size=batch_size, seed=plan.seed)
    steps = max(1, math.ceil(float(plan.settings["epochs"]) * order.steps_per_epoch))
    network, bfloat16 = plan.base.network, plan.settings["precision"] == "bfloat16"
    states = out / f"{FROZEN}-{plan.fingerprint[:16]}"
    frozen = FrozenWork.of_network(network, states, bfloat16=bfloat16, limit_bytes=limit_bytes)
    try:
        if not (out / CHECKPOINT).exists():
            found = estimate(
                Work(
                    network=network,
                    trainable=sum(parameter.numel() for parameter in prepared.parameters.values()),
                    examples_of=lambda step: [training[index] for index in order(step)],
                    steps=steps,
                    steps_per_epoch=order.steps_per_epoch,
                    micro_tokens=int(plan.settings["micro_tokens"]),
                    validation=validation,
                    validations=int(plan.settings["validations"]),
                    bfloat16=bfloat16,
                    frozen=frozen,
                    unlikelihood=float(plan.settings["unlikelihood"]),
                )
            )
            if announce is not None:
                announce(found)
        outcome = train(
            network,
            prepared.parameters,
            lambda step: [training[index] for index in order(step)],
            LoopSettings(
                steps=steps,
                learning_rate=float(plan.settings["learning_rate"]),
                warmup_steps=round(float(plan.settings["warmup_share"]) * steps),
                weight_decay=float(plan.settings["weight_decay"]),
                micro_tokens=int(plan.settings["micro_tokens"]),
                evaluate_every=math.ceil(steps / int(plan.settings["validations"])),
                patience=int(plan.settings["patience"]),
                bfloat16=bfloat16,
                unlikelihood=float(plan.settings["unlikelihood"]),
                mean_target_tokens=sum(len(example.target) for example in training) / len(training),
                seed=plan.seed,
                fingerprint=plan.fingerprint,
            ),
            evaluate=lambda: validate(network, validation, bfloat16=bfloat16, frozen=frozen),
            frozen=frozen,
            checkpoint=out / CHECKPOINT,
            progress=progress,
            what=f"personalising ({plan.strategy})",
        )
    finally:
        if frozen is not None:
            frozen.close()
    shutil.rmtree(states, ignore_errors=True)
    return outcome


def _order(base: Base, training: Sequence[Encoded], *, batch_size: int, seed: int) -> EpochOrder | SharedOrder:
    """A decoder reads what the sources of a batch share once: there the tests of a class come together."""
    if base.network.parts.encoder is None:
        return SharedOrder(training, batch_size=batch_size, seed=seed, beginning=BEGINNING)
    return EpochOrder([attention_length(example) for example in training], batch_size=batch_size, seed=seed)


def _manifest(plan: _Plan, prepared: Prepared, outcome: Outcome, tensors: dict[str, torch.Tensor]) -> DeltaManifest:
    model, source = plan.base.model, plan.data.manifest.source
    return DeltaManifest(
        format_version=FORMAT_VERSION,
        tailorbird=__version__,
        strategy=plan.strategy,
        settings=plan.settings,
        fingerprint=plan.fingerprint,
        source=source,
        base_name=plan.base.name,
        base_sha256=plan.base.sha256,
        tokenizer_sha256=plan.base.tokenizer_sha256,
        data_sha256=plan.data.manifest.pairs_sha256,
        tensors_sha256="",
        tensors={},
        parent_sha256=plan.parent.manifest.tensors_sha256 if plan.parent is not None else "",
        seed=plan.seed,
        cost=Cost(
            train_seconds=outcome.seconds,
            train_flops=outcome.flops,
            measured_flops_ratio=outcome.measured_flops_ratio,
            train_joules=outcome.joules,
            peak_memory_bytes=outcome.peak_memory_bytes,
            trainable_parameters=sum(parameter.numel() for parameter in prepared.parameters.values()),
            total_parameters=sum(parameter.numel() for parameter in model.parameters()),
            stored_parameters=sum(tensor.numel() for tensor in tensors.values()),
            steps=outcome.steps,
            examples=outcome.examples,
        ),
        curve=outcome.curve,
        truncation=count_cuts(_prompts(plan, _training_pairs(plan))),
        licence=source.licence,
        versions=versions(),
        device=describe_device(plan.base.network.device),
    )
