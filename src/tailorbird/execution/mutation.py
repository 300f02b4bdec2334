"""How many mutants of its focal method a passing candidate kills."""

from collections.abc import Sequence

from tailorbird.execution.messages import Mutant, Mutate, Mutated, Run
from tailorbird.execution.worker import Seat, WorkerDiedError
from tailorbird.records import Mutation

KILLED, SURVIVED, NOT_COVERED, TIMED_OUT, INVALID = "killed", "survived", "not_covered", "timed_out", "invalid"
_STRETCH = 3
"""Times its deadline that the worker gives a run which others keep from the processor."""
_GRACE_SECONDS = 10.0
_TRIES = 2
"""Of a candidate that no longer passes: what ran in the JVM before it may be to blame."""


def mutation_of(seat: Seat, run: Run, *, limit: int, seed: int) -> Mutation | None:
    """What a passing candidate makes of mutants of its focal method; None where nothing is learnt of it."""
    found = mutants_of(seat, run, limit=limit, seed=seed)
    return tallied(*found) if found is not None else None


def mutants_of(seat: Seat, run: Run, *, limit: int, seed: int) -> tuple[tuple[Mutant, ...], int] | None:
    """Run a passing candidate against mutants of its focal method: what became of each, and how many the method has."""
    for _ in range(_TRIES):
        found: list[Mutant] = []
        while True:
            job = _job(run, limit=limit, seed=seed, first=len(found))
            try:
                answer = seat.worker.ask(job, Mutated, seconds=_seconds(job))
            except WorkerDiedError:
                seat.replace()
                return None
            found += answer.mutants
            if answer.spent or not answer.passed:
                seat.replace()
            if not answer.passed:
                break
            if answer.complete:
                return tuple(found), answer.total
    return None


def _job(run: Run, *, limit: int, seed: int, first: int) -> Mutate:
    given = {name: getattr(run, name) for name in run.__struct_fields__ if name not in ("operation", "fresh")}
    return Mutate(**given, fresh=False, limit=limit, seed=seed, first=first)


def _seconds(job: Mutate) -> float:
    """What the worker may take: its budget, the mutant that it is at by then, and the candidate itself twice."""
    longest = max(job.least_ms, job.factor * job.deadline_ms)
    return (job.budget_ms + _STRETCH * (longest + 2 * job.deadline_ms)) / 1000 + _GRACE_SECONDS


def tallied(found: Sequence[Mutant], total: int) -> Mutation:
    """The record of what the mutants came to; invalid ones, which no JVM loads, are left out."""
    valid = [one for one in found if one.status != INVALID]
    killed = [one for one in valid if one.status in (KILLED, TIMED_OUT)]
    return Mutation(
        mutants=len(valid),
        covered=sum(one.status != NOT_COVERED for one in valid),
        killed=len(killed),
        timed_out=sum(one.status == TIMED_OUT for one in valid),
        of=total,
        killed_ids=tuple(mutant_id(one) for one in killed),
        asserted=sum(one.asserted for one in killed),
    )


def mutant_id(mutant: Mutant) -> str:
    """As in records: ``line:OPERATOR:index``."""
    return f"{mutant.line}:{mutant.operator}:{mutant.index}"
