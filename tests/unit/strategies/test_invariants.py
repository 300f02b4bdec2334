"""What must hold for every strategy on every family, or nothing else that is said of it can be trusted."""

from pathlib import Path

import pytest
import torch

from tailorbird.base.load import Base, weights_sha256
from tailorbird.deltas.attach import attach_delta
from tailorbird.deltas.store import load_delta, save_delta
from tailorbird.errors import DeltaError, UsageError
from tailorbird.networks.batch import Encoded
from tailorbird.strategies.registry import complete_settings, find_strategy
from tailorbird.strategies.strategy import Prepared
from tailorbird.training.batches import EpochOrder
from tailorbird.training.loop import LoopSettings, Outcome, train
from tailorbird.training.losses import validate
from tests.data import Interrupt, delta_manifest, plain
from tests.models import BLOCKS, CROSSING, FFN, HEADS, VOCABULARY, WIDTH, bart, base_of, encoded_texts, small_base
from tests.unit.strategies.cases import every_case, prepare, settings_of

STEPS = 6
EXAMPLES = encoded_texts()
ORDER = EpochOrder([len(example.source) for example in EXAMPLES], batch_size=5, seed=3)


def examples_of(step: int) -> list[Encoded]:
    return [EXAMPLES[index] for index in ORDER(step)]


def run(
    base: Base,
    prepared: Prepared,
    *,
    checkpoint: Path | None = None,
    progress: object = None,
    keep_best: bool = True,
) -> Outcome:
    settings = LoopSettings(
        steps=STEPS,
        learning_rate=0.02,
        warmup_steps=2,
        evaluate_every=2,
        keep_best=keep_best,
        checkpoint_seconds=0.0,
        fingerprint="x",
    )
    return train(
        base.network,
        prepared.parameters,
        examples_of,
        settings,
        evaluate=lambda: validate(base.network, EXAMPLES),
        checkpoint=checkpoint,
        progress=progress,  # type: ignore[arg-type]
    )


@torch.no_grad()
def logits(base: Base) -> torch.Tensor:
    return base.network.logits(base.network.batch(examples_of(0)))


def trained_delta(base: Base, family: str, strategy: str, folder: Path) -> torch.Tensor:
    """Train, save, take off; the logits as trained come back."""
    prepared = prepare(base, strategy, family)
    run(base, prepared, keep_best=False)  # The best may be where it started.
    as_trained = logits(base)
    save_delta(folder, prepared.extract(), delta_manifest(base, strategy, settings_of(strategy, family)))
    prepared.undo()
    return as_trained


@every_case
def test_frozen_parameters_stay_bit_identical_and_trained_ones_move(family: str, strategy: str) -> None:
    base = small_base(family)
    before = {id(parameter): parameter.detach().clone() for parameter in base.model.parameters()}
    prepared = prepare(base, strategy, family)
    started = {name: parameter.detach().clone() for name, parameter in prepared.parameters.items()}
    settings = LoopSettings(steps=STEPS, learning_rate=0.02, warmup_steps=0, fingerprint="x")
    train(base.network, prepared.parameters, examples_of, settings)
    trained = {id(parameter) for parameter in prepared.parameters.values()}
    for name, parameter in base.model.named_parameters():
        if id(parameter) not in trained:
            assert torch.equal(parameter, before[id(parameter)]), name
    for name, parameter in prepared.parameters.items():
        assert not torch.equal(parameter, started[name]), name


@every_case
def test_delta_round_trip_is_bit_identical_and_undo_restores_the_base(
    family: str, strategy: str, tmp_path: Path
) -> None:
    base = small_base(family)
    names = [name for name, _ in base.model.named_modules()]
    original = logits(base)
    as_trained = trained_delta(base, family, strategy, tmp_path)
    assert not torch.equal(as_trained, original)
    assert weights_sha256(base.model) == base.sha256
    assert [name for name, _ in base.model.named_modules()] == names
    assert all(parameter.requires_grad for parameter in base.model.parameters())
    assert torch.equal(logits(base), original)

    fresh = small_base(family)
    undo = attach_delta(fresh, load_delta(tmp_path))
    assert torch.equal(logits(fresh), as_trained)
    undo()
    assert weights_sha256(fresh.model) == base.sha256
    assert [name for name, _ in fresh.model.named_modules()] == names
    assert torch.equal(logits(fresh), original)


