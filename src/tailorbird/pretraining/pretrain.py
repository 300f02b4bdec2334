"""`tailorbird pretrain`: from a corpus list to a base, in two stages that a kill only delays."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec
from transformers import PreTrainedModel

from tailorbird.base.architecture import new_embedded_model
from tailorbird.config import PretrainConfig
from tailorbird.errors import DataError
from tailorbird.pretraining.corpus import build_corpus, read_coordinates
from tailorbird.pretraining.export import StageReport, export_base
from tailorbird.pretraining.stages import (
    PAD,
    DenoisingBatches,
    PairBatches,
    held_out_indices,
    mixed,
    pair_store,
)
from tailorbird.pretraining.token_store import TokenStore
from tailorbird.progress import Progress, Silent
from tailorbird.storage import sha256_bytes
from tailorbird.training.batches import Batch, Encoded
from tailorbird.training.device import choose_device, describe_device, use_bfloat16, versions
from tailorbird.training.loop import LoopSettings, train
from tailorbird.training.losses import validate

WARMUP_STEPS = 200
HELD_OUT = 128
"""Examples that each stage's curve is measured on; never trained on."""

MIN_EXAMPLES = 10
"""Of each kind: a tenth is held out where there are few, and that must be one at least."""


def pretrain(
    out: Path, config: PretrainConfig, *, corpus: Path | None = None, progress: Progress | None = None
) -> tuple[StageReport, ...]:
    """Train a base on the artifacts that ``corpus`` lists and write it to ``out`` as a Hugging Face folder.

    ``out/work`` keeps corpus and checkpoints: the same command goes on where it stopped, or was paused by
    ``config.hours``. The base in ``out`` is always the newest whole one.
    """
    progress = progress or Silent()
    work = out / "work"
    built, tokenizer = build_corpus(work / "corpus", read_coordinates(corpus), config, progress)
    if min(built.snippets, built.pairs) < MIN_EXAMPLES:
        raise DataError(
            f"The corpus has {built.snippets} methods and {built.pairs} pairs, and {MIN_EXAMPLES} of each is the least "
            "that some can be held out of: list more artifacts with tests."
        )
    model = new_embedded_model(
        vocabulary_size=config.vocabulary_size, seed=config.seed, width=config.width, blocks=config.blocks
    )
    device = choose_device()
    model.to(device)  # type: ignore[arg-type]  # transformers wraps it, and loses its signature
    run = _Pretraining(model, config, work, built.fingerprint, progress)
    denoised = run.denoise(work / "corpus")
    stages: tuple[StageReport, ...] = (denoised,)
    # Steps of the second stage on a half-trained base would later be resumed in place of the finished first stage.
    if denoised.outcome.steps == denoised.steps_planned:
        stages = (denoised, run.pair(work / "corpus"))
    export_base(out, model, tokenizer, built, stages, config, describe_device(device))
    return stages


@dataclass
class _Pretraining:
    model: PreTrainedModel
    config: PretrainConfig
    work: Path
    data: str
    progress: Progress
    started: float = field(default_factory=time.monotonic)

    def denoise(self, corpus: Path) -> StageReport:
        config = self.config
        store = TokenStore(corpus / "denoise")
        training, held_out = held_out_indices(len(store), held_out=HELD_OUT, seed=config.seed)
        batches = DenoisingBatches(
            store, training, batch_size=config.denoising_batch_size, length=config.denoising_tokens, seed=config.seed
        )
        probe = DenoisingBatches(
            store, held_out, batch_size=len(held_out), length=config.denoising_tokens, seed=config.seed + 1
        )
        return self._stage(
            "denoising",
            # What only the next stage reads may change without doing this one again; and at a constant rate the first
            # steps are the same however many follow.
            replace(
                _recipe(config),
                denoising_steps=1,
                pair_steps=1,
                pair_batch_size=1,
                pair_learning_rate=1.0,
                denoise_every=0,
            ),
            batches,
            probe.examples(0),
            steps=config.denoising_steps,
            learning_rate=config.denoising_learning_rate,
            decay_share=0.0,  # The next stage goes on from here: only its end is annealed.
        )

    def pair(self, corpus: Path) -> StageReport:
        config = self.config
        examples = pair_store(corpus / "pairs")
        training, held_out = held_out_indices(len(examples), held_out=HELD_OUT, seed=config.seed)
        pairs = PairBatches(
            [examples[index] for index in training], batch_size=config.pair_batch_size, seed=config.seed
        )
        store = TokenStore(corpus / "denoise")
        snippets, _ = held_out_indices(len(store), held_out=HELD_OUT, seed=config.seed)
        denoising = DenoisingBatches(
            store,
            snippets,
            batch_size=config.pair_batch_size,
            length=config.max_target_tokens,
            seed=config.seed + 2,
        )
        return self._stage(
            "focal method to test case",
            _recipe(config),
            mixed(pairs, denoising, every=config.denoise_every),
            [examples[index] for index in held_out],
            steps=config.pair_steps,
            learning_rate=config.pair_learning_rate,
            decay_share=0.7,
        )

    def _stage(
        self,
        name: str,
        identity: PretrainConfig,
        batch_of: Callable[[int], Batch],
        probe: Sequence[Encoded],
        *,
        steps: int,
        learning_rate: float,
        decay_share: float,
    ) -> StageReport:
        config = self.config
        bfloat16 = use_bfloat16(config.precision, next(self.model.parameters()).device)
        relevant = (name, self.data, identity, sorted(versions().items()))
        outcome = train(
            self.model,
            dict(self.model.named_parameters()),
            batch_of,
            LoopSettings(
                steps=steps,
                learning_rate=learning_rate,
                warmup_steps=WARMUP_STEPS,
                decay_share=decay_share,
                evaluate_every=max(1, steps // config.validations),
                keep_best=False,
                bfloat16=bfloat16,
                checkpoint_seconds=120.0,
                fingerprint=sha256_bytes(msgspec.json.encode(relevant)),
            ),
            evaluate=lambda: validate(self.model, probe, pad=PAD, bfloat16=bfloat16, gain=True),
            checkpoint=self.work / f"{name.replace(' ', '-')}.checkpoint.safetensors",
            should_stop=self._time_is_up,
            progress=self.progress,
            what=name,
        )
        return StageReport(name=name, outcome=outcome, steps_planned=steps)

    def _time_is_up(self) -> bool:
        hours = self.config.hours
        return hours is not None and time.monotonic() - self.started > hours * 3600


def _recipe(config: PretrainConfig) -> PretrainConfig:
    """``config`` without what changes no weight: pauses and points on the curve."""
    return replace(config, hours=None, validations=1)
