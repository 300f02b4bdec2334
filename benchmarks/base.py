"""What a base is worth: on libraries that it never saw, as it is and personalised, greedily and with ten samples.

    python benchmarks/base.py --out results/base [LIBRARY ...] [--base tiny] [--strategies custom]
        [--contexts LEVEL ...] [--samples 10] [--draws 40] [--limit 40] [--no-execute] [--json]

For each library `tailorbird compare` does its whole job (base, retrieval copy, each strategy, greedily), once for each
context level, which are the default and the same without the neighbour; then, where the project can be built, the best
ten of forty samples (`generate --set draws=40`) for each of the first ``--limit`` test pairs are executed, from the
base and from the first strategy: for how many focal methods does one compile, and does one pass that runs the method?
Compile errors are counted by javac's own words. What is there from an earlier run is not done again. On two cores of
a server each library takes about ten minutes to train, two to write and execute greedily, and eight for ten samples of
sixteen methods.
"""

import argparse
import json
import re
import sys
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec

from tailorbird.bases.open import open_base
from tailorbird.config import DEFAULT_CONTEXT, CompareConfig, ExecuteConfig, GenerateConfig
from tailorbird.errors import TailorbirdError
from tailorbird.execution.execute import executor
from tailorbird.generation.generate import generate_base
from tailorbird.metrics.funnel import INFRA, UNCOMPILED, UNPARSED, has_verdicts
from tailorbird.mining.dataset import load_data
from tailorbird.records import Result, Verdict
from tailorbird.storage import read_bytes
from tailorbird.study.compare import compare

LIBRARIES = (
    "commons-codec:commons-codec:1.16.0",
    "org.apache.commons:commons-csv:1.10.0",
    "commons-dbutils:commons-dbutils:1.8.1",
    "commons-net:commons-net:3.10.0",
    "commons-validator:commons-validator:1.8.0",
    "commons-beanutils:commons-beanutils:1.9.4",
    "commons-cli:commons-cli:1.6.0",
    "org.apache.commons:commons-email:1.5",
    "org.apache.commons:commons-pool2:2.12.0",
    "org.apache.commons:commons-text:1.11.0",
)
ALONE = DEFAULT_CONTEXT.replace("+neighbour", "")
TEMPERATURE, TOP_P = 0.7, 0.9
_NAMED = re.compile(r"\b\w+(?:\.\w+)+(?:\[\])*|\b(?:method|constructor|variable|class|interface) \S+|\S*\(.*\)")


@dataclass(frozen=True, slots=True)
class Sampled:
    """Over the focal methods of one library, several candidates for each."""

    methods: int
    compiling: float
    """Share with a candidate that compiles."""
    passing: float
    """Share with one that passes and enters its focal method."""
    unaided: float
    """The same of candidates that the model brought to their end itself."""
    candidates_compiling: float
    """Share of all candidates."""
    errors: tuple[tuple[str, int], ...]
    """Candidates by what the compiler said first, the commonest kinds."""


def greedy(result: Result) -> dict[str, float | None]:
    """The figures that are compared."""
    metrics = result.metrics
    found = result.executed.funnel("as_written") if result.executed is not None else None
    return {
        "test_loss": metrics.test_loss,
        "loss_per_character": metrics.loss_per_character,
        "input_gain": metrics.input_gain,
        "bleu4": metrics.bleu4,
        "parses": metrics.syntax_valid,
        "calls": metrics.calls_focal_method,
        "completed": metrics.completed,
        "compiles": found.compiled / found.candidates if found is not None else None,
        "passes": found.passed / found.candidates if found is not None else None,
        "covers": found.covered / found.candidates if found is not None else None,
        "useful": found.at_k[0].useful if found is not None else None,
    }


def sampled(candidates: Path, verdicts: Path) -> Sampled:
    """What a file of verdicts says of each focal method."""
    lines = [json.loads(line) for line in read_bytes(candidates).splitlines()]
    aided = {(line["pair_id"], line["index"]) for line in lines if line.get("completed")}
    by_pair: dict[str, list[Verdict]] = {}
    for line in read_bytes(verdicts).splitlines()[1:]:
        verdict = msgspec.json.decode(line, type=Verdict)
        if not verdict.repairs:
            by_pair.setdefault(verdict.pair_id, []).append(verdict)
    uncompiled = {INFRA, *UNPARSED, *UNCOMPILED}
    every = [one for own in by_pair.values() for one in own]
    errors = Counter(error_kind(one.evidence[0]) for one in every if one.verdict == "compile_error" and one.evidence)
    count = len(by_pair)
    reached = {(one.pair_id, one.index) for one in every if passes(one)}
    return Sampled(
        methods=count,
        compiling=sum(any(one.verdict not in uncompiled for one in own) for own in by_pair.values()) / count,
        passing=len({pair for pair, _ in reached}) / count,
        unaided=len({pair for pair, _ in reached - aided}) / count,
        candidates_compiling=sum(one.verdict not in uncompiled for one in every) / len(every),
        errors=tuple(errors.most_common(12)),
    )


