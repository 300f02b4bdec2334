"""Scores the miner on the labelled sample: `python benchmarks/mining_labels/score.py [--part held-out] [--show]`.

A prediction is right when it is the focal method of the label or one of the acceptable ones. Precision is over the test
cases for which the miner gives a focal method, recall over those that have one by their label. Intervals are Wilson's,
95%. The held-out part is for scoring once, when the heuristics are final.
"""

import argparse
import json
import math
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tailorbird.config import Heuristics
from tailorbird.mining.share import MATCHERS
from tailorbird.mining.tree import mine_tree
from tailorbird.records import FocalMethod, Pair
from tailorbird.sources import resolve

HERE = Path(__file__).parent
Label = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Judged:
    """One labelled test case with what the miner says of it."""

    label: Label
    pair: Pair | None

    @property
    def has_focal(self) -> bool:
        """Whether the label names a focal method."""
        return self.label["focal"] is not None

    @property
    def right(self) -> bool:
        """Whether the miner's answer is the focal method or an acceptable one."""
        focal, acceptable = self.label["focal"], self.label["acceptable"]
        assert isinstance(acceptable, list)
        return self.pair is not None and any(_same(self.pair.focal, one) for one in (focal, *acceptable) if one)

    @property
    def exact(self) -> bool:
        """Whether it is the focal method itself."""
        return self.pair is not None and self.has_focal and _same(self.pair.focal, self.label["focal"])


def main() -> None:
    """Mine each library of the sample once and print the figures."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--part", choices=("development", "held-out"), default="development")
    options.add_argument("--show", action="store_true", help="print each wrong or missed test case")
    options.add_argument("--heuristics", choices=tuple(MATCHERS), default="tailorbird")
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    if given.show and given.part == "held-out":
        options.error("--show is for the development part: the held-out one must stay unseen.")
    labels = [json.loads(line) for line in (HERE / "labels.jsonl").read_text().splitlines()]
    by_library: dict[str, list[Label]] = defaultdict(list)
    for label in labels:
        if label["part"] == given.part:
            by_library[label["library"]].append(label)
    judged = {library: list(_judge(library, part, given.heuristics)) for library, part in by_library.items()}
    rows = {**{library: figures(part) for library, part in judged.items()}}
    rows["all"] = figures([one for part in judged.values() for one in part])
    if given.json:
        json.dump(rows, sys.stdout, indent=1)
        return
    for name, row in rows.items():
        sys.stdout.write(
            f"{name:55} {row['cases']:4.0f} cases  {row['answered']:4.0f} answered  precision {row['precision']:.3f} "
            f"[{row['precision_low']:.3f}, {row['precision_high']:.3f}]  recall {row['recall']:.3f}  "
            f"exact {row['exact']:.3f}\n"
        )
    if given.show:
        for part in judged.values():
            _show(part)


def figures(judged: Iterable[Judged]) -> dict[str, float]:
    """Precision and recall with their counts."""
    all_cases = list(judged)
    answered = [one for one in all_cases if one.pair is not None]
    right = [one for one in answered if one.right]
    with_focal = [one for one in all_cases if one.has_focal]
    low, high = _wilson(len(right), len(answered))
    return {
        "cases": len(all_cases),
        "with_focal": len(with_focal),
        "answered": len(answered),
        "precision": len(right) / max(1, len(answered)),
        "precision_low": low,
        "precision_high": high,
        "recall": sum(one.right for one in with_focal) / max(1, len(with_focal)),
        "exact": sum(one.exact for one in answered) / max(1, len(answered)),
    }


def _judge(library: str, labels: Iterable[Label], heuristics: Heuristics) -> Iterable[Judged]:
    mined = mine_tree(resolve(library).root, heuristics=heuristics, distinct=False)
    pairs: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for pair in mined.pairs:
        pairs[pair.test.path, pair.test.name].append(pair)
    for label in labels:
        line = label["line"]
        assert isinstance(line, int)
        found = pairs[str(label["file"]), str(label["name"])]
        yield Judged(label, next((one for one in found if one.test.line <= line <= one.test.end_line), None))


def _same(focal: FocalMethod, named: object) -> bool:
    assert isinstance(named, Mapping)
    qualified = f"{focal.package}.{focal.class_name}" if focal.package else focal.class_name
    return (
        qualified == named["class"]
        and focal.name == named["method"]
        and _squeezed(", ".join(focal.parameters)) == _squeezed(named["parameters"])
    )


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _wilson(right: int, count: int, z: float = 1.96) -> tuple[float, float]:
    if not count:
        return 0.0, 1.0
    share = right / count
    middle = share + z * z / (2 * count)
    spread = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return (middle - spread) / (1 + z * z / count), (middle + spread) / (1 + z * z / count)


def _show(judged: Iterable[Judged]) -> None:
    for one in judged:
        label, pair = one.label, one.pair
        if (pair is not None and not one.right) or (pair is None and one.has_focal):
            said = (
                "-"
                if pair is None
                else f"{pair.focal.class_name}#{pair.focal.name}{pair.focal.parameters} {pair.evidence}"
            )
            focal = label["focal"]
            wanted = (
                f"{focal['class'].rpartition('.')[2]}#{focal['method']}({focal['parameters']})"
                if isinstance(focal, dict)
                else "none"
            )
            sys.stdout.write(
                f"{'WRONG ' if pair else 'MISSED'} {label['file']}:{label['line']} {label['name']}\n"
                f"       wanted {wanted}; {label['why']}\n       said   {said}\n"
            )


if __name__ == "__main__":
    main()
