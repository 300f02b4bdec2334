"""Each command hands its options to its stage as they were given, and says the result as asked."""

import dataclasses
import json
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import msgspec
import pytest

from tailorbird import records
from tailorbird.cli import app
from tailorbird.cli.failures import run
from tailorbird.config import CompareConfig, GenerateConfig, MineConfig, PersonaliseConfig, PretrainConfig

Stage = Callable[[str, str, Any], list[tuple[Any, ...]]]


@pytest.fixture(autouse=True)
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What these commands are given is there."""
    monkeypatch.chdir(tmp_path)
    for name in ("data", "d", "o"):
        Path(name).mkdir()
    Path("c.toml").touch()


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Puts a stand-in for ``module.name`` that remembers its calls and returns a value."""

    def replace(module: str, name: str, answer: Any) -> list[tuple[Any, ...]]:
        calls: list[tuple[Any, ...]] = []

        def stand_in(*positional: Any, **named: Any) -> Any:
            progress = named.pop("progress", None)
            calls.append((*positional, named))
            if progress is not None:
                progress.start("work", 2)
                progress.update(2)
                progress.finish()
            if isinstance(answer, BaseException):
                raise answer
            return answer

        fake = types.ModuleType(module)
        setattr(fake, name, stand_in)
        monkeypatch.setitem(sys.modules, module, fake)
        return calls

    return replace


def _sample(kind: Any) -> Any:
    """A record with a plain value in every field."""
    plain = {int: 1, float: 1.0, str: "x", bool: True}
    if kind in plain:
        return plain[kind]
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = {part.name: part.type for part in dataclasses.fields(kind)}
        return kind(**{name: _sample(hint) for name, hint in hints.items()})
    origin = getattr(kind, "__origin__", None)
    return {tuple: (), dict: {}}.get(origin) if origin else None


MANIFEST = dataclasses.replace(
    _sample(records.DataManifest),
    skipped=(records.Skipped(path="Bad.java", reason="not UTF-8"),),
    splits={"train": 8, "validation": 1, "test": 1},
)
RESULT = _sample(records.Result)


