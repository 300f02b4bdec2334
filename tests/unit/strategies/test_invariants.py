"""What must hold for each strategy on each family (docs/design/0006-strategies.md)."""

from pathlib import Path

import pytest
import torch
from transformers import GenerationConfig

from tailorbird.base.load import Base, weights_sha256
from tailorbird.strategies.delta import attach_delta, load_delta, save_delta
from tailorbird.strategies.registry import STRATEGIES, complete_settings, find_strategy
from tailorbird.strategies.strategy import Prepared
from tailorbird.training.batches import Batch, EpochOrder, collate
from tailorbird.training.loop import LoopSettings, Outcome, train
from tailorbird.training.losses import validate
from tests.data import Interrupt, delta_manifest
from tests.models import BLOCKS, FAMILIES, FFN, HEADS, VOCABULARY, WIDTH, bart, encoded_texts, small_base

STEPS = 6
EXAMPLES = encoded_texts()
ORDER = EpochOrder([len(example.source) for example in EXAMPLES], batch_size=5, seed=3)

every_strategy = pytest.mark.parametrize("strategy", list(STRATEGIES))
every_family = pytest.mark.parametrize("family", list(FAMILIES))


def settings_of(strategy: str) -> dict[str, str | int | float | bool]:
    small = {"length": 3, "hidden": 16, "cross": True} if strategy == "prefix" else {}
    return complete_settings(find_strategy(strategy), small)


def batch_of(step: int) -> Batch:
    return collate([EXAMPLES[index] for index in ORDER(step)], pad=1)


def prepare(base: Base, strategy: str) -> Prepared:
    torch.manual_seed(7)
    return find_strategy(strategy).prepare(base.model, settings_of(strategy))


def run(base: Base, prepared: Prepared, *, checkpoint: Path | None = None, progress: object = None) -> Outcome:
    settings = LoopSettings(
        steps=STEPS, learning_rate=0.02, warmup_steps=2, evaluate_every=2, checkpoint_seconds=0.0, fingerprint="x"
    )
    return train(
        base.model,
        prepared.parameters,
        batch_of,
        settings,
        evaluate=lambda: validate(base.model, EXAMPLES, pad=1),
        checkpoint=checkpoint,
        progress=progress,  # type: ignore[arg-type]
    )


@torch.no_grad()
def logits(base: Base) -> torch.Tensor:
    batch = batch_of(0)
    out = base.model(input_ids=batch.input_ids, attention_mask=batch.attention_mask, labels=batch.labels)
    return torch.as_tensor(out.logits)


def trained_delta(base: Base, strategy: str, folder: Path) -> torch.Tensor:
    """Train, save, take off; the logits as trained come back."""
    prepared = prepare(base, strategy)
    run(base, prepared)
    base.model.eval()
    as_trained = logits(base)
    save_delta(folder, prepared.extract(), delta_manifest(base, strategy, settings_of(strategy)))
    prepared.undo()
    return as_trained


@every_family
@every_strategy
def test_frozen_parameters_stay_bit_identical_and_trained_ones_move(family: str, strategy: str) -> None:
    base = small_base(family)
    before = {name: parameter.detach().clone() for name, parameter in base.model.named_parameters()}
    prepared = prepare(base, strategy)
    started = {name: parameter.detach().clone() for name, parameter in prepared.parameters.items()}
    torch.manual_seed(1)
    settings = LoopSettings(steps=STEPS, learning_rate=0.02, warmup_steps=0, fingerprint="x")
    train(base.model, prepared.parameters, batch_of, settings)
    trained = {id(parameter) for parameter in prepared.parameters.values()}
    for name, parameter in base.model.named_parameters():
        if id(parameter) not in trained:
            assert torch.equal(parameter, before[name]), name
    for name, parameter in prepared.parameters.items():
        assert not torch.equal(parameter, started[name]), name


@every_family
@every_strategy
def test_delta_round_trip_is_bit_identical_and_undo_restores_the_base(
    family: str, strategy: str, tmp_path: Path
) -> None:
    base = small_base(family)
    original = logits(base)
    as_trained = trained_delta(base, strategy, tmp_path)
    assert not torch.equal(as_trained, original)
    assert weights_sha256(base.model) == base.sha256
    assert torch.equal(logits(base), original)

    fresh = small_base(family)
    undo = attach_delta(fresh, *load_delta(tmp_path))
    assert torch.equal(logits(fresh), as_trained)
    undo()
    assert weights_sha256(fresh.model) == base.sha256
    assert torch.equal(logits(fresh), original)


