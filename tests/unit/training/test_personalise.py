"""From a data set on disk to a delta on disk."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from tailorbird.base.load import Base, load_base, weights_sha256
from tailorbird.config import PersonaliseConfig
from tailorbird.deltas.store import load_delta
from tailorbird.errors import DataError, UsageError
from tailorbird.mining.dataset import DataSet, load_data
from tailorbird.strategies.registry import STRATEGIES
from tailorbird.training.device import choose_device
from tailorbird.training.personalise import CHECKPOINT, finished_delta, personalise, personalise_base
from tests.data import SPLITS, Interrupt, Refuse, pairs, plain, write_base, write_data

SETTINGS: dict[str, dict[str, str | int | float | bool]] = {
    "prefix": {"length": 3, "hidden": 16},
    "prompt": {"length": 3},
    "lora": {"rank": 2},
    "dora": {"rank": 2},
}


def config_of(strategy: str = "l-ldb", **changes: object) -> PersonaliseConfig:
    config = PersonaliseConfig(
        strategy=strategy,
        epochs=2,
        batch_size=4,
        validations=2,
        precision="float32",
        max_source_tokens=64,
        max_target_tokens=48,
        settings=SETTINGS.get(strategy, {}),
    )
    return replace(config, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("personalise")
    write_data(folder / "data")
    write_base(folder / "base")
    return folder


@pytest.fixture(scope="module")
def data(folder: Path) -> DataSet:
    return load_data(folder / "data")


@pytest.fixture(scope="module")
def base(folder: Path) -> Base:
    return load_base(str(folder / "base"), device=choose_device())


@pytest.fixture(scope="module")
def delta(folder: Path, data: DataSet, base: Base) -> Path:
    """The delta of `config_of`, made in one go."""
    personalise_base(data, folder / "delta", config_of(), base)
    return folder / "delta"


def test_the_stage_reads_folders_and_writes_a_delta(folder: Path, delta: Path) -> None:
    made = personalise(folder / "data", folder / "other", config_of(), base=str(folder / "base"))
    assert sorted(path.name for path in (folder / "other").iterdir()) == ["delta.json", "delta.safetensors"]
    manifest = load_delta(folder / "other").manifest
    assert made == manifest
    # The same inputs give the same bytes, whether read from disk or held in memory.
    assert manifest.tensors_sha256 == load_delta(delta).manifest.tensors_sha256


def test_the_manifest_says_what_was_done(delta: Path, data: DataSet, base: Base) -> None:
    manifest, tensors = plain(delta)
    assert (manifest.strategy, manifest.seed, manifest.base_name) == ("l-ldb", 0, base.name)
    assert (manifest.base_sha256, manifest.tokenizer_sha256) == (base.sha256, base.tokenizer_sha256)
    assert manifest.data_sha256 == data.manifest.pairs_sha256
    assert manifest.source == data.manifest.source
    assert manifest.settings["epochs"] == 2.0
    assert manifest.settings["precision"] == "float32"
    cost = manifest.cost
    assert (cost.steps, cost.examples) == (2 * 3, 2 * SPLITS["train"])  # 10 pairs are 3 batches of at most 4
    stored = sum(tensor.numel() for tensor in tensors.values())
    assert cost.trainable_parameters == cost.stored_parameters == stored
    assert cost.total_parameters == sum(parameter.numel() for parameter in base.model.parameters())
    assert cost.delta_bytes == (delta / "delta.safetensors").stat().st_size
    assert cost.train_flops > 0
    assert cost.measured_flops_ratio == pytest.approx(1, abs=0.02)
    assert cost.train_seconds > 0
    assert [point.step for point in manifest.curve] == [0, 3, 6]
    losses = [point.validation_loss for point in manifest.curve]
    assert losses[0] is not None
    assert min(loss for loss in losses if loss is not None) < losses[0]


def test_the_base_is_restored_bit_for_bit(delta: Path, base: Base) -> None:
    assert weights_sha256(base.model) == base.sha256
    assert all(parameter.requires_grad for parameter in base.model.parameters())


def test_a_second_call_does_nothing_and_other_settings_do(tmp_path: Path, data: DataSet, base: Base) -> None:
    first = personalise_base(data, tmp_path, config_of(epochs=1), base)
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    again = personalise_base(data, tmp_path, config_of(epochs=1), base, progress=Refuse())
    assert again == first
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before
    other = personalise_base(data, tmp_path, config_of(epochs=1, seed=1), base)
    assert other.tensors_sha256 != first.tensors_sha256


def test_a_damaged_delta_is_made_again(tmp_path: Path, data: DataSet, base: Base) -> None:
    first = personalise_base(data, tmp_path, config_of(epochs=0.1), base)
    tensors = tmp_path / "delta.safetensors"
    tensors.write_bytes(tensors.read_bytes()[:-1])
    assert finished_delta(tmp_path, first.fingerprint) is None
    again = personalise_base(data, tmp_path, config_of(epochs=0.1), base)
    assert again.tensors_sha256 == first.tensors_sha256
    assert finished_delta(tmp_path, first.fingerprint) == again


@pytest.mark.parametrize("strategy", list(STRATEGIES))
def test_a_killed_run_goes_on_to_the_same_bytes(strategy: str, tmp_path: Path, data: DataSet, base: Base) -> None:
    config = config_of(strategy, epochs=1)
    personalise_base(data, tmp_path / "alone", config, base)
    with pytest.raises(KeyboardInterrupt):
        personalise_base(data, tmp_path / "killed", config, base, progress=Interrupt(2))
    assert weights_sha256(base.model) == base.sha256
    assert (tmp_path / "killed" / CHECKPOINT).exists()
    torch.manual_seed(99)  # What was drawn in between must not matter.
    personalise_base(data, tmp_path / "killed", config, base)
    assert not (tmp_path / "killed" / CHECKPOINT).exists()
    alone, killed = (tmp_path / name / "delta.safetensors" for name in ("alone", "killed"))
    assert killed.read_bytes() == alone.read_bytes()


@pytest.mark.parametrize("emptied", ["train", "validation"])
def test_a_data_set_with_an_empty_split_is_too_small(emptied: str, tmp_path: Path, base: Base) -> None:
    small = write_data(tmp_path / "data", tuple(pair for pair in pairs() if pair.split != emptied))
    with pytest.raises(DataError, match="mine a project with more tests"):
        personalise_base(small, tmp_path / "delta", config_of(), base)
    assert weights_sha256(base.model) == base.sha256


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"strategy": "later"}, "later is not a strategy: choose one of custom"),
        ({"settings": {"length": 3}}, "length is not a setting of l-ldb"),
        ({"settings": {"blocks": "two"}}, "blocks = 'two': l-ldb takes a whole number there"),
        ({"settings": {"block": 2}}, r"block is not a setting of l-ldb: did you mean blocks\? it has"),
        ({"epochs": None, "settings": {"epochs": -1}}, r"epochs = -1.0: choose a number above 0"),
        ({"settings": {"learning_rate": 0.0}}, r"learning_rate = 0.0: choose a number above 0"),
        ({"learning_rate": float("inf")}, r"learning_rate = inf: choose a number above 0"),
        ({"precision": "float8"}, "precision = float8: choose auto"),
        ({"max_source_tokens": 300}, "max_source_tokens = 300: the base .* has 256 positions"),
        ({"max_target_tokens": 300}, "max_target_tokens = 300: the base .* has 256 positions"),
    ],
)
def test_wrong_settings_fail_before_any_work(
    changes: dict[str, Any], message: str, tmp_path: Path, data: DataSet, base: Base
) -> None:
    with pytest.raises(UsageError, match=message):
        personalise_base(data, tmp_path / "delta", config_of(**changes), base, progress=Refuse())
    assert not (tmp_path / "delta").exists()


def test_a_learning_rate_given_overrides_the_strategys_own(tmp_path: Path, data: DataSet, base: Base) -> None:
    made = personalise_base(data, tmp_path, config_of(epochs=0.1, learning_rate=0.125), base)
    assert made.settings["learning_rate"] == 0.125
    assert made.cost.steps == 1


def test_what_asserts_nothing_is_trained_on_only_when_asked_for(base: Base, tmp_path: Path) -> None:
    first, *rest = pairs()
    silent = replace(first, test=replace(first.test, assertions=()))
    with_it = write_data(tmp_path / "with", (silent, *rest))
    without_it = write_data(tmp_path / "without", tuple(rest))
    config = config_of(epochs=1)

    def losses(data: DataSet, name: str, config: PersonaliseConfig) -> list[float | None]:
        return [point.validation_loss for point in personalise_base(data, tmp_path / name, config, base).curve]

    left_out = losses(with_it, "a", config)
    assert left_out == losses(without_it, "b", config)
    assert left_out != losses(with_it, "c", replace(config, unasserted=True))


def test_a_validation_on_some_pairs_is_always_on_the_same_ones(data: DataSet, base: Base, tmp_path: Path) -> None:
    def first_loss(name: str, wanted: int | None, strategy: str = "l-ldb", seed: int = 0) -> float | None:
        config = config_of(strategy, epochs=0.1, validation_pairs=wanted, seed=seed)
        return personalise_base(data, tmp_path / name, config, base).curve[0].validation_loss

    assert len(data.split("validation")) > 1
    one, whole = first_loss("one", 1), first_loss("whole", None)
    assert one != whole
    assert first_loss("again", 1, strategy="l-eo", seed=3) == pytest.approx(one)
    assert first_loss("more", 10_000) == pytest.approx(whole)
