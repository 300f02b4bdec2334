"""Frozen work done once: the same curve, and states that outlive a kill."""

import tempfile
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.networks.batch import Encoded
from tailorbird.strategies.registry import complete_settings, find_strategy
from tailorbird.training.batches import EpochOrder
from tailorbird.training.frozen import FrozenWork, StateStore
from tailorbird.training.loop import LoopSettings, Outcome, train
from tailorbird.training.losses import validate
from tests.models import CROSSING, FAMILIES, encoded_texts, small_base

# Some share their source, and some of those their target: each is kept once.
EXAMPLES = [*encoded_texts()[:9], encoded_texts()[2], Encoded(encoded_texts()[3].source, encoded_texts()[4].target)]
ORDER = EpochOrder([len(example.target) for example in EXAMPLES], batch_size=4, seed=1)

FROZEN: dict[str, dict[str, str | int | float | bool]] = {
    "l-ldb": {},
    "prefix": {"attentions": "cross", "reparametrise": False, "length": 3},
    "lora": {"rank": 2},
}


def run(family: str, strategy: str, folder: Path | None, *, limit: int = 1 << 20) -> tuple[Outcome, FrozenWork | None]:
    network = small_base(family).network
    found = find_strategy(strategy)
    torch.manual_seed(3)
    prepared = found.prepare(network, complete_settings(found, FROZEN[strategy]))
    if strategy == "lora":
        # Adapters in the last block alone: a frontier in the midst of the decoder.
        for block in network.parts.decoder.blocks[:-1]:
            block.module.requires_grad_(False)
        if network.parts.encoder is not None:
            for block in network.parts.encoder.blocks:
                block.module.requires_grad_(False)
        prepared = type(prepared)(
            {name: one for name, one in prepared.parameters.items() if one.requires_grad},
            prepared.extract,
            prepared.undo,
        )
    work = None if folder is None else FrozenWork.of_network(network, folder, bfloat16=False, limit_bytes=limit)
    settings = LoopSettings(steps=9, learning_rate=0.01, warmup_steps=2, evaluate_every=1, fingerprint="x")
    outcome = train(
        network,
        prepared.parameters,
        lambda step: [EXAMPLES[index] for index in ORDER(step)],
        settings,
        evaluate=lambda: validate(network, EXAMPLES, frozen=work),
        frozen=work,
    )
    if work is not None:
        work.close()
    return outcome, work


def losses(outcome: Outcome) -> list[float]:
    return [
        value for point in outcome.curve for value in (point.train_loss, point.validation_loss) if value is not None
    ]


@pytest.mark.parametrize("strategy", ["l-ldb", "prefix", "lora"])
@pytest.mark.parametrize("family", list(FAMILIES))
def test_the_curve_is_the_same_with_and_without(family: str, strategy: str, tmp_path: Path) -> None:
    if strategy == "prefix" and family not in CROSSING:
        pytest.skip("there is no cross-attention")
    without, _ = run(family, strategy, None)
    kept, work = run(family, strategy, tmp_path)
    assert work is not None
    assert losses(kept) == pytest.approx(losses(without), abs=1e-5)
    # What was computed once is charged once.
    assert kept.flops < without.flops
    assert kept.measured_flops_ratio == pytest.approx(1, abs=0.02)
    full, _ = run(family, strategy, tmp_path / "small", limit=4000)
    assert losses(full) == pytest.approx(losses(without), abs=1e-5)
    assert kept.flops < full.flops


def test_each_content_is_kept_once_and_found_by_a_later_run(tmp_path: Path) -> None:
    _, work = run("bart", "l-ldb", tmp_path)
    assert work is not None
    spent = work.flops
    assert spent > 0
    with StateStore(tmp_path, width=32, kind=torch.float32, limit_bytes=1 << 20) as store:
        assert len(store) == 9 + 9 + 1
    _, again = run("bart", "l-ldb", tmp_path)
    assert again is not None
    assert again.flops == 0


@pytest.mark.parametrize("strategy", ["custom", "l-eo", "bitfit", "prompt"])
def test_where_everything_changes_nothing_is_kept(strategy: str, tmp_path: Path) -> None:
    network = small_base().network
    found = find_strategy(strategy)
    prepared = found.prepare(network, complete_settings(found, {}))
    assert FrozenWork.of_network(network, tmp_path, bfloat16=False) is None
    prepared.undo()
    found = find_strategy("l-ldb")
    found.prepare(network, complete_settings(found, {}))
    assert FrozenWork.of_network(network, tmp_path, bfloat16=False, limit_bytes=0) is None


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(1, 5)), max_size=12), st.integers(1, 20))
def test_a_store_gives_back_what_it_took_and_no_more_than_its_limit(
    added: list[tuple[int, int]], limit_rows: int
) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder, kept = Path(place), dict[str, torch.Tensor]()
        with StateStore(folder, width=3, kind=torch.bfloat16, limit_bytes=limit_rows * 6) as store:
            for number, (key, rows) in enumerate(added):
                states = torch.full((rows, 3), float(number), dtype=torch.bfloat16)
                room = sum(len(one) for one in kept.values()) + rows <= limit_rows
                assert store.add(str(key), states) == (room and str(key) not in kept)
                if room:
                    kept.setdefault(str(key), states)
        assert (folder / "states.bin").stat().st_size == 6 * sum(len(one) for one in kept.values())
        with (folder / "index.jsonl").open("ab") as index:
            index.write(b'["torn",')  # What a killed run may leave.
        with StateStore(folder, width=3, kind=torch.bfloat16, limit_bytes=limit_rows * 6) as store:
            assert len(store) == len(kept)
            for name, wanted in kept.items():
                assert torch.equal(store[name].clone(), wanted)
