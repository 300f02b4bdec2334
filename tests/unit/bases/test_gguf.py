"""GGUF files as bases: the same model, the same tokens, converted once."""

from pathlib import Path

import pytest
import torch

from tailorbird.bases import gguf
from tailorbird.bases.catalogue import bases_cache
from tailorbird.bases.open import open_base
from tailorbird.errors import BaseError
from tests.gguf_files import write_gguf
from tests.published import tokenizer

TEXT = "   5 + 12;\n\tassertEquals(345, new Clock().now());"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return bases_cache()


def test_a_gguf_file_is_the_model_that_it_was_made_of(tmp_path: Path, cache: Path) -> None:
    file = tmp_path / "small.gguf"
    wanted = write_gguf(file)
    base = open_base(str(file))
    ids = base.tokenizer(TEXT, add_special_tokens=False)["input_ids"]
    assert ids == tokenizer("smollm")(TEXT)["input_ids"]
    assert base.text([*ids, base.end]) == TEXT
    assert base.tokenizer.convert_ids_to_tokens(base.end) == "<|im_end|>"
    with torch.no_grad():
        theirs, ours = (model(input_ids=torch.tensor([ids])).logits for model in (wanted, base.model))
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)
    assert base.name == str(file)
    assert [path.name for path in cache.iterdir()] == ["gguf"]
    assert len(list((cache / "gguf").iterdir())) == 1  # And nothing half made beside it.


def test_a_file_is_converted_once_wherever_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "one").mkdir()
    write_gguf(tmp_path / "one" / "small.gguf")
    first = open_base(str(tmp_path / "one"))  # A folder with one file in it.
    moved = (tmp_path / "one" / "small.gguf").rename(tmp_path / "other.gguf")
    monkeypatch.setattr(gguf, "convert", lambda *_, **__: pytest.fail("converted again"))
    second = open_base(str(moved))
    assert (first.sha256, first.tokenizer_sha256) == (second.sha256, second.tokenizer_sha256)


def test_of_several_files_one_must_be_named(tmp_path: Path) -> None:
    for name in ("b.gguf", "a.gguf"):
        (tmp_path / name).touch()
    with pytest.raises(BaseError, match=r"holds 2 GGUF files: give one of them, such as --base .*a\.gguf"):
        open_base(str(tmp_path))


def test_a_folder_with_an_ordinary_model_is_that_model(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "a.gguf").touch()
    assert gguf.gguf_in(str(tmp_path)) is None


@pytest.mark.parametrize("kept", [0, 20, 3_000])
def test_a_damaged_file_is_refused_and_leaves_nothing(kept: int, tmp_path: Path, cache: Path) -> None:
    file = tmp_path / "small.gguf"
    write_gguf(file)
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(
        BaseError, match=r"small\.gguf could not be read as a GGUF file \(.*\): download or copy it"
    ) as raised:
        open_base(str(file))
    assert "\n" not in str(raised.value)
    assert list((cache / "gguf").iterdir()) == []


def test_a_family_that_is_not_known_is_refused(tmp_path: Path) -> None:
    write_gguf(tmp_path / "small.gguf", architecture="qwen3")
    with pytest.raises(BaseError, match="is a qwen3 model, whose layers Tailorbird does not know: choose one of bart"):
        open_base(str(tmp_path / "small.gguf"))
