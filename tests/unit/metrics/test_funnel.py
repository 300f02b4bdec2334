"""How far candidates came, from verdicts."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from tailorbird.errors import DataError
from tailorbird.execution.verdicts import LADDER, beyond
from tailorbird.metrics import funnel as stages
from tailorbird.metrics.funnel import VerdictsFile, executed, read_verdicts
from tailorbird.records import AtK, Coverage, ExecutionHeader, Mutation, Pair, Provenance, Verdict
from tests.builders import focal, pair


def coverage(lines: tuple[int, ...] = (1,), *, called: bool = True, added: int | None = 0) -> Coverage:
    return Coverage(
        method_lines=(1, 1), method_branches=(0, 0), class_lines=(1, 2), class_branches=(0, 0), lines=lines,
        branches=((3, 2),), focal_method_called=called, added_lines=added, added_branches=added,
    )  # fmt: skip


def header(sha256: str = "c" * 64) -> ExecutionHeader:
    return ExecutionHeader(
        tailorbird="0", source=Provenance(kind="folder", location="."), candidates_sha256=sha256, settings={},
        versions={}, candidates=1, seconds=2.5, build_seconds=0.0, counts={},
    )  # fmt: skip


def mutation(asserted: int | None = 1) -> Mutation:
    return Mutation(mutants=3, covered=2, killed=2, timed_out=0, of=3, killed_ids=(), asserted=asserted)


def verdict(number: int, name: str, given: Coverage | None = None, index: int = 0, **changes: object) -> Verdict:
    made = Verdict(pair_id=f"p{number}", index=index, verdict=name, coverage=given, asserts=False)
    return replace(made, **changes)  # type: ignore[arg-type]


def useful(number: int, index: int = 0, **changes: object) -> Verdict:
    return verdict(number, "pass", coverage(), index, **({"asserts": True, "mutation": mutation()} | changes))


def verdicts(*lines: Verdict, **settings: int) -> VerdictsFile:
    of: dict[str, dict[int, list[Verdict]]] = {}
    for one in lines:
        of.setdefault(one.pair_id, {}).setdefault(one.index, []).append(one)
    return VerdictsFile(replace(header(), settings=settings), of, "s")  # type: ignore[arg-type]


def methods(count: int) -> list[Pair]:
    """Pairs of distinct focal methods."""
    return [pair(id=f"p{number}", focal=focal(line=number)) for number in range(count)]


def test_every_verdict_is_at_one_stage() -> None:
    parts = (stages.UNPARSED, stages.UNCOMPILED, stages.UNFINISHED, stages.FINISHED, {stages.INFRA})
    assert sum(map(len, parts)) == len(LADDER)
    assert set().union(*parts) == set(LADDER)


def test_stages_are_counted_over_all_pairs() -> None:
    found = verdicts(
        verdict(0, "syntax_error"),
        verdict(1, "compile_error"),
        verdict(2, "timeout"),
        verdict(3, "assertion_failure", asserts=True),
        verdict(4, "pass", coverage(called=False), asserts=True),
        verdict(5, "pass", coverage()),
        verdict(6, "pass", coverage(added=2), asserts=True, mutation=mutation(0)),
        verdict(7, "infra"),
    )
    made = executed(methods(9), found).funnel("as_written")
    assert (made.candidates, made.infra, made.parsed, made.compiled, made.ran) == (9, 1, 6, 5, 4)
    assert (made.passed, made.covered, made.added, made.asserting) == (3, 2, 1, 2)
    assert (made.killed, made.useful) == (0, 0)
    assert made.counts["no_output"] == 1
    assert sum(made.counts.values()) == 9


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (useful(0), (1, 1, 1)),
        (useful(0, asserts=False), (0, 1, 0)),
        # A mutant that throws or hangs is killed by any call.
        (useful(0, mutation=mutation(0)), (1, 0, 0)),
        (useful(0, mutation=None), (1, 0, 0)),
        (useful(0, coverage=coverage(called=False)), (1, 0, 0)),
        (useful(0, verdict="flaky"), (0, 0, 0)),
    ],
)
def test_useful_needs_all_of_its_parts(one: Verdict, expected: tuple[int, int, int]) -> None:
    made = executed(methods(1), verdicts(one)).funnel("as_written")
    assert (made.asserting, made.killed, made.useful) == expected
    assert made.at_k == (AtK(k=1, passes=float(one.verdict == "pass"), useful=float(expected[2])),)


def test_what_was_not_measured_is_none() -> None:
    made = executed(methods(1), verdicts(verdict(0, "pass", coverage(added=None)))).funnel("as_written")
    assert made.added is None
    for found in (
        verdicts(useful(0, asserts=None)),
        verdicts(useful(0, mutation=mutation(None))),
        verdicts(useful(0, mutation=None), mutants=0),
    ):
        made = executed(methods(1), found).funnel("as_written")
        assert made.useful is None
        assert made.at_k == (AtK(k=1, passes=1.0, useful=None),)


def test_each_treatment_takes_the_last_verdict_that_it_allows() -> None:
    imports, values = ("imports",), ("observed_values",)
    found = verdicts(
        verdict(0, "compile_error"),
        verdict(0, "assertion_failure", repairs=imports, asserts=True),
        useful(0, repairs=imports + values),
        verdict(1, "assertion_failure", asserts=True),
        useful(1, repairs=values),
        verdict(2, "compile_error"),
        verdict(2, "pass", coverage(), repairs=imports),
        verdict(3, "pass", coverage()),
    )
    made = executed(methods(4), found)
    assert [one.treatment for one in made.funnels] == ["as_written", "with_imports", "with_observed_values"]
    assert [one.changed for one in made.funnels] == [0, 2, 2]
    assert [one.compiled for one in made.funnels] == [2, 4, 4]
    assert [one.passed for one in made.funnels] == [1, 2, 4]
    assert [one.useful for one in made.funnels] == [0, 0, 2]


def test_samples_of_pairs_with_one_focal_method_are_pooled() -> None:
    shared = [
        pair(id="p0", focal=focal(line=1)),
        pair(id="p1", focal=focal(line=1)),
        pair(id="p2", focal=focal(line=2)),
    ]
    found = verdicts(*(useful(number, index) for number, index in ((0, 0), (1, 3), (2, 0), (2, 1))),
                     *(verdict(number, "compile_error", index=index) for number in (0, 1) for index in (1, 2)),
                     verdict(2, "syntax_error", index=2))  # fmt: skip
    made = executed(shared, found).funnel("as_written")
    assert [(one.samples, one.passed, one.useful) for one in made.methods] == [(6, 2, 2), (3, 2, 2)]
    assert [one.k for one in made.at_k] == [1]
    assert made.at_k[0].useful == pytest.approx((2 / 6 + 2 / 3) / 2)


def test_methods_of_several_sources_are_not_taken_for_one() -> None:
    both = [pair(id="p0", project="a"), pair(id="p1", project="b")]
    assert len(executed(both, verdicts(useful(0), useful(1))).funnel("as_written").methods) == 2


def test_a_missing_sample_stays_in_the_denominator() -> None:
    found = verdicts(*(useful(0, index) for index in range(5)), *(useful(1, index) for index in range(2)))
    made = executed(methods(3), found)
    written = made.funnel("as_written")
    assert (made.samples, written.candidates, written.counts["no_output"]) == (5, 15, 8)
    assert [one.samples for one in written.methods] == [5, 5, 5]
    assert [one.k for one in written.at_k] == [1, 5]
    assert [one.passes for one in written.at_k] == pytest.approx([7 / 15, 2 / 3])


def test_reading_keeps_every_verdict_and_refuses_others(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.jsonl"
    lines = [
        header(),
        verdict(0, "compile_error"),
        verdict(0, "pass", repairs=("imports",)),
        verdict(0, "flaky", index=1),
    ]
    path.write_bytes(b"\n".join(map(msgspec.json.encode, lines)))
    found = read_verdicts(path, "c" * 64)
    first = found.first("p0")
    assert first is not None
    assert first.verdict == "compile_error"
    assert [one.verdict for one in found.of["p0"][0]] == ["compile_error", "pass"]
    assert found.first("p1") is None
    with pytest.raises(DataError, match="verdicts on other candidates"):
        read_verdicts(path, "d" * 64)
    path.write_text("{}")
    with pytest.raises(DataError, match="is no file of verdicts"):
        read_verdicts(path, "c" * 64)


def test_what_others_cover_is_not_added() -> None:
    made = beyond(coverage((1, 2, 3)), [coverage((1,)), coverage((3, 4))])
    assert (made.added_lines, made.added_branches) == (1, 0)
    alone = beyond(coverage((1, 2, 3)), [])
    assert (alone.added_lines, alone.added_branches) == (3, 2)
