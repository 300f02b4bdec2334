"""How far each strategy's tests came when they were executed, under each treatment, ready for the page."""

from collections.abc import Sequence
from dataclasses import dataclass

from tailorbird.records import Executed, Funnel, Result, Treatment
from tailorbird.report.rows import in_order, is_reference, subtitle, title

STAGES = (
    ("parsed", "Parse", "one whole Java method"),
    ("compiled", "Compile", "in the skeleton of their test class, beside the project"),
    ("ran", "Run", "JUnit ran them to an end"),
    ("passed", "Pass", "each time that they were run"),
    ("covered", "Run the method", "of those that pass, the method under test was entered"),
    ("asserting", "Assert", "of those that pass, with an assertion, a verification or an expected exception"),
    ("killed", "Notice a change", "of those that run the method, an assertion failed with a mutant of it"),
    ("useful", "Useful", "pass, run the method, assert, and notice a change by an assertion"),
    ("added", "Add coverage", "of those that run the method, with lines or branches that no other test covers"),
)
TREATMENTS: dict[Treatment, str] = {
    "as_written": "as written",
    "with_imports": "with imports",
    "with_observed_values": "with observed values",
}
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
class Stage:
    """How many came so far."""

    count: int | None
    share: float


@dataclass(frozen=True, slots=True)
class TreatedRow:
    """One treatment of one strategy's tests."""

    title: str
    changed: int | None
    """Candidates that the treatment's own repair changed; None as written."""
    stages: tuple[Stage, ...]
    fates: str
    """What became of those that did not pass, the commonest first."""


@dataclass(frozen=True, slots=True)
class FunnelRows:
    """One strategy."""

    strategy: str
    title: str
    subtitle: str
    reference: bool
    candidates: int
    treatments: tuple[TreatedRow, ...]


def funnel_rows(results: Sequence[Result]) -> tuple[FunnelRows, ...]:
    """Rows for each strategy whose tests were executed, one for each treatment that changed any of its tests."""
    return tuple(
        FunnelRows(
            strategy=result.strategy,
            title=title(result.strategy),
            subtitle=subtitle(result.strategy),
            reference=is_reference(result),
            candidates=found.funnels[0].candidates,
            treatments=tuple(_treated(found.funnel(one)) for one in treatments_made([found])),
        )
        for result in in_order(results)
        if (found := result.executed) is not None
    )


def treatments_made(executed: Sequence[Executed]) -> tuple[Treatment, ...]:
    """As written, and each treatment whose own repair changed a candidate of any row."""
    return tuple(one for one in TREATMENTS if one == "as_written" or any(each.funnel(one).changed for each in executed))


def said(verdict: str) -> str:
    """A verdict in words that go on from "some tests"."""
    return _SAID.get(verdict, verdict)


def _treated(found: Funnel) -> TreatedRow:
    return TreatedRow(
        title=TREATMENTS[found.treatment],
        changed=None if found.treatment == "as_written" else found.changed,
        stages=tuple(_stage(getattr(found, key), found.candidates) for key, _, _ in STAGES),
        fates=_fates(found),
    )


def _stage(count: int | None, candidates: int) -> Stage:
    return Stage(count, (count or 0) / max(1, candidates))


def _fates(found: Funnel) -> str:
    failed = sorted(((count, name) for name, count in found.counts.items() if name != "pass"), reverse=True)
    return ", ".join(f"{count} {said(name)}" for count, name in failed)
