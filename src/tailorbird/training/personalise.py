"""The stage from mined pairs to a delta."""

import math
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import torch

from tailorbird import __version__
from tailorbird.base.load import Base, load_base
from tailorbird.base.prompts import Prompt, count_cuts, encode_pair
from tailorbird.config import PersonaliseConfig
from tailorbird.errors import DataError, DeltaError
from tailorbird.mining.dataset import DataSet, load_data
from tailorbird.networks.batch import Encoded
from tailorbird.progress import Progress, Silent
from tailorbird.records import FORMAT_VERSION, Cost, DeltaManifest, Pair
from tailorbird.storage import sha256_bytes
from tailorbird.strategies.delta import load_delta, read_manifest, save_delta
from tailorbird.strategies.registry import complete_settings, find_strategy
from tailorbird.strategies.strategy import Prepared
from tailorbird.training.batches import EpochOrder, attention_length
from tailorbird.training.device import choose_device, describe_device, use_bfloat16, versions
from tailorbird.training.frozen import FrozenWork
from tailorbird.training.loop import LoopSettings, Outcome, train
from tailorbird.training.losses import validate

CHECKPOINT = "checkpoint.safetensors"
FROZEN = "frozen"
"""Begins the name of the folder with what a strategy never changes, computed once; it goes when the delta is there."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """All that determines a delta's tensors, settled before anything is loaded onto the model."""

    strategy: str
    settings: dict[str, str | int | float | bool]
    seed: int
    base: Base
    data: DataSet

    @property
    def fingerprint(self) -> str:
        parts = (
            self.strategy,
            sorted(self.settings.items()),
            self.seed,
            self.base.sha256,
            self.base.tokenizer_sha256,
            self.data.manifest.pairs_sha256,
            sorted(versions().items()),
        )
        return sha256_bytes(msgspec.json.encode(parts))


def personalise(
    data: Path, out: Path, config: PersonaliseConfig, *, base: str = "embedded", progress: Progress | None = None
) -> DeltaManifest:
    """Personalise ``base`` to the training pairs in ``data`` and write the delta to ``out``.

    A finished delta of the same base, data and settings is left as it is; an interrupted run goes on from its
    checkpoint.
    """
    complete_settings(find_strategy(config.strategy), config.settings)  # A misspelt one is said before anything loads.
    return personalise_base(load_data(data), out, config, load_base(base, device=choose_device()), progress=progress)


def personalise_base(
    data: DataSet, out: Path, config: PersonaliseConfig, base: Base, *, progress: Progress | None = None
) -> DeltaManifest:
    """The same with data and base in memory; the base is the unpersonalised one again afterwards, bit for bit."""
    plan = _plan(config, base, data)
    done = finished_delta(out, plan.fingerprint)
    if done is not None:
        return done
    # The strategy's own random weights are part of what the seed decides.
    torch.manual_seed(plan.seed)
    prepared = find_strategy(plan.strategy).prepare(base.network, plan.settings)
    try:
        limit = round(config.frozen_gib * (1 << 30))
        outcome = _train(plan, prepared, out, progress or Silent(), limit_bytes=limit)
        tensors = prepared.extract()
    finally:
        prepared.undo()
    manifest = save_delta(out, tensors, _manifest(plan, prepared, outcome, tensors))
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


def _plan(config: PersonaliseConfig, base: Base, data: DataSet) -> _Plan:
    strategy = find_strategy(config.strategy)
    base.require_positions(max_source=config.max_source_tokens, max_target=config.max_target_tokens)
    given = dict(config.settings)
    if config.learning_rate is not None:
        given["learning_rate"] = config.learning_rate
    settings = complete_settings(strategy, given)
    device = base.network.device
    settings |= {
        "epochs": float(config.epochs),
        "batch_size": config.batch_size,
        "warmup_share": config.warmup_share,
        "weight_decay": config.weight_decay,
        "validations": config.validations,
        "patience": config.patience,
        "micro_tokens": config.micro_tokens,
        "unlikelihood": config.unlikelihood,
        "unasserted": config.unasserted,
        "max_source_tokens": config.max_source_tokens,
        "max_target_tokens": config.max_target_tokens,
        "precision": "bfloat16" if use_bfloat16(config.precision, device) else "float32",
    }
    return _Plan(config.strategy, settings, config.seed, base, data)


def _prompts(plan: _Plan, pairs: Sequence[Pair]) -> list[Prompt]:
    kept = [pair for pair in pairs if pair.test.assertions or plan.settings["unasserted"]]
    return [
        encode_pair(
            plan.base.tokenizer,
            pair,
            max_source=int(plan.settings["max_source_tokens"]),
            max_target=int(plan.settings["max_target_tokens"]),
        )
        for pair in kept
    ]


def _train(plan: _Plan, prepared: Prepared, out: Path, progress: Progress, *, limit_bytes: int) -> Outcome:
    training, validation = (
        [Encoded(prompt.source, prompt.target) for prompt in _prompts(plan, plan.data.split(name))]
        for name in ("train", "validation")
    )
    if not training or not validation:
        raise DataError(
            f"The data set has {len(training)} training and {len(validation)} validation pairs that assert something: "
            "mine a project with more tests."
        )
    batch_size = int(plan.settings["batch_size"])
    order = EpochOrder([attention_length(example) for example in training], batch_size=batch_size, seed=plan.seed)
    steps = max(1, math.ceil(float(plan.settings["epochs"]) * order.steps_per_epoch))
    network, bfloat16 = plan.base.network, plan.settings["precision"] == "bfloat16"
    states = out / f"{FROZEN}-{plan.fingerprint[:16]}"
    frozen = FrozenWork.of_network(network, states, bfloat16=bfloat16, limit_bytes=limit_bytes)
    try:
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
        truncation=count_cuts(_prompts(plan, plan.data.split("train"))),
        licence=source.licence,
        versions=versions(),
        device=describe_device(plan.base.network.device),
    )
