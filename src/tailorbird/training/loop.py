"""The training loop: the only one. What trains, and on what, it is told; it knows no strategy and no stage."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from tailorbird.progress import Progress, Silent
from tailorbird.records import CurvePoint
from tailorbird.training.batches import Batch
from tailorbird.training.checkpoint import Ledger, Snapshot, load_snapshot, save_snapshot
from tailorbird.training.cost import FlopLedger, peak_memory_bytes, reset_peak_memory
from tailorbird.training.device import autocast
from tailorbird.training.losses import Validation, repetition_unlikelihood

Evaluate = Callable[[], Validation]
"""Validates the model as it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopSettings:
    """How to train, apart from what."""

    steps: int
    learning_rate: float
    warmup_steps: int
    decay_share: float = 1.0
    """Share of the steps, at the end, in which the rate falls linearly to 0; 1 is linear decay, 0 a constant rate."""
    weight_decay: float = 0.01
    max_gradient_norm: float = 1.0
    evaluate_every: int = 0
    """Steps between two validations; 0 never. The start and the last step always do where there is an evaluate."""
    keep_best: bool = True
    """End with the weights of the best validation, not of the last step."""
    bfloat16: bool = False
    unlikelihood: float = 0.0
    """Weight of `repetition_unlikelihood` in the loss."""
    checkpoint_seconds: float = 30.0
    fingerprint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run left behind, apart from the trained parameters themselves."""

    curve: tuple[CurvePoint, ...]
    seconds: float
    flops: int
    peak_memory_bytes: int
    steps: int
    examples: int


def train(
    model: nn.Module,
    parameters: Mapping[str, nn.Parameter],
    batch_of: Callable[[int], Batch],
    settings: LoopSettings,
    *,
    evaluate: Evaluate | None = None,
    checkpoint: Path | None = None,
    should_stop: Callable[[], bool] | None = None,
    progress: Progress | None = None,
    what: str = "training",
) -> Outcome:
    """Train ``parameters`` of ``model`` on ``batch_of(step)`` for steps 0 to ``settings.steps`` - 1.

    With a ``checkpoint`` path the run saves itself there every ``checkpoint_seconds`` and when interrupted, and a run
    with the same fingerprint goes on from it to the same weights, bit for bit (same device and threads). Seconds and
    FLOPs are those of training steps; validation is not charged. ``should_stop`` is asked after each step; a run that
    it stops is saved, and ``Outcome.steps`` says how far it came.
    """
    run = _Run(model, parameters, settings, checkpoint)
    progress = progress or Silent()
    progress.start(what, settings.steps)
    try:
        # The start's, or one that was interrupted: a resumed run must have the same points, and so the same best.
        run.validate_if_due(evaluate)
        while run.ledger.step < settings.steps:
            run.step(batch_of)
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
        self, model: nn.Module, parameters: Mapping[str, nn.Parameter], settings: LoopSettings, checkpoint: Path | None
    ) -> None:
        self.model = model
        self.parameters = dict(parameters)
        self.settings = settings
        self.checkpoint = checkpoint
        self.device = next(iter(self.parameters.values())).device
        self.best: dict[str, torch.Tensor] = {}
        self.ledger = Ledger(
            fingerprint=settings.fingerprint,
            step=0,
            seconds=0.0,
            examples=0,
            flops=0,
            counted={},
            curve=(),
            best_loss=None,
            recent_loss=None,
        )
        self.optimizer = torch.optim.AdamW(
            [
                {"params": [p for p in self.parameters.values() if p.ndim > 1], "weight_decay": settings.weight_decay},
                {"params": [p for p in self.parameters.values() if p.ndim <= 1], "weight_decay": 0.0},
            ],
            lr=settings.learning_rate,
            betas=(0.9, 0.98),
            fused=True,
        )
        reset_peak_memory(self.device)
        if checkpoint is not None:
            self._resume(checkpoint)
        self.flops = FlopLedger(self.ledger.counted, self.ledger.flops)
        self._saved_at = time.monotonic()
        self._random_state = torch.get_rng_state()
        self.updating = False
        """Weights and ledger are being changed: what an interrupt leaves then is between two steps, and not saved."""

    def _resume(self, checkpoint: Path) -> None:
        found = load_snapshot(checkpoint)
        if found is None or found[0].ledger.fingerprint != self.settings.fingerprint:
            return
        snapshot, random_state = found
        self.ledger = snapshot.ledger
        self.best = {name: tensor.to(self.device) for name, tensor in snapshot.best.items()}
        with torch.no_grad():
            for name, parameter in self.parameters.items():
                parameter.copy_(snapshot.parameters[name])
                if name in snapshot.first_moments:
                    self.optimizer.state[parameter] = {
                        "step": torch.tensor(float(self.ledger.step), device=self.device),
                        "exp_avg": snapshot.first_moments[name].to(self.device),
                        "exp_avg_sq": snapshot.second_moments[name].to(self.device),
                    }
        torch.set_rng_state(random_state)

    def step(self, batch_of: Callable[[int], Batch]) -> None:
        """One optimiser step, charged to the ledger."""
        # An interrupted step is done again: it must then draw the same dropout.
        self._random_state = torch.get_rng_state()
        batch = batch_of(self.ledger.step).to(self.device)
        started = time.perf_counter()
        self.model.train()
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.learning_rate * rate_factor(self.ledger.step, self.settings)
        shape = f"{tuple(batch.input_ids.shape)}>{tuple(batch.labels.shape)}"
        loss = self.flops.run(shape, lambda: self._backward(batch))
        torch.nn.utils.clip_grad_norm_(list(self.parameters.values()), self.settings.max_gradient_norm)
        self.updating = True
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        recent = self.ledger.recent_loss
        self.ledger = replace(
            self.ledger,
            step=self.ledger.step + 1,
            seconds=self.ledger.seconds + time.perf_counter() - started,
            examples=self.ledger.examples + len(batch.labels),
            flops=self.flops.total,
            counted=self.flops.counted,
            recent_loss=loss if recent is None else 0.95 * recent + 0.05 * loss,
        )
        self._random_state = torch.get_rng_state()
        self.updating = False

    def _backward(self, batch: Batch) -> float:
        with autocast(self.device, bfloat16=self.settings.bfloat16):
            output = self.model(
                input_ids=batch.input_ids, attention_mask=batch.attention_mask, labels=batch.labels, use_cache=False
            )
            loss = output.loss
        if self.settings.unlikelihood:
            loss = loss + self.settings.unlikelihood * repetition_unlikelihood(output.logits, batch.labels)
        loss.backward()
        return float(loss.detach())

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
        best = self.ledger.best_loss
        if best is None or found.loss < best:
            best = found.loss
            if self.settings.keep_best:
                self.best = {name: parameter.detach().clone() for name, parameter in self.parameters.items()}
        self.ledger = replace(self.ledger, curve=(*self.ledger.curve, point), best_loss=best)

    def validate_unless_done(self, evaluate: Evaluate | None) -> None:
        """Make sure that the curve ends at the current step."""
        if evaluate is not None and self.ledger.step not in (point.step for point in self.ledger.curve):
            self.validate(evaluate)

    def save_if_due(self) -> None:
        """Save when the last save is long enough ago."""
        if time.monotonic() - self._saved_at >= self.settings.checkpoint_seconds:
            self.save()

    def save(self) -> None:
        """Write the checkpoint, where one was asked for."""
        if self.checkpoint is None:
            return
        self._note_peak()
        states = {name: self.optimizer.state.get(parameter, {}) for name, parameter in self.parameters.items()}
        snapshot = Snapshot(
            ledger=self.ledger,
            parameters=dict(self.parameters),
            first_moments={name: state["exp_avg"] for name, state in states.items() if state},
            second_moments={name: state["exp_avg_sq"] for name, state in states.items() if state},
            best=self.best,
        )
        save_snapshot(self.checkpoint, snapshot, self._random_state)
        self._saved_at = time.monotonic()

    def _note_peak(self) -> None:
        peak = max(self.ledger.peak_memory_bytes, peak_memory_bytes(self.device))
        self.ledger = replace(self.ledger, peak_memory_bytes=peak)

    def finish(self) -> Outcome:
        """Put the best weights in place and say what it took."""
        self.save()
        self._note_peak()
        with torch.no_grad():
            for name, tensor in self.best.items():
                self.parameters[name].copy_(tensor)
        self.model.eval()
        return Outcome(
            curve=self.ledger.curve,
            seconds=self.ledger.seconds,
            flops=self.ledger.flops,
            peak_memory_bytes=self.ledger.peak_memory_bytes,
            steps=self.ledger.step,
            examples=self.ledger.examples,
        )


def rate_factor(step: int, settings: LoopSettings) -> float:
    """Factor on the learning rate at ``step``: linear warm-up, then constant, then linear decay to 0."""
    warm = min(1.0, (step + 1) / settings.warmup_steps) if settings.warmup_steps else 1.0
    decaying = settings.decay_share * settings.steps
    left = (settings.steps - step) / decaying if decaying else 1.0
    return min(warm, left, 1.0)
