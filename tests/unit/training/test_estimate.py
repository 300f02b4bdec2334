"""What a run is expected to take, and what does not fit."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tailorbird.base.load import weights_sha256
from tailorbird.config import PersonaliseConfig
from tailorbird.errors import UsageError
from tailorbird.strategies.registry import complete_settings, find_strategy
from tailorbird.training import estimate as module
from tailorbird.training.estimate import Estimate, TooLargeError, Work, available_bytes, estimate
from tailorbird.training.personalise import personalise_base
from tests.data import write_data
from tests.models import encoded_texts, small_base

EXAMPLES = encoded_texts()
CONFIG = PersonaliseConfig(epochs=1, precision="float32", max_source_tokens=64, max_target_tokens=48)


def work(**changes: object) -> Work:
    network = small_base().network
    strategy = find_strategy("l-ldb")
    prepared = strategy.prepare(network, complete_settings(strategy, {}))
    made = Work(
        network=network,
        trainable=sum(parameter.numel() for parameter in prepared.parameters.values()),
        examples_of=lambda step: EXAMPLES[step % 4 * 5 : step % 4 * 5 + 5],
        steps=40,
        steps_per_epoch=4,
        micro_tokens=10_000,
        validation=EXAMPLES[:8],
        validations=2,
        bfloat16=False,
        frozen=None,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def test_measuring_changes_nothing() -> None:
    asked = work()
    before = weights_sha256(asked.network.model)
    found = estimate(asked)
    assert found.seconds > 0
    assert found.available_bytes is not None
    assert 0 < found.memory_bytes < found.available_bytes
    assert weights_sha256(asked.network.model) == before
    assert all(parameter.grad is None for parameter in asked.network.parameters())


def test_more_steps_are_expected_to_take_longer() -> None:
    # A thousand times as many, so that noise cannot turn it round.
    assert estimate(work(steps=40_000)).seconds > 10 * estimate(work()).seconds


@pytest.mark.parametrize("free", [100, 1 << 21])
def test_what_does_not_fit_is_refused_with_what_would(
    free: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before a step is tried where not even the optimiser's state fits, and after a measured one."""
    monkeypatch.setattr(module, "available_bytes", lambda device: free)
    with pytest.raises(TooLargeError):
        estimate(work())
    base, data = small_base(), write_data(tmp_path / "data")
    config = PersonaliseConfig(
        strategy="custom", epochs=1, precision="float32", max_source_tokens=64, max_target_tokens=48
    )
    with pytest.raises(UsageError, match=r"--strategy custom needs .* memory, and there are 0\.0 GiB: .*micro_tokens"):
        personalise_base(data, tmp_path / "delta", config, base)
    assert weights_sha256(base.model) == base.sha256
    assert not (tmp_path / "delta" / "delta.json").exists()


def test_the_sentence_names_the_strategies_that_fit() -> None:
    error = TooLargeError(needed=5 << 30, available=2 << 30, besides=1 << 30)
    sizes = {"custom": 250 << 20, "l-ldb": 10 << 20, "prefix": 1 << 20}
    assert error.sentence("custom", sizes) == (
        "--strategy custom needs about 5.0 GiB of memory, and there are 2.0 GiB: "
        "choose --strategy l-ldb or prefix, or set a smaller micro_tokens or max_source_tokens."
    )
    nothing = TooLargeError(needed=None, available=1 << 30, besides=1 << 30)
    assert nothing.sentence("custom", sizes) == (
        "--strategy custom needs more memory, and there are 1.0 GiB: set a smaller micro_tokens or max_source_tokens."
    )


def test_the_announcement_comes_before_training_and_only_once(tmp_path: Path) -> None:
    base, data, told = small_base(), write_data(tmp_path / "data"), list[Estimate]()
    config = PersonaliseConfig(
        strategy="l-ldb", epochs=1, precision="float32", max_source_tokens=64, max_target_tokens=48
    )
    personalise_base(data, tmp_path / "delta", config, base, announce=told.append)
    assert len(told) == 1
    personalise_base(data, tmp_path / "delta", config, base, announce=told.append)
    assert len(told) == 1


def test_the_system_says_how_much_is_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 9000 kB\nMemAvailable: 1000 kB\n")
    (tmp_path / "max").write_text("max\n")
    (tmp_path / "limit").write_text("3000000\n")
    (tmp_path / "used").write_text("2500000\n")
    monkeypatch.setattr(module, "_MEMINFO", meminfo)
    monkeypatch.setattr(module, "_resident", lambda: 10)
    cpu = torch.device("cpu")
    monkeypatch.setattr(module, "_CGROUPS", ((tmp_path / "max", tmp_path / "used"),))
    assert available_bytes(cpu) == 1000 * 1024 + 10
    monkeypatch.setattr(module, "_CGROUPS", ((tmp_path / "limit", tmp_path / "used"),))
    assert available_bytes(cpu) == 500_000 + 10
    monkeypatch.setattr(module, "_MEMINFO", tmp_path / "none")
    monkeypatch.setattr(module, "_CGROUPS", ())
    assert available_bytes(cpu) is None
