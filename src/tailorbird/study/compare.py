"""The main job: from a project to one result for each strategy, beside the base and rows without any model."""

import shutil
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Literal

from tailorbird.bases.catalogue import DEFAULT_BASE
from tailorbird.bases.open import open_base
from tailorbird.config import CompareConfig, ExecuteConfig, GenerateConfig, MineConfig, PersonaliseConfig
from tailorbird.errors import UsageError
from tailorbird.generation.generate import generate_base
from tailorbird.generation.references import REFERENCES, SAMPLES, write_reference
from tailorbird.metrics.score import score
from tailorbird.mining.dataset import DataSet, load_data
from tailorbird.mining.pipeline import mine
from tailorbird.progress import Progress, Silent
from tailorbird.records import WITH_NEIGHBOUR, Result
from tailorbird.strategies.registry import complete_settings, find_strategy
from tailorbird.study.executing import can_execute, judge, open_project
from tailorbird.training.device import choose_device
from tailorbird.training.personalise import own_settings, personalise_base

OLDER = "older/base"
"""With a time split, the base on the tests that were there before: they are no row, and stand apart."""


def compare(
    source: str,
    out: Path,
    config: CompareConfig,
    *,
    base: str = DEFAULT_BASE,
    progress: Progress | None = None,
    warn: Callable[[str], None] = lambda _: None,
) -> tuple[Result, ...]:
    """Mine ``source``, personalise ``base`` with each strategy, generate for the test split, and score.

    Writes ``out/data``, ``out/deltas/NAME``, ``out/candidates/NAME.jsonl``, ``out/verdicts/NAME.jsonl`` and
    ``out/results/NAME.json``. What an earlier run with the same inputs finished is not done again. Where the project
    cannot be built or run, ``warn`` is told why before anything is trained, and the results go without verdicts.
    """
    progress = progress or Silent()
    _check_settings(config)
    able = config.execute and can_execute(source, warn)
    mining = MineConfig(seed=config.seed, context=config.context, older=config.older, since=config.since)
    mine(source, out / "data", mining, progress=progress)
    data = load_data(out / "data")
    shown = _neighbours(config, data)
    rows = {
        name: [f"{name}{WITH_NEIGHBOUR}" if one else name for one in shown] for name in ("base", *config.strategies)
    }
    names = (*REFERENCES, *(row for of in rows.values() for row in of))
    _forget_other_results(out / "results", set(names))
    model = open_base(base, device=choose_device())
    epochs = config.epochs or min(float(own_settings(name, model)["epochs"]) for name in config.strategies)
    dated = data.manifest.older is not None
    tests = {pair.test.path for pair in data.split("test")}
    settings = ExecuteConfig(seed=config.seed)
    with open_project(source, tests, settings, progress, warn) if able else nullcontext() as project:
        for name in REFERENCES:
            # As many as the models' where these are more: useful@k has to be had for the same k.
            samples = max(SAMPLES, config.candidates)
            write_reference(
                name,
                data,
                out / "candidates" / f"{name}.jsonl",
                limit=config.limit,
                methods=config.methods,
                samples=samples,
            )
        if dated:
            older_settings = _generate_config(config, split="validation", neighbour=shown[0])
            generate_base(data, _candidates(out, OLDER), older_settings, model, progress=progress)
        for name, own in rows.items():
            delta = out / "deltas" / name if name != "base" else None
            if delta is not None:
                personalise_base(data, delta, _personalise_config(name, config, epochs), model, progress=progress)
            for row, neighbour in zip(own, shown, strict=True):
                generation = _generate_config(config, split="test", neighbour=neighbour)
                generate_base(data, _candidates(out, row), generation, model, delta=delta, progress=progress)
        if config.execute:
            judge(project, out, names, warn)
        else:
            shutil.rmtree(out / "verdicts", ignore_errors=True)
    # Older tests have their places in the older tree; one from git history has no SOURCE to be run in.
    if dated and config.older is not None and project is not None:
        older = {pair.test.path for pair in data.split("validation")}
        with open_project(config.older, older, settings, progress, warn) as past:
            judge(past, out, (OLDER,), warn)
    if dated:
        _scored(out, OLDER)
    else:
        shutil.rmtree((out / "results" / OLDER).parent, ignore_errors=True)
    return tuple(_scored(out, name) for name in names)


def _check_settings(config: CompareConfig) -> None:
    for name in config.settings:
        if name not in config.strategies:
            raise UsageError(f"settings.{name} is of no strategy that is compared: {', '.join(config.strategies)}.")
    for name in config.strategies:
        # A misspelt name or setting must not cost an hour of work before it is noticed.
        complete_settings(find_strategy(name), config.settings.get(name, {}))


def _scored(out: Path, name: str) -> Result:
    verdicts = out / "verdicts" / f"{name}.jsonl"
    return score(
        out / "candidates" / f"{name}.jsonl",
        out / "data",
        out / "results" / f"{name}.json",
        verdicts=verdicts if verdicts.exists() else None,
    )


def _neighbours(config: CompareConfig, data: DataSet) -> tuple[bool, ...]:
    """For each row of a model, whether its prompts have neighbours; never where the data set has none."""
    if not any(pair.neighbour for pair in data.split("test")):
        return (False,)
    return {"both": (False, True), "with": (True,), "without": (False,)}[config.neighbour]


def _candidates(out: Path, row: str) -> Path:
    return out / "candidates" / f"{row}.jsonl"


def _generate_config(config: CompareConfig, *, split: Literal["validation", "test"], neighbour: bool) -> GenerateConfig:
    return GenerateConfig(
        split=split,
        decoding=config.decoding,
        constraint=config.constraint,
        beams=config.beams,
        candidates=config.candidates,
        temperature=config.temperature,
        top_p=config.top_p,
        no_repeat_ngram=config.no_repeat_ngram,
        neighbour=neighbour,
        limit=config.limit,
        methods=config.methods,
        seed=config.seed,
        batch_size=config.generation_batch_size,
        max_source_tokens=config.max_source_tokens,
        max_target_tokens=config.max_target_tokens,
    )


def _personalise_config(name: str, config: CompareConfig, epochs: float) -> PersonaliseConfig:
    return PersonaliseConfig(
        strategy=name,
        epochs=epochs,
        batch_size=config.batch_size,
        validations=config.validations,
        validation_pairs=config.validation_pairs,
        seed=config.seed,
        precision=config.precision,
        max_source_tokens=config.max_source_tokens,
        max_target_tokens=config.max_target_tokens,
        settings=config.settings.get(name, {}),
    )


def _forget_other_results(results: Path, names: set[str]) -> None:
    """Results of another set of strategies would stand in the report as if they belonged to this run."""
    for path in results.glob("*.json"):
        if path.stem not in names:
            path.unlink()
