"""The search behind the strategies' defaults: learning rate and epochs of each, and the lengths of prefix and prompt.

    python benchmarks/defaults.py [--out benchmarks/defaults/runs.jsonl] [--epochs 6] [--json]

Two libraries that no study uses: commons-net 3.10.0 and commons-validator 1.8.0. Every run trains for so many epochs on
one of them at one setting and writes the validation loss after each epoch. The best setting of a strategy is the one
whose best loss, as a share of the base's, is lowest on average over both libraries; its epochs are those after which
that average is lowest. Test splits are never looked at. Runs that stand in the file already are not done again.
"""

import argparse
import itertools
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tailorbird.base.load import load_base
from tailorbird.config import MineConfig, PersonaliseConfig
from tailorbird.mining.dataset import load_data
from tailorbird.mining.pipeline import mine
from tailorbird.strategies.registry import STRATEGIES
from tailorbird.training.personalise import personalise_base

LIBRARIES = ("commons-net:commons-net:3.10.0", "commons-validator:commons-validator:1.8.0")
RATES = (1 / 4, 1 / 2, 1.0, 2.0)
"""Times the rate that a strategy has now."""

LENGTHS: dict[str, tuple[int, ...]] = {"prefix": (8, 32, 64), "prompt": (8, 20, 50)}


def settings() -> Iterator[tuple[str, float, int | None]]:
    """Strategy, learning rate, and length where it has one."""
    for name, strategy in STRATEGIES.items():
        rate = float(strategy.defaults["learning_rate"])
        for factor, length in itertools.product(RATES, LENGTHS.get(name, (None,))):
            if length is None or factor in (1.0, 1 / 2) or length == strategy.defaults["length"]:
                yield name, rate * factor, length


def done(path: Path) -> list[dict[str, Any]]:
    """The runs that stand in the file."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def search(path: Path, epochs: int) -> list[dict[str, Any]]:
    """Do the runs that are missing; all of them come back."""
    runs, base = done(path), load_base()
    path.parent.mkdir(parents=True, exist_ok=True)
    known = {(run["library"], run["strategy"], run["learning_rate"], run["length"]) for run in runs}
    for library in LIBRARIES:
        with tempfile.TemporaryDirectory() as folder:
            mine(library, Path(folder) / "data", MineConfig())
            data = load_data(Path(folder) / "data")
            for number, (strategy, rate, length) in enumerate(settings()):
                if (library, strategy, rate, length) in known:
                    continue
                config = PersonaliseConfig(
                    strategy=strategy,
                    epochs=epochs,
                    learning_rate=rate,
                    validations=epochs,
                    settings={} if length is None else {"length": length},
                )
                manifest = personalise_base(data, Path(folder) / str(number), config, base)
                run = {
                    "library": library,
                    "strategy": strategy,
                    "learning_rate": rate,
                    "length": length,
                    "losses": [point.validation_loss for point in manifest.curve],
                    "seconds": manifest.cost.train_seconds,
                    "base": base.sha256,
                    "data": manifest.data_sha256,
                    "versions": manifest.versions,
                }
                runs.append(run)
                with path.open("a") as file:
                    file.write(json.dumps(run) + "\n")
    return runs


def best(runs: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """For each strategy the best setting, its epochs, and its loss as a share of the base's, both libraries' mean."""
    found: dict[str, dict[str, Any]] = {}
    # Where a prefix or a prompt begins is not where the base stands.
    before = {run["library"]: run["losses"][0] for run in runs if run["strategy"] == "custom"}
    groups: dict[tuple[str, float, int | None], list[list[float]]] = {}
    for run in runs:
        shares = [loss / before[run["library"]] for loss in run["losses"]]
        groups.setdefault((run["strategy"], run["learning_rate"], run["length"]), []).append(shares)
    for (strategy, rate, length), curves in groups.items():
        means = [sum(column) / len(column) for column in zip(*curves, strict=True)]
        epochs = min(range(1, len(means)), key=lambda epoch: means[epoch])
        if strategy not in found or means[epochs] < found[strategy]["share"]:
            found[strategy] = {"learning_rate": rate, "length": length, "epochs": epochs, "share": means[epochs]}
    return found


def main() -> None:
    """Search, and say what is best."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/defaults/runs.jsonl"))
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = best(search(arguments.out, arguments.epochs))
    if arguments.json:
        sys.stdout.write(json.dumps(found) + "\n")
        return
    for strategy, one in found.items():
        said = f"{strategy}: rate {one['learning_rate']:g}, {one['epochs']} epochs"
        said += "" if one["length"] is None else f", length {one['length']}"
        sys.stdout.write(f"{said}: {one['share']:.1%} of the base's loss\n")


if __name__ == "__main__":
    main()
