"""The training loop: the only one. What trains, and on what, it is told; it knows no strategy and no stage."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from tailorbird.networks.batch import Encoded
from tailorbird.networks.network import Network
from tailorbird.progress import Progress, Silent
from tailorbird.records import CurvePoint
from tailorbird.training.batches import micro_batches
from tailorbird.training.checkpoint import Ledger, Snapshot, load_snapshot, save_snapshot
from tailorbird.training.cost import measured_flops, peak_memory_bytes, reset_peak_memory
from tailorbird.training.energy import find_meter
from tailorbird.training.frozen import FrozenWork
from tailorbird.training.losses import Validation
from tailorbird.training.memory import give_back_freed_memory, keep_freed_memory
from tailorbird.training.optimiser import Optimiser
from tailorbird.training.passes import pass_through
from tailorbird.training.processes import Processes

Evaluate = Callable[[], Validation]
"""Validates the network as it stands."""

COUNTED_STEPS = 2
"""Steps whose FLOPs torch counts too, to compare with what was derived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopSettings:
    """How to train, apart from what."""

    steps: int
    learning_rate: float
    warmup_steps: int
    decay_share: float = 1.0
    """Share of the steps, at the end, in which the rate falls linearly to 0; 1 is linear decay, 0 a constant rate."""
    weight_decay: float = 0.01
    orthogonal: frozenset[str] = frozenset()
    """Names of the matrices that Muon steps in AdamW's place."""
    max_gradient_norm: float = 1.0
    micro_tokens: int = 16384
    """Source and target tokens that are computed at once: a larger batch is done in parts, and its gradients added."""
    evaluate_every: int = 0
    """Steps between two validations; 0 never. The start and the last step always do where there is an evaluate."""
    patience: int = 0
    """Stop after so many validations in a row without a new best; 0 never stops early."""
    keep_best: bool = True
    """End with the weights of the best validation, not of the last step."""
    bfloat16: bool = False
    unlikelihood: float = 0.0
    """Weight of `repetition_unlikelihood` in the loss."""
    mean_target_tokens: float = 0.0
    """Of all that is trained on: a step's loss is then its sum divided by so many for each example, and every token of
    an epoch weighs the same. 0 divides by the batch's own, which gives more weight to the tokens of short targets."""
    seed: int = 0
    """Draws dropout, for each step anew."""
    checkpoint_seconds: float = 30.0
    fingerprint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run left behind, apart from the trained parameters themselves."""

    curve: tuple[CurvePoint, ...]
    seconds: float
    flops: int
    """Derived from the shapes of every step, what was computed once for the cache included."""
    peak_memory_bytes: int
    steps: int
    examples: int
    measured_flops_ratio: float | None = None
    """What torch's counter saw in the first steps, divided by what was derived for them."""
    joules: float | None = None


def train(
    network: Network,
    parameters: Mapping[str, nn.Parameter],
    examples_of: Callable[[int], Sequence[Encoded]],
    settings: LoopSettings,
    *,
    evaluate: Evaluate | None = None,
    frozen: FrozenWork | None = None,
    checkpoint: Path | None = None,
    should_stop: Callable[[], bool] | None = None,
    progress: Progress | None = None,
    what: str = "training",
) -> Outcome:
    """Train ``parameters`` of ``network`` on ``examples_of(step)`` for steps 0 to ``settings.steps`` - 1.

    The loss of a step is a mean over target tokens. With a ``checkpoint`` path the run saves itself there every
    ``checkpoint_seconds`` and when interrupted; a run with the same fingerprint goes on from it to the same weights,
    bit for bit (same device and threads). Seconds and FLOPs are those of training steps; validation is not charged.
    ``should_stop`` is asked after each step; a run that it stops is saved, and ``Outcome.steps`` says how far it came.
    Under accelerate's or torch's launcher the processes share each batch.
    """
    run = _Run(network, parameters, settings, frozen, checkpoint)
    progress = progress if progress is not None and run.processes.first else Silent()
    progress.start(what, settings.steps)
    try:
        # The start's, or one that was interrupted: a resumed run must have the same points, and so the same best.
        run.validate_if_due(evaluate)
        while run.ledger.step < settings.steps and not run.patience_is_over:
            run.step(examples_of)
            run.validate_if_due(evaluate)
            run.save_if_due()
            progress.update(run.ledger.step, f"loss {run.ledger.recent_loss:.3f}")
            if should_stop is not None and should_stop():
                run.validate_unless_done(evaluate)
                break
    except KeyboardInterrupt:
        if not run.updating:
            run.save()
        raise
    finally:
        progress.finish()
    return run.finish()


