"""How fast a tree is mined, as a share of the time that tree-sitter alone takes to parse the same files.

    python benchmarks/mining.py [SOURCE] [--runs 5] [--json]

Each run times three things one after the other: reading and parsing every file with tree-sitter and nothing else, in
one process (the peer); mining without a cache, with all processors, from the walk to the split and the neighbours; and
the same again with everything cached. The median of the ratios counts; seconds move with the machine.

Peak memory is that of one process mining alone, for all files and for every fourth of them: what a file adds is what
matters on a large project. That of a process which mines the whole again and again is printed too: flat if nothing
leaks.
"""

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import tree_sitter_java
from tree_sitter import Language, Parser

from tailorbird.mining.files import read_source, walk
from tailorbird.mining.neighbours import with_neighbours
from tailorbird.mining.splits import split
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
    """Seconds for all of mining, but for writing the data set."""
    started = time.perf_counter()
    with_neighbours(split(mine_tree(root, cache=cache).pairs, seed=0).pairs)
    return time.perf_counter() - started


def peak_memory(root: Path) -> float:
    """Of a fresh process that mines a tree alone, in MB."""
    done = subprocess.run([sys.executable, __file__, str(root), "--memory"], check=True, capture_output=True, text=True)
    return float(done.stdout)


def own_peak() -> float:
    """This process's, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def fourth_of(root: Path, out: Path) -> int:
    """Copy every fourth Java file; how many there are."""
    files = walk(root).files[::4]
    for one in files:
        (out / one).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / one, out / one)
    return len(files)


def one_run(root: Path, cache: Path) -> Run:
    """The three, in turn."""
    return Run(parse_alone(root), mine(root, None), mine(root, cache))


def main() -> None:
    """Print the figures."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("source", nargs="?", default="org.infinispan:infinispan-core:14.0.17.Final")
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--memory", action="store_true", help="mine a folder once, alone, and print the peak in MB")
    options = arguments.parse_args()
    if options.memory:
        mine_tree(Path(options.source), processes=1)
        sys.stdout.write(f"{own_peak()}\n")
        return
    root = resolve(options.source).root
    files = len(walk(root).files)
    with tempfile.TemporaryDirectory() as folder:
        fourth, cache = Path(folder) / "fourth", Path(folder) / "parsed.sqlite"
        fewer = fourth_of(root, fourth)
        of_all, of_fourth = peak_memory(root), peak_memory(fourth)
        mine(root, cache)
        first_peak = own_peak()
        runs = [one_run(root, cache) for _ in range(options.runs)]
    median = statistics.median
    figures = {
        "source": options.source,
        "files": files,
        "files_per_second": round(median(files / one.mine_seconds for one in runs), 1),
        "files_per_second_again": round(median(files / one.again_seconds for one in runs), 1),
        "share_of_parse_time": round(median(one.mine_seconds / one.parse_seconds for one in runs), 2),
        "share_of_parse_time_again": round(median(one.again_seconds / one.parse_seconds for one in runs), 2),
        "peak_memory_mb": round(of_all, 1),
        "peak_memory_mb_fourth": round(of_fourth, 1),
        "memory_mb_per_1000_files": round(1000 * (of_all - of_fourth) / (files - fewer), 1),
        "peak_memory_mb_first": round(first_peak, 1),
        "peak_memory_mb_last": round(own_peak(), 1),
        "runs": [asdict(one) for one in runs],
    }
    if options.json:
        json.dump(figures, sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        sys.stdout.writelines(f"{name:26} {value}\n" for name, value in figures.items() if name != "runs")


if __name__ == "__main__":
    main()
