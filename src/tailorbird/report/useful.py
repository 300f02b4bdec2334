"""The columns of what executing the tests says: useful@k, pass@k, and the share that asserts, for each treatment."""

from collections.abc import Iterable
from functools import partial
from typing import Literal

from tailorbird.metrics.funnel import KS
from tailorbird.metrics.stats import useful_difference
from tailorbird.records import Funnel, Result, Treatment
from tailorbird.report.columns import Column
from tailorbird.report.differences import interval
from tailorbird.report.units import percent

Group = Literal["as_written", "with_observed_values"]

_MEANINGS = {
    "useful": "Chance that one of {k} tests of a method is useful: it passes every time, runs the method, asserts "
    "something, and fails by an assertion when the method is changed",
    "passes": "Chance that one of {k} tests of a method compiles and passes every time. An empty test passes too",
}
_TITLES = {"useful": "Useful", "passes": "Pass"}
_AFTER: dict[Group, str] = {
    "as_written": "as written.",
    "with_observed_values": "after missing imports were added and wrong expected values replaced by those of the run.",
}


def useful_column(k: int, treatment: Group) -> Column:
    """useful@k under one treatment."""
    return _at_k_column("useful", k, treatment)


def executed_columns(results: Iterable[Result]) -> tuple[Column, ...]:
    """Those for which some row has a figure, as written first; none where nothing was executed."""
    rows = tuple(results)
    groups: tuple[Group, ...] = ("as_written", "with_observed_values")
    columns = [column for group in groups for column in _columns_of(group)]
    return tuple(column for column in columns if any(column.value(row) is not None for row in rows))


def _columns_of(treatment: Group) -> list[Column]:
    measures: tuple[Literal["useful", "passes"], ...] = ("useful", "passes")
    return [*(_at_k_column(measure, k, treatment) for measure in measures for k in KS), _asserts_column(treatment)]


def _at_k_column(measure: Literal["useful", "passes"], k: int, treatment: Group) -> Column:
    name = f"{_TITLES[measure]}@{k}"
    return Column(
        f"{name.lower()}{_suffix(treatment)}",
        f"{name}{_suffix(treatment)}",
        name.lower(),
        "higher",
        treatment,
        partial(percent, digits=1),
        f"{_MEANINGS[measure].format(k=k)}; {_AFTER[treatment]}",
        of=lambda result: _at_k(result, treatment, measure, k),
        against=lambda result, base: _against(result, base, treatment, k) if measure == "useful" else "",
        heading=name,
    )


def _asserts_column(treatment: Group) -> Column:
    return Column(
        f"asserts{_suffix(treatment)}",
        f"Asserts{_suffix(treatment)}",
        "asserts",
        "higher",
        treatment,
        percent,
        f"Share of the passing tests that assert something; {_AFTER[treatment]}",
        of=lambda result: _asserts(_funnel(result, treatment)),
        # One test that passes and asserts makes 100%.
        ranked=False,
        heading="Asserts",
    )


def _suffix(treatment: Group) -> str:
    return "" if treatment == "as_written" else ", observed values"


def _funnel(result: Result, treatment: Treatment) -> Funnel | None:
    return result.executed.funnel(treatment) if result.executed is not None else None


def _at_k(result: Result, treatment: Treatment, measure: str, k: int) -> float | None:
    found = _funnel(result, treatment)
    one = next((one for one in found.at_k if one.k == k), None) if found is not None else None
    return None if one is None else getattr(one, measure)


def _against(result: Result, base: Result, treatment: Treatment, k: int) -> str:
    return interval(useful_difference((result, base), treatment=treatment, k=k), 1, scale=100)


def _asserts(found: Funnel | None) -> float | None:
    if found is None or found.asserting is None or not found.passed:
        return None
    return found.asserting / found.passed
