"""How many candidates are executed in a second, and how that compares with one `mvn test -Dtest=…` for each.

    python benchmarks/execution.py [SOURCE] [--candidates 1000] [--runs 3] [--json]

The candidates are the project's own tests, drawn by seed; 5% are made not to compile, and 1% never to end. Timed is all
that `tailorbird execute` does once the project is built: starting the JVMs, compiling, running with coverage, retrying
what fails (a hanging one takes 0.5 s, then its deadline). The peer is Maven on the same sources, everything fetched and
compiled before, offline: the median over some single tests. A candidate is written into its test class first, as it has
to be for Maven to run it, which then compiles the tests again (`ratio_to_mvn`); beside it, what a test takes that is
compiled already (`ratio_to_mvn_compiled`).
"""

import argparse
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tailorbird.config import ExecuteConfig
from tailorbird.execution.execute import execute
from tailorbird.execution.inserting import insert
from tailorbird.execution.placing import MethodText, read_candidate
from tailorbird.mining.tree import mine_tree
from tailorbird.records import Pair
from tailorbird.sources import resolve

BROKEN, HANGING = 0.05, 0.01
QUIET = (
    "-Drat.skip",
    "-Dcheckstyle.skip",
    "-Denforcer.skip",
    "-Djacoco.skip",
    "-Danimal.sniffer.skip",
    "-DfailIfNoTests=false",
)


def candidates(pairs: list[Pair], count: int, seed: int) -> list[dict[str, str]]:
    """Tests of the project, some of them spoilt, in random order."""
    draw = random.Random(seed)
    chosen = draw.sample(pairs, min(count, len(pairs)))
    lines = []
    for number, one in enumerate(chosen):
        head, _, body = one.test.text.partition("{")
        if number < len(chosen) * BROKEN:
            text = f"{head}{{ thereIsNoSuchMethod(); {body}"
        elif number < len(chosen) * (BROKEN + HANGING):
            text = f"{head}{{ for (long spin = 0; spin >= 0; ) {{ spin = spin == 7 ? 0 : spin + 1; }} {body}"
        else:
            text = one.test.text
        lines.append({"pair_id": one.id, "text": text})
    draw.shuffle(lines)
    return lines


def by_maven(root: Path, pairs: list[Pair], count: int) -> tuple[list[float], list[float]]:
    """Seconds of `mvn test` for single tests of a compiled tree: each written in as a candidate, and as it is."""
    draw = random.Random(0)
    plain = [one for one in pairs if one.test.kind == "test" and "." not in one.test.class_name]
    inserted, compiled = [], []
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(root, tree)
        for file in tree.rglob("*.java"):
            if "org.openjdk.jmh" in file.read_text(errors="replace") or file.parent.name == "jmh_generated":
                file.unlink()  # Not tests, and their processor does not run outside of the project's own repository.
        _maven(tree, "NoneOfThem")
        for one in draw.sample(plain, count):
            compiled.append(_maven(tree, f"{one.test.class_name}#{one.test.name}"))
            file = tree / one.test.path
            before = file.read_text()
            method = read_candidate(one.test.text)
            if not isinstance(method, MethodText):
                raise TypeError(one.id)
            text, (name,) = insert(before, one.test.class_name, [method])
            file.write_text(text)
            inserted.append(_maven(tree, f"{one.test.class_name}#{name}"))
            file.write_text(before)
            _maven(tree, "NoneOfThem")
    return inserted, compiled


def _maven(tree: Path, test: str) -> float:
    started = time.perf_counter()
    command = ["mvn", "-B", "-q", "-o", *QUIET, "test", f"-Dtest={test}"]
    done = subprocess.run(command, cwd=tree, check=False, capture_output=True, text=True)
    seconds = time.perf_counter() - started
    if done.returncode != 0 and "#" in test:
        sys.stderr.write(f"{test} failed under Maven: {done.stdout[-300:]}\n")
    return seconds


def main() -> None:
    """Print the figures."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("source", nargs="?", default="org.apache.commons:commons-lang3:3.14.0")
    arguments.add_argument("--candidates", type=int, default=1000)
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--maven-runs", type=int, default=5)
    arguments.add_argument("--deadline", type=float, default=1.0)
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    root = resolve(options.source).root
    pairs = list(mine_tree(root).pairs)
    config = ExecuteConfig(reruns=0, mutants=0, added_coverage=False, deadline_seconds=options.deadline)
    with tempfile.TemporaryDirectory() as folder:
        given, out = Path(folder) / "candidates.jsonl", Path(folder) / "verdicts.jsonl"
        given.write_text("".join(json.dumps(one) + "\n" for one in candidates(pairs, options.candidates, seed=0)))
        execute(given, options.source, out, config)  # builds
        headers = [execute(given, options.source, out, config).header for _ in range(options.runs)]
    maven, compiled = by_maven(root, pairs, options.maven_runs) if options.maven_runs else ([0.0], [0.0])
    rate = statistics.median(one.candidates / one.seconds for one in headers)
    figures = {
        "source": options.source,
        "candidates": headers[0].candidates,
        "deadline_seconds": options.deadline,
        "sandbox": headers[0].settings["sandbox"],
        "candidates_per_second": round(rate, 1),
        "seconds": [one.seconds for one in headers],
        "counts": headers[-1].counts,
        "maven_seconds_per_test": round(statistics.median(maven), 2),
        "maven_seconds": [round(one, 2) for one in maven],
        "ratio_to_mvn": round(rate * statistics.median(maven), 1),
        "maven_seconds_compiled": [round(one, 2) for one in compiled],
        "ratio_to_mvn_compiled": round(rate * statistics.median(compiled), 1),
    }
    if options.json:
        json.dump(figures, sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        sys.stdout.writelines(f"{name:24} {value}\n" for name, value in figures.items())


if __name__ == "__main__":
    main()
