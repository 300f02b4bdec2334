"""How far candidates came, from verdicts."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from tailorbird.errors import DataError
from tailorbird.execution.verdicts import LADDER, beyond
from tailorbird.metrics import ladder as rungs
from tailorbird.metrics.ladder import VerdictsFile, ladder, read_verdicts
from tailorbird.records import Coverage, ExecutionHeader, Provenance, Verdict
from tests.builders import pair


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


def verdict(number: int, name: str, given: Coverage | None = None, index: int = 0) -> Verdict:
    return Verdict(pair_id=f"p{number}", index=index, verdict=name, coverage=given)


def test_every_verdict_is_on_one_rung() -> None:
    parts = (rungs.UNPARSED, rungs.UNCOMPILED, rungs.UNFINISHED, rungs.FINISHED, {rungs.INFRA})
    assert sum(map(len, parts)) == len(LADDER)
    assert set().union(*parts) == set(LADDER)


def test_rungs_are_counted_over_all_pairs() -> None:
    found = [
        verdict(0, "syntax_error"),
        verdict(1, "compile_error"),
        verdict(2, "timeout"),
        verdict(3, "assertion_failure"),
        verdict(4, "pass", coverage(called=False)),
        verdict(5, "pass", coverage()),
        verdict(6, "pass", coverage(added=2)),
        verdict(7, "infra"),
    ]
    pairs = [pair(id=f"p{number}") for number in range(9)]
    made = ladder(pairs, VerdictsFile(header(), {one.pair_id: one for one in found}, "s"))
    assert (made.candidates, made.infra, made.parsed, made.compiled, made.ran) == (9, 1, 6, 5, 4)
    assert (made.passed, made.covered, made.added) == (3, 2, 1)
    assert made.counts["no_output"] == 1
    assert sum(made.counts.values()) == 9


def test_added_coverage_that_was_not_measured_is_none() -> None:
    given = {"p0": verdict(0, "pass", coverage(added=None))}
    assert ladder([pair(id="p0")], VerdictsFile(header(), given, "s")).added is None


def test_reading_keeps_first_candidates_and_refuses_others(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.jsonl"
    repaired = replace(verdict(0, "runtime_error"), repairs=("imports",), imports=("p.Foo",))
    lines = [header(), verdict(0, "pass"), repaired, verdict(0, "flaky", index=1)]
    path.write_bytes(b"\n".join(map(msgspec.json.encode, lines)))
    assert read_verdicts(path, "c" * 64).first["p0"].verdict == "pass"
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
