"""The whole comparison on a small project and a small base."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tailorbird import programs
from tailorbird.config import CompareConfig
from tailorbird.errors import SourceError, UsageError
from tailorbird.records import Result
from tailorbird.report.render import render_report
from tailorbird.storage import read_json
from tailorbird.strategies.registry import STRATEGIES
from tailorbird.study import executing
from tailorbird.study.compare import compare
from tests.data import Interrupt, write_base

PROJECT = str((Path(__file__).parents[2] / "fixtures" / "junit4-ledger").resolve())
CONFIG = CompareConfig(
    strategies=("custom", "prefix"),
    epochs=1,
    batch_size=4,
    limit=2,
    precision="float32",
    max_source_tokens=64,
    max_target_tokens=24,
    settings={"prefix": {"length": 3, "hidden": 16}},
)
REFERENCES = ("developers", "no-model", "retrieval-copy")
MODELS = ("base", "custom", "prefix")
ROWS = (*REFERENCES, *(f"{name}{ending}" for name in MODELS for ending in ("", "+neighbour")))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("base")
    write_base(folder)
    return str(folder)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, base: str) -> tuple[Path, tuple[Result, ...]]:
    out = tmp_path_factory.mktemp("compare")
    return out, compare(PROJECT, out, CONFIG, base=base)


def stamps(out: Path) -> dict[str, int]:
    return {
        str(path.relative_to(out)): path.stat().st_mtime_ns
        for folder in ("deltas", "candidates")
        for path in (out / folder).rglob("*")
        if path.is_file()
    }


def results(out: Path) -> dict[str, Result]:
    return {path.stem: read_json(path, Result) for path in (out / "results").glob("*.json")}


class Work:
    """Notes what work began."""

    def __init__(self) -> None:
        self.begun: list[str] = []

    def start(self, what: str, total: int) -> None:
        self.begun.append(what)

    def update(self, done: int, note: str = "") -> None: ...

    def finish(self) -> None: ...


def test_there_is_one_result_for_each_strategy_and_reference_row(made: tuple[Path, tuple[Result, ...]]) -> None:
    out, returned = made
    assert tuple(result.strategy for result in returned) == ROWS
    assert results(out) == dict(zip(ROWS, returned, strict=True))
    assert {path.name for path in (out / "deltas").iterdir()} == {"custom", "prefix"}
    for result in returned:
        assert (result.meta.pairs, result.meta.split) == (2, "test")
        assert result.meta.data_sha256 == returned[0].meta.data_sha256


def test_reference_rows_cost_nothing_and_strategies_do(made: tuple[Path, tuple[Result, ...]]) -> None:
    rows = {result.strategy: result for result in made[1]}
    assert rows["base"].cost.train_flops == rows["retrieval-copy"].cost.train_flops == 0
    assert rows["retrieval-copy"].metrics.test_loss is None
    for name in ("custom", "prefix"):
        assert rows[name].cost.train_flops > 0
        assert len(rows[name].curve) >= 2
        assert rows[name].metrics.test_loss != rows["base"].metrics.test_loss
    assert rows["prefix"].cost.delta_bytes < rows["custom"].cost.delta_bytes


def test_a_second_run_trains_and_generates_nothing_again(made: tuple[Path, tuple[Result, ...]], base: str) -> None:
    out, first = made
    before, work = stamps(out), Work()
    again = compare(PROJECT, out, CONFIG, base=base, progress=work)
    assert not [what for what in work.begun if what.startswith(("personalising", "generating"))]
    after = stamps(out)
    # Written again: it takes less than a model's first token.
    copies = {f"candidates/{name}.jsonl": 0 for name in REFERENCES}
    assert {**after, **copies} == {**before, **copies}
    assert [result.metrics for result in again] == [result.metrics for result in first]


def test_a_killed_comparison_goes_on_where_it_was(
    made: tuple[Path, tuple[Result, ...]], base: str, tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        compare(PROJECT, tmp_path, CONFIG, base=base, progress=Interrupt(1, "personalising (prefix)"))
    work = Work()
    resumed = compare(PROJECT, tmp_path, CONFIG, base=base, progress=work)
    begun = [what for what in work.begun if what.startswith(("personalising", "generating"))]
    assert begun == ["personalising (prefix)", "generating (prefix)", "generating (prefix+neighbour)"]
    assert [result.metrics for result in resumed] == [result.metrics for result in made[1]]


def test_results_of_strategies_no_longer_asked_for_go(base: str, tmp_path: Path) -> None:
    compare(PROJECT, tmp_path, replace(CONFIG, epochs=0.1), base=base)
    settings = replace(CONFIG, epochs=0.1, strategies=("prefix",), neighbour="without")
    kept = compare(PROJECT, tmp_path, settings, base=base)
    assert tuple(result.strategy for result in kept) == (*REFERENCES, "base", "prefix")
    assert set(results(tmp_path)) == {*REFERENCES, "base", "prefix"}


def test_a_misspelt_strategy_fails_before_any_work(base: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="costum is not a strategy"):
        compare(PROJECT, tmp_path / "out", replace(CONFIG, strategies=("prefix", "costum")), base=base, progress=Work())
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"settings": {"prefix": {"lenght": 3}}}, "lenght is not a setting of prefix"),
        ({"decoding": "beam", "beams": 1}, "use at least 2 beams"),
    ],
)
def test_a_wrong_setting_fails_before_anything_is_trained(
    changes: dict[str, object], message: str, base: str, tmp_path: Path
) -> None:
    work = Work()
    with pytest.raises(UsageError, match=message):
        compare(PROJECT, tmp_path, replace(CONFIG, **changes), base=base, progress=work)  # type: ignore[arg-type]
    assert not [what for what in work.begun if what.startswith("personalising")]


def test_what_is_missing_for_execution_is_said_before_any_work(
    base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "program_version", lambda name, _: None if name == "javac" else "21.0.1")
    work = Work()
    said: list[tuple[str, int]] = []
    config = replace(CONFIG, epochs=0.1, strategies=("prefix",))
    found = compare(
        PROJECT, tmp_path, config, base=base, progress=work, warn=lambda line: said.append((line, len(work.begun)))
    )
    assert said == [
        (
            "The comparison goes on without executing the candidates. javac: not found; install a JDK 17 or newer and "
            "put its bin folder on PATH.",
            0,
        )
    ]
    assert "building" not in work.begun
    assert all(one.executed is None for one in found)


def test_a_project_that_cannot_be_built_is_found_out_before_training(
    base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise SourceError("mvn failed building it (no reason): make the build work first.")

    monkeypatch.setattr(executing, "obstacle", lambda _: "")
    monkeypatch.setattr(executing, "executor", fail)
    work = Work()
    said: list[tuple[str, list[str]]] = []
    config = replace(CONFIG, epochs=0.1, strategies=("prefix",))
    stale = tmp_path / "verdicts" / "prefix.jsonl"
    stale.parent.mkdir()
    stale.write_text("")
    compare(
        PROJECT, tmp_path, config, base=base, progress=work, warn=lambda line: said.append((line, list(work.begun)))
    )
    ((line, begun),) = said
    assert line.endswith("mvn failed building it (no reason): make the build work first.")
    assert not [what for what in begun if what.startswith(("personalising", "generating"))]
    assert not stale.exists()


def test_nothing_is_said_where_nothing_is_to_be_executed(base: str, tmp_path: Path) -> None:
    said: list[str] = []
    config = replace(CONFIG, epochs=0.1, strategies=("prefix",), execute=False)
    work = Work()
    compare(PROJECT, tmp_path, config, base=base, progress=work, warn=said.append)
    assert said == []
    assert "building" not in work.begun


def test_a_time_split_scores_the_base_on_older_tests_too(base: str, tmp_path: Path) -> None:
    older = tmp_path / "older"
    shutil.copytree(PROJECT, older)
    (older / "src/test/java/com/example/ledger/MoneyTest.java").unlink()
    config = replace(CONFIG, strategies=("prefix",), epochs=0.1, older=str(older), execute=False)
    out = tmp_path / "out"
    rows = {result.strategy: result for result in compare(PROJECT, out, config, base=base)}
    found = read_json(out / "results" / "older" / "base.json", Result)
    assert (found.strategy, found.meta.split, rows["base"].meta.split) == ("base", "validation", "test")
    assert found.meta.data_sha256 == rows["base"].meta.data_sha256
    assert found.metrics.test_loss is not None
    assert "added since" in render_report(out / "results", tmp_path / "report.html").read_text(encoding="utf-8")
    # Without the time split nothing of it stays.
    compare(PROJECT, out, replace(config, older=None), base=base)
    assert not (out / "results" / "older").exists()


def test_without_a_number_of_epochs_each_strategy_has_the_fewest_that_one_takes(tmp_path: Path, base: str) -> None:
    fewest = min(float(STRATEGIES[name].defaults["epochs"]) for name in CONFIG.strategies)
    made = compare(PROJECT, tmp_path, replace(CONFIG, epochs=None, execute=False, settings={}), base=base)
    trained = {one.strategy: one.meta.settings["training.epochs"] for one in made if one.strategy in CONFIG.strategies}
    assert trained == dict.fromkeys(CONFIG.strategies, fewest)
