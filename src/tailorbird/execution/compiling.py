"""Many candidates compiled at a time; what does not compile is found by where javac's errors stand."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from tailorbird.execution.messages import CompileError, Unit
from tailorbird.execution.placing import MethodText, Placed, place
from tailorbird.execution.worker import Worker
from tailorbird.records import TestClass

_ROUNDS = 8
"""Errors of one phase of javac hide those of the next: after three rounds there are hardly any."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A method to be compiled in a test class, by a key of the caller's."""

    key: int
    home: TestClass
    method: MethodText
    taken: frozenset[str] = frozenset()
    """Names that it may not have."""
    imports: tuple[str, ...] = ()
    """Imports that its file is given besides its own."""


@dataclass(frozen=True, slots=True)
class Refused:
    """What javac said of a candidate that it refuses."""

    text: str
    """As it was compiled: it may have another name."""
    errors: tuple[CompileError, ...]
    """Their offsets are within the text, in UTF-16 units."""


@dataclass(frozen=True, slots=True)
class Ready:
    """It compiled."""

    classes: Path
    owner: str
    method: str
    shared: bool = False
    """Others stand in the same class."""


@dataclass(slots=True)
class CompiledMethods:
    """What came of some wishes."""

    ready: dict[int, Ready] = field(default_factory=dict)
    refused: dict[int, Refused] = field(default_factory=dict)
    alone: list[Wish] = field(default_factory=list)
    """Those that could not be judged beside others."""


def compile_together(worker: Worker, wishes: Sequence[Wish], out: Path) -> CompiledMethods:
    """Compile methods, those of one class in one unit; one unit for each file. Raises WorkerDiedError."""
    outcome = CompiledMethods()
    homes: dict[tuple[str, str], list[Wish]] = defaultdict(list)
    for wish in wishes:
        homes[wish.home.path, wish.home.class_name].append(wish)
    for _ in range(_ROUNDS):
        placed = {
            key: place(
                some[0].home,
                [one.method for one in some],
                also_taken=some[0].taken,
                imports=[line for one in some for line in one.imports],
            )
            for key, some in homes.items()
            if some
        }
        if not placed:
            return outcome
        answer = worker.compile([one.unit for one in placed.values()], out)
        if not answer.errors:
            for key, one in placed.items():
                for wish, name in zip(homes[key], one.methods, strict=True):
                    outcome.ready[wish.key] = Ready(out, one.owner, name, shared=len(one.methods) > 1)
            return outcome
        _drop(homes, placed, answer.errors, outcome)
    outcome.alone += [wish for some in homes.values() for wish in some]
    return outcome


def _drop(
    homes: dict[tuple[str, str], list[Wish]],
    placed: Mapping[tuple[str, str], Placed],
    errors: Sequence[CompileError],
    outcome: CompiledMethods,
) -> None:
    """Take away the methods that errors stand in, and all of a unit with errors elsewhere."""
    by_path = {one.unit.path: key for key, one in placed.items()}
    refused: dict[tuple[str, str], dict[int, list[CompileError]]] = defaultdict(lambda: defaultdict(list))
    doubtful: set[tuple[str, str]] = set()
    for error in errors:
        key = by_path.get(error.unit)
        number = placed[key].at(error.at) if key is not None else None
        if key is None:
            doubtful |= set(placed)  # Of no unit: the compiler itself failed.
        elif number is None:
            doubtful.add(key)
        else:
            refused[key][number].append(error)
    for key, some in list(homes.items()):
        kept = []
        for number, wish in enumerate(some):
            if number in refused[key]:
                outcome.refused[wish.key] = _refusal(placed[key], number, refused[key][number])
            elif key in doubtful and not refused[key]:
                outcome.alone.append(wish)
            else:
                kept.append(wish)
        homes[key] = kept


def _refusal(placed: Placed, number: int, errors: Sequence[CompileError]) -> Refused:
    start = placed.spans[number][0]
    return Refused(
        placed.text(number),
        tuple(msgspec.structs.replace(one, at=one.at - start if placed.at(one.at) == number else -1) for one in errors),
    )


def compile_alone(worker: Worker, wish: Wish, out: Path) -> Ready | Refused:
    """One method by itself, under its own name; its errors, those of the skeleton included, if it does not compile."""
    placed = place(wish.home, [wish.method], also_taken=wish.taken, imports=wish.imports)
    answer = worker.compile([placed.unit], out)
    return Ready(out, placed.owner, placed.methods[0]) if not answer.errors else _refusal(placed, 0, answer.errors)


def skeleton_compiles(worker: Worker, home: TestClass, out: Path) -> bool:
    """Whether a test class compiles without any candidate in it."""
    return not worker.compile([place(home, []).unit], out).errors


def compile_tree(worker: Worker, units: Mapping[str, Unit], out: Path) -> dict[str, CompileError]:
    """Compile as many of some files as compile together; for each that does not, its first error."""
    left = dict(units)
    failed: dict[str, CompileError] = {}
    while left:
        answer = worker.compile(list(left.values()), out)
        if not answer.errors:
            break
        broken = {error.unit: error for error in reversed(answer.errors)}
        known = {path for path, unit in left.items() if unit.path in broken}
        for path in known or set(left):  # An error of no unit: nothing can be kept.
            failed[path] = broken.get(left.pop(path).path, answer.errors[0])
    return failed
