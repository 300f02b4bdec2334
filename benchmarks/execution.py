"""How many candidates are executed in a second, and how that compares with one `mvn test -Dtest=…` for each.

    python benchmarks/execution.py [SOURCE] [--candidates 1000] [--runs 3] [--json]

The candidates are the project's own tests, drawn by seed; 5% are made not to compile, and 1% never to end. Timed is all
that `tailorbird execute` does once the project is built: starting the JVMs, compiling, running with coverage, retrying
what fails (a hanging one takes 0.5 s, then its deadline). The peer is Maven on the same sources, all of them compiled
and everything fetched before, offline: the median of some single tests.
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


def by_maven(root: Path, pairs: list[Pair], count: int) -> list[float]:
    """Seconds of `mvn test` for single tests, in a tree that is compiled."""
    draw = random.Random(0)
    plain = [one for one in pairs if one.test.kind == "test" and "." not in one.test.class_name]
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(root, tree)
        for file in tree.rglob("*.java"):
            if "org.openjdk.jmh" in file.read_text(errors="replace") or file.parent.name == "jmh_generated":
                file.unlink()  # Not tests, and their processor does not run outside of the project's own repository.
        command = ["mvn", "-B", "-q", *QUIET]
        subprocess.run([*command, "test", "-Dtest=NoneOfThem"], cwd=tree, check=False, capture_output=True)
        seconds = []
        for one in draw.sample(plain, count):
            started = time.perf_counter()
            test = f"-Dtest={one.test.class_name}#{one.test.name}"
            done = subprocess.run([*command, "-o", "test", test], cwd=tree, check=False, capture_output=True, text=True)
            if done.returncode != 0:
                sys.stderr.write(f"{test} failed under Maven: {done.stdout[-300:]}\n")
            seconds.append(time.perf_counter() - started)
        return seconds


def main() -> None:
    """Print the figures."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("source", nargs="?", default="org.apache.commons:commons-lang3:3.14.0")
    arguments.add_argument("--candidates", type=int, default=1000)
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--maven-runs", type=int, default=5)
    arguments.add_argument("--deadline", type=float, default=2.0)
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
    maven = by_maven(root, pairs, options.maven_runs) if options.maven_runs else [0.0]
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
    }
    if options.json:
        json.dump(figures, sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        sys.stdout.writelines(f"{name:24} {value}\n" for name, value in figures.items())


if __name__ == "__main__":
    main()
