"""Loading a base: what identifies it, and one sentence where it cannot be."""

import json
from pathlib import Path

import huggingface_hub.constants
import pytest
import torch
from safetensors.torch import load_file, save_file

from tailorbird.base import load
from tailorbird.base.load import embedded_folder, load_base, tokenizer_sha256, weights_sha256
from tailorbird.errors import BaseError, UsageError
from tests.data import write_base
from tests.models import FAMILIES, encoded_texts, small_base


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    write_base(folder)
    return folder


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)


def copy_of(folder: Path, target: Path) -> Path:
    for path in folder.iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    return target


def test_a_saved_base_is_the_same_base(folder: Path) -> None:
    made, loaded = small_base(), load_base(str(folder))
    assert (loaded.sha256, loaded.tokenizer_sha256) == (made.sha256, made.tokenizer_sha256)
    assert not loaded.model.training
    assert {parameter.dtype for parameter in loaded.model.parameters()} == {torch.float32}


def test_hashes_are_stable_across_loads_and_use(folder: Path) -> None:
    first, second = load_base(str(folder)), load_base(str(folder))
    second.tokenizer(["a", "a longer text"], padding=True, truncation=True, max_length=4)
    second.tokenizer("a text beyond it", verbose=False)
    with torch.no_grad():
        second.model(input_ids=torch.tensor([encoded_texts()[0].source]), labels=torch.tensor([[5, 2]]))
    assert weights_sha256(second.model) == first.sha256 == second.sha256
    assert second.tokenizer_sha256 == first.tokenizer_sha256 == tokenizer_sha256(load_base(str(folder)).tokenizer)


def test_one_changed_weight_changes_the_hash(folder: Path) -> None:
    base = load_base(str(folder))
    with torch.no_grad():
        next(base.model.parameters()).view(-1)[0] += 1
    assert weights_sha256(base.model) != base.sha256


def test_another_seed_is_another_base() -> None:
    assert small_base(seed=1).sha256 != small_base().sha256


@pytest.mark.parametrize("name", ["no/such-model", "such-a-model-is-nowhere", "/no/such/folder", "a b:c", ""])
def test_a_base_that_is_not_there_is_named(name: str) -> None:
    with pytest.raises(BaseError, match=r"could not be loaded .*: give a folder with a Hugging Face") as raised:
        load_base(name)
    assert f"--base {name}" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_an_empty_folder_is_no_base(tmp_path: Path) -> None:
    with pytest.raises(BaseError, match="could not be loaded"):
        load_base(str(tmp_path))


@pytest.mark.parametrize("family", list(FAMILIES))
def test_every_family_is_loaded_from_a_folder(family: str, tmp_path: Path) -> None:
    wanted = write_base(tmp_path, family=family)
    assert load_base(str(tmp_path)).sha256 == wanted.sha256


def test_a_family_that_is_not_known_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(BaseError, match="is a bert model, whose layers Tailorbird does not know: choose one of bart"):
        load_base(str(tmp_path))


@pytest.mark.parametrize("kept", [0, 40, 2000])
def test_truncated_weights_are_refused(kept: int, folder: Path, tmp_path: Path) -> None:
    weights = copy_of(folder, tmp_path) / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:kept])
    with pytest.raises(BaseError, match="could not be loaded"):
        load_base(str(tmp_path))


def test_missing_weights_are_refused(folder: Path, tmp_path: Path) -> None:
    (copy_of(folder, tmp_path) / "model.safetensors").unlink()
    with pytest.raises(BaseError, match="could not be loaded"):
        load_base(str(tmp_path))


def test_weights_of_another_shape_are_refused(folder: Path, tmp_path: Path) -> None:
    config = copy_of(folder, tmp_path) / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "decoder_ffn_dim": 64}))
    with pytest.raises(BaseError, match=r"fc1\.bias is missing from its weights or has another shape"):
        load_base(str(tmp_path))


def test_weights_that_would_be_filled_at_random_are_refused(folder: Path, tmp_path: Path) -> None:
    path = copy_of(folder, tmp_path) / "model.safetensors"
    tensors = load_file(path)
    del tensors["model.decoder.layers.1.fc2.weight"]
    save_file(tensors, path, metadata={"format": "pt"})
    with pytest.raises(BaseError, match=r"model\.decoder\.layers\.1\.fc2\.weight is missing from its weights"):
        load_base(str(tmp_path))


def test_a_broken_configuration_is_refused(folder: Path, tmp_path: Path) -> None:
    (copy_of(folder, tmp_path) / "config.json").write_text("{")
    with pytest.raises(BaseError, match="could not be loaded"):
        load_base(str(tmp_path))


def test_a_tokenizer_without_an_end_is_refused(folder: Path, tmp_path: Path) -> None:
    path = copy_of(folder, tmp_path) / "tokenizer_config.json"
    settings = json.loads(path.read_text())
    path.write_text(json.dumps({key: value for key, value in settings.items() if key != "eos_token"}))
    with pytest.raises(BaseError, match="has a tokenizer without an end token"):
        load_base(str(tmp_path))


def test_an_installation_without_the_embedded_base_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "files", lambda package: tmp_path)
    with pytest.raises(BaseError, match=r"holds no model\.safetensors: install a released package, or train a base"):
        embedded_folder()
    (tmp_path / "embedded").mkdir()
    write_base(tmp_path / "embedded")
    assert load_base().name == "embedded"


def test_limits_beyond_the_bases_positions_are_refused() -> None:
    small_base("bart").require_positions(max_source=256, max_target=256)
    small_base("t5").require_positions(max_source=9999, max_target=9999)
    with pytest.raises(UsageError, match="max_target_tokens = 257: the base bart has 256 positions"):
        small_base("bart").require_positions(max_source=256, max_target=257)
    small_base("gpt2").require_positions(max_source=200, max_target=56)
    with pytest.raises(UsageError, match="the base gpt2 has 256 positions for both together: choose less"):
        small_base("gpt2").require_positions(max_source=200, max_target=57)
