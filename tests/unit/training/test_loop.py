"""The training loop on a model small enough to reckon by hand."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.errors import StorageError
from tailorbird.networks.batch import Encoded
from tailorbird.networks.network import Network
from tailorbird.training.checkpoint import load_snapshot
from tailorbird.training.loop import LoopSettings, Outcome, rate_factor, train
from tailorbird.training.losses import Validation, validate
from tests.data import Interrupt
from tests.models import small_base

ROWS = 4
WATCHED = "model.decoder.layers.1.fc2.weight"


def model() -> Network:
    """A new one, always the same."""
    return small_base().network


def examples_of(step: int, rows: int = ROWS) -> list[Encoded]:
    drawn = torch.Generator().manual_seed(step)
    tokens = torch.randint(3, 50, (rows, 12), generator=drawn).tolist()
    return [Encoded(tuple(row[:5]), tuple(row[5 : 8 + at])) for at, row in enumerate(tokens)]


SETTINGS = LoopSettings(
    steps=6, learning_rate=0.05, warmup_steps=0, evaluate_every=2, checkpoint_seconds=0.0, fingerprint="one"
)


class Validations:
    """Losses given in advance; remembers the weights that each was asked for."""

    def __init__(self, network: Network, *losses: float) -> None:
        self.network, self.losses, self.weights = network, iter(losses), list[torch.Tensor]()

    def __call__(self) -> Validation:
        self.weights.append(weights(self.network))
        return Validation(next(self.losses), 0.0)


def run(network: Network, settings: LoopSettings = SETTINGS, **options: object) -> Outcome:
    examples = options.pop("examples_of", examples_of)
    return train(network, dict(network.model.named_parameters()), examples, settings, **options)  # type: ignore[arg-type]


def weights(network: Network) -> torch.Tensor:
    return dict(network.model.named_parameters())[WATCHED].detach().clone()


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
    run(model(), replace(SETTINGS, steps=3), checkpoint=checkpoint)
    asked: list[int] = []

    def watched(step: int) -> list[Encoded]:
        asked.append(step)
        return examples_of(step)

    run(model(), examples_of=watched, checkpoint=checkpoint)
    assert asked == [3, 4, 5]
    asked.clear()
    run(model(), replace(SETTINGS, fingerprint="another"), examples_of=watched, checkpoint=checkpoint)
    assert asked == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("kept", [0, 20, 0.5])
def test_a_truncated_checkpoint_is_named_with_the_remedy(kept: float, tmp_path: Path) -> None:
    checkpoint = tmp_path / "run.safetensors"
    run(model(), checkpoint=checkpoint)
    data = checkpoint.read_bytes()
    checkpoint.write_bytes(data[: int(kept * len(data)) if kept < 1 else int(kept)])
    with pytest.raises(StorageError, match=r"run\.safetensors is not a usable checkpoint .*: delete it"):
        run(model(), checkpoint=checkpoint)


def test_the_run_ends_with_the_weights_of_the_best_validation() -> None:
    network = model()
    validations = Validations(network, 9.0, 4.0, 5.0, 6.0)
    outcome = run(network, evaluate=validations)
    assert torch.equal(weights(network), validations.weights[1])
    assert [(point.step, point.validation_loss) for point in outcome.curve] == [(0, 9.0), (2, 4.0), (4, 5.0), (6, 6.0)]
    network = model()
    validations = Validations(network, 9.0, 4.0, 5.0, 6.0)
    run(network, replace(SETTINGS, keep_best=False), evaluate=validations)
    assert torch.equal(weights(network), validations.weights[3])


def test_a_stopped_run_is_saved_and_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    alone = model()
    run(alone)
    checkpoint = tmp_path / "run.safetensors"
    stopped = run(model(), replace(SETTINGS, checkpoint_seconds=9e9), checkpoint=checkpoint, should_stop=lambda: True)
    assert stopped.steps == 1
    resumed = model()
    outcome = run(resumed, checkpoint=checkpoint)
    assert torch.equal(weights(resumed), weights(alone))
    assert (outcome.steps, outcome.examples) == (6, 6 * ROWS)


@pytest.mark.parametrize("seconds", [0.0, 9e9])
def test_a_run_interrupted_within_a_step_goes_on_to_the_same_weights(seconds: float, tmp_path: Path) -> None:
    alone = model()
    run(alone)
    checkpoint = tmp_path / "run.safetensors"
    killed, calls = model(), 0

    def interrupt(*_: object) -> None:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise KeyboardInterrupt

    # The fourth step has drawn its dropout when the interrupt comes.
    killed.register_forward_hook(interrupt)
    with pytest.raises(KeyboardInterrupt):
        run(killed, replace(SETTINGS, checkpoint_seconds=seconds), checkpoint=checkpoint)
    resumed = model()
    run(resumed, checkpoint=checkpoint)
    assert torch.equal(weights(resumed), weights(alone))


def test_half_an_update_is_never_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = tmp_path / "run.safetensors"

    def half_done(self: torch.optim.AdamW) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(torch.optim.AdamW, "step", half_done)
        with pytest.raises(KeyboardInterrupt):
            run(model(), checkpoint=checkpoint)
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
        run(model(), checkpoint=checkpoint, evaluate=evaluate)
    outcome = run(model(), checkpoint=checkpoint, evaluate=evaluate)
    assert {point.step: point.validation_loss for point in outcome.curve} == losses


MATRICES = frozenset({WATCHED, "model.encoder.layers.0.self_attn.q_proj.weight"})


def test_orthogonal_steps_change_all_directions_alike_and_vectors_are_adams() -> None:
    network, plain = model(), model()
    one_step = replace(SETTINGS, steps=1, weight_decay=0.0)
    before = weights(network)
    run(network, replace(one_step, orthogonal=MATRICES))
    run(plain, one_step)
    moved = torch.linalg.svdvals(weights(network) - before)
    # Muon's few iterations leave the singular values near to one another, where a gradient's differ by far.
    assert moved.max() < 2.0 * moved.median()
    adams, others = dict(plain.model.named_parameters()), dict(network.model.named_parameters())
    for name, parameter in others.items():
        assert torch.equal(parameter, adams[name]) == (name not in MATRICES), name


def test_a_run_with_orthogonal_steps_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    settings = replace(SETTINGS, orthogonal=MATRICES)
    whole, stopped = model(), model()
    run(whole, settings)
    run(stopped, settings, checkpoint=tmp_path / "c", should_stop=iter([False, False, True]).__next__)
    resumed = model()
    run(resumed, settings, checkpoint=tmp_path / "c")
    for name, parameter in whole.model.named_parameters():
        assert torch.equal(parameter, dict(resumed.model.named_parameters())[name]), name


def test_a_finished_run_does_nothing_again(tmp_path: Path) -> None:
    checkpoint = tmp_path / "run.safetensors"
    network = model()
    first = run(network, checkpoint=checkpoint, evaluate=Validations(network, 9.0, 4.0, 5.0, 6.0))
    again = model()
    second = run(again, checkpoint=checkpoint, evaluate=Validations(again), progress=Interrupt(1))
    assert torch.equal(weights(again), weights(network))
    assert (second.curve, second.seconds, second.flops) == (first.curve, first.seconds, first.flops)


def test_the_checkpoint_holds_the_last_weights_not_the_best(tmp_path: Path) -> None:
    network = model()
    validations = Validations(network, 9.0, 4.0, 5.0, 6.0)
    run(network, checkpoint=tmp_path / "c", evaluate=validations)
    found = load_snapshot(tmp_path / "c")
    assert found is not None
    assert torch.equal(found.parameters[WATCHED], validations.weights[3])
    assert torch.equal(found.best[WATCHED], validations.weights[1])


def test_flops_add_up_and_agree_with_what_torch_counts() -> None:
    one = run(model(), replace(SETTINGS, steps=1))
    assert one.flops > 0
    assert one.measured_flops_ratio == pytest.approx(1, abs=0.005)
    same = run(model(), examples_of=lambda _: examples_of(0))
    assert same.flops == 6 * one.flops


def test_a_batch_done_in_parts_gives_the_same_step() -> None:
    still = small_base("llama")  # No dropout: a part draws other masks than the whole.
    parts = small_base("llama")
    whole = run(still.network, replace(SETTINGS, steps=3, learning_rate=0.01))
    split = run(parts.network, replace(SETTINGS, steps=3, learning_rate=0.01, micro_tokens=1))
    assert whole.examples == split.examples == 3 * ROWS
    one, other = (validate(network, examples_of(9)).loss for network in (still.network, parts.network))
    assert one == pytest.approx(other, abs=2e-4)
    assert abs(one - validate(small_base("llama").network, examples_of(9)).loss) > 1e-3


def test_every_token_of_an_epoch_weighs_the_same_where_their_mean_is_given() -> None:
    """A step on few tokens then moves as far as its share of them."""

    def gradient(targets: int, mean: float) -> torch.Tensor:
        network, found = small_base("llama").network, list[torch.Tensor]()
        watched = dict(network.model.named_parameters())["model.layers.1.mlp.up_proj.weight"]
        watched.register_hook(found.append)
        examples = [Encoded((5, 6, 7), tuple(range(8, 8 + targets)))]
        settings = replace(SETTINGS, steps=1, mean_target_tokens=mean)
        train(network, {"watched": watched}, lambda _: examples, settings)
        return found[0]

    torch.testing.assert_close(gradient(6, 12.0) * 2, gradient(6, 0.0))
    torch.testing.assert_close(gradient(6, 6.0), gradient(6, 0.0))


def test_patience_ends_a_run_that_gets_no_better(tmp_path: Path) -> None:
    network = model()
    validations = Validations(network, 9.0, 4.0, 5.0, 6.0)
    settings = replace(SETTINGS, steps=10, patience=1)
    outcome = run(network, settings, evaluate=validations, checkpoint=tmp_path / "c")
    assert outcome.steps == 4
    assert torch.equal(weights(network), validations.weights[1])
    # Resumed, it is over as well.
    again = model()
    assert run(again, settings, evaluate=Validations(again), checkpoint=tmp_path / "c").steps == 4


def test_seeds_draw_other_dropout() -> None:
    first, same, other = model(), model(), model()
    run(first)
    run(same)
    run(other, replace(SETTINGS, seed=1))
    assert torch.equal(weights(first), weights(same))
    assert not torch.equal(weights(first), weights(other))
