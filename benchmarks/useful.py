"""Useful tests on held-out libraries: a base as it is and personalised, beside rows that need no model.

    python benchmarks/useful.py --out results/useful [LIBRARY ...] [--rows ROW ...] [--json]
    python benchmarks/useful.py --choose LIBRARY ... --out DIR

``held_out.toml`` names the libraries, the focal methods of each, the strategy that "personalised" stands for, and the
samples for each method; it is written with ``--choose`` and committed before any result is read. For each library its
pairs are mined, the strategy is trained, and every row is generated, executed and scored. What is there from an earlier
run is not done again. Figures count distinct focal methods; differences are paired by method, with the 95% interval of
a bootstrap over focal classes of all libraries together.

On two cores with AMX a library takes about half an hour, most of it training.
"""

import argparse
import json
import sys
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from tailorbird.bases.open import open_base
from tailorbird.config import ExecuteConfig, GenerateConfig, MineConfig, PersonaliseConfig
from tailorbird.execution.execute import executor
from tailorbird.generation.generate import generate_base
from tailorbird.generation.references import write_reference
from tailorbird.metrics.funnel import has_verdicts
from tailorbird.metrics.score import score
from tailorbird.metrics.stats import pass_at_k, useful_difference
from tailorbird.mining.dataset import DataSet, load_data
from tailorbird.mining.pipeline import mine
from tailorbird.records import Candidate, Constraint, Result, Treatment
from tailorbird.storage import read_bytes, read_json
from tailorbird.training.personalise import personalise_base

HELD_OUT = Path(__file__).parent / "held_out.toml"
METHODS = 16
TREATMENTS: tuple[Treatment, ...] = ("as_written", "with_imports", "with_observed_values")


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What is measured, chosen before any result."""

    base: str
    strategy: str
    epochs: float
    samples: int
    libraries: dict[str, tuple[str, ...]]
    """Maven coordinates -> the focal methods' keys."""


@dataclass(frozen=True, slots=True)
class Row:
    """One way of making candidates."""

    base: str | None = None
    """None for the base of the file."""
    personalised: bool = False
    neighbour: bool = False
    constraint: Constraint | None = None
    """None takes the base's own."""
    reference: str = ""


ROWS: dict[str, Row] = {
    "developers": Row(reference="developers"),
    "no-model": Row(reference="no-model"),
    "retrieval-copy": Row(reference="retrieval-copy"),
    "base": Row(),
    "personalised": Row(personalised=True),
    "base, free": Row(constraint="none"),
    "personalised, free": Row(personalised=True, constraint="none"),
    "base, grammar": Row(constraint="grammar"),
    "personalised, grammar": Row(personalised=True, constraint="grammar"),
    "base+neighbour": Row(neighbour=True),
    "personalised+neighbour": Row(personalised=True, neighbour=True),
    "tiny": Row(base="tiny"),
    "plain": Row(base="smollm2-135m-plain"),
}


def read_held_out(path: Path = HELD_OUT) -> HeldOut:
    """The file of what is measured."""
    return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), HeldOut)


def choose(libraries: Sequence[str], out: Path) -> str:
    """The methods of each library, as lines of TOML: drawn by seed 0 from its test split."""
    lines = ["[libraries]"]
    for library in libraries:
        data = mined(library, out / library.replace(":", "_"))
        keys = [pair.focal_key for pair in data.chosen("test", methods=METHODS)]
        lines += [f"{json.dumps(library)} = [", *(f"  {json.dumps(key)}," for key in keys), "]"]
    return "\n".join(lines)


def mined(library: str, folder: Path) -> DataSet:
    """Its pairs, split with seed 0."""
    mine(library, folder / "data", MineConfig())
    return load_data(folder / "data")


def measure(library: str, methods: Sequence[str], folder: Path, held_out: HeldOut, rows: Sequence[str]) -> None:
    """Everything of one library, into ``folder``."""
    data = mined(library, folder)
    found = [pair.focal_key for pair in data.chosen("test", methods=METHODS)]
    if found != list(methods):
        raise SystemExit(f"{library}: the methods drawn are not those of {HELD_OUT.name}; mining has changed.")
    delta = folder / "delta"
    bases: dict[str, Any] = {}

    def base_of(row: Row) -> Any:
        name = row.base or held_out.base
        if name not in bases:
            bases[name] = open_base(name)
        return bases[name]

    if any(ROWS[name].personalised for name in rows):
        training = PersonaliseConfig(strategy=held_out.strategy, epochs=held_out.epochs, validations=2)
        personalise_base(data, delta, training, base_of(Row()))
    files = {name: (folder / "candidates" / f"{name}.jsonl", folder / "verdicts" / f"{name}.jsonl") for name in rows}
    for name, (candidates, _) in files.items():
        row = ROWS[name]
        if row.reference:
            write_reference(row.reference, data, candidates, methods=METHODS, samples=held_out.samples)
            continue
        config = GenerateConfig(
            candidates=held_out.samples,
            decoding="sample",
            constraint=row.constraint,
            neighbour=row.neighbour,
            methods=METHODS,
            batch_size=16,
        )
        generate_base(data, candidates, config, base_of(row), delta=delta if row.personalised else None)
    left = [pair for pair in files.values() if not has_verdicts(pair[1], pair[0])]
    if left:
        with executor(library, ExecuteConfig()) as opened:
            for given, to in left:
                opened.execute(given, to)
    for name, (candidates, verdicts) in files.items():
        score(candidates, folder / "data", folder / "results" / f"{name}.json", verdicts=verdicts)


