"""The bases that have a name: what is said of them, and where they are."""

import sys
from pathlib import Path
from subprocess import run

import pytest

from tailorbird.bases import catalogue
from tailorbird.bases.catalogue import CATALOGUE, DEFAULT_BASE, find_entry, folder_of, get_entry, is_here, require_here
from tailorbird.errors import BaseError
from tailorbird.records import BaseDescription
from tailorbird.storage import read_json


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_the_default_has_a_name_and_every_stage_a_base() -> None:
    assert find_entry(DEFAULT_BASE) is not None
    assert all(get_entry(entry.stage_of).download == entry.download for entry in CATALOGUE if entry.stage_of)
    assert len({entry.name for entry in CATALOGUE}) == len(CATALOGUE)


def test_tiny_is_described_alike_in_its_folder_and_in_the_catalogue() -> None:
    entry = get_entry("tiny")
    assert is_here(entry)
    assert read_json(folder_of(entry) / "tailorbird-base.json", BaseDescription) == entry.description


def test_a_base_that_was_not_fetched_says_how() -> None:
    with pytest.raises(BaseError, match=r"not on this machine yet: run `tailorbird base get smollm2-135m-plain`\.$"):
        require_here(get_entry("smollm2-135m-plain"))


def test_a_missing_stage_names_the_base_without_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "files", lambda package: tmp_path)
    with pytest.raises(BaseError, match=r"lacks the test-writing stage .*: use --base smollm2-135m-plain\.$"):
        require_here(get_entry("smollm2-135m"))


def test_an_installation_without_its_own_base_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "files", lambda package: tmp_path)
    with pytest.raises(BaseError, match=r"holds no model\.safetensors: install a released package, or train a base"):
        require_here(get_entry("tiny"))


def test_a_name_that_is_none_lists_those_that_are() -> None:
    with pytest.raises(BaseError, match="smollm is not a base with a name: choose one of tiny, smollm2-135m, "):
        get_entry("smollm")


def test_nothing_heavy_is_imported_to_list_them() -> None:
    code = "import sys; from tailorbird.cli import app; from tailorbird.cli.failures import run; "
    code += (
        "assert run(app, ['base', 'list']) == 0; assert not {'torch', 'transformers', 'numpy.linalg'} & {*sys.modules}"
    )
    assert run([sys.executable, "-c", code], check=False).returncode == 0
