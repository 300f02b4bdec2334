"""One candidate on its way through the workers of its module."""

from dataclasses import dataclass

from tailorbird.execution.placing import RunsIn
from tailorbird.execution.project import Module
from tailorbird.records import Candidate, Pair, TestClass, Verdict


@dataclass(frozen=True, slots=True)
class Task:
    """A candidate, and where it goes."""

    key: int
    candidate: Candidate
    pair: Pair
    home: TestClass
    runs_in: RunsIn
    module: Module
    imports: tuple[str, ...] = ()
    """Imports that a repair adds around it, as they stand between ``import`` and ``;``."""


def verdict_on(candidate: Candidate, verdict: str, evidence: tuple[str, ...] = ()) -> Verdict:
    """The verdict on a candidate that was not run."""
    return Verdict(pair_id=candidate.pair_id, index=candidate.index, verdict=verdict, evidence=evidence)
