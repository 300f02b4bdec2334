"""How far candidates came when they were executed, from a file of verdicts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tailorbird import __version__
from tailorbird.errors import DataError
from tailorbird.records import ExecutionHeader, Ladder, Pair, Verdict
from tailorbird.storage import read_bytes, sha256_file

INFRA = "infra"
UNPARSED = frozenset({"no_output", "syntax_error"})
UNCOMPILED = frozenset({"compile_error"})
UNFINISHED = frozenset({"load_error", "no_test_ran", "crash", "timeout"})
FINISHED = frozenset({"runtime_error", "assertion_failure", "flaky", "pass"})


@dataclass(frozen=True, slots=True)
class VerdictsFile:
    """The verdicts on the first candidate of each pair, as written."""

    header: ExecutionHeader
    first: Mapping[str, Verdict]
    sha256: str


def read_verdicts(path: Path, candidates_sha256: str) -> VerdictsFile:
    """The verdicts in a file. Raises DataError for those on other candidates and for a file that is none."""
    first_line, _, rest = read_bytes(path).partition(b"\n")
    try:
        header = msgspec.json.decode(first_line, type=ExecutionHeader)
        found = [msgspec.json.decode(line, type=Verdict) for line in rest.splitlines() if line.strip()]
    except msgspec.DecodeError as error:
        raise DataError(f"{path} is no file of verdicts ({error}): make it with 'tailorbird execute'.") from error
    if header.candidates_sha256 != candidates_sha256:
        raise DataError(
            f"{path} has verdicts on other candidates (SHA-256 {header.candidates_sha256[:12]}…) than those given "
            f"({candidates_sha256[:12]}…): execute these."
        )
    return VerdictsFile(
        header, {one.pair_id: one for one in found if one.index == 0 and not one.repairs}, sha256_file(path)
    )


def has_verdicts(path: Path, candidates: Path) -> bool:
    """The file has this version's verdicts on these candidates."""
    if not path.exists():
        return False
    try:
        return read_verdicts(path, sha256_file(candidates)).header.tailorbird == __version__
    except DataError:
        return False


def ladder(pairs: Sequence[Pair], found: VerdictsFile) -> Ladder:
    """The rungs, over the first candidates of the pairs; a pair without a candidate has no output."""
    verdicts = [found.first.get(pair.id) for pair in pairs]
    counts = Counter(one.verdict if one is not None else "no_output" for one in verdicts)
    known = [one for one in verdicts if one is not None and one.verdict != INFRA]
    parsed = [one for one in known if one.verdict not in UNPARSED]
    compiled = [one for one in parsed if one.verdict not in UNCOMPILED]
    ran = [one for one in compiled if one.verdict in FINISHED]
    passed = [one for one in ran if one.verdict == "pass"]
    covered = [one for one in passed if one.coverage is not None and one.coverage.focal_method_called]
    measured = all(one.coverage is not None and one.coverage.added_lines is not None for one in covered)
    tried = [one.mutation for one in covered if one.mutation is not None]
    return Ladder(
        candidates=len(pairs),
        infra=counts[INFRA],
        parsed=len(parsed),
        compiled=len(compiled),
        ran=len(ran),
        passed=len(passed),
        covered=len(covered),
        added=sum(one.coverage is not None and one.coverage.adds for one in covered) if measured else None,
        killed=sum(one.killed > 0 for one in tried) if tried or not covered else None,
        counts=dict(sorted(counts.items())),
        seconds=found.header.seconds,
        verdicts_sha256=found.sha256,
    )