def passes(verdict: Verdict) -> bool:
    """Whether a candidate passes and enters its focal method."""
    return verdict.verdict == "pass" and verdict.coverage is not None and verdict.coverage.focal_method_called


def error_kind(message: str) -> str:
    """A compiler's message without names: what it is about, and of a missing symbol which kind."""
    first, *others = message.split("\n")
    kind = _NAMED.sub("…", first.partition(": ")[2].partition(":")[0] or first)
    missing = next((line.split()[1] for line in others if line.strip().startswith("symbol:")), None)
    return kind if missing is None else f"{kind}: {missing}"


def warn(text: str) -> None:
    """On standard error."""
    sys.stderr.write(f"{text}\n")


def library(source: str, out: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Everything of one library."""
    found: dict[str, Any] = {"greedy": {}}
    for number, context in enumerate(arguments.contexts):
        folder = out / context
        config = CompareConfig(
            strategies=tuple(arguments.strategies),
            epochs=arguments.epochs,
            # Samples are executed at the first level; elsewhere the texts and losses say enough.
            execute=not (number or arguments.no_execute),
            context=context,
            seed=arguments.seed,
        )
        results = compare(source, folder, config, base=arguments.base, warn=warn)
        found["greedy"][context] = {result.strategy or "base": greedy(result) for result in results}
    first = out / arguments.contexts[0]
    data = load_data(first / "data")
    found["pairs"] = {name: len(data.split(name)) for name in ("train", "validation", "test")}
    if not arguments.no_execute and arguments.samples:
        found.update(best_of(source, first, arguments))
    return found


def best_of(source: str, folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """What samples from the base and from the first strategy are worth to a compiler."""
    base, data = open_base(arguments.base), load_data(folder / "data")
    settings = GenerateConfig(
        decoding="sample",
        candidates=arguments.samples,
        draws=arguments.draws or None,
        temperature=TEMPERATURE,
        top_p=TOP_P,
        limit=arguments.limit,
        seed=arguments.seed,
    )
    files = {}
    for name in ("base", arguments.strategies[0]):
        files[name] = (folder / "samples" / f"{name}.jsonl", folder / "samples" / f"{name}.verdicts.jsonl")
        delta = None if name == "base" else folder / "deltas" / name
        generate_base(data, files[name][0], settings, base, delta=delta)
    try:
        left = [pair for pair in files.values() if not has_verdicts(pair[1], pair[0])]
        if left:
            with executor(source, ExecuteConfig(mutants=0, reruns=1, added_coverage=False)) as opened:
                for given, to in left:
                    opened.execute(given, to)
    except TailorbirdError as error:
        return {"not_executed": str(error)}
    return {"sampled": {name: asdict(sampled(*pair)) for name, pair in files.items()}}


def main() -> None:
    """All libraries, one after another."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("libraries", nargs="*", default=list(LIBRARIES))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--base", default="tiny")
    parser.add_argument("--strategies", nargs="+", default=["custom"])
    parser.add_argument("--contexts", nargs="+", default=[DEFAULT_CONTEXT, ALONE])
    parser.add_argument("--epochs", type=float, default=3.0)
    parser.add_argument("--samples", type=int, default=10)
    parser.add_argument("--draws", type=int, default=40, help="of which --samples are kept; 0 draws no more than these")
    parser.add_argument("--limit", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-execute", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if wrong := [one for one in arguments.libraries if one.count(":") != 2]:
        parser.error(f"{wrong[0]!r} is no library: give group:artifact:version.")
    found = {}
    for source in arguments.libraries:
        found[source] = library(source, arguments.out / source.split(":")[1], arguments)
        sys.stderr.write(f"{source}: done\n")
    (arguments.out / "summary.json").write_text(json.dumps(found, indent=1) + "\n")
    if arguments.json:
        sys.stdout.write(json.dumps(found) + "\n")
        return
    for source, one in found.items():
        sys.stdout.write(f"{source}, {one['pairs']['train']} training pairs\n")
        for context, rows in one["greedy"].items():
            for name, figures in rows.items():
                said = ", ".join(f"{key} {value:.3g}" for key, value in figures.items() if value is not None)
                sys.stdout.write(f"  {context}, {name}: {said}\n")
        for name, figures in one.get("sampled", {}).items():
            sys.stdout.write(
                f"  {name}, best of {arguments.samples} for {figures['methods']} methods: "
                f"{figures['compiling']:.0%} compile, {figures['passing']:.0%} pass and run the method "
                f"({figures['unaided']:.0%} without help); {figures['candidates_compiling']:.0%} of all compile\n"
            )
            for error, count in figures["errors"]:
                sys.stdout.write(f"    {count:4} {error}\n")


if __name__ == "__main__":
    main()
