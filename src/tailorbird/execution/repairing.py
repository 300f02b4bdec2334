"""What needs no model to mend: imports that lack, and expected values that only a run can tell."""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from tailorbird.execution import verdicts as v
from tailorbird.execution.bench import Bench
from tailorbird.execution.compiling import Refused
from tailorbird.execution.importing import ImportFinder
from tailorbird.execution.observing import observing_text, with_observed
from tailorbird.execution.placing import ClassText, read_candidate, with_imports
from tailorbird.execution.project import Module
from tailorbird.execution.task import Task
from tailorbird.execution.unresolved import unresolved
from tailorbird.records import RepairCount, Verdict

IMPORTS, OBSERVED_VALUES = "imports", "observed_values"
_IMPORT_ROUNDS = 3
"""With some names known javac looks further, and finds more that it does not know."""
_VALUE_ROUNDS = 8


@dataclass(frozen=True, slots=True)
class Repaired:
    """A candidate that a repair has changed."""

    task: Task
    """As it is then."""
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Repairs:
    """What all repairs came to."""

    found: dict[str, dict[int, Repaired]]
    """By repair and key, the candidates that it has changed."""
    counts: dict[str, RepairCount]
    """By repair; without those that were off."""


def repair(
    tasks: Sequence[Task],
    judged: Mapping[int, Verdict],
    refused: Mapping[int, Refused],
    *,
    bench_of: Callable[[Module], Bench],
    finder: ImportFinder | None,
    observe: bool,
) -> Repairs:
    """Add imports where there is a ``finder``, then observe values, module by module."""
    modules: dict[str, list[Task]] = defaultdict(list)
    for task in tasks:
        modules[task.module.path].append(task)
    repairs = Repairs({}, {})
    failing = {task.key: (task, judged[task.key].repairs) for task in tasks if _fails(judged[task.key])}
    if finder is not None:
        started = time.monotonic()
        by_imports = [
            one
            for some in modules.values()
            for one in add_imports(bench_of(some[0].module), finder, [t for t in some if t.key in refused], refused)
        ]
        _note(repairs, IMPORTS, by_imports, time.monotonic() - started)
        failing |= {one.task.key: (one.task, one.verdict.repairs) for one in by_imports if _fails(one.verdict)}
    if observe:
        started = time.monotonic()
        by_values = [
            one
            for some in modules.values()
            if (here := [failing[task.key] for task in some if task.key in failing])
            for one in observe_values(bench_of(some[0].module), here)
        ]
        _note(repairs, OBSERVED_VALUES, by_values, time.monotonic() - started)
    return repairs


def _fails(verdict: Verdict) -> bool:
    return verdict.verdict == v.ASSERTION_FAILURE


def _note(repairs: Repairs, name: str, some: Sequence[Repaired], seconds: float) -> None:
    repairs.found[name] = {one.task.key: one for one in some}
    passed = sum(one.verdict.verdict == v.PASS for one in some)
    repairs.counts[name] = RepairCount(changed=len(some), passed=passed, seconds=round(seconds, 3))


def add_imports(
    bench: Bench, finder: ImportFinder, tasks: Sequence[Task], refused: Mapping[int, Refused]
) -> list[Repaired]:
    """Give candidates that javac refuses the imports that they lack, and judge those that got any."""
    current = {task.key: task for task in tasks}
    repaired: dict[int, Repaired] = {}
    for _ in range(_IMPORT_ROUNDS):
        wanted = [
            (current[key], names) for key, one in refused.items() if key in current and (names := unresolved(one))
        ]
        found = bench.find(finder.question(wanted)) if wanted else None
        if found is None:
            break
        changed = []
        for task, names in wanted:
            imports = finder.imports(task, names, found)
            if imports != task.imports:
                changed.append(replace(task, imports=imports))
        if not changed:
            break
        judged = bench.judge(changed)
        refused = judged.refused
        for task in changed:
            current[task.key] = task
            repaired[task.key] = _repaired(task, judged.verdicts[task.key], (IMPORTS,))
    return list(repaired.values())


def observe_values(bench: Bench, failing: Sequence[tuple[Task, tuple[str, ...]]]) -> list[Repaired]:
    """Give candidates that fail at an assertion what it looked at, and judge those that were given anything.

    Each comes with the repairs that it has had before.
    """
    before = {task.key: (task, repairs) for task, repairs in failing}
    changed: dict[int, Task] = {}
    waiting = [task for task, _ in failing]
    for _ in range(_VALUE_ROUNDS):
        written = {task.key: text for task in waiting if (text := observing_text(task)) is not None}
        seen = bench.observe([_with_text(task, written[task.key]) for task in waiting if task.key in written])
        waiting = [
            _with_text(replace(task, imports=(*task.imports, *new[1])), new[0])
            for task in waiting
            if (new := with_observed(task, seen.get(task.key, ()))) is not None
        ]
        changed |= {task.key: task for task in waiting}
        if not waiting:
            break
    judged = bench.judge(list(changed.values())).verdicts if changed else {}
    # What does not even compile any more is no repair.
    return [
        _repaired(task, judged[key], (*before[key][1], OBSERVED_VALUES), text=task.candidate.text)
        for key, task in changed.items()
        if judged[key].verdict != v.COMPILE_ERROR
    ]


def _with_text(task: Task, text: str) -> Task:
    return replace(task, candidate=replace(task.candidate, text=text))


def _repaired(task: Task, verdict: Verdict, repairs: tuple[str, ...], *, text: str | None = None) -> Repaired:
    if isinstance(read_candidate(task.candidate.text), ClassText):
        text = with_imports(task.candidate.text, task.imports)  # A file has its imports in itself.
    return Repaired(task, replace(verdict, repairs=repairs, imports=task.imports, text=text))
