"""The workers of one module, and the way of its candidates through them: compiled, run, retried, rerun."""

import random
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tailorbird.config import ExecuteConfig
from tailorbird.errors import SourceError
from tailorbird.execution import verdicts as v
from tailorbird.execution.candidates import CandidateCompiler
from tailorbird.execution.compiling import Ready, Refused, compile_tree
from tailorbird.execution.crew import Crew, processors
from tailorbird.execution.messages import Find, Focal, Found, Observation, Ran, Run, Unit
from tailorbird.execution.mutation import mutation_of
from tailorbird.execution.opening import folder_for_workers, worker_settings
from tailorbird.execution.placing import owner_of
from tailorbird.execution.project import Module
from tailorbird.execution.sandbox import Sandbox
from tailorbird.execution.task import Task
from tailorbird.execution.worker import Pool, Worker, WorkerDiedError, WorkerSettings
from tailorbird.records import Coverage, Mutation, Verdict

_GRACE_SECONDS = 5.0
_STRETCH = 3
"""Times its deadline that the worker gives a candidate which others keep from the processor."""
_SOON_SECONDS = 0.5
"""Most tests take milliseconds: one that does not end so soon is run again at leisure, with the whole deadline."""
_FIND_SECONDS = 120.0
_THREADS_KEPT = 8
"""A worker with more threads left behind is replaced."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of some tasks, by their keys."""

    verdicts: dict[int, Verdict]
    refused: dict[int, Refused]
    """Of those that javac refuses, what it said."""


@dataclass(frozen=True, slots=True)
class _Run:
    """One run."""

    verdict: str
    evidence: tuple[str, ...]
    ran: Ran | None


