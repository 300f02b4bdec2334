"""The main job through the command line, on a real library with the tiny base, cut short."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.real,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("mvn") is None, reason="needs mvn"),
]
STRATEGIES = {"custom", "l-eo", "l-ldb", "prefix"}
METRICS = {
    "test_loss",
    "loss_per_character",
    "perplexity",
    "bleu4",
    "exact_match",
    "edit_similarity",
    "syntax_valid",
    "calls_focal_method",
    "input_gain",
}
FEW = (
    *("--base", "tiny", "--epochs", "0.1"),
    *("--set", "validations=1", "--set", "limit=4", "--set", "batch_size=4", "--set", "neighbour=with"),
)
COST = {"train_seconds", "train_flops", "peak_memory_bytes", "trainable_parameters", "delta_bytes"}


def tailorbird(*arguments: str) -> str:
    command = [sys.executable, "-m", "tailorbird", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("study")
    printed = tailorbird("compare", "commons-codec:commons-codec:1.16.0", "--out", str(out), *FEW)
    assert printed.strip().splitlines()[-1] == str(out / "report.html")
    return out


def results(study: Path) -> dict[str, dict]:  # type: ignore[type-arg]
    return {path.stem: json.loads(path.read_text()) for path in (study / "results").glob("*.json")}


def test_there_is_a_result_for_each_strategy_and_reference(study: Path) -> None:
    found = results(study)
    models = {f"{name}+neighbour" for name in ("base", *STRATEGIES)}
    assert set(found) == {"developers", "no-model", "retrieval-copy", *models}
    for name, result in found.items():
        assert result["strategy"] == name
        assert set(result["metrics"]) >= METRICS
        assert set(result["cost"]) >= COST
        assert {"versions", "seed", "commit", "device"} <= set(result["meta"])
    for name in STRATEGIES:
        cost = found[f"{name}+neighbour"]["cost"]
        assert all(cost[key] > 0 for key in COST), name
        assert cost["delta_bytes"] == (study / "deltas" / name / "delta.safetensors").stat().st_size


def test_half_an_epoch_of_custom_lowers_the_loss_of_the_embedded_base(study: Path, tmp_path: Path) -> None:
    half = ("--base", "tiny", "--epochs", "0.5", "--set", "validations=1")
    tailorbird("personalise", str(study / "data"), "--strategy", "custom", "--out", str(tmp_path), *half)
    start, *_, end = json.loads((tmp_path / "delta.json").read_text())["curve"]
    assert end["validation_loss"] < start["validation_loss"] - 0.02


def test_the_embedded_base_reads_its_input(study: Path) -> None:
    assert results(study)["base+neighbour"]["metrics"]["input_gain"] > 0.1


def test_the_report_is_one_file_that_loads_nothing(study: Path) -> None:
    report = study / "report.html"
    assert report.stat().st_size < 6_000_000
    html = report.read_text()
    assert not re.search(r"""<(?:script|link|img|iframe)[^>]*(?:src|href)\s*=\s*["']?(?:https?:)?//""", html)
    for name in STRATEGIES:
        assert name in html


def test_given_again_nothing_is_done_twice(study: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (study / "deltas").rglob("*.safetensors")}
    tailorbird("compare", "commons-codec:commons-codec:1.16.0", "--out", str(study), *FEW)
    assert {path: path.stat().st_mtime_ns for path in (study / "deltas").rglob("*.safetensors")} == before
