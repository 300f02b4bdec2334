"""How far each strategy's tests came when they were executed, ready for the page."""

from collections.abc import Sequence
from dataclasses import dataclass

from tailorbird.records import Ladder, Result
from tailorbird.report.rows import REFERENCES, in_order, subtitle, title

RUNGS = (
    ("parsed", "Parse", "one whole Java method"),
    ("compiled", "Compile", "in the skeleton of their test class, beside the project"),
    ("ran", "Run", "JUnit ran them to an end"),
    ("passed", "Pass", "each time that they were run"),
    ("covered", "Run the method", "the method under test was entered"),
    ("added", "Add coverage", "of those, with lines or branches of the focal class that no other test covers"),
    ("killed", "Kill mutants", "of those that run the method, with one mutant of it at least"),
)
_SAID = {
    "no_output": "empty",
    "syntax_error": "do not parse",
    "compile_error": "do not compile",
    "load_error": "do not load",
    "no_test_ran": "hold no test that runs",
    "crash": "crash",
    "timeout": "do not end",
    "runtime_error": "throw",
    "assertion_failure": "fail an assertion",
    "flaky": "pass only at times",
    "infra": "could not be judged",
}


@dataclass(frozen=True, slots=True)
class Rung:
    """How many came so far."""

    count: int | None
    share: float


@dataclass(frozen=True, slots=True)
class LadderRow:
    """One strategy."""

    strategy: str
    title: str
    subtitle: str
    reference: bool
    candidates: int
    rungs: tuple[Rung, ...]
    fates: str
    """What became of those that did not pass, the commonest first."""


def ladder_rows(results: Sequence[Result]) -> tuple[LadderRow, ...]:
    """A row for each strategy whose tests were executed."""
    return tuple(
        LadderRow(
            strategy=result.strategy,
            title=title(result.strategy),
            subtitle=subtitle(result.strategy),
            reference=result.strategy in REFERENCES,
            candidates=found.candidates,
            rungs=tuple(_rung(getattr(found, key), found.candidates) for key, _, _ in RUNGS),
            fates=_fates(found),
        )
        for result in in_order(results)
        if (found := result.ladder) is not None
    )


def said(verdict: str) -> str:
    """A verdict in words that go on from "some tests"."""
    return _SAID.get(verdict, verdict)


def _rung(count: int | None, candidates: int) -> Rung:
    return Rung(count, (count or 0) / max(1, candidates))


def _fates(found: Ladder) -> str:
    failed = sorted(((count, name) for name, count in found.counts.items() if name != "pass"), reverse=True)
    return ", ".join(f"{count} {said(name)}" for count, name in failed)