@dataclass(slots=True)
class Bench:
    """The workers of one module, and the folder that their classes lie in."""

    module: Module
    config: ExecuteConfig
    sandbox: Sandbox
    cache: Path
    note: Callable[[int], None]
    _folder: Path = field(init=False)
    _pool: Pool = field(init=False)
    _crew: Crew = field(init=False)
    _compiler: CandidateCompiler = field(init=False)
    _counter: Iterator[int] = field(init=False)

    def __enter__(self) -> "Bench":
        self._folder = folder_for_workers(self.module, self.sandbox)
        self._counter = iter(range(1 << 30))
        try:
            if self.module.sources and not self.module.tests[0].is_dir():
                self._compile_tests(self._settings())
            self._pool = Pool(self._settings(), spares=1)
            self._crew = Crew(self._pool, self.config.workers or processors())
            self._compiler = CandidateCompiler(self._crew, self._new_folder)
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        return self

    def _settings(self) -> WorkerSettings:
        return worker_settings(self.module, self.config, self.sandbox, self.cache, self._folder)

    def __exit__(self, *_: object) -> None:
        self._crew.close()
        self._pool.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _compile_tests(self, settings: WorkerSettings) -> None:
        """The project's own tests, as many as compile; in the sandbox, for they are published by others."""
        units = {}
        for root in self.module.sources:
            for file in sorted(root.rglob("*.java")):
                units[str(file)] = Unit(file.relative_to(root).as_posix(), file.read_text(errors="replace"))
        out = self._new_folder()
        worker = Worker(settings)
        try:
            worker.open()
            compile_tree(worker, units, out)
        except WorkerDiedError as error:
            raise SourceError(
                f"The tests of {self.module.folder} could not be compiled ({error}): try more --heap-mb."
            ) from error
        finally:
            worker.kill()
        shutil.move(out, self.module.tests[0])

    @property
    def java_version(self) -> str:
        """Of the JVMs; empty before the first has answered."""
        return self._crew.java_version

    def _new_folder(self) -> Path:
        folder = self._folder / f"classes-{next(self._counter)}"
        folder.mkdir()
        return folder

    def try_out(self) -> None:
        """Start a JVM and end it. Raises SourceError where none starts."""
        try:
            self._pool.try_out()
        except WorkerDiedError as error:
            raise SourceError(
                f"No JVM starts in the sandbox {self.sandbox.name} for {self.module.folder} ({error}): run "
                "`tailorbird doctor`."
            ) from error

    def warm(self, candidates: int) -> None:
        """Start the JVMs that so many candidates will need, before they are there."""
        self._pool.warm(min(candidates, self._crew.size))

    def judge(self, tasks: Sequence[Task]) -> Judged:
        """A verdict for each."""
        by_key = {task.key: task for task in tasks}
        compiled = self._compiler.compile(tasks)
        judged, ready = compiled.judged, compiled.ready
        self.note(len(judged))
        runs: dict[int, Verdict] = {}
        first = self._crew.each(lambda key: self._first_and_retry(by_key[key], ready[key]), sorted(ready))
        for key, (verdict, made) in first:
            runs[key], ready[key] = verdict, made
            self.note(1)
        passing = [key for key, one in runs.items() if one.verdict == v.PASS]
        reruns = self._rerun(passing, by_key, ready)
        for key, verdict in runs.items():
            again = tuple(reruns.get(key, ()))
            flaky = any(one != v.PASS for one in again)
            judged[key] = replace(
                verdict,
                reruns=again,
                verdict=v.FLAKY if flaky else verdict.verdict,
                evidence=(f"{sum(one == v.PASS for one in again)} of {len(again)} reruns passed",)
                if flaky
                else verdict.evidence,
            )
        for key, mutation in self._mutate([key for key in passing if _enters(judged[key])], by_key, ready):
            judged[key] = replace(judged[key], mutation=mutation)
        return Judged(judged, compiled.refused)

    def find(self, names: Find) -> Found | None:
        """What the class path of the tests has of some names; None where no JVM says so."""

        def ask(question: Find) -> Found | None:
            try:
                return self._crew.seat().worker.ask(question, Found, seconds=_FIND_SECONDS)
            except WorkerDiedError:
                self._crew.seat().replace()
                return None

        return next(found for _, found in self._crew.each(ask, [names]))

    def observe(self, tasks: Sequence[Task]) -> dict[int, tuple[Observation, ...]]:
        """What the assertions of candidates look at that were written to say so; nothing of one that does not run."""
        by_key = {task.key: task for task in tasks}
        ready = self._compiler.compile(tasks).ready

        def run(key: int) -> tuple[Observation, ...]:
            found = self._run(
                by_key[key], ready[key], fresh=False, seconds=self.config.deadline_seconds, observe=True
            )  # fmt: skip
            return found.ran.observations if found.ran is not None and not found.ran.timeout else ()

        return dict(self._crew.each(run, sorted(ready)))

    def cover(self, tasks: Sequence[Task]) -> dict[str, Coverage | None]:
        """What the project's own test of each task's pair covers, as the project compiled it; None unless it passes."""
        nothing = self._new_folder()
        seconds = self.config.deadline_seconds

        def one(task: Task) -> Coverage | None:
            made = Ready(nothing, task.runs_in.owner or owner_of(task.home), task.pair.test.name)
            found = self._run(task, made, fresh=False, seconds=seconds)
            covered = found.ran is not None and found.verdict == v.PASS
            return v.coverage_of(found.ran, task.pair.focal) if covered and found.ran is not None else None

        return {task.pair.id: found for task, found in self._crew.each(one, tasks)}

    def _first_and_retry(self, task: Task, made: Ready) -> tuple[Verdict, Ready]:
        """The verdict but for reruns, and the classes that it holds of."""
        soon = min(_SOON_SECONDS, self.config.deadline_seconds)
        first = self._run(task, made, fresh=False, seconds=soon)
        last, again, retried = first, made, False
        if first.verdict in v.RETRIED:
            # What came before may have left something behind, or another name may matter: alone, and all anew.
            if first.ran is not None and first.ran.pinned:
                self._crew.seat().replace()
            again = self._compiler.remade(task, made)
            last, retried = self._run(task, again, fresh=True, seconds=self.config.deadline_seconds), True
        verdict = Verdict(
            pair_id=task.candidate.pair_id,
            index=task.candidate.index,
            verdict=last.verdict,
            evidence=last.evidence,
            milliseconds=round(last.ran.milliseconds, 3) if last.ran is not None else None,
            retried=retried,
            coverage=v.coverage_of(last.ran, task.pair.focal)
            if last.ran is not None and last.verdict == v.PASS
            else None,
        )
        return verdict, again

    def _rerun(
        self, passing: Sequence[int], tasks: Mapping[int, Task], ready: Mapping[int, Ready]
    ) -> dict[int, list[str]]:
        """Verdicts of the reruns, in fresh JVMs and in another order each time."""
        found: dict[int, list[str]] = defaultdict(list)
        if passing and self.config.reruns:
            self._crew.refresh()
        for number in range(self.config.reruns if passing else 0):
            order = list(passing)
            random.Random(f"{self.config.seed} {number}").shuffle(order)
            again = self._crew.each(
                lambda key: self._run(tasks[key], ready[key], fresh=False, seconds=self.config.deadline_seconds),
                order,
            )
            for key, one in again:
                found[key].append(one.verdict)
        return found

    def _mutate(
        self, keys: Sequence[int], tasks: Mapping[int, Task], ready: Mapping[int, Ready]
    ) -> Iterator[tuple[int, Mutation | None]]:
        """Candidates against mutants of their focal methods."""

        def mutate(key: int) -> Mutation | None:
            job = _job(tasks[key], ready[key], fresh=False, seconds=self.config.deadline_seconds)
            return mutation_of(self._crew.seat(), job, limit=self.config.mutants, seed=self.config.seed)

        return self._crew.each(mutate, keys if self.config.mutants else ())

    def _run(self, task: Task, made: Ready, *, fresh: bool, seconds: float, observe: bool = False) -> _Run:
        seat = self._crew.seat()
        try:
            worker = seat.worker
        except WorkerDiedError as error:
            return _Run(v.INFRA, (f"no JVM to run it in: {error}",), None)
        job = _job(task, made, fresh=fresh, seconds=seconds, observe=observe)
        try:
            ran = worker.ask(job, Ran, seconds=_STRETCH * seconds + _GRACE_SECONDS)
        except WorkerDiedError as error:
            seat.replace()
            if error.late:
                return _Run(
                    v.TIMEOUT,
                    (f"not done after {seconds:g} s, and it could not be stopped",),
                    None,
                )
            return _Run(v.CRASH, (str(error),), None)
        left = ran.threads > _THREADS_KEPT or (ran.timeout and ran.threads)
        if ran.out_of_memory or ran.processes or left or ran.pinned_own:
            seat.replace()
        return _Run(*v.judge(ran), ran)


def _job(task: Task, made: Ready, *, fresh: bool, seconds: float, observe: bool = False) -> Run:
    focal = task.pair.focal
    return Run(
        classes=str(made.classes),
        owner=(made.method and task.runs_in.owner) or made.owner,
        method=made.method,
        deadline_ms=round(seconds * 1000),
        fresh=fresh,
        focal=Focal(v.internal_name(focal), focal.name, focal.line, focal.end_line),
        observe=observe,
    )


def _enters(verdict: Verdict) -> bool:
    """It passes each time, and runs its focal method."""
    return verdict.verdict == v.PASS and verdict.coverage is not None and verdict.coverage.focal_method_called
