"""How fast a tree is mined, as a share of the time that tree-sitter alone takes to parse the same files.

    python benchmarks/mining.py [SOURCE] [--runs 5] [--json]

Each run times three things one after the other, in one process: reading and parsing every file with tree-sitter and
nothing else (the peer), mining without a cache, and mining again with everything cached. The median of the ratios
counts; seconds move with the machine. Peak memory is the process's own, after the first mining run and after the last:
flat if they are alike.
"""

import argparse
import json
import resource
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import tree_sitter_java
from tree_sitter import Language, Parser

from tailorbird.mining.files import read_source, walk
from tailorbird.mining.tree import mine_tree
from tailorbird.sources import resolve


@dataclass(frozen=True)
class Run:
    """One round."""

    parse_seconds: float
    mine_seconds: float
    again_seconds: float


def parse_alone(root: Path) -> float:
    """Seconds that tree-sitter takes for all files, read and decoded as mining does."""
    started = time.perf_counter()
    parser = Parser(Language(tree_sitter_java.language()))
    for relative in walk(root).files:
        source = read_source(root, relative)
        if isinstance(source, bytes):
            parser.parse(source)
    return time.perf_counter() - started


def mine(root: Path, cache: Path | None) -> float:
    """Seconds for all of mining but the split."""
    started = time.perf_counter()
    mine_tree(root, cache=cache)
    return time.perf_counter() - started


def one_run(root: Path, cache: Path) -> Run:
    """The three, in turn."""
    return Run(parse_alone(root), mine(root, None), mine(root, cache))


def main() -> None:
    """Print the figures."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("source", nargs="?", default="org.apache.hadoop:hadoop-common:3.3.6")
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    root = resolve(options.source).root
    files = len(walk(root).files)
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "parsed.sqlite"
        mine(root, cache)
        first_peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        runs = [one_run(root, cache) for _ in range(options.runs)]
    last_peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    median = statistics.median
    figures = {
        "source": options.source,
        "files": files,
        "files_per_second": round(median(files / one.mine_seconds for one in runs), 1),
        "files_per_second_again": round(median(files / one.again_seconds for one in runs), 1),
        "share_of_parse_time": round(median(one.mine_seconds / one.parse_seconds for one in runs), 2),
        "share_of_parse_time_again": round(median(one.again_seconds / one.parse_seconds for one in runs), 2),
        "peak_memory_mb_first": round(first_peak / 1024),
        "peak_memory_mb_last": round(last_peak / 1024),
        "runs": [asdict(one) for one in runs],
    }
    if options.json:
        json.dump(figures, sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        sys.stdout.writelines(f"{name:26} {value}\n" for name, value in figures.items() if name != "runs")


if __name__ == "__main__":
    main()
