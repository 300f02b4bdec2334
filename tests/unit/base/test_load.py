"""Loading a base: what identifies it, and one sentence where it cannot be."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import huggingface_hub.constants
import pytest
import torch
from safetensors.torch import load_file, save_file

from tailorbird.base.load import load_base, tokenizer_sha256, weights_sha256
from tailorbird.base.prompts import encode_text
from tailorbird.errors import BaseError, UsageError
from tailorbird.records import BaseDescription
from tests.data import write_base
from tests.models import FAMILIES, VOCABULARY, encoded_texts, small_base


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


def rewrite(path: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    path.write_text(json.dumps(change(json.loads(path.read_text()))))


def without(key: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda settings: {name: value for name, value in settings.items() if name != key}


def silent(folder: Path, target: Path) -> Path:
    """A base whose configuration does not say how a text ends; its tokenizer does."""
    copy_of(folder, target)
    for name in ("config.json", "generation_config.json"):
        rewrite(target / name, without("eos_token_id"))
    return target


def test_the_end_token_is_the_models_and_of_several_the_last(folder: Path, tmp_path: Path) -> None:
    rewrite(silent(folder, tmp_path) / "generation_config.json", lambda old: {**old, "eos_token_id": [2, 4]})
    base = load_base(str(tmp_path))
    assert (base.end, base.description.end_token, base.tokenizer.eos_token) == (4, "<mask>", "<mask>")
    assert encode_text(base.tokenizer, "a")[-1] == 4
    # Targets that end otherwise are other targets: a delta trained with the one does not fit the other.
    assert base.tokenizer_sha256 != load_base(str(folder)).tokenizer_sha256


def test_a_silent_configuration_leaves_it_to_the_tokenizer(folder: Path, tmp_path: Path) -> None:
    # Its limits are those of its kind, as far as the model has positions.
    wanted = BaseDescription(end_token="</s>", max_source_tokens=256, max_target_tokens=256)
    assert load_base(str(silent(folder, tmp_path))).description == wanted


def test_a_decoder_that_nobody_described_reads_test_files_within_its_positions(tmp_path: Path) -> None:
    write_base(tmp_path, family="llama")
    described = load_base(str(tmp_path)).description
    assert described.prompt == "test-file"
    assert described.max_source_tokens + described.max_target_tokens <= 256


@pytest.mark.parametrize("number", [3, 100], ids=["unknown", "ordinary"])
def test_a_token_that_ends_no_text_is_passed_over(number: int, folder: Path, tmp_path: Path) -> None:
    rewrite(copy_of(folder, tmp_path) / "generation_config.json", lambda old: {**old, "eos_token_id": number})
    assert load_base(str(tmp_path)).description.end_token == "</s>"


def test_a_base_without_an_end_is_refused_until_it_is_described(folder: Path, tmp_path: Path) -> None:
    rewrite(silent(folder, tmp_path) / "tokenizer_config.json", without("eos_token"))
    with pytest.raises(
        BaseError, match=r"does not say which token ends a text: write tailorbird-base\.json into"
    ) as raised:
        load_base(str(tmp_path))
    assert "\n" not in str(raised.value)
    (tmp_path / "tailorbird-base.json").write_text(
        '{"end_token": "<mask>", "prompt": "other", "max_target_tokens": 99}'
    )
    base = load_base(str(tmp_path))
    assert base.end == base.tokenizer.convert_tokens_to_ids("<mask>")
    assert (base.description.prompt, base.description.max_target_tokens) == ("other", 99)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", r"tailorbird-base\.json does not describe a base \(.*end_token.*\): it needs at least"),
        ('{"end_token": "<|end|>"}', r"'<\|end\|>' is no token of its tokenizer: name another end_token"),
    ],
)
def test_a_wrong_description_is_refused(text: str, message: str, folder: Path, tmp_path: Path) -> None:
    (copy_of(folder, tmp_path) / "tailorbird-base.json").write_text(text)
    with pytest.raises(BaseError, match=message):
        load_base(str(tmp_path))


def test_a_tokenizer_that_outgrew_its_model_is_refused(folder: Path, tmp_path: Path) -> None:
    tokenizer = load_base(str(copy_of(folder, tmp_path))).tokenizer
    tokenizer.add_tokens(["assertEquals"])
    tokenizer.save_pretrained(str(tmp_path))
    with pytest.raises(BaseError, match=rf"embeddings for {VOCABULARY} tokens, but .* 'assertEquals' has the id"):
        load_base(str(tmp_path))


@pytest.mark.parametrize("family", list(FAMILIES))
def test_what_is_no_token_is_never_written_wherever_it_stands(family: str, tmp_path: Path) -> None:
    base = small_base(family)
    base.model.resize_token_embeddings(VOCABULARY + 7, mean_resizing=False)
    base.model.save_pretrained(str(tmp_path))
    base.tokenizer.save_pretrained(str(tmp_path))
    # A hole in the midst: no token has this id.
    hole = VOCABULARY - 9
    rewrite(tmp_path / "tokenizer.json", lambda old: without_token(old, hole))
    unwritable = set(load_base(str(tmp_path)).network.unwritable)
    assert unwritable >= {hole, *range(VOCABULARY, VOCABULARY + 7)}
    # Of the special tokens the end alone may be written.
    assert unwritable - {hole, *range(VOCABULARY, VOCABULARY + 7)} == {0, 1, 3, 4}


def without_token(tokenizer: dict[str, Any], number: int) -> dict[str, Any]:
    model = tokenizer["model"]
    gone = next(token for token, own in model["vocab"].items() if own == number)
    model["vocab"].pop(gone)
    model["merges"] = [pair for pair in model["merges"] if gone not in (*pair, "".join(pair))]
    return tokenizer


def test_limits_beyond_the_bases_positions_are_refused() -> None:
    small_base("bart").require_positions(max_source=256, max_target=256)
    small_base("t5").require_positions(max_source=9999, max_target=9999)
    with pytest.raises(UsageError, match="max_target_tokens = 257: the base bart has 256 positions"):
        small_base("bart").require_positions(max_source=256, max_target=257)
    small_base("gpt2").require_positions(max_source=200, max_target=56)
    with pytest.raises(UsageError, match="the base gpt2 has 256 positions for both together: choose less"):
        small_base("gpt2").require_positions(max_source=200, max_target=57)
