import pytest

from tailorbird.execution import verdicts as v
from tailorbird.execution.messages import ClassCoverage, Event, Ran, Thrown
from tests.builders import focal as focal_method

ERROR = ("java.lang.Error", "java.lang.Throwable", "java.lang.Object")


def ran(*events: Event, **others: object) -> Ran:
    given: dict[str, object] = {
        "events": events,
        "timeout": False,
        "out_of_memory": False,
        "threads": 0,
        "processes": 0,
        "milliseconds": 1.0,
        "entered": False,
        "pinned": False,
        "pinned_own": False,
        "coverage": (),
    }
    return Ran(**{**given, **others})  # type: ignore[arg-type]


def failed(kind: str, *above: str) -> Event:
    return Event("failed", "a()", Thrown(kind, (*above, *ERROR), "why", ("p.FooTest.a(FooTest.java:3)",)))


STARTED, PASSED = Event("started", "a()"), Event("passed", "a()")


@pytest.mark.parametrize(
    ("happened", "verdict"),
    [
        (ran(STARTED, PASSED), v.PASS),
        (ran(STARTED, failed("org.opentest4j.AssertionFailedError", "java.lang.AssertionError")), v.ASSERTION_FAILURE),
        (ran(STARTED, failed("java.lang.AssertionError")), v.ASSERTION_FAILURE),
        (ran(STARTED, failed("org.junit.ComparisonFailure", "java.lang.AssertionError")), v.ASSERTION_FAILURE),
        (ran(STARTED, failed("java.lang.IllegalStateException", "java.lang.RuntimeException")), v.RUNTIME_ERROR),
        (ran(STARTED, failed("java.lang.StackOverflowError")), v.RUNTIME_ERROR),
        (ran(STARTED, failed("java.lang.NoSuchMethodError", "java.lang.LinkageError")), v.LOAD_ERROR),
        (ran(crash=Thrown("java.lang.ClassNotFoundException", (), "p.Foo", ())), v.LOAD_ERROR),
        (ran(STARTED, PASSED, STARTED, failed("java.lang.AssertionError")), v.ASSERTION_FAILURE),
        (ran(), v.NO_TEST_RAN),
        (ran(Event("skipped", "a(): disabled")), v.NO_TEST_RAN),
        (ran(STARTED, Event("aborted", "a()", Thrown("T", (), "assumed", ()))), v.NO_TEST_RAN),
        (ran(STARTED, PASSED, Event("aborted", "[2]", Thrown("T", (), "assumed", ()))), v.PASS),
        (ran(STARTED, timeout=True), v.TIMEOUT),
        (ran(STARTED, PASSED, out_of_memory=True), v.CRASH),
        # It swallowed the error that stands for its exit, and went on to pass.
        (ran(STARTED, PASSED, exit=0), v.CRASH),
        (ran(STARTED, PASSED, threads=1_000), v.CRASH),
        (ran(STARTED, PASSED, threads=1), v.PASS),
    ],
)
def test_each_run_has_one_verdict(happened: Ran, verdict: str) -> None:
    found, evidence = v.judge(happened)
    assert found == verdict
    assert found in v.LADDER
    assert bool(evidence) is (verdict != v.PASS)


def test_coverage_of_the_focal_method_is_that_of_its_lines() -> None:
    focal = focal_method(line=10, end_line=12)
    name = v.internal_name(focal)
    first = focal.line
    lines = (
        *(first - 1, 2, 2, 0, 0),
        *(first, 3, 4, 1, 2),
        *(focal.end_line, 0, 1, 0, 2),
        *(focal.end_line + 1, 1, 1, 0, 0),
    )
    found = v.coverage_of(ran(STARTED, PASSED, entered=True, coverage=(ClassCoverage(name, lines),)), focal)
    assert found is not None
    assert (found.method_lines, found.method_branches) == ((1, 2), (1, 4))
    assert (found.class_lines, found.class_branches) == ((3, 4), (1, 4))
    assert found.lines == (first - 1, first, focal.end_line + 1)
    assert found.branches == ((first, 1),)
    assert found.focal_method_called
    assert v.coverage_of(ran(STARTED, PASSED), focal) is None
