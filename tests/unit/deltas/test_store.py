"""A delta that does not fit is refused in one sentence, and the base is left alone."""

import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tailorbird.base.load import Base, weights_sha256
from tailorbird.deltas.attach import attach_delta
from tailorbird.deltas.store import load_delta, save_delta
from tailorbird.errors import DeltaError
from tailorbird.records import DeltaManifest
from tailorbird.storage import read_json, sha256_bytes, write_json
from tailorbird.strategies.registry import complete_settings, find_strategy
from tests.data import delta_manifest, plain
from tests.models import small_base

Change = Callable[[Path], None]


def settings_of(strategy: str) -> dict[str, str | int | float | bool]:
    small = {"length": 2, "hidden": 8} if strategy == "prefix" else {"rank": 2} if strategy == "lora" else {}
    return complete_settings(find_strategy(strategy), small)


def write_delta(folder: Path, base: Base, strategy: str = "l-ldb") -> DeltaManifest:
    """A delta unlike the base, without training: every tensor moved by one."""
    prepared = find_strategy(strategy).prepare(base.network, settings_of(strategy))
    tensors = {name: tensor + 1 for name, tensor in prepared.extract().items()}
    prepared.undo()
    return save_delta(folder, tensors, delta_manifest(base, strategy, settings_of(strategy)))


def rewrite(folder: Path, **changes: object) -> None:
    manifest = read_json(folder / "delta.json", DeltaManifest)
    write_json(folder / "delta.json", replace(manifest, **changes))  # type: ignore[arg-type]


def refused(folder: Path, base: Base) -> str:
    """The sentence with which the delta in ``folder`` is refused; ``base`` must come out unharmed."""
    with pytest.raises(DeltaError) as raised:
        attach_delta(base, load_delta(folder))
    assert weights_sha256(base.model) == base.sha256
    return str(raised.value)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def alter(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("change", [truncate, alter, lambda path: path.write_bytes(b"")])
def test_damaged_tensors_are_refused_before_they_are_read(change: Change, tmp_path: Path) -> None:
    base = small_base()
    write_delta(tmp_path, base)
    change(tmp_path / "delta.safetensors")
    message = refused(tmp_path, base)
    assert str(tmp_path / "delta.safetensors") in message
    assert "truncated or altered; copy it again or personalise again" in message


@pytest.mark.parametrize("content", [b"not tensors at all", struct.pack("<Q", 2**40) + b"{}"])
def test_a_file_that_is_no_safetensors_is_refused_even_where_the_hash_fits(content: bytes, tmp_path: Path) -> None:
    base = small_base()
    write_delta(tmp_path, base)
    (tmp_path / "delta.safetensors").write_bytes(content)
    rewrite(tmp_path, tensors_sha256=sha256_bytes(content))
    message = refused(tmp_path, base)
    assert f"{tmp_path / 'delta.safetensors'} is not a safetensors file" in message
    assert "personalise again" in message


@pytest.mark.parametrize("name", ["delta.safetensors", "delta.json"])
def test_a_missing_file_is_named(name: str, tmp_path: Path) -> None:
    base = small_base()
    write_delta(tmp_path, base)
    (tmp_path / name).unlink()
    assert f"{tmp_path / name} does not exist" in refused(tmp_path, base)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    message = refused(tmp_path / "none", small_base())
    assert message.startswith(f"{tmp_path / 'none'} is not a folder: give the folder that")


def test_a_manifest_that_is_not_json_is_named(tmp_path: Path) -> None:
    base = small_base()
    write_delta(tmp_path, base)
    truncate(tmp_path / "delta.json")
    assert f"{tmp_path / 'delta.json'} is not a valid DeltaManifest file" in refused(tmp_path, base)


def test_another_format_version_is_refused(tmp_path: Path) -> None:
    base = small_base()
    write_delta(tmp_path, base)
    rewrite(tmp_path, format_version=99)
    message = refused(tmp_path, base)
    assert f"{tmp_path / 'delta.json'} has format version 99, this Tailorbird reads 1" in message


def test_a_tensor_of_another_shape_than_the_manifest_lists_is_refused(tmp_path: Path) -> None:
    base = small_base()
    manifest = write_delta(tmp_path, base)
    name = next(iter(manifest.tensors))
    rewrite(tmp_path, tensors={**manifest.tensors, name: (1, 2, 3)})
    assert "holds other tensors than delta.json lists: personalise again" in refused(tmp_path, base)


def test_another_base_is_refused(tmp_path: Path) -> None:
    write_delta(tmp_path, small_base(seed=1))
    message = refused(tmp_path, small_base())
    assert "The delta was trained on base bart" in message
    assert "give the first one as --base, or personalise again" in message


def test_another_tokenizer_is_refused(tmp_path: Path) -> None:
    base = small_base()
    write_delta(tmp_path, replace(base, tokenizer_sha256="f" * 64))
    assert "The delta's tokenizer (ffffffffffff) is not this base's" in refused(tmp_path, base)


def test_an_unknown_strategy_is_refused(tmp_path: Path) -> None:
    base = small_base()
    write_delta(tmp_path, base)
    rewrite(tmp_path, strategy="later")
    assert "The delta's strategy later is not known here: use a newer Tailorbird" in refused(tmp_path, base)


@pytest.mark.parametrize("strategy", ["custom", "l-eo", "l-ldb", "prefix", "lora", "ia3", "bitfit"])
@pytest.mark.parametrize("which", [0, -1])
def test_a_tensor_that_does_not_fit_the_base_is_refused(strategy: str, which: int, tmp_path: Path) -> None:
    base = small_base()
    write_delta(tmp_path, base, strategy)
    manifest, tensors = plain(tmp_path)
    name = sorted(tensors)[which]
    save_delta(tmp_path, {**tensors, name: torch.zeros(1, 2, 3)}, manifest)
    message = refused(tmp_path, base)
    assert name.rpartition(".")[0] in message
    assert "belongs to another base" in message


@pytest.mark.parametrize("strategy", ["custom", "prefix", "lora", "prompt"])
def test_a_tensor_that_the_base_does_not_have_is_refused(strategy: str, tmp_path: Path) -> None:
    base = small_base()
    write_delta(tmp_path, base, strategy)
    manifest, tensors = plain(tmp_path)
    save_delta(tmp_path, {**tensors, "nowhere.weight": torch.zeros(2)}, manifest)
    assert "nowhere.weight" in refused(tmp_path, base)


@pytest.mark.parametrize("strategy", ["custom", "l-eo", "l-ldb"])
def test_a_delta_that_lacks_a_tensor_is_refused(strategy: str, tmp_path: Path) -> None:
    base = small_base()
    write_delta(tmp_path, base, strategy)
    manifest, tensors = plain(tmp_path)
    save_delta(tmp_path, dict(sorted(tensors.items())[1:]), replace(manifest, tensors={}))
    rewrite(tmp_path, tensors=manifest.tensors)
    assert "holds other tensors" in refused(tmp_path, base)


def test_equal_tensors_give_equal_bytes_whatever_their_order(tmp_path: Path) -> None:
    base = small_base()
    first = write_delta(tmp_path / "one", base)
    manifest, tensors = plain(tmp_path / "one")
    second = save_delta(tmp_path / "two", dict(reversed(tensors.items())), manifest)
    assert second.tensors_sha256 == first.tensors_sha256
    assert second.cost.delta_bytes == (tmp_path / "two" / "delta.safetensors").stat().st_size
