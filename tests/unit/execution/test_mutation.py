import pytest

from tailorbird.execution import mutation as m
from tailorbird.execution.messages import Focal, Mutant, Mutate, Mutated, Run
from tailorbird.execution.worker import Seat, WorkerDiedError
from tailorbird.records import Mutation

RUN = Run("classes", "p.FooTest", "a", 2_000, True, Focal("p/Foo", "foo", 3, 9))
MUTANTS = tuple(
    Mutant(index, "MATH", 4 + index, status, asserted=status == m.KILLED)
    for index, status in enumerate((m.KILLED, m.SURVIVED, m.NOT_COVERED, m.TIMED_OUT, m.INVALID))
)


def answer(*mutants: Mutant, **others: object) -> Mutated:
    given: dict[str, object] = {
        "passed": True,
        "total": 7,
        "mutants": mutants,
        "complete": True,
        "spent": False,
        "milliseconds": 1.0,
    }
    return Mutated(**{**given, **others})  # type: ignore[arg-type]


class FakeSeat(Seat):
    """Gives answers in turn."""

    def __init__(self, *answers: Mutated | WorkerDiedError) -> None:
        self.answers = list(answers)
        self.asked: list[Mutate] = []
        self.replaced = 0

    @property
    def worker(self) -> "FakeSeat":  # type: ignore[override]
        return self

    def ask(self, job: Mutate, kind: type[Mutated], *, seconds: float) -> Mutated:
        assert seconds > (job.budget_ms + job.factor * job.deadline_ms) / 1000
        self.asked.append(job)
        given = self.answers.pop(0)
        if isinstance(given, WorkerDiedError):
            raise given
        return given

    def replace(self) -> None:
        self.replaced += 1


def mutation(seat: FakeSeat) -> Mutation | None:
    return m.mutation_of(seat, RUN, limit=5, seed=1)


def test_what_is_late_is_killed_and_what_is_invalid_is_none() -> None:
    found = m.tallied(MUTANTS, 7)
    assert (found.mutants, found.covered, found.killed, found.timed_out, found.of) == (4, 3, 2, 1, 7)
    assert found.killed_ids == ("4:MATH:0", "7:MATH:3")
    assert found.asserted == 1


def test_a_candidate_is_asked_for_as_it_was_run() -> None:
    seat = FakeSeat(answer(*MUTANTS))
    assert mutation(seat) == m.tallied(MUTANTS, 7)
    (job,) = seat.asked
    assert (job.operation, job.classes, job.owner, job.method) == ("mutate", "classes", "p.FooTest", "a")
    assert (job.deadline_ms, job.fresh, job.focal, job.limit, job.seed) == (2_000, False, RUN.focal, 5, 1)


@pytest.mark.parametrize("spent", [True, False])
def test_what_is_left_is_asked_for_again_of_another_worker_if_need_be(spent: bool) -> None:
    seat = FakeSeat(answer(*MUTANTS[:2], complete=False, spent=spent), answer(*MUTANTS[2:]))
    assert mutation(seat) == m.tallied(MUTANTS, 7)
    assert [one.first for one in seat.asked] == [0, 2]
    assert seat.replaced == spent


def test_a_candidate_that_no_longer_passes_is_tried_once_more_in_another_worker() -> None:
    seat = FakeSeat(answer(*MUTANTS[:1], passed=False), answer(*MUTANTS))
    assert mutation(seat) == m.tallied(MUTANTS, 7)
    assert seat.replaced == 1
    assert mutation(FakeSeat(answer(passed=False), answer(passed=False))) is None


def test_of_a_worker_that_dies_nothing_is_learnt() -> None:
    seat = FakeSeat(answer(*MUTANTS[:2], complete=False), WorkerDiedError("it ended", late=False))
    assert mutation(seat) is None
    assert seat.replaced == 1
