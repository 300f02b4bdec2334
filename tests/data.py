"""Small data sets, and small bases in folders, for tests of whole stages."""

from dataclasses import replace
from pathlib import Path

import torch

from tailorbird.base.load import Base
from tailorbird.deltas.store import load_delta
from tailorbird.mining.dataset import DataSet, load_data, save_manifest, save_pairs
from tailorbird.records import Cost, DeltaManifest, Pair, Provenance
from tests import builders
from tests.models import small_base

SPLITS = {"train": 10, "validation": 3, "test": 4}
NAMES = ("count", "parse", "size", "encode", "now", "reset", "merge", "close", "open", "split", "join")


def pairs() -> tuple[Pair, ...]:
    """Pairs of distinct lengths in every split; test 0 has the very focal method of train 3."""
    made: list[Pair] = []
    for split, count in SPLITS.items():
        first = len(made)
        made += [_pair(first + at, split, at) for at in range(count)]
    twin = SPLITS["train"] + SPLITS["validation"]
    made[twin] = replace(made[twin], focal=replace(made[twin].focal, text=made[3].focal.text))
    return tuple(made)


def _pair(number: int, split: str, at: int) -> Pair:
    name = f"{NAMES[number % len(NAMES)]}{split[0].upper()}{at}"
    text = f"public int {name}(int n) {{ return {' + '.join(['n'] * (at + 1))} + {number}; }}"
    test = f"@Test\npublic void {name}Works() {{\n    assertEquals({number}, subject.{name}({at}));\n}}"
    return builders.pair(
        number,
        split=split,
        focal=builders.focal(name=name, text=text, context=f"Subject {{ {text} }}"),
        test=builders.case(name=f"{name}Works", text=test),
    )


def write_data(folder: Path, made: tuple[Pair, ...] | None = None) -> DataSet:
    """Write ``made`` (or `pairs`) as a mined data set and read it back."""
    made = pairs() if made is None else made
    digest = save_pairs(folder, made)
    splits = {name: sum(pair.split == name for pair in made) for name in SPLITS}
    save_manifest(folder, builders.data_manifest(pairs_sha256=digest, pairs=len(made), splits=splits))
    return load_data(folder)


def write_base(folder: Path, *, seed: int = 0, family: str = "bart") -> Base:
    """Write `small_base` as a Hugging Face folder; the base in memory comes back."""
    base = small_base(family, seed=seed)
    base.model.save_pretrained(str(folder))
    base.tokenizer.save_pretrained(str(folder))
    return base


def delta_manifest(base: Base, strategy: str, settings: dict[str, str | int | float | bool]) -> DeltaManifest:
    """What `save_delta` needs to be told of a delta of ``base``; the rest it fills in."""
    return DeltaManifest(
        format_version=1,
        tailorbird="0",
        strategy=strategy,
        settings=settings,
        fingerprint="x",
        source=Provenance(kind="path", location="here"),
        base_name=base.name,
        base_sha256=base.sha256,
        tokenizer_sha256=base.tokenizer_sha256,
        data_sha256="",
        tensors_sha256="",
        tensors={},
        seed=0,
        cost=Cost(),
        curve=(),
        licence=None,
        versions={},
        device="",
    )


def plain(folder: Path) -> tuple[DeltaManifest, dict[str, torch.Tensor]]:
    """A delta's manifest, and its tensors where these are stored as they are."""
    delta = load_delta(folder)
    return delta.manifest, delta.tensors({})


class Interrupt:
    """Interrupts the run at the ``at``-th update of the piece whose name begins with ``piece``, as Ctrl-C would."""

    def __init__(self, at: int, piece: str = "") -> None:
        self.at, self.piece, self.now, self.updates = at, piece, "", 0

    def start(self, what: str, total: int) -> None:
        self.now, self.updates = what, 0

    def update(self, done: int, note: str = "") -> None:
        self.updates += 1
        if self.now.startswith(self.piece) and self.updates == self.at:
            raise KeyboardInterrupt

    def finish(self) -> None: ...


class Refuse:
    """Fails as soon as work begins: for runs that must find everything done."""

    def start(self, what: str, total: int) -> None:
        raise AssertionError(f"{what} was done again")

    def update(self, done: int, note: str = "") -> None: ...

    def finish(self) -> None: ...