def figures(results: Mapping[str, Result], candidates: Mapping[str, Path]) -> dict[str, Any]:
    """One row over its libraries: shares of candidates, and means over focal methods."""
    totals: Counter[str] = Counter()
    at_k: dict[str, list[float]] = {}
    seconds = tokens = 0.0
    for library, result in results.items():
        assert result.executed is not None
        lines = [json.loads(line) for line in read_bytes(candidates[library]).splitlines()]
        made = [msgspec.convert(line, Candidate) for line in lines if line["kind"] == "candidate"]
        totals["candidates"] += len(made)
        totals["ends"] += sum(one.finished for one in made)
        seconds += sum(one.seconds for one in made)
        tokens += sum(one.tokens for one in made)
        for treatment in TREATMENTS:
            found = result.executed.funnel(treatment)
            for key in ("candidates", "parsed", "compiled", "passed", "covered", "asserting", "useful"):
                totals[f"{treatment}.{key}"] += getattr(found, key) or 0
            for method in found.methods:
                for k in (1, 10):
                    if method.samples >= k:
                        at_k.setdefault(f"{treatment}.useful@{k}", []).append(
                            pass_at_k(method.samples, method.useful, k)
                        )
                        at_k.setdefault(f"{treatment}.pass@{k}", []).append(pass_at_k(method.samples, method.passed, k))
    shares: dict[str, Any] = {"ends": totals["ends"] / max(totals["candidates"], 1)}
    for treatment in TREATMENTS:
        count, passed = totals[f"{treatment}.candidates"], max(totals[f"{treatment}.passed"], 1)
        for key in ("parsed", "compiled", "passed", "useful"):
            shares[f"{treatment}.{key}"] = totals[f"{treatment}.{key}"] / count
        shares[f"{treatment}.passing that run the method"] = totals[f"{treatment}.covered"] / passed
        shares[f"{treatment}.passing that assert"] = totals[f"{treatment}.asserting"] / passed
    losses = {library: result.metrics.loss_per_character for library, result in results.items()}
    return {
        "libraries": len(results),
        "methods": len(at_k.get("as_written.useful@1", [])),
        "loss_per_character": losses,
        **shares,
        **{key: sum(values) / len(values) for key, values in at_k.items()},
        "seconds": seconds,
        "tokens": tokens,
    }


def differences(
    ours: Mapping[str, Result], theirs: Mapping[str, Result], treatment: Treatment, k: int
) -> dict[str, float] | None:
    """The paired difference in useful@k over the methods of all libraries that both have."""
    rows = [(ours[library], theirs[library]) for library in ours if library in theirs]
    found = useful_difference(*rows, treatment=treatment, k=k)
    return None if found is None else {"difference": found.difference, "low": found.low, "high": found.high}


def report(out: Path, libraries: Sequence[str]) -> dict[str, Any]:
    """All that was measured so far."""
    results: dict[str, dict[str, Result]] = {}
    files: dict[str, dict[str, Path]] = {}
    for library in libraries:
        folder = out / library.replace(":", "_")
        for name in ROWS:
            path = folder / "results" / f"{name}.json"
            if path.exists():
                results.setdefault(name, {})[library] = read_json(path, Result)
                files.setdefault(name, {})[library] = folder / "candidates" / f"{name}.jsonl"
    pairs = [("personalised", "base"), ("personalised", "no-model"), ("personalised+neighbour", "base+neighbour")]
    return {
        "rows": {name: figures(results[name], files[name]) for name in ROWS if name in results},
        "differences": {
            f"{first} - {second}, {treatment}, useful@{k}": found
            for first, second in pairs
            for treatment in TREATMENTS
            for k in (1, 10)
            if first in results
            and second in results
            and (found := differences(results[first], results[second], treatment, k)) is not None
        },
    }


def show(found: Mapping[str, Any]) -> str:
    """A table of the figures that are asked for first."""
    keys = ["ends", "as_written.parsed", "as_written.compiled", "with_imports.compiled", "as_written.passed"]
    keys += [f"{one}.useful@{k}" for one in ("as_written", "with_observed_values") for k in (1, 10)]
    lines = ["| row | methods | " + " | ".join(keys) + " | seconds |", "|---|" + "---:|" * (len(keys) + 2)]
    for name, row in found["rows"].items():
        cells = [f"{100 * row[key]:.1f}%" if key in row else "" for key in keys]
        lines.append(f"| {name} | {row['methods']} | " + " | ".join(cells) + f" | {row['seconds']:.0f} |")
    for name, one in found["differences"].items():
        lines.append(f"\n{name}: {100 * one['difference']:+.1f} [{100 * one['low']:+.1f}, {100 * one['high']:+.1f}]")
    return "\n".join(lines)


def main() -> None:
    """Choose, or measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("libraries", nargs="*")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=list(ROWS), metavar="ROW")
    parser.add_argument("--choose", action="store_true", help="print the methods of LIBRARY ... as TOML")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if arguments.choose:
        sys.stdout.write(f"{choose(arguments.libraries, arguments.out)}\n")
        return
    held_out = read_held_out()
    libraries = arguments.libraries or list(held_out.libraries)
    if unknown := [one for one in libraries if one not in held_out.libraries]:
        parser.error(f"{unknown[0]} is not in {HELD_OUT.name}.")
    for library in libraries:
        folder = arguments.out / library.replace(":", "_")
        measure(library, held_out.libraries[library], folder, held_out, arguments.rows)
        sys.stderr.write(f"{library}: done\n")
    found = report(arguments.out, libraries)
    sys.stdout.write(f"{json.dumps(found, indent=2) if arguments.json else show(found)}\n")


if __name__ == "__main__":
    main()
