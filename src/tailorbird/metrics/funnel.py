"""What came of executing candidates, under each treatment, from a file of verdicts."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tailorbird import __version__
from tailorbird.errors import DataError
from tailorbird.metrics.stats import pass_at_k
from tailorbird.records import (
    AtK,
    Executed,
    ExecutionHeader,
    Funnel,
    MethodOutcome,
    Pair,
    Treatment,
    Verdict,
)
from tailorbird.storage import read_bytes, sha256_file

INFRA = "infra"
UNPARSED = frozenset({"no_output", "syntax_error"})
UNCOMPILED = frozenset({"compile_error"})
UNFINISHED = frozenset({"load_error", "no_test_ran", "crash", "timeout"})
FINISHED = frozenset({"runtime_error", "assertion_failure", "flaky", "pass"})

KS = (1, 5, 10)
"""The k of pass@k and useful@k."""

_ALLOWED: Mapping[Treatment, tuple[str, ...]] = {
    "as_written": (),
    "with_imports": ("imports",),
    "with_observed_values": ("imports", "observed_values"),
}
"""The repairs that each treatment allows; the last is its own."""


@dataclass(frozen=True, slots=True)
class VerdictsFile:
    """All verdicts on all candidates."""

    header: ExecutionHeader
    of: Mapping[str, Mapping[int, Sequence[Verdict]]]
    """Pair id -> index -> its verdicts in their order in the file: as written, then after each repair."""
    sha256: str

    def first(self, pair_id: str) -> Verdict | None:
        """The verdict on the first candidate of a pair, as written."""
        return _last_allowed(self.of.get(pair_id, {}).get(0, ()), "as_written")


@dataclass(frozen=True, slots=True)
class _Sample:
    """One sample of a pair with the verdict that counts under some treatment."""

    pair: Pair
    verdict: Verdict | None
    """None where there is no such candidate."""

    @property
    def passes(self) -> bool:
        return self.verdict is not None and self.verdict.verdict == "pass"

    @property
    def useful(self) -> bool:
        return self.verdict is not None and self.verdict.useful


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
    of: dict[str, dict[int, list[Verdict]]] = defaultdict(lambda: defaultdict(list))
    for one in found:
        of[one.pair_id][one.index].append(one)
    return VerdictsFile(header, of, sha256_file(path))


def has_verdicts(path: Path, candidates: Path) -> bool:
    """The file has this version's verdicts on these candidates."""
    if not path.exists():
        return False
    try:
        return read_verdicts(path, sha256_file(candidates)).header.tailorbird == __version__
    except DataError:
        return False


def executed(pairs: Sequence[Pair], found: VerdictsFile) -> Executed:
    """A funnel for each treatment, over all samples of ``pairs``.

    Every pair counts as many samples as the one with the most has: none that was asked for leaves a denominator.
    """
    samples = max(map(len, found.of.values()), default=1)
    return Executed(
        samples=samples,
        funnels=tuple(_funnel(one, pairs, samples, found) for one in _ALLOWED),
        seconds=found.header.seconds,
        verdicts_sha256=found.sha256,
    )


def _last_allowed(verdicts: Sequence[Verdict], treatment: Treatment) -> Verdict | None:
    allowed = frozenset(_ALLOWED[treatment])
    return next((one for one in reversed(verdicts) if allowed.issuperset(one.repairs)), None)


def _samples_of(pair: Pair, samples: int, treatment: Treatment, found: VerdictsFile) -> Iterator[_Sample]:
    given = found.of.get(pair.id, {})
    for verdicts in given.values():
        yield _Sample(pair, _last_allowed(verdicts, treatment))
    for _ in range(samples - len(given)):
        yield _Sample(pair, None)


def _funnel(treatment: Treatment, pairs: Sequence[Pair], samples: int, found: VerdictsFile) -> Funnel:
    rows = [one for pair in pairs for one in _samples_of(pair, samples, treatment, found)]
    verdicts = [one.verdict for one in rows]
    counts = Counter(one.verdict if one is not None else "no_output" for one in verdicts)
    known = [one for one in verdicts if one is not None and one.verdict != INFRA]
    parsed = [one for one in known if one.verdict not in UNPARSED]
    compiled = [one for one in parsed if one.verdict not in UNCOMPILED]
    ran = [one for one in compiled if one.verdict in FINISHED]
    passed = [one for one in ran if one.verdict == "pass"]
    covered = [one for one in passed if one.coverage is not None and one.coverage.focal_method_called]
    coverage_known = all(one.coverage is not None and one.coverage.added_lines is not None for one in covered)
    asserts_known = all(one.asserts is not None for one in passed)
    kills_known = _made_mutants(found.header) and all(
        one.mutation is None or one.mutation.asserted is not None for one in covered
    )
    useful_known = asserts_known and kills_known
    methods = _methods(rows)
    return Funnel(
        treatment=treatment,
        candidates=len(rows),
        changed=_changed(treatment, pairs, found),
        infra=counts[INFRA],
        parsed=len(parsed),
        compiled=len(compiled),
        ran=len(ran),
        passed=len(passed),
        covered=len(covered),
        added=sum(one.coverage is not None and one.coverage.adds for one in covered) if coverage_known else None,
        asserting=sum(bool(one.asserts) for one in passed) if asserts_known else None,
        killed=sum(one.mutation is not None and bool(one.mutation.asserted) for one in covered)
        if kills_known
        else None,
        useful=sum(one.useful for one in covered) if useful_known else None,
        counts=dict(sorted(counts.items())),
        at_k=tuple(_at_k(k, methods, useful_known=useful_known) for k in KS if k <= samples and methods),
        methods=methods,
    )


def _made_mutants(header: ExecutionHeader) -> bool:
    return header.settings.get("mutants") != 0


def _changed(treatment: Treatment, pairs: Sequence[Pair], found: VerdictsFile) -> int:
    """Candidates of which a verdict names the treatment's own repair."""
    own = frozenset(_ALLOWED[treatment][-1:])
    given = [verdicts for pair in pairs for verdicts in found.of.get(pair.id, {}).values()]
    return sum(any(own.intersection(one.repairs) for one in verdicts) for verdicts in given)


def _methods(rows: Sequence[_Sample]) -> tuple[MethodOutcome, ...]:
    of: dict[str, list[_Sample]] = defaultdict(list)
    for row in rows:
        of[row.pair.focal_key].append(row)
    return tuple(
        MethodOutcome(
            method=method,
            focal_class=f"{some[0].pair.focal.package}.{some[0].pair.focal.class_name}".lstrip("."),
            samples=len(some),
            passed=sum(one.passes for one in some),
            useful=sum(one.useful for one in some),
        )
        for method, some in of.items()
    )


def _at_k(k: int, methods: Sequence[MethodOutcome], *, useful_known: bool) -> AtK:
    passes = [pass_at_k(one.samples, one.passed, k) for one in methods]
    useful = [pass_at_k(one.samples, one.useful, k) for one in methods]
    return AtK(
        k=k,
        passes=sum(passes) / len(methods),
        useful=sum(useful) / len(methods) if useful_known else None,
    )
