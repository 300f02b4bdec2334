"""`tailorbird delta` on real deltas of a small base."""

import json
from pathlib import Path

import pytest

from tailorbird.base.load import load_base
from tailorbird.cli import app
from tailorbird.cli.failures import run
from tailorbird.config import PersonaliseConfig
from tailorbird.deltas.store import load_delta
from tailorbird.training.personalise import personalise
from tests.data import write_base, write_data


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("delta-commands")
    write_base(folder / "base")
    write_data(folder / "data")
    for strategy in ("custom", "lora"):
        config = PersonaliseConfig(
            strategy=strategy, epochs=1, precision="float32", max_source_tokens=64, max_target_tokens=48
        )
        personalise(folder / "data", folder / strategy, config, base=str(folder / "base"))
    return folder


def test_inspect_says_what_changed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, ["delta", "inspect", str(folder / "custom")]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"custom of {folder / 'base'} (")
    assert "lossless" in said
    assert "model.decoder.layers.1: " in said
    assert "% of the base's own" in said
    assert run(app, ["delta", "inspect", str(folder / "custom"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["manifest"]["strategy"] == "custom"
    assert {"part", "values", "norm", "relative"} == set(found["changes"][0])


def test_diff_says_how_two_differ(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, ["delta", "diff", str(folder / "custom"), str(folder / "lora")]) == 0
    said = capsys.readouterr().out
    assert "strategy: custom | lora" in said
    assert "they change nothing in common" in said
    assert run(app, ["delta", "diff", str(folder / "custom"), str(folder / "custom"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cosine"] == pytest.approx(1)


def test_merge_export_and_compress_write_folders(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(app, ["delta", "merge", str(folder / "lora"), "--out", str(tmp_path / "model")]) == 0
    assert load_base(str(tmp_path / "model")).sha256 != load_base(str(folder / "base")).sha256
    assert run(app, ["delta", "export", str(folder / "lora"), "--out", str(tmp_path / "adapter")]) == 0
    assert {path.name for path in (tmp_path / "adapter").iterdir()} >= {
        "adapter_config.json",
        "adapter_model.safetensors",
    }
    small = ["delta", "compress", str(folder / "custom"), "--out", str(tmp_path / "small")]
    assert run(app, [*small, "--data", str(folder / "data")]) == 0
    said = capsys.readouterr().out
    assert "validation loss: " in said
    assert said.splitlines()[-1] == str(tmp_path / "small")
    assert load_delta(tmp_path / "small").manifest.packing == "int8"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["compress", "custom", "--out", "x"], "int8 loses something: give the mined data as --data"),
        (["export", "custom", "--out", "x"], "A custom delta is none of PEFT's adapters (lora, dora, ia3)"),
        (["inspect", "none"], "none does not exist: check the path"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    arguments: list[str],
    message: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folder)
    assert run(app, ["delta", *arguments]) in (1, 2)
    assert message in capsys.readouterr().err
    assert not (folder / "x").exists()