@every_case
@pytest.mark.parametrize("killed_at", [1, 4])
def test_a_killed_and_resumed_run_gives_the_weights_of_one_left_alone(
    family: str, strategy: str, killed_at: int, tmp_path: Path
) -> None:
    whole = small_base(family)
    alone = prepare(whole, strategy, family)
    run(whole, alone)

    checkpoint = tmp_path / "checkpoint.safetensors"
    first = small_base(family)
    with pytest.raises(KeyboardInterrupt):
        run(first, prepare(first, strategy, family), checkpoint=checkpoint, progress=Interrupt(killed_at))

    second = small_base(family)
    resumed = prepare(second, strategy, family)
    torch.manual_seed(99)  # What else is drawn in between must not matter.
    outcome = run(second, resumed, checkpoint=checkpoint)
    assert outcome.steps == STEPS
    assert outcome.examples == 5 * STEPS
    for name, tensor in alone.extract().items():
        assert torch.equal(resumed.extract()[name], tensor), name


@every_case
def test_merging_is_the_same_function_in_the_bases_own_weights(family: str, strategy: str, tmp_path: Path) -> None:
    base = small_base(family)
    as_trained = trained_delta(base, family, strategy, tmp_path)
    manifest, tensors = plain(tmp_path)
    settings = manifest.settings
    if strategy in ("prefix", "prompt"):
        with pytest.raises(DeltaError, match="cannot be merged, only applied"):
            find_strategy(strategy).merge(base.network, tensors, settings)
        return
    names = [name for name, _ in base.model.named_parameters()]
    original = logits(base)
    undo = find_strategy(strategy).merge(base.network, tensors, settings)
    assert [name for name, _ in base.model.named_parameters()] == names
    torch.testing.assert_close(logits(base), as_trained, atol=1e-3 * float(as_trained.abs().max()), rtol=1e-3)
    undo()
    assert torch.equal(logits(base), original)


ATTENTION = {"bart": 4 * (WIDTH * WIDTH + WIDTH), "t5": 4 * WIDTH * HEADS * 8}
DECODER_BLOCK = {
    # two attentions, three layer norms (weight and bias), two feed-forward layers with bias
    "bart": 2 * ATTENTION["bart"] + 3 * 2 * WIDTH + 2 * WIDTH * FFN + FFN + WIDTH,
    # two attentions, three RMS norms, two feed-forward layers without bias
    "t5": 2 * ATTENTION["t5"] + 3 * WIDTH + 2 * WIDTH * FFN,
    # query, key, value and output (two query heads for each of the keys'), two RMS norms, three feed-forward layers
    "llama": 3 * WIDTH * WIDTH + 2 * WIDTH + 3 * WIDTH * FFN,
    # one projection for three, and the output; two layer norms; two feed-forward layers
    "gpt2": 3 * WIDTH * WIDTH + 3 * WIDTH + WIDTH * WIDTH + WIDTH + 4 * WIDTH + 2 * WIDTH * FFN + FFN + WIDTH,
}


def count(family: str, strategy: str, **given: int | bool | str) -> int:
    network = small_base(family).network
    settings = complete_settings(find_strategy(strategy), given)
    prepared = find_strategy(strategy).prepare(network, settings)
    return sum(parameter.numel() for parameter in prepared.parameters.values())


@pytest.mark.parametrize("family", list(DECODER_BLOCK))
def test_trainable_parameters_equal_a_hand_count(family: str) -> None:
    tied = family != "llama"
    assert count(family, "l-eo") == VOCABULARY * WIDTH * (1 if tied else 2)
    assert count(family, "l-ldb") == DECODER_BLOCK[family]
    # T5's first block also holds the relative position bias: 32 buckets for each head.
    first_block = {"t5": 32 * HEADS}.get(family, 0)
    assert count(family, "l-ldb", blocks=BLOCKS) == BLOCKS * DECODER_BLOCK[family] + first_block
    assert count(family, "custom") == sum(parameter.numel() for parameter in small_base(family).model.parameters())
    # Llama's keys and values have half as many heads as its queries.
    plain = BLOCKS * 2 * WIDTH // (2 if family == "llama" else 1)
    kinds = 2 if family in CROSSING else 1
    assert count(family, "prefix", length=3, reparametrise=False) == kinds * 3 * plain
    if family in CROSSING:
        everywhere = "encoder+decoder+cross"
        assert count(family, "prefix", length=3, reparametrise=False, attentions=everywhere) == 3 * 3 * plain
        assert count(family, "prefix", length=3, reparametrise=False, attentions="cross") == 3 * plain
    mlp = 3 * 16 + (16 * 16 + 16) + (16 * plain + plain)
    assert count(family, "prefix", length=3, hidden=16) == kinds * mlp
    assert count(family, "prompt", length=7) == 7 * WIDTH


