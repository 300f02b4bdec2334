"""How many methods get a useful test: the first sentences of the report."""

from collections.abc import Sequence
from dataclasses import dataclass

from tailorbird.metrics.stats import useful_difference
from tailorbird.records import Result, Treatment
from tailorbird.report.differences import interval
from tailorbird.report.funnel import treatments_made
from tailorbird.report.rows import BASE, COPY, DEVELOPERS, NO_MODEL, base_of, in_order, models, row_of
from tailorbird.report.units import listed, percent

_OTHERS = (
    (BASE, "the base alone"),
    (NO_MODEL, "calling the method with simple values and no model"),
    (COPY, "a copied training test"),
    (DEVELOPERS, "the developers' own tests"),
)


@dataclass(frozen=True, slots=True)
class _Measure:
    """useful@k under one treatment."""

    k: int
    treatment: Treatment

    def of(self, result: Result | None) -> float | None:
        if result is None or result.executed is None:
            return None
        return next((one.useful for one in result.executed.funnel(self.treatment).at_k if one.k == self.k), None)


def headline(results: Sequence[Result]) -> list[str]:
    """Sentences on useful tests; none where usefulness was not measured."""
    ordered = in_order(results)
    subjects = models(ordered) or tuple(one for one in ordered if one.strategy == BASE)
    scored = [one for one in subjects if _Measure(1, "as_written").of(one) is not None]
    executed = [one.executed for one in ordered if one.executed is not None]
    if not scored:
        return []
    observed = "with_observed_values" in treatments_made(executed)
    # The strategy named is the one with the most useful tests as written, at the most samples that all have.
    k = max(k for k in (1, 5, 10) if all(_Measure(k, "as_written").of(one) is not None for one in scored))
    best = max(scored, key=lambda one: (_Measure(k, "as_written").of(one) or 0.0, _Measure(1, "as_written").of(one)))
    sentences = [_first(best, k, len(scored)), _beside(best, ordered, _Measure(k, "as_written"))]
    if observed:
        sentences.append(_observed(best, ordered, _Measure(k, "with_observed_values")))
    return [one for one in sentences if one]


def _first(best: Result, k: int, rivals: int) -> str:
    assert best.executed is not None
    methods = len(best.executed.funnel("as_written").methods)
    if best.strategy == BASE:
        subject = "The base"
    else:
        subject = (
            f"Personalised with {best.strategy}{f' (the best of {rivals} strategies)' if rivals > 1 else ''}, the model"
        )
    more = f", and for {percent(_Measure(k, 'as_written').of(best) or 0.0, 1)} within {k} tries" if k > 1 else ""
    return (
        f"{subject} writes a useful test for {percent(_Measure(1, 'as_written').of(best) or 0.0, 1)} of {methods} "
        f"method{'' if methods == 1 else 's'} under test at the first try{more}. A useful test passes every time, runs "
        f"the method, asserts something, and fails by an assertion when the method is changed."
    )


def _beside(best: Result, results: Sequence[Result], measure: _Measure) -> str:
    """The same figure of the reference rows, each at as many tests as it has."""
    found = []
    for name, words in _OTHERS:
        row = row_of(results, name)
        given = [one for one in (measure, _Measure(1, measure.treatment)) if one.of(row) is not None]
        if row is not None and row is not best and given:
            after = "" if given[0].k == measure.k else " (one test each)"
            found.append(f"{percent(given[0].of(row) or 0.0, 1)} for {words}{after}")
    if not found:
        return ""
    clear = _clear(best, base_of(results, best.strategy), measure)
    return f"The same figure, {_within(measure.k)}: {'; '.join(found)}.{clear}"


def _observed(best: Result, results: Sequence[Result], measure: _Measure) -> str:
    share = measure.of(best)
    if share is None:
        return ""
    text = (
        f"After missing imports were added and wrong expected values replaced by those that the run gave, "
        f"{best.strategy} has a useful test for {percent(share, 1)} of the methods {_within(measure.k)}"
    )
    base, none = base_of(results, best.strategy), row_of(results, NO_MODEL)
    others = [
        f"{percent(value, 1)} for {words}"
        for row, words in ((base, "the base"), (none, "calling the method without any model"))
        if row is not best and (value := measure.of(row)) is not None
    ]
    text += f", against {listed(others)}." if others else "."
    return f"{text}{_beats(best, none, measure)} Such a test records what the code does today; it does not specify it."


def _clear(best: Result, base: Result | None, measure: _Measure) -> str:
    if base is None or base is best:
        return ""
    found = useful_difference((best, base), treatment=measure.treatment, k=measure.k)
    if found is None:
        return ""
    points = interval(found, 1, scale=100)
    if found.clear:
        return f" The difference to the base is {points} points."
    return f" The difference to the base ({points} points) may be chance."


def _beats(best: Result, none: Result | None, measure: _Measure) -> str:
    if none is None:
        return ""
    found = useful_difference((best, none), treatment=measure.treatment, k=measure.k)
    if found is None:
        return ""
    points = interval(found, 1, scale=100)
    if not found.clear:
        return f" The difference to the row without a model ({points} points) may be chance."
    return f" It {'beats' if found.difference > 0 else 'loses to'} the row without a model by {points} points."


def _within(k: int) -> str:
    return "at the first try" if k == 1 else f"within {k} tries"
