"""From what happened to one verdict: the ladder of `docs/formats.md`, by structured events only."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from tailorbird.execution.messages import CompileError, Line, Ran, Thrown
from tailorbird.records import Coverage, FocalMethod

NO_OUTPUT = "no_output"
SYNTAX_ERROR = "syntax_error"
COMPILE_ERROR = "compile_error"
LOAD_ERROR = "load_error"
ASSERTION_FAILURE = "assertion_failure"
RUNTIME_ERROR = "runtime_error"
TIMEOUT = "timeout"
CRASH = "crash"
NO_TEST_RAN = "no_test_ran"
FLAKY = "flaky"
PASS = "pass"
INFRA = "infra"
LADDER = (
    *(
        NO_OUTPUT,
        SYNTAX_ERROR,
        COMPILE_ERROR,
        LOAD_ERROR,
        NO_TEST_RAN,
        CRASH,
        TIMEOUT,
        RUNTIME_ERROR,
        ASSERTION_FAILURE,
    ),
    *(FLAKY, PASS, INFRA),
)
"""All verdicts, in the order of the ladder; `INFRA` says nothing of the candidate."""
RETRIED = frozenset({LOAD_ERROR, ASSERTION_FAILURE, RUNTIME_ERROR, TIMEOUT, CRASH, NO_TEST_RAN})
"""What an earlier candidate in the same JVM may have caused."""

_ASSERTIONS = {
    "java.lang.AssertionError",
    "junit.framework.AssertionFailedError",
    "org.opentest4j.AssertionFailedError",
}
_LINKAGE = "java.lang.LinkageError"
_LOADING = {"java.lang.ClassNotFoundException", _LINKAGE}
_EXIT = "tailorbird.bridge.Probes$ExitError"
_TOO_MANY_THREADS = 512
_MAX_EVIDENCE = 500


def judge(ran: Ran) -> tuple[str, tuple[str, ...]]:
    """The verdict on one run, and its evidence."""
    if ran.exit is not None:
        return CRASH, (f"exit: the test asked the JVM to exit with status {ran.exit}",)
    if ran.out_of_memory:
        return CRASH, ("memory: the test ran out of memory",)
    if ran.threads > _TOO_MANY_THREADS:
        return CRASH, (f"threads: the test had {ran.threads} threads running",)
    if ran.timeout:
        return TIMEOUT, (f"not done after {ran.milliseconds:.0f} ms",)
    failures = [one for one in ran.events if one.kind == "failed"]
    if failures:
        return _failed(failures[0].thrown)
    if ran.crash is not None:
        return _failed(ran.crash)
    if any(one.kind == "aborted" for one in ran.events):
        reason = next(one for one in ran.events if one.kind == "aborted")
        if not any(one.kind == "passed" for one in ran.events):
            return NO_TEST_RAN, (f"aborted: {_said(reason.thrown)}"[:_MAX_EVIDENCE],)
    if any(one.kind == "passed" for one in ran.events):
        return PASS, ()
    skipped = next((one.name for one in ran.events if one.kind == "skipped"), None)
    return NO_TEST_RAN, ((f"skipped: {skipped}" if skipped else "no test of that name was found")[:_MAX_EVIDENCE],)


def _failed(thrown: Thrown | None) -> tuple[str, tuple[str, ...]]:
    if thrown is None:
        return RUNTIME_ERROR, ("it failed without a throwable",)
    kinds = {thrown.type, *thrown.above}
    evidence = (_said(thrown), *thrown.trace[:5])
    if kinds & _ASSERTIONS:
        return ASSERTION_FAILURE, evidence
    if kinds & _LOADING:
        return LOAD_ERROR, evidence
    return RUNTIME_ERROR, evidence


def _said(thrown: Thrown | None) -> str:
    return f"{thrown.type}: {thrown.message}"[:_MAX_EVIDENCE] if thrown is not None else ""


def compile_evidence(errors: Sequence[CompileError]) -> tuple[str, ...]:
    """The first few errors: javac's code and its message."""
    return tuple(f"{one.code}: {one.message}"[:_MAX_EVIDENCE] for one in errors[:3])


def internal_name(focal: FocalMethod) -> str:
    """Of the focal class: ``p/Outer$Inner``."""
    return f"{focal.package.replace('.', '/')}/{focal.class_name.replace('.', '$')}".lstrip("/")


def coverage_of(ran: Ran, focal: FocalMethod) -> Coverage | None:
    """What a run covered of a focal method and its class; None where there are no figures."""
    found = next((one for one in ran.coverage if one.name == internal_name(focal)), None)
    if found is None or not found.lines:
        return None
    lines = tuple(found.each_line())
    inside = [one for one in lines if focal.line <= one[0] <= focal.end_line]
    return Coverage(
        method_lines=_lines(inside),
        method_branches=_branches(inside),
        class_lines=_lines(lines),
        class_branches=_branches(lines),
        lines=tuple(one[0] for one in lines if one[1]),
        branches=tuple((one[0], one[3]) for one in lines if one[3]),
        focal_method_called=ran.entered,
    )


def beyond(coverage: Coverage, others: Iterable[Coverage]) -> Coverage:
    """The same coverage, with what of it is in none of the others'."""
    lines: set[int] = set()
    branches: dict[int, int] = {}
    for one in others:
        lines.update(one.lines)
        for line, count in one.branches:
            branches[line] = max(branches.get(line, 0), count)
    return replace(
        coverage,
        added_lines=len(set(coverage.lines) - lines),
        added_branches=sum(max(0, count - branches.get(line, 0)) for line, count in coverage.branches),
    )


def _lines(lines: Sequence[Line]) -> tuple[int, int]:
    return sum(one[1] > 0 for one in lines), len(lines)


def _branches(lines: Sequence[Line]) -> tuple[int, int]:
    return sum(one[3] for one in lines), sum(one[4] for one in lines)