def test_mine(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    calls = stage("tailorbird.mining.pipeline", "mine", MANIFEST)
    options = ["--seed", "3", "--heuristics", "methods2test", "--context", "fm"]
    assert run(app, ["mine", "g:a:1", "--out", "data", *options]) == 0
    config = MineConfig(seed=3, heuristics="methods2test", context="fm")
    assert calls == [(("g:a:1",), Path("data"), config, {})]
    printed = capsys.readouterr()
    assert "left out: Bad.java: not UTF-8" in printed.out
    assert printed.err.startswith("work: 2 of 2 in ")


def test_mine_takes_a_list_of_sources(
    stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("list.txt").write_text("# Two projects\ng:a:1\n\n  g:b:2  # the second\n")
    calls = stage("tailorbird.mining.pipeline", "mine", MANIFEST)
    assert run(app, ["mine", "here", "@list.txt", "--out", "data"]) == 0
    assert calls == [(("here", "g:a:1", "g:b:2"), Path("data"), MineConfig(), {})]
    assert run(app, ["mine", "@gone.txt", "--out", "data"]) == 2
    assert "'gone.txt' could not be read as a list of sources" in capsys.readouterr().err


def test_mine_json_holds_the_promised_keys_and_nothing_else_is_on_stdout(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage("tailorbird.mining.pipeline", "mine", MANIFEST)
    assert run(app, ["mine", ".", "--out", "data", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert set(printed) == {"files", "test_cases", "pairs", "unasserted", "seconds", "skipped", "splits", "leakage"}
    assert printed["skipped"] == [{"path": "Bad.java", "reason": "not UTF-8"}]


def test_quiet_says_nothing_on_stderr(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage("tailorbird.mining.pipeline", "mine", MANIFEST)
    assert run(app, ["mine", ".", "--out", "data", "--quiet"]) == 0
    assert capsys.readouterr().err == ""


def test_an_interrupt_in_a_stage_is_130(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage("tailorbird.mining.pipeline", "mine", KeyboardInterrupt())
    assert run(app, ["mine", ".", "--out", "data"]) == 130
    assert "tailorbird: interrupted" in capsys.readouterr().err


@pytest.mark.parametrize("spelling", ["personalise", "personalize"])
def test_personalise(stage: Stage, spelling: str, capsys: pytest.CaptureFixture[str]) -> None:
    calls = stage("tailorbird.training.personalise", "personalise", _sample(records.DeltaManifest))
    options = ["--strategy", "prefix", "--out", "d", "--epochs", "2", "--set", "settings.length=4", "--base", "b"]
    options += ["--from-delta", "o"]
    assert run(app, [spelling, "data", *options, "--json"]) == 0
    config = PersonaliseConfig(strategy="prefix", epochs=2.0, settings={"length": 4})
    assert calls == [(Path("data"), Path("d"), config, {"base": "b", "start": Path("o"), "announce": ANY})]
    printed = msgspec.json.decode(capsys.readouterr().out, type=records.DeltaManifest)
    assert printed == _sample(records.DeltaManifest)


def test_generate(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    calls = stage("tailorbird.generation.generate", "generate", _sample(records.GenerationHeader))
    options = ["--delta", "d", "--split", "validation", "--decoding", "sample", "-n", "3", "--top-p", "0.9"]
    assert run(app, ["generate", "data", *options, "--max-tokens", "9", "--limit", "5", "--out", "c.jsonl"]) == 0
    config = GenerateConfig(
        split="validation", decoding="sample", candidates=3, top_p=0.9, max_target_tokens=9, limit=5
    )
    assert calls == [(Path("data"), Path("c.jsonl"), config, {"base": "smollm2-135m", "delta": Path("d")})]
    assert capsys.readouterr().out.splitlines()[-1] == "c.jsonl"


def test_score(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    calls = stage("tailorbird.metrics.score", "score", RESULT)
    assert run(app, ["score", "c.jsonl", "--data", "data", "--out", "r/custom.json"]) == 0
    assert calls == [(Path("c.jsonl"), Path("data"), Path("r/custom.json"), {"verdicts": None})]
    printed = capsys.readouterr().out.splitlines()
    assert ["bleu4", "1.0000"] in [line.split() for line in printed]
    assert ["perplexity", "-"] in [line.split() for line in printed]


def test_report(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    calls = stage("tailorbird.report.render", "render_report", Path("r.html"))
    assert run(app, ["report", "results", "--out", "r.html"]) == 0
    assert calls == [(Path("results"), Path("r.html"), {})]
    assert capsys.readouterr().out == "r.html\n"


def test_compare_ends_with_the_path_of_the_report(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    calls = stage("tailorbird.study.compare", "compare", (RESULT,))
    stage("tailorbird.report.tables", "terminal_table", "a table")
    pages = stage("tailorbird.report.render", "render_report", Path("out/report.html"))
    assert run(app, ["compare", ".", "--out", "out", "--strategies", "custom, prefix", "--epochs", "0.5"]) == 0
    config = CompareConfig(strategies=("custom", "prefix"), epochs=0.5)
    assert calls == [(".", Path("out"), config, {"base": "smollm2-135m", "warn": ANY})]
    assert pages == [(Path("out/results"), Path("out/report.html"), {})]
    assert capsys.readouterr().out == "a table\nout/report.html\n"


def test_compare_json_is_the_results(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage("tailorbird.study.compare", "compare", (RESULT,))
    stage("tailorbird.report.tables", "terminal_table", "a table")
    stage("tailorbird.report.render", "render_report", Path("out/report.html"))
    assert run(app, ["compare", ".", "--out", "out", "--json"]) == 0
    assert msgspec.json.decode(capsys.readouterr().out, type=tuple[records.Result, ...]) == (RESULT,)


def test_pretrain(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    done = types.SimpleNamespace(complete=True)
    calls = stage("tailorbird.pretraining.pretrain", "pretrain", (done,))
    assert run(app, ["pretrain", "--out", "base", "--hours", "0.5", "--corpus", "c.toml", "--from", "old"]) == 0
    assert calls == [(Path("base"), PretrainConfig(hours=0.5), {"corpus": Path("c.toml"), "start": "old"})]
    assert capsys.readouterr().out == "base\n"


def test_pretrain_says_where_it_has_paused(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    outcome = types.SimpleNamespace(steps=1)
    begun = types.SimpleNamespace(name="denoising", outcome=outcome, steps_planned=5, complete=False)
    stage("tailorbird.pretraining.pretrain", "pretrain", (begun,))
    assert run(app, ["pretrain", "--out", "base"]) == 0
    assert capsys.readouterr().out == "paused at step 1 of 5 of denoising: the same command goes on\nbase\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["personalise", "data", "--out", "d"],
        ["generate", "data", "--out", "c"],
        ["compare", ".", "--out", "o"],
        ["pretrain", "--out", "b"],
    ],
)
def test_without_torch_it_says_what_to_install(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tailorbird.cli.options.find_spec", lambda name: None if name == "torch" else name)
    assert run(app, arguments) == 1
    assert capsys.readouterr().err == "tailorbird: torch is not installed: pip install 'tailorbird[train]'\n"