@every_family
@every_strategy
@pytest.mark.parametrize("rows", [1, 4])
@pytest.mark.parametrize("beams", [1, 3])
@pytest.mark.parametrize("cache", [True, False])
def test_generation_scores_equal_teacher_forced_logits(
    family: str, strategy: str, rows: int, beams: int, cache: bool, tmp_path: Path
) -> None:
    base = small_base(family)
    trained_delta(base, strategy, tmp_path)
    attach_delta(base, *load_delta(tmp_path))
    batch = collate(EXAMPLES[:rows], pad=1)
    config = GenerationConfig(
        max_new_tokens=12,
        num_beams=beams,
        do_sample=False,
        use_cache=cache,
        return_dict_in_generate=True,
        output_logits=True,
        pad_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=base.model.config.decoder_start_token_id,
    )
    with torch.no_grad():
        generated = base.model.generate(  # type: ignore[operator]
            input_ids=batch.input_ids, attention_mask=batch.attention_mask, generation_config=config
        )
        steps = base.model.compute_transition_scores(  # type: ignore[operator]
            generated.sequences,
            generated.logits,
            getattr(generated, "beam_indices", None),
            normalize_logits=True,
        )
        forced = base.model(
            input_ids=batch.input_ids,
            attention_mask=batch.attention_mask,
            decoder_input_ids=generated.sequences[:, :-1],
        ).logits.log_softmax(-1)
    tokens = generated.sequences[:, 1:]
    expected = forced.gather(2, tokens.unsqueeze(-1)).squeeze(-1)
    for row in range(rows):
        ends = (tokens[row] == 2).nonzero()
        length = int(ends[0]) + 1 if len(ends) else tokens.shape[1]
        torch.testing.assert_close(steps[row, :length], expected[row, :length], atol=2e-4, rtol=1e-4)


@every_family
@every_strategy
@pytest.mark.parametrize("killed_at", [1, 4])
def test_a_killed_and_resumed_run_gives_the_weights_of_one_left_alone(
    family: str, strategy: str, killed_at: int, tmp_path: Path
) -> None:
    whole = small_base(family)
    alone = prepare(whole, strategy)
    run(whole, alone)

    checkpoint = tmp_path / "checkpoint.safetensors"
    first = small_base(family)
    with pytest.raises(KeyboardInterrupt):
        run(first, prepare(first, strategy), checkpoint=checkpoint, progress=Interrupt(killed_at))

    second = small_base(family)
    resumed = prepare(second, strategy)
    outcome = run(second, resumed, checkpoint=checkpoint)
    assert outcome.steps == STEPS
    assert outcome.examples == 5 * STEPS
    for name, tensor in alone.extract().items():
        assert torch.equal(resumed.extract()[name], tensor), name


ATTENTION = {"bart": 4 * (WIDTH * WIDTH + WIDTH), "t5": 4 * WIDTH * HEADS * 8}
DECODER_BLOCK = {
    # two attentions, three layer norms (weight and bias), two feed-forward layers with bias
    "bart": 2 * ATTENTION["bart"] + 3 * 2 * WIDTH + 2 * WIDTH * FFN + FFN + WIDTH,
    # two attentions, three RMS norms, two feed-forward layers without bias
    "t5": 2 * ATTENTION["t5"] + 3 * WIDTH + 2 * WIDTH * FFN,
}


@every_family
def test_trainable_parameters_equal_a_hand_count(family: str) -> None:
    def count(strategy: str, **given: int | bool) -> int:
        model = small_base(family).model
        settings = complete_settings(find_strategy(strategy), given)
        prepared = find_strategy(strategy).prepare(model, settings)
        return sum(parameter.numel() for parameter in prepared.parameters.values())

    assert count("l-eo") == VOCABULARY * WIDTH  # one matrix: both families tie embeddings and output
    assert count("l-ldb") == DECODER_BLOCK[family]
    # T5's first block also holds the relative position bias: 32 buckets for each head.
    first_block = {"bart": 0, "t5": 32 * HEADS}[family]
    assert count("l-ldb", blocks=BLOCKS) == BLOCKS * DECODER_BLOCK[family] + first_block
    assert count("custom") == sum(parameter.numel() for parameter in small_base(family).model.parameters())
    plain = BLOCKS * 2 * WIDTH
    assert count("prefix", length=3, reparametrise=False) == 2 * 3 * plain
    assert count("prefix", length=3, reparametrise=False, cross=True) == 3 * 3 * plain
    mlp = 3 * 16 + (16 * 16 + 16) + (16 * plain + plain)
    assert count("prefix", length=3, hidden=16) == 2 * mlp


def test_l_eo_trains_embeddings_and_output_apart_where_the_base_does_not_tie_them() -> None:
    prepared = find_strategy("l-eo").prepare(bart(tied=False), settings_of("l-eo"))
    embeddings = {f"model.{part}.embed_tokens.weight" for part in ("encoder", "decoder")}
    assert set(prepared.parameters) == {"lm_head.weight", *embeddings}


@every_family
def test_a_prefix_stores_only_keys_and_values(family: str, tmp_path: Path) -> None:
    base = small_base(family)
    trained_delta(base, "prefix", tmp_path)
    _, tensors = load_delta(tmp_path)
    assert sum(tensor.numel() for tensor in tensors.values()) == 3 * 3 * BLOCKS * 2 * WIDTH
