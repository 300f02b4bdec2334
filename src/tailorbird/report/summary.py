"""What the numbers say, in a few plain sentences, the unwelcome ones included."""

from collections.abc import Sequence

from tailorbird.records import Result
from tailorbird.report.differences import BLEU_POINTS, called_in_bleu, difference
from tailorbird.report.headline import headline
from tailorbird.report.rows import COPY, base_of, models, row_of
from tailorbird.report.units import listed, number, percent, scaled, seconds

FEW_PAIRS = 30


def summary(results: Sequence[Result]) -> list[str]:
    """Sentences for the head of the report; ``results`` in the report's order, at least one."""
    base, copy, strategies = base_of(results), row_of(results, COPY), models(results)
    if not strategies:
        return [*headline(results), "No strategy has been scored yet: this report shows the reference rows alone."]
    best = max(strategies, key=lambda result: result.metrics.bleu4)
    sentences = [
        *headline(results),
        _loss(strategies, base),
        _bleu(best, base),
        _among(best, strategies),
        _against_copy(best, copy) if copy is not None else "",
        _usable(best),
        _cost(strategies),
    ]
    return [sentence for sentence in sentences if sentence]


def caveats(results: Sequence[Result]) -> str:
    """What the numbers do not say, and reasons to doubt them."""
    found = [f"Differences below {BLEU_POINTS:g} BLEU points are not called differences."]
    if len({result.meta.seed for result in results}) == 1:
        found.append("This is one run with one seed: how far another would fall from it is not known.")
    fewest = min(result.meta.pairs for result in results)
    if fewest < FEW_PAIRS:
        found.append(f"With {fewest} held-out tests most differences are within the reach of luck.")
    if len({result.meta.pairs for result in results}) > 1:
        found.append("Some rows cover fewer pairs than others, so they compare only roughly.")
    if len({result.meta.base_sha256 for result in results if result.meta.base_sha256}) > 1:
        found.append("The rows come from different bases: a difference may be the base's, not the strategy's.")
    if base_of(results) is None:
        found.append("The base itself was not scored, so nothing here says what personalising bought.")
    return " ".join(found)


def _loss(strategies: Sequence[Result], base: Result | None) -> str:
    scored = [(loss, result) for result in strategies if (loss := result.metrics.test_loss) is not None]
    if not scored:
        return ""
    loss, best = min(scored, key=lambda row: row[0])
    pairs = f"{best.meta.pairs} held-out test{'' if best.meta.pairs == 1 else 's'}"
    if base is None or base.metrics.test_loss is None:
        return f"{best.strategy} has the lowest loss on {pairs}: {number(loss)} nats per token."
    before = base.metrics.test_loss
    if loss >= before:
        return f"No strategy lowers the loss on {pairs}: the base has {number(before)}, the best {number(loss)}."
    change = difference(best, base, "loss")
    doubt = "" if change is None or change.clear else ", which may be chance"
    if doubt and number(before) == number(loss):
        return f"The loss on {pairs} is {number(before)} nats per token for the base and for {best.strategy}."
    lower = percent((before - loss) / before)
    figures = f"from {number(before)} to {number(loss)} nats per token"
    return f"{best.strategy} lowers the loss on {pairs} by {lower}, {figures}{doubt}."


def _bleu(best: Result, base: Result | None) -> str:
    score = number(best.metrics.bleu4, 1)
    if base is None:
        return f"BLEU-4 against the developers' own tests is at most {score} ({best.strategy})."
    before, called = number(base.metrics.bleu4, 1), called_in_bleu(best, base)
    if called > 0:
        return f"BLEU-4 against the developers' own tests rises from {before} to at most {score} ({best.strategy})."
    if called < 0:
        return f"BLEU-4 falls: the base has {before}, the best strategy, {best.strategy}, has {score}."
    return f"BLEU-4 is {before} for the base and {score} for {best.strategy}: no difference that we would call one."


def _among(best: Result, strategies: Sequence[Result]) -> str:
    others = [result for result in strategies if result is not best]
    level = [result.strategy for result in others if not called_in_bleu(best, result)]
    if not others:
        return ""
    if len(level) == len(others):
        return "Between the strategies BLEU-4 shows no difference that we would call one."
    if not level:
        return f"{best.strategy} leads every other strategy in BLEU-4."
    return (
        f"In BLEU-4 {listed(level)} {'is' if len(level) == 1 else 'are'} level with {best.strategy}; the others trail."
    )


def _against_copy(best: Result, copy: Result) -> str:
    what = "copying the test of the most similar training method, which trains nothing"
    figures = f"{number(best.metrics.bleu4, 1)} against {number(copy.metrics.bleu4, 1)} BLEU-4"
    called = called_in_bleu(best, copy)
    if not called:
        return f"Whether {best.strategy} is better or worse than {what}, cannot be told from these tests ({figures})."
    return f"{best.strategy} {'beats' if called > 0 else 'loses to'} {what} ({figures})."


def _usable(best: Result) -> str:
    metrics = best.metrics
    head = (
        f"Of the tests that {best.strategy} generates, {percent(metrics.syntax_valid)} parse and "
        f"{percent(metrics.calls_focal_method)} call the method under test"
    )
    if metrics.completed:
        head += f" (in {percent(metrics.completed)} names and types ended a statement that the model could not)"
    if best.executed is None:
        return f"{head}; none was compiled or run here."
    found = best.executed.funnel("as_written")
    compiled, passed = percent(found.compiled / found.candidates), percent(found.passed / found.candidates)
    return f"{head}; as written, {compiled} compile in the project and {passed} pass."


def _cost(strategies: Sequence[Result]) -> str:
    small = min(strategies, key=lambda result: result.cost.delta_bytes)
    if len(strategies) == 1:
        size = scaled(small.cost.delta_bytes, "B")
        return f"{small.strategy} trained for {seconds(small.cost.train_seconds)} and stores {size}."
    large = max(strategies, key=lambda result: result.cost.delta_bytes)
    times = sorted(result.cost.train_seconds for result in strategies)
    return (
        f"{small.strategy} has the smallest delta, {scaled(small.cost.delta_bytes, 'B')}, against "
        f"{scaled(large.cost.delta_bytes, 'B')} for {large.strategy}; training took {seconds(times[0])} to "
        f"{seconds(times[-1])}."
    )