def test_adapters_equal_a_hand_count() -> None:
    attentions = 3 * BLOCKS  # two in each decoder block, one in each encoder block
    narrow = 3 * (WIDTH + WIDTH)  # rank 3, both matrices
    assert count("bart", "lora", rank=3, targets="query+value") == attentions * 2 * narrow
    assert count("bart", "lora", rank=3, targets="attention") == attentions * 4 * narrow
    feed_forwards = 2 * BLOCKS * 2 * 3 * (WIDTH + FFN)
    assert count("bart", "lora", rank=3, targets="all") == attentions * 4 * narrow + feed_forwards
    # A magnitude for each output of each projection.
    magnitudes = attentions * 4 * WIDTH + 2 * BLOCKS * (FFN + WIDTH)
    assert count("bart", "dora", rank=3, targets="all") == attentions * 4 * narrow + feed_forwards + magnitudes
    assert count("bart", "ia3") == attentions * 2 * WIDTH + 2 * BLOCKS * FFN
    biases = attentions * 4 * WIDTH + 2 * BLOCKS * (FFN + WIDTH) + (2 + 3) * BLOCKS * WIDTH + 2 * WIDTH
    assert count("bart", "bitfit") == biases


@pytest.mark.parametrize(
    ("family", "strategy", "given", "message"),
    [
        ("t5", "bitfit", {}, "this base has none: choose another strategy"),
        ("bart", "l-ldb", {"blocks": 3}, "blocks = 3: this base has 2 decoder blocks"),
        ("bart", "prefix", {"length": 0}, "length = 0: a prefix has at least 1"),
        ("gpt2", "prefix", {"attentions": "cross"}, "attentions = 'cross': join some of decoder by a plus"),
        ("bart", "prefix", {"attentions": "decoder+all"}, "join some of encoder, decoder, cross by a plus"),
        ("bart", "prompt", {"length": 0}, "length = 0: a prompt has at least 1"),
        ("bart", "lora", {"rank": 0}, "rank = 0: choose at least 1"),
        ("bart", "lora", {"dropout": 1.0}, "dropout = 1.0: choose 0 or more"),
        ("bart", "dora", {"targets": "some"}, "targets = 'some': choose one of query"),
    ],
)
def test_what_does_not_suit_a_base_is_refused_and_the_base_is_whole(
    family: str, strategy: str, given: dict[str, int | float | str], message: str
) -> None:
    base = small_base(family)
    with pytest.raises(UsageError, match=message):
        find_strategy(strategy).prepare(base.network, complete_settings(find_strategy(strategy), given))
    assert weights_sha256(base.model) == base.sha256
    assert all(parameter.requires_grad for parameter in base.model.parameters())


def test_l_eo_trains_embeddings_and_output_apart_where_the_base_does_not_tie_them() -> None:
    prepared = find_strategy("l-eo").prepare(base_of(bart(tied=False)).network, settings_of("l-eo"))
    embeddings = {f"model.{part}.embed_tokens.weight" for part in ("encoder", "decoder")}
    assert set(prepared.parameters) == {"lm_head.weight", *embeddings}


@pytest.mark.parametrize("family", ["bart", "t5"])
def test_a_prefix_stores_only_keys_and_values(family: str, tmp_path: Path) -> None:
    base = small_base(family)
    trained_delta(base, family, "prefix", tmp_path)
    _, tensors = plain(tmp_path)
    assert sum(tensor.numel() for tensor in tensors.values()) == 3 * 3 * BLOCKS * 2 * WIDTH
