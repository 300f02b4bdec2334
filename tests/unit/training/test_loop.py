"""The training loop on a model small enough to reckon by hand."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from tailorbird.errors import StorageError
from tailorbird.training.batches import Batch
from tailorbird.training.checkpoint import load_snapshot
from tailorbird.training.cost import FlopLedger
from tailorbird.training.loop import LoopSettings, Outcome, rate_factor, train
from tailorbird.training.losses import Validation
from tests.data import Interrupt

ROWS, WIDTH, OUT = 4, 16, 3


@dataclass
class Output:
    loss: torch.Tensor


class Linear(nn.Module):
    """Squared error of one linear layer with dropout; ``input_ids`` are its features."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.Linear(WIDTH, OUT, bias=False)
        self.dropout = nn.Dropout(0.3)
        self.interrupt: Callable[[], None] = lambda: None

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, labels: torch.Tensor, use_cache: bool
    ) -> Output:
        found = self.dropout(self.layer(input_ids.float()))
        self.interrupt()
        return Output((found - labels.float()).square().mean())


def batch_of(step: int, rows: int = ROWS) -> Batch:
    drawn = torch.Generator().manual_seed(step)
    features = torch.randint(0, 3, (rows, WIDTH), generator=drawn)
    return Batch(features, torch.ones_like(features), torch.randint(0, 3, (rows, OUT), generator=drawn))


SETTINGS = LoopSettings(
    steps=6, learning_rate=0.05, warmup_steps=0, evaluate_every=2, checkpoint_seconds=0.0, fingerprint="one"
)


class Validations:
    """Losses given in advance; remembers the weights that each was asked for."""

    def __init__(self, model: Linear, *losses: float) -> None:
        self.model, self.losses, self.weights = model, iter(losses), list[torch.Tensor]()

    def __call__(self) -> Validation:
        self.weights.append(self.model.layer.weight.detach().clone())
        return Validation(next(self.losses), 0.0)


def run(model: Linear, settings: LoopSettings = SETTINGS, **options: object) -> Outcome:
    torch.manual_seed(5)
    return train(model, dict(model.named_parameters()), batch_of, settings, **options)  # type: ignore[arg-type]


def weights(model: Linear) -> torch.Tensor:
    return model.layer.weight.detach().clone()


def test_the_rate_rises_stays_and_falls() -> None:
    settings = replace(SETTINGS, steps=100, warmup_steps=10, decay_share=0.5)
    factors = [rate_factor(step, settings) for step in range(100)]
    assert factors[:3] == pytest.approx([0.1, 0.2, 0.3])
    assert set(factors[9:51]) == {1.0}
    assert factors[50:] == sorted(factors[50:], reverse=True)
    assert factors[75] == pytest.approx(0.5)
    assert factors[99] == pytest.approx(0.02)


def test_the_rate_is_constant_without_warm_up_and_decay() -> None:
    settings = replace(SETTINGS, decay_share=0.0)
    assert {rate_factor(step, settings) for step in range(6)} == {1.0}


@given(st.integers(1, 300), st.integers(0, 300), st.floats(0, 1))
def test_the_rate_is_a_positive_share_at_every_step(steps: int, warmup: int, decay: float) -> None:
    settings = LoopSettings(steps=steps, learning_rate=1.0, warmup_steps=warmup, decay_share=decay)
    assert all(0 < rate_factor(step, settings) <= 1 for step in range(steps))


def test_only_the_checkpoint_of_the_same_run_is_resumed(tmp_path: Path) -> None:
    checkpoint = tmp_path / "run.safetensors"
    run(Linear(), replace(SETTINGS, steps=3), checkpoint=checkpoint)
    asked: list[int] = []

    def watched(step: int) -> Batch:
        asked.append(step)
        return batch_of(step)

    model = Linear()
    train(model, dict(model.named_parameters()), watched, SETTINGS, checkpoint=checkpoint)
    assert asked == [3, 4, 5]
    asked.clear()
    model = Linear()
    other = replace(SETTINGS, fingerprint="another")
    train(model, dict(model.named_parameters()), watched, other, checkpoint=checkpoint)
    assert asked == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("kept", [0, 20, 0.5])
def test_a_truncated_checkpoint_is_named_with_the_remedy(kept: float, tmp_path: Path) -> None:
    checkpoint = tmp_path / "run.safetensors"
    run(Linear(), checkpoint=checkpoint)
    data = checkpoint.read_bytes()
    checkpoint.write_bytes(data[: int(kept * len(data)) if kept < 1 else int(kept)])
    with pytest.raises(StorageError, match=r"run\.safetensors is not a usable checkpoint .*: delete it"):
        run(Linear(), checkpoint=checkpoint)


def test_the_run_ends_with_the_weights_of_the_best_validation() -> None:
    model = Linear()
    validations = Validations(model, 9.0, 4.0, 5.0, 6.0)
    outcome = run(model, evaluate=validations)
    assert torch.equal(weights(model), validations.weights[1])
    assert [(point.step, point.validation_loss) for point in outcome.curve] == [(0, 9.0), (2, 4.0), (4, 5.0), (6, 6.0)]
    model = Linear()
    validations = Validations(model, 9.0, 4.0, 5.0, 6.0)
    run(model, replace(SETTINGS, keep_best=False), evaluate=validations)
    assert torch.equal(weights(model), validations.weights[3])


