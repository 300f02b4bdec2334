"""Generated tests beside the developers' own, ready for the page."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup
from pygments import highlight  # type: ignore[import-untyped]
from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]
from pygments.lexers import JavaLexer  # type: ignore[import-untyped]

from tailorbird.java_text import canonical_layout, expand_layout
from tailorbird.records import PairScore, Result
from tailorbird.report.rows import title
from tailorbird.report.units import number

_FORMATTER = HtmlFormatter(nowrap=True)
_LEXER = JavaLexer()
_VERDICTS = {
    "compile_error": "does not compile",
    "load_error": "does not load",
    "no_test_ran": "holds no test that runs",
    "crash": "crashes",
    "timeout": "does not end",
    "runtime_error": "throws",
    "assertion_failure": "fails an assertion",
    "flaky": "passes only at times",
    "pass": "passes",
    "infra": "could not be judged",
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one strategy wrote."""

    strategy: str
    title: str
    code: Markup
    badges: tuple[tuple[bool, str], ...]
    """(Whether it is good news, what it says)."""


@dataclass(frozen=True, slots=True)
class Showcase:
    """One held-out method, its developers' test, and what each strategy wrote for it."""

    pair_id: str
    focal_class: str
    package: str
    signature: str
    focal: Markup
    reference: Markup
    attempts: tuple[Attempt, ...]


def showcases(results: Sequence[Result]) -> tuple[Showcase, ...]:
    """The examples of the first result, with the candidates of all that have them."""
    if not results:
        return ()
    scores = {(result.strategy, score.pair_id): score for result in results for score in result.scores}
    written = {(result.strategy, one.pair_id): one.candidate for result in results for one in result.examples}
    shown = []
    for example in results[0].examples:
        package, _, owner = _split_class(example.focal_class)
        shown.append(
            Showcase(
                pair_id=example.pair_id,
                focal_class=owner,
                package=package,
                signature=example.focal_signature,
                focal=java(example.focal_text),
                reference=java(example.reference),
                attempts=tuple(
                    Attempt(
                        result.strategy,
                        title(result.strategy),
                        java(written[result.strategy, example.pair_id]),
                        _badges(scores.get((result.strategy, example.pair_id))),
                    )
                    for result in results
                    if (result.strategy, example.pair_id) in written
                ),
            )
        )
    return tuple(shown)


def java(text: str) -> Markup:
    """``text`` in one layout, as safe HTML with classes on its tokens."""
    return Markup(highlight(expand_layout(canonical_layout(text)), _LEXER, _FORMATTER).rstrip("\n"))


def _split_class(name: str) -> tuple[str, str, str]:
    """Packages start small, classes do not; a nested class keeps its owner."""
    parts = name.split(".")
    first = next((place for place, part in enumerate(parts) if part[:1].isupper()), len(parts) - 1)
    return ".".join(parts[:first]), ".", ".".join(parts[first:])


def _badges(score: PairScore | None) -> tuple[tuple[bool, str], ...]:
    if score is None:
        return ()
    if score.exact_match:
        return ((True, "exactly the developers' test"),)
    return (
        (score.syntax_valid, "parses" if score.syntax_valid else "does not parse"),
        (score.calls_focal_method, "calls the method" if score.calls_focal_method else "does not call the method"),
        *(_verdict_badge(score.verdict)),
        (True, f"BLEU-4 {number(score.bleu4, 0)}"),
    )


def _verdict_badge(verdict: str | None) -> tuple[tuple[bool, str], ...]:
    if verdict is None or verdict in ("no_output", "syntax_error"):
        return ()  # Said already.
    return ((verdict == "pass", _VERDICTS.get(verdict, verdict)),)
