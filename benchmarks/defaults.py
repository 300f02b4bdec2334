"""The search behind the strategies' defaults: learning rate, epochs, and the lengths of prefix and prompt.

    python benchmarks/defaults.py [--base tiny] [--libraries LIBRARY ...] [--epochs 3] [--factor 2]
        [--out benchmarks/defaults/runs.jsonl] [--strategies custom ...] [--json]

By default two libraries that no study uses: commons-net 3.10.0 and commons-validator 1.8.0. A setting is judged by its
best validation loss as a share of the base's, all libraries' mean; test splits are never looked at. For each strategy
in turn: rates a factor apart around the one it has, further as long as the best one stands at the edge; then the other
lengths at that rate; then twice the epochs.

Libraries run side by side, each in a process with one thread; a single library has all threads. Runs that stand in the
file already are not done again.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from tailorbird.strategies.registry import STRATEGIES

LIBRARIES = ("commons-net:commons-net:3.10.0", "commons-validator:commons-validator:1.8.0")
LENGTHS: dict[str, tuple[int, ...]] = {"prefix": (8, 32, 64), "prompt": (8, 20, 50)}


@dataclass(frozen=True, slots=True)
class Setting:
    """What one pair of runs tries."""

    strategy: str
    learning_rate: float
    length: int | None
    epochs: int = 3
    base: str = "tiny"


@cache
def data_of(library: str) -> Any:
    """The library's pairs, mined once in each process."""
    from tailorbird.config import MineConfig
    from tailorbird.mining.dataset import load_data
    from tailorbird.mining.pipeline import mine

    with tempfile.TemporaryDirectory() as folder:
        mine(library, Path(folder), MineConfig())
        return load_data(Path(folder))


@cache
def base_of(name: str) -> Any:
    """The base, loaded once in each process."""
    from tailorbird.bases.open import open_base

    return open_base(name)


@cache
def base_loss_on(library: str, name: str) -> float:
    """The base's loss on the library's validation examples."""
    from tailorbird.base.prompts import encode_pair
    from tailorbird.networks.batch import Encoded
    from tailorbird.training.losses import validate

    base = base_of(name)
    pairs = [pair for pair in data_of(library).split("validation") if pair.test.assertions]
    described = base.description
    prompts = [
        encode_pair(
            base.tokenizer,
            pair,
            layout=described.prompt,
            max_source=described.max_source_tokens,
            max_target=described.max_target_tokens,
        )
        for pair in pairs
    ]
    examples = [Encoded(prompt.source, prompt.target) for prompt in prompts]
    return float(validate(base.network, examples).loss)


def try_out(library: str, setting: Setting, threads: int) -> dict[str, Any]:
    """One run, in a process of its own."""
    import torch

    from tailorbird.config import PersonaliseConfig
    from tailorbird.training.personalise import personalise_base

    torch.set_num_threads(threads)
    base, data = base_of(setting.base), data_of(library)
    config = PersonaliseConfig(
        strategy=setting.strategy,
        epochs=setting.epochs,
        learning_rate=setting.learning_rate,
        validations=setting.epochs,
        settings={} if setting.length is None else {"length": setting.length},
    )
    with tempfile.TemporaryDirectory() as folder:
        manifest = personalise_base(data, Path(folder), config, base)
    return {
        "library": library,
        **asdict(setting),
        "base_loss": base_loss_on(library, setting.base),
        "losses": [point.validation_loss for point in manifest.curve],
        "seconds": manifest.cost.train_seconds,
        "base_sha256": base.sha256,
        "data": manifest.data_sha256,
        "precision": manifest.settings["precision"],
        "device": manifest.device,
        "versions": manifest.versions,
    }


class Search:
    """The runs that stand in a file, and those that join them."""

    def __init__(self, path: Path, base: str, libraries: Sequence[str], epochs: int, factor: float) -> None:
        self.path, self.base, self.libraries, self.epochs, self.factor = path, base, tuple(libraries), epochs, factor
        self.runs: list[dict[str, Any]] = (
            [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        )
        self.threads = 1 if len(libraries) > 1 else os.cpu_count() or 1
        self.pool = ProcessPoolExecutor(len(libraries), mp_context=get_context("spawn"))

    def share(self, setting: Setting) -> float:
        """The setting's best loss as a share of the base's, both libraries' mean."""
        # Where a prefix or a prompt begins is not where the base stands.
        shares = [min(run["losses"][1:]) / run["base_loss"] for run in self._done(setting)]
        return float(sum(shares) / len(shares))

    def _done(self, setting: Setting) -> list[dict[str, Any]]:
        wanted = asdict(setting)
        there = {run["library"]: run for run in self.runs if all(run[key] == wanted[key] for key in wanted)}
        lacking = [library for library in self.libraries if library not in there]
        for run in self.pool.map(try_out, lacking, [setting] * len(lacking), [self.threads] * len(lacking)):
            self.runs.append(run)
            there[run["library"]] = run
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a") as file:
                file.write(json.dumps(run) + "\n")
        return [there[library] for library in self.libraries]

    def rate(self, start: Setting) -> Setting:
        """The best of rates a factor apart, with a worse one on either side."""
        apart = self.factor
        tried = {
            factor: replace(start, learning_rate=start.learning_rate * factor) for factor in (1 / apart, 1.0, apart)
        }
        while True:
            best = min(tried, key=lambda factor: self.share(tried[factor]))
            edges = {min(tried): best / apart, max(tried): best * apart}
            if best not in edges:
                return tried[best]
            tried[edges[best]] = replace(start, learning_rate=start.learning_rate * edges[best])

    def strategy(self, name: str) -> dict[str, Any]:
        """The best setting of one strategy."""
        defaults = STRATEGIES[name].defaults
        length = int(defaults["length"]) if name in LENGTHS else None
        best = self.rate(Setting(name, float(defaults["learning_rate"]), length, self.epochs, self.base))
        best = min((replace(best, length=other) for other in LENGTHS.get(name, (None,))), key=self.share)
        best = min((replace(best, epochs=epochs) for epochs in (self.epochs, self.epochs * 2)), key=self.share)
        return {
            "learning_rate": best.learning_rate,
            "length": best.length,
            "epochs": best.epochs,
            "share": self.share(best),
        }


def main() -> None:
    """Search, and say what is best."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/defaults/runs.jsonl"))
    parser.add_argument("--strategies", nargs="+", default=list(STRATEGIES), choices=list(STRATEGIES))
    parser.add_argument("--base", default="tiny")
    parser.add_argument("--libraries", nargs="+", default=list(LIBRARIES))
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--factor", type=float, default=2.0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    search = Search(arguments.out, arguments.base, arguments.libraries, arguments.epochs, arguments.factor)
    found = {name: search.strategy(name) for name in arguments.strategies}
    if arguments.json:
        sys.stdout.write(json.dumps(found) + "\n")
        return
    for name, one in found.items():
        said = f"{name}: rate {one['learning_rate']:g}, {one['epochs']} epochs"
        said += "" if one["length"] is None else f", length {one['length']}"
        sys.stdout.write(f"{said}: {one['share']:.1%} of the base's loss\n")


if __name__ == "__main__":
    main()
