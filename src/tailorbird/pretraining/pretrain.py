"""`tailorbird pretrain`: from a corpus list to a base, in two stages that a kill only delays."""

import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import msgspec
import numpy as np
from transformers import PreTrainedTokenizerBase

from tailorbird import __version__
from tailorbird.base.architecture import new_tiny_model
from tailorbird.base.load import Base
from tailorbird.config import PretrainConfig
from tailorbird.errors import DataError, UsageError
from tailorbird.networks.batch import Encoded
from tailorbird.networks.network import Network
from tailorbird.pretraining.ancestor import load_ancestor
from tailorbird.pretraining.check import greedy_check
from tailorbird.pretraining.corpus import WORDS, Corpus, build_corpus, read_list
from tailorbird.pretraining.export import RECORD, PretrainingReport, StageReport, export_base
from tailorbird.pretraining.renaming import Renaming, read_words
from tailorbird.pretraining.stages import (
    END,
    DenoisingBatches,
    Examples,
    PairBatches,
    held_out_indices,
    mixed,
    pair_store,
)
from tailorbird.pretraining.token_store import TokenStore
from tailorbird.pretraining.vocabulary import move_vocabulary
from tailorbird.progress import Progress, Silent
from tailorbird.storage import read_json, sha256_bytes
from tailorbird.training.device import choose_device, describe_device, use_bfloat16, versions
from tailorbird.training.loop import LoopSettings, train
from tailorbird.training.losses import validate

WARMUP_STEPS = 200
CPU_TOKENS, GPU_TOKENS = 1 << 14, 1 << 17
"""That are computed at once: on a GPU it takes many to be busy."""
HELD_OUT = 128
"""Examples that each stage's curve is measured on; never trained on."""

MIN_EXAMPLES = 10
"""Of each kind: a tenth is held out where there are few, and that must be one at least."""

_LENGTHS = {"denoising_steps", "pair_steps", "pair_decay_share"}
"""Settings that may change while a base is not complete."""


def pretrain(
    out: Path,
    config: PretrainConfig,
    *,
    corpus: Path | None = None,
    start: str | None = None,
    progress: Progress | None = None,
) -> tuple[StageReport, ...]:
    """Train a base on the artifacts that ``corpus`` lists and write it to ``out`` as a Hugging Face folder.

    ``start`` names a base to go on from, weights, shape and tokenizer; without it the base is new.
    ``out/work`` keeps corpus and checkpoints: the same command goes on where it stopped, or was paused by
    ``config.hours``. The base in ``out`` is always the newest whole one.
    """
    progress = progress or Silent()
    work = out / "work"
    ancestor = load_ancestor(start) if start is not None else None
    if ancestor is not None:
        config = ancestor.shape(config)
    elif not config.denoising_steps:
        raise UsageError("denoising_steps = 0 without --from: a new base has to be denoised first.")
    elif config.new_vocabulary:
        raise UsageError("new_vocabulary without --from: a new base has one of its own anyway, leave it out.")
    _check_same_recipe(out, config, None if ancestor is None else ancestor.sha256)
    built, tokenizer = build_corpus(
        work / "corpus",
        read_list(corpus),
        config,
        progress,
        tokenizer=None if ancestor is None or config.new_vocabulary else ancestor.tokenizer,
    )
    if min(built.snippets, built.pairs) < MIN_EXAMPLES:
        raise DataError(
            f"The corpus has {built.snippets} methods and {built.pairs} pairs, and {MIN_EXAMPLES} of each is the least "
            "that some can be held out of: list more artifacts with tests."
        )
    if any(part.held_out for part in built.parts) and built.held_out_pairs < MIN_EXAMPLES:
        raise DataError(
            f"What the corpus holds out has {built.held_out_pairs} pairs within the limits, and {MIN_EXAMPLES} is the "
            "least to measure on: hold out more artifacts with tests, or none, and pairs of the others are held out."
        )
    if ancestor is not None:
        model = ancestor.model
        if config.new_vocabulary:
            move_vocabulary(model, ancestor.tokenizer, tokenizer)
    else:
        model = new_tiny_model(
            vocabulary_size=config.vocabulary_size, seed=config.seed, width=config.width, blocks=config.blocks
        )
    device = choose_device()
    model.to(device)  # type: ignore[arg-type]  # transformers wraps it, and loses its signature
    network = Network(model)
    identity = built.fingerprint if ancestor is None else built.fingerprint + ancestor.sha256
    run = _Pretraining(network, config, work, identity, progress, _Snippets.of(work / "corpus", config.seed))
    greedy = None
    stages: tuple[StageReport, ...] = (run.denoise(),) if config.denoising_steps else ()
    # Steps of the second stage on a half-trained base would later be resumed in place of the finished first stage.
    if all(stage.complete for stage in stages):
        paired, held_out = run.pair(work / "corpus", built, tokenizer)
        stages = (*stages, paired)
        if paired.complete:
            whole = Base("pretrained", network, tokenizer, "", "")
            greedy = greedy_check(whole, held_out, max_tokens=config.max_target_tokens, progress=progress)
    report = PretrainingReport(
        tailorbird=__version__,
        config=asdict(config),
        corpus=built,
        stages=stages,
        device=describe_device(device),
        greedy=greedy,
        started_from=ancestor.sha256 if ancestor is not None else None,
        earlier=ancestor.reports if ancestor is not None else (),
    )
    export_base(out, model, tokenizer, report)
    return stages