class _Run:
    """The state of one run between steps."""

    def __init__(
        self,
        network: Network,
        parameters: Mapping[str, nn.Parameter],
        settings: LoopSettings,
        frozen: FrozenWork | None,
        checkpoint: Path | None,
    ) -> None:
        self.network, self.parameters, self.settings = network, dict(parameters), settings
        self.frozen, self.checkpoint = frozen, checkpoint
        self.device = network.device
        self.processes = Processes(self.device)
        self.best: dict[str, torch.Tensor] = {}
        self.meter = find_meter(self.device)
        self.ledger = Ledger(
            fingerprint=settings.fingerprint,
            step=0,
            seconds=0.0,
            examples=0,
            flops=0,
            counted_flops=0,
            measured_flops=0,
            joules=0.0 if self.meter is not None else None,
            curve=(),
            best_loss=None,
            validations_since_best=0,
            recent_loss=None,
        )
        self.optimiser = Optimiser(
            self.parameters,
            learning_rate=settings.learning_rate,
            weight_decay=settings.weight_decay,
            orthogonal=settings.orthogonal,
        )
        keep_freed_memory()
        reset_peak_memory(self.device)
        if checkpoint is not None:
            self._resume(checkpoint)
        self.wrapped = self.processes.wrap(network)
        self._saved_at = time.monotonic()
        self.updating = False
        """Weights and ledger are being changed: what an interrupt leaves then is between two steps, and not saved."""

    @property
    def patience_is_over(self) -> bool:
        """Whether validations have brought nothing for as long as the settings allow."""
        patience = self.settings.patience
        return 0 < patience <= self.ledger.validations_since_best

    def _resume(self, checkpoint: Path) -> None:
        snapshot = load_snapshot(checkpoint)
        if snapshot is None or snapshot.ledger.fingerprint != self.settings.fingerprint:
            return
        self.ledger = snapshot.ledger
        self.best = {name: tensor.to(self.device) for name, tensor in snapshot.best.items()}
        with torch.no_grad():
            for name, parameter in self.parameters.items():
                parameter.copy_(snapshot.parameters[name])
        self.optimiser.restore(snapshot.first_moments, snapshot.second_moments, steps=self.ledger.step)

    def step(self, examples_of: Callable[[int], Sequence[Encoded]]) -> None:
        """One optimiser step, charged to the ledger."""
        ledger = self.ledger
        examples = examples_of(ledger.step)
        started, joules = time.perf_counter(), self._joules()
        # Each step draws its own dropout: an interrupted one is done again, and a resumed run goes on, with the same.
        torch.manual_seed(_step_seed(self.settings.seed, ledger.step, self.processes.rank))
        if not self.network.training:
            self.network.train()
        counted = measured = 0
        if ledger.step < COUNTED_STEPS:
            (loss, flops), measured = measured_flops(lambda: self._backward(examples))
            counted = flops
        else:
            loss, flops = self._backward(examples)
        torch.nn.utils.clip_grad_norm_(list(self.parameters.values()), self.settings.max_gradient_norm)
        self.updating = True
        self.optimiser.step(self.settings.learning_rate * rate_factor(ledger.step, self.settings))
        recent = ledger.recent_loss
        self.ledger = replace(
            ledger,
            step=ledger.step + 1,
            seconds=ledger.seconds + time.perf_counter() - started,
            examples=ledger.examples + len(examples),
            flops=ledger.flops + round(self.processes.total(flops)),
            counted_flops=ledger.counted_flops + counted,
            measured_flops=ledger.measured_flops + measured,
            joules=None if ledger.joules is None else ledger.joules + self._joules() - joules,
            recent_loss=loss if recent is None else 0.95 * recent + 0.05 * loss,
        )
        self.updating = False

    def _backward(self, examples: Sequence[Encoded]) -> tuple[float, int]:
        """Gradients of the batch's loss; its mean over the batch's tokens, and this process's FLOPs."""
        tokens = sum(len(example.target) for example in examples)
        divisor = self.settings.mean_target_tokens * len(examples) or tokens
        groups = micro_batches(self.processes.share(examples), tokens=self.settings.micro_tokens)
        summed, flops = 0.0, 0
        for number, group in enumerate(groups, start=1):
            with self.processes.apart(self.wrapped, last=number == len(groups)):
                loss, spent = pass_through(
                    self.network,
                    group,
                    self.frozen,
                    bfloat16=self.settings.bfloat16,
                    unlikelihood=self.settings.unlikelihood,
                    # Gradients are averaged over the processes, and the mean wanted is over all their tokens.
                    scale=self.processes.count / divisor,
                    wrapped=self.wrapped,
                )
            summed, flops = summed + loss, flops + spent
        return self.processes.total(summed) / tokens, flops

    def _joules(self) -> float:
        return self.meter.joules() if self.meter is not None else 0.0

    def validate_if_due(self, evaluate: Evaluate | None) -> None:
        """At the start, every ``evaluate_every`` steps and after the last; each of them once."""
        step, every = self.ledger.step, self.settings.evaluate_every
        if step in (0, self.settings.steps) or (every > 0 and step % every == 0):
            self.validate_unless_done(evaluate)

    def validate(self, evaluate: Evaluate) -> None:
        """Add a point to the curve and remember the weights if they are the best so far."""
        found = evaluate()
        point = CurvePoint(
            step=self.ledger.step,
            seconds=self.ledger.seconds,
            train_loss=self.ledger.recent_loss,
            validation_loss=found.loss,
            flops=self.ledger.flops,
            input_gain=found.input_gain,
        )
        best, since = self.ledger.best_loss, self.ledger.validations_since_best + 1
        if best is None or found.loss < best:
            best, since = found.loss, 0
            if self.settings.keep_best:
                self.best = {name: parameter.detach().clone() for name, parameter in self.parameters.items()}
        curve = (*self.ledger.curve, point)
        self.ledger = replace(self.ledger, curve=curve, best_loss=best, validations_since_best=since)

    def validate_unless_done(self, evaluate: Evaluate | None) -> None:
        """Make sure that the curve ends at the current step."""
        if evaluate is not None and self.ledger.step not in (point.step for point in self.ledger.curve):
            self.validate(evaluate)

    def save_if_due(self) -> None:
        """Save when the last save is long enough ago."""
        if time.monotonic() - self._saved_at >= self.settings.checkpoint_seconds:
            self.save()

    def save(self) -> None:
        """Write the checkpoint, where one was asked for; the first process does it for all."""
        if self.checkpoint is None or not self.processes.first:
            return
        self._note_peak()
        first, second = self.optimiser.moments()
        snapshot = Snapshot(
            ledger=self.ledger,
            parameters=dict(self.parameters),
            first_moments=first,
            second_moments=second,
            best=self.best,
        )
        save_snapshot(self.checkpoint, snapshot)
        self._saved_at = time.monotonic()

    def _note_peak(self) -> None:
        peak = max(self.ledger.peak_memory_bytes, peak_memory_bytes(self.device))
        self.ledger = replace(self.ledger, peak_memory_bytes=peak)

    def finish(self) -> Outcome:
        """Put the best weights in place and say what it took."""
        self.save()
        self.processes.wait()
        self._note_peak()
        with torch.no_grad():
            for name, tensor in self.best.items():
                self.parameters[name].copy_(tensor)
        self.network.eval()
        self.optimiser.clear()
        give_back_freed_memory()
        ledger = self.ledger
        return Outcome(
            curve=ledger.curve,
            seconds=ledger.seconds,
            flops=ledger.flops,
            measured_flops_ratio=ledger.measured_flops / ledger.counted_flops if ledger.counted_flops else None,
            joules=ledger.joules,
            peak_memory_bytes=ledger.peak_memory_bytes,
            steps=ledger.step,
            examples=ledger.examples,
        )


def _step_seed(seed: int, step: int, rank: int) -> int:
    return int(np.random.SeedSequence((seed, step, rank)).generate_state(1, np.uint64)[0] >> np.uint64(1))


def rate_factor(step: int, settings: LoopSettings) -> float:
    """Factor on the learning rate at ``step``: linear warm-up, then constant, then linear decay to 0."""
    warm = min(1.0, (step + 1) / settings.warmup_steps) if settings.warmup_steps else 1.0
    decaying = settings.decay_share * settings.steps
    left = (settings.steps - step) / decaying if decaying else 1.0
    return min(warm, left, 1.0)
