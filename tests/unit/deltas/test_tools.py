"""Deltas upon deltas, exports that others read, and what is said of them."""

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel

from tailorbird.base.load import Base, load_base, weights_sha256
from tailorbird.config import PersonaliseConfig
from tailorbird.deltas.attach import attach_delta, merge_delta
from tailorbird.deltas.export import export_adapter, export_model
from tailorbird.deltas.inspect import changes, difference
from tailorbird.deltas.store import load_delta
from tailorbird.errors import DeltaError, UsageError
from tailorbird.mining.dataset import DataSet
from tailorbird.training.personalise import personalise_base
from tailorbird.training.repacking import compress_delta
from tests.data import write_base, write_data
from tests.models import encoded_texts

EXAMPLES = encoded_texts()[:4]

SETTINGS: dict[str, dict[str, Any]] = {"prefix": {"length": 3, "hidden": 16}, "lora": {"rank": 2}, "dora": {"rank": 2}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("deltas")
    write_base(folder / "base")
    return folder


@pytest.fixture(scope="module")
def data(folder: Path) -> DataSet:
    return write_data(folder / "data")


@pytest.fixture
def base(folder: Path) -> Base:
    return load_base(str(folder / "base"))


def made(folder: Path, data: DataSet, base: Base, strategy: str, *, start: Path | None = None, seed: int = 0) -> Path:
    """A delta of ``strategy``, trained a little; made once."""
    out = folder / f"{strategy}-{seed}{'-on-' + start.name if start else ''}"
    config = PersonaliseConfig(
        strategy=strategy,
        epochs=1,
        batch_size=4,
        validations=1,
        seed=seed,
        precision="float32",
        max_source_tokens=64,
        max_target_tokens=48,
        settings=SETTINGS.get(strategy, {}),
    )
    personalise_base(data, out, config, base, start=start)
    return out


@torch.no_grad()
def logits(base: Base) -> torch.Tensor:
    return base.network.logits(base.network.batch(EXAMPLES))


@pytest.mark.parametrize("parent", ["custom", "lora", "l-ldb"])
@pytest.mark.parametrize("child", ["l-eo", "lora", "prefix", "prompt"])
def test_a_delta_upon_a_delta_is_whole_by_itself(
    parent: str, child: str, folder: Path, data: DataSet, base: Base, tmp_path: Path
) -> None:
    first = made(folder, data, base, parent)
    second = made(tmp_path, data, base, child, start=first)
    assert weights_sha256(base.model) == base.sha256
    alone = made(tmp_path, data, base, child)
    original = logits(base)
    seen = {}
    for name, one in (("parent", first), ("child", second), ("alone", alone)):
        undo = attach_delta(base, load_delta(one))
        seen[name] = logits(base)
        undo()
        assert torch.equal(logits(base), original)
    assert not torch.equal(seen["child"], seen["parent"])
    assert not torch.equal(seen["child"], seen["alone"])
    manifest = load_delta(second).manifest
    assert manifest.parent_sha256 == load_delta(first).manifest.tensors_sha256
    # Training began where the parent ended.
    start = manifest.curve[0].validation_loss
    best = min(point.validation_loss for point in load_delta(first).manifest.curve if point.validation_loss)
    if child not in ("prefix", "prompt"):
        assert start == pytest.approx(best, abs=1e-3)
    (second / "parent" / "delta.safetensors").unlink()
    with pytest.raises(DeltaError, match=r"parent/delta\.safetensors does not exist"):
        load_delta(second)


def test_another_parent_than_it_was_trained_on_is_refused(
    folder: Path, data: DataSet, base: Base, tmp_path: Path
) -> None:
    second = made(tmp_path, data, base, "l-eo", start=made(folder, data, base, "custom"))
    other = made(folder, data, base, "custom", seed=1)
    for name in ("delta.json", "delta.safetensors"):
        (second / "parent" / name).write_bytes((other / name).read_bytes())
    with pytest.raises(DeltaError, match=r"is not the delta that .* was trained on: copy the whole folder again"):
        load_delta(second)


def test_a_prefix_cannot_be_trained_on(folder: Path, data: DataSet, base: Base, tmp_path: Path) -> None:
    prefix = made(folder, data, base, "prefix")
    with pytest.raises(UsageError, match="--from-delta is a prefix, which is no change of the base's weights"):
        made(tmp_path, data, base, "custom", start=prefix)


@pytest.mark.parametrize("strategy", ["custom", "lora", "dora", "ia3", "bitfit"])
def test_a_merged_model_is_a_base_like_any_other(
    strategy: str, folder: Path, data: DataSet, base: Base, tmp_path: Path
) -> None:
    delta = load_delta(made(folder, data, base, strategy))
    export_model(base, delta, tmp_path / "model")
    assert weights_sha256(base.model) == base.sha256
    undo = attach_delta(base, delta)
    attached = logits(base)
    undo()
    torch.testing.assert_close(logits(load_base(str(tmp_path / "model"))), attached, atol=2e-4, rtol=2e-4)


def test_a_stack_is_merged_as_a_whole(folder: Path, data: DataSet, base: Base, tmp_path: Path) -> None:
    stacked = load_delta(made(tmp_path, data, base, "lora", start=made(folder, data, base, "custom")))
    undo = attach_delta(base, stacked)
    attached = logits(base)
    undo()
    undo = merge_delta(base, stacked)
    torch.testing.assert_close(logits(base), attached, atol=2e-4, rtol=2e-4)
    undo()
    assert weights_sha256(base.model) == base.sha256


def test_prefixes_and_prompts_are_not_merged(folder: Path, data: DataSet, base: Base, tmp_path: Path) -> None:
    for strategy in ("prefix", "prompt"):
        delta = load_delta(made(folder, data, base, strategy))
        with pytest.raises(DeltaError, match=f"A {strategy} is no change of the base's weights"):
            export_model(base, delta, tmp_path / "model")
    assert not (tmp_path / "model").exists()


@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning")  # PEFT asks transformers for it.
@pytest.mark.parametrize("strategy", ["lora", "dora", "ia3"])
def test_peft_reads_an_exported_adapter(strategy: str, folder: Path, data: DataSet, base: Base, tmp_path: Path) -> None:
    delta = load_delta(made(folder, data, base, strategy))
    export_adapter(base, delta, tmp_path)
    undo = attach_delta(base, delta)
    ours = logits(base)
    undo()
    peft = PeftModel.from_pretrained(load_base(str(folder / "base")).model, str(tmp_path))
    peft.eval()
    start, at = base.network.parts.start, 0
    for example in EXAMPLES:
        inputs = torch.tensor([(start, *example.target[:-1])])
        with torch.no_grad():
            theirs = peft(input_ids=torch.tensor([example.source]), decoder_input_ids=inputs).logits[0]
        torch.testing.assert_close(ours[at : at + len(theirs)], theirs, atol=2e-4, rtol=2e-4)
        at += len(theirs)


def test_what_is_no_adapter_is_not_exported(folder: Path, data: DataSet, base: Base, tmp_path: Path) -> None:
    with pytest.raises(DeltaError, match=r"A custom delta is none of PEFT's adapters \(lora, dora, ia3\)"):
        export_adapter(base, load_delta(made(folder, data, base, "custom")), tmp_path)
    stacked = made(tmp_path, data, base, "lora", start=made(folder, data, base, "custom"))
    with pytest.raises(DeltaError, match="stands upon another one, which PEFT's format cannot say"):
        export_adapter(base, load_delta(stacked), tmp_path)


def test_inspection_finds_what_changed(folder: Path, data: DataSet, base: Base) -> None:
    found = changes(base, load_delta(made(folder, data, base, "l-ldb")))
    assert [change.part for change in found] == ["model.decoder.layers.1"]
    assert found[0].relative is not None
    assert 0 < found[0].relative < 1
    assert found[0].values == sum(p.numel() for p in base.network.parts.decoder.blocks[1].module.parameters())
    parts = {change.part for change in changes(base, load_delta(made(folder, data, base, "prefix")))}
    assert parts == {f"{kind}-{index}" for kind in ("encoder", "decoder") for index in range(2)}


@pytest.mark.parametrize("parent", ["custom", "lora"])
def test_inspection_of_a_stack_measures_from_its_parent(
    parent: str, folder: Path, data: DataSet, base: Base, tmp_path: Path
) -> None:
    found = changes(base, load_delta(made(tmp_path, data, base, "l-ldb", start=made(folder, data, base, parent))))
    assert [change.part for change in found] == ["model.decoder.layers.1"]
    assert found[0].relative is not None
    assert 0 < found[0].relative < 0.5
    assert weights_sha256(base.model) == base.sha256


def test_a_delta_differs_from_itself_in_nothing(folder: Path, data: DataSet, base: Base) -> None:
    one = load_delta(made(folder, data, base, "custom"))
    same = difference(base, one, one)
    assert (same.settings, same.only_first, same.only_second) == ({}, (), ())
    assert same.cosine == pytest.approx(1)
    assert same.norm_ratio == pytest.approx(1)
    other = difference(base, one, load_delta(made(folder, data, base, "custom", seed=1)))
    assert other.settings == {"seed": ("0", "1")}
    assert other.cosine is not None
    assert 0 < other.cosine < 0.99
    apart = difference(base, one, load_delta(made(folder, data, base, "prefix")))
    assert apart.cosine is None
    assert apart.settings["strategy"] == ("custom", "prefix")
    assert "encoder-0.key" in apart.only_second


@pytest.mark.parametrize("strategy", ["custom", "prefix"])
def test_a_lossy_copy_says_what_it_lost(strategy: str, folder: Path, data: DataSet, base: Base, tmp_path: Path) -> None:
    source = made(folder, data, base, strategy)
    exact = load_delta(source).manifest
    manifest = compress_delta(source, tmp_path / "small", "int8", base, data)
    assert manifest.cost.delta_bytes < exact.cost.delta_bytes
    assert manifest.packing_loss is not None
    before, after = manifest.packing_loss
    assert after == pytest.approx(before, abs=0.05)
    assert load_delta(tmp_path / "small").manifest == manifest
    assert weights_sha256(base.model) == base.sha256
    with pytest.raises(UsageError, match="packed as int8 already, and what that lost is gone"):
        compress_delta(tmp_path / "small", tmp_path / "again", "lossless", base, data)
    with pytest.raises(UsageError, match="float16 loses something: give the mined data as --data"):
        compress_delta(source, tmp_path / "half", "float16", base, None)
    with pytest.raises(UsageError, match="is the delta itself: give another folder"):
        compress_delta(source, source, "plain", base, None)
    plain = compress_delta(source, tmp_path / "plain", "plain", base, None)
    undo = attach_delta(base, load_delta(source))
    wanted = logits(base)
    undo()
    undo = attach_delta(base, load_delta(tmp_path / "plain"))
    assert torch.equal(logits(base), wanted)
    undo()
    assert plain.packing == "plain"