def _check_same_recipe(out: Path, config: PretrainConfig, start: str | None) -> None:
    """UsageError where ``out`` holds a base of another recipe, which may be hours of work; of one begun the lengths
    may change."""
    if not (out / RECORD).exists():
        return
    before = read_json(out / RECORD, PretrainingReport)
    free = {"hours", "validations"} | (set() if before.greedy is not None else _LENGTHS)
    difference = before.difference(config, free)
    if difference is None and before.started_from != start:
        difference = "did not begin where this one does"
    if difference is not None:
        raise UsageError(
            f"{out} holds a base that {difference}: choose another --out, or remove {out / RECORD} to have it replaced."
        )


@dataclass(frozen=True, slots=True)
class _Snippets:
    """What both stages denoise, the held-out part apart."""

    store: TokenStore
    training: list[int]
    held_out: list[int]

    @classmethod
    def of(cls, corpus: Path, seed: int) -> "_Snippets":
        store = TokenStore(corpus / "denoise")
        return cls(store, *held_out_indices(len(store), held_out=HELD_OUT, seed=seed))


@dataclass
class _Pretraining:
    network: Network
    config: PretrainConfig
    work: Path
    data: str
    progress: Progress
    snippets: _Snippets
    started: float = field(default_factory=time.monotonic)

    def denoise(self) -> StageReport:
        config, snippets = self.config, self.snippets
        batches = DenoisingBatches(
            snippets.store,
            snippets.training,
            batch_size=config.denoising_batch_size,
            length=config.denoising_tokens,
            seed=config.seed,
            broken_off=config.broken_off,
        )
        probe = DenoisingBatches(
            snippets.store,
            snippets.held_out,
            batch_size=len(snippets.held_out),
            length=config.denoising_tokens,
            seed=config.seed + 1,
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
                pair_decay_share=0.0,
                unlikelihood=0.0,
                denoise_every=0,
                lone_tests=True,
                renamed=0.0,
                shared_sources=False,
            ),
            batches,
            probe(0),
            steps=config.denoising_steps,
            learning_rate=config.denoising_learning_rate,
            decay_share=0.0,  # The next stage goes on from here: only its end is annealed.
            unlikelihood=0.0,
            mean_target_tokens=batches.mean_target_tokens,
        )

    def pair(
        self, corpus: Path, built: Corpus, tokenizer: PreTrainedTokenizerBase
    ) -> tuple[StageReport, list[Encoded]]:
        """The second stage, and the pairs that it holds out."""
        config, snippets = self.config, self.snippets
        examples = pair_store(corpus / "pairs")
        if built.held_out_pairs >= MIN_EXAMPLES:
            training = list(range(built.pairs))
            drawn = np.random.default_rng(config.seed).permutation(built.held_out_pairs)[:HELD_OUT]
            held_out = sorted(built.pairs + int(index) for index in drawn)
        else:
            training, held_out = held_out_indices(built.pairs, held_out=HELD_OUT, seed=config.seed)
        taught = [examples[index] for index in training]
        if config.lone_tests:
            taught += pair_store(corpus / "tests")
        renaming = Renaming(
            tokenizer,
            read_words(corpus / WORDS),
            end=END,
            max_source=config.max_source_tokens,
            max_target=config.max_target_tokens,
        )
        pairs = PairBatches(
            taught,
            batch_size=config.pair_batch_size,
            seed=config.seed,
            reword=renaming,
            share=config.renamed,
            shared_sources=config.shared_sources,
        )
        denoising = DenoisingBatches(
            snippets.store,
            snippets.training,
            batch_size=config.pair_batch_size,
            length=config.max_target_tokens,
            seed=config.seed + 2,
            broken_off=config.broken_off,
        )
        probe = [examples[index] for index in held_out]
        report = self._stage(
            "focal method to test case",
            _recipe(config),
            mixed(pairs, denoising, every=config.denoise_every),
            probe,
            steps=config.pair_steps,
            learning_rate=config.pair_learning_rate,
            decay_share=config.pair_decay_share,
            unlikelihood=config.unlikelihood,
            mean_target_tokens=pairs.mean_target_tokens,
        )
        return report, probe

    def _stage(
        self,
        name: str,
        identity: PretrainConfig,
        examples_of: Examples,
        probe: Sequence[Encoded],
        *,
        steps: int,
        learning_rate: float,
        decay_share: float,
        unlikelihood: float,
        mean_target_tokens: float,
    ) -> StageReport:
        config = self.config
        bfloat16 = use_bfloat16(config.precision, self.network.device)
        relevant = (name, self.data, identity, sorted(versions().items()))
        outcome = train(
            self.network,
            dict(self.network.model.named_parameters()),
            examples_of,
            LoopSettings(
                steps=steps,
                learning_rate=learning_rate,
                orthogonal=self._matrices() if config.optimiser == "muon" else frozenset(),
                warmup_steps=WARMUP_STEPS,
                decay_share=decay_share,
                unlikelihood=unlikelihood,
                micro_tokens=CPU_TOKENS if self.network.device.type == "cpu" else GPU_TOKENS,
                mean_target_tokens=mean_target_tokens,
                evaluate_every=math.ceil(steps / config.validations),
                keep_best=False,
                bfloat16=bfloat16,
                seed=config.seed,
                checkpoint_seconds=120.0,
                fingerprint=sha256_bytes(msgspec.json.encode(relevant)),
            ),
            evaluate=lambda: validate(self.network, probe, bfloat16=bfloat16, gain=True),
            checkpoint=self.work / f"{name.replace(' ', '-')}.checkpoint.safetensors",
            should_stop=self._time_is_up,
            progress=self.progress,
            what=name,
        )
        return StageReport(name=name, outcome=outcome, steps_planned=steps)

    def _matrices(self) -> frozenset[str]:
        """The blocks' own, not embeddings and positions, whose rows are looked up one by one."""
        parts = self.network.parts
        stacks = [stack for stack in (parts.encoder, parts.decoder) if stack is not None]
        inside = {id(one) for stack in stacks for block in stack.blocks for one in block.module.parameters()}
        named = self.network.model.named_parameters()
        return frozenset(name for name, one in named if one.ndim == 2 and id(one) in inside)

    def _time_is_up(self) -> bool:
        hours = self.config.hours
        return hours is not None and time.monotonic() - self.started > hours * 3600


def _recipe(config: PretrainConfig) -> PretrainConfig:
    """``config`` without what changes no weight: pauses and points on the curve."""
    return replace(config, hours=None, validations=1)