def test_a_stopped_run_is_saved_and_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    alone = Linear()
    run(alone)
    checkpoint = tmp_path / "run.safetensors"
    stopped = run(Linear(), replace(SETTINGS, checkpoint_seconds=9e9), checkpoint=checkpoint, should_stop=lambda: True)
    assert stopped.steps == 1
    resumed = Linear()
    outcome = run(resumed, checkpoint=checkpoint)
    assert torch.equal(weights(resumed), weights(alone))
    assert (outcome.steps, outcome.examples) == (6, 6 * ROWS)


@pytest.mark.parametrize("seconds", [0.0, 9e9])
def test_a_run_interrupted_within_a_step_goes_on_to_the_same_weights(seconds: float, tmp_path: Path) -> None:
    alone = Linear()
    run(alone)
    checkpoint = tmp_path / "run.safetensors"
    killed, calls = Linear(), 0

    def interrupt() -> None:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise KeyboardInterrupt

    # The fourth step has drawn its dropout when the interrupt comes.
    killed.interrupt = interrupt
    with pytest.raises(KeyboardInterrupt):
        run(killed, replace(SETTINGS, checkpoint_seconds=seconds), checkpoint=checkpoint)
    resumed = Linear()
    run(resumed, checkpoint=checkpoint)
    assert torch.equal(weights(resumed), weights(alone))


def test_half_an_update_is_never_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = tmp_path / "run.safetensors"

    def half_done(self: torch.optim.AdamW) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(torch.optim.AdamW, "step", half_done)
        with pytest.raises(KeyboardInterrupt):
            run(Linear(), checkpoint=checkpoint)
    assert not checkpoint.exists()


def test_an_interrupted_validation_is_made_up_for(tmp_path: Path) -> None:
    checkpoint = tmp_path / "run.safetensors"
    losses = {0: 9.0, 2: 4.0, 4: 5.0, 6: 6.0}
    asked: list[int] = []

    def evaluate() -> Validation:
        step = [0, 2, 2, 4, 6][len(asked)]
        asked.append(step)
        if len(asked) == 2:
            raise KeyboardInterrupt
        return Validation(losses[step], 0.0)

    with pytest.raises(KeyboardInterrupt):
        run(Linear(), checkpoint=checkpoint, evaluate=evaluate)
    outcome = run(Linear(), checkpoint=checkpoint, evaluate=evaluate)
    assert {point.step: point.validation_loss for point in outcome.curve} == losses


def test_a_finished_run_does_nothing_again(tmp_path: Path) -> None:
    checkpoint = tmp_path / "run.safetensors"
    model = Linear()
    first = run(model, checkpoint=checkpoint, evaluate=Validations(model, 9.0, 4.0, 5.0, 6.0))
    again = Linear()
    second = run(again, checkpoint=checkpoint, evaluate=Validations(again), progress=Interrupt(1))
    assert torch.equal(weights(again), weights(model))
    assert (second.curve, second.seconds, second.flops) == (first.curve, first.seconds, first.flops)


def test_the_checkpoint_holds_the_last_weights_not_the_best(tmp_path: Path) -> None:
    model = Linear()
    validations = Validations(model, 9.0, 4.0, 5.0, 6.0)
    run(model, checkpoint=tmp_path / "c", evaluate=validations)
    found = load_snapshot(tmp_path / "c")
    assert found is not None
    assert torch.equal(found[0].parameters["layer.weight"], validations.weights[3])
    assert torch.equal(found[0].best["layer.weight"], validations.weights[1])


def test_flops_equal_a_count_by_hand() -> None:
    # Forward: ROWS x WIDTH times WIDTH x OUT. Backward: the gradient of the weights alone, as the input needs none.
    one_step = 2 * ROWS * WIDTH * OUT * 2
    assert run(Linear(), replace(SETTINGS, steps=1)).flops == one_step
    assert run(Linear()).flops == 6 * one_step


def test_a_backward_pass_through_two_layers_counts_each_product() -> None:
    first, second = nn.Linear(8, 5), nn.Linear(5, 2)
    ledger = FlopLedger()
    ledger.run("one", lambda: second(first(torch.ones(3, 8))).sum().backward())
    # Forward of both, weight gradients of both, and the gradient of what is between them.
    assert ledger.total == 2 * 3 * (2 * 8 * 5 + 3 * 5 * 2)


def test_each_shape_is_counted_once_and_added_every_time() -> None:
    ledger = FlopLedger()
    left = torch.ones(4, 8)

    def work(columns: int) -> torch.Tensor:
        return left @ torch.ones(8, columns)

    ledger.run("narrow", lambda: work(2))
    ledger.run("wide", lambda: work(6))
    assert ledger.counted == {"narrow": 2 * 4 * 8 * 2, "wide": 2 * 4 * 8 * 6}
    # Called other work by a known name, it adds what it counted before: it did not count again.
    assert ledger.run("narrow", lambda: work(50)).shape == (4, 50)
    assert ledger.total == 2 * 128 + 384
    resumed = FlopLedger(ledger.counted, ledger.total)
    resumed.run("wide", lambda: work(6))
    assert resumed.total == 2 * 128 + 2 * 384
