"""The workers of one module, and the way of its candidates through them: compiled, run, retried, rerun."""

import os
import random
import shutil
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from tailorbird.config import ExecuteConfig
from tailorbird.errors import SourceError
from tailorbird.execution import verdicts as v
from tailorbird.execution.compiling import (
    CompiledMethods,
    Ready,
    Wish,
    compile_alone,
    compile_together,
    compile_tree,
    skeleton_compiles,
)
from tailorbird.execution.messages import Focal, Ran, Run, Unit
from tailorbird.execution.mutation import mutation_of
from tailorbird.execution.opening import folder_for_workers, worker_settings
from tailorbird.execution.placing import ClassText, MethodText, RunsIn, owner_of, read_candidate
from tailorbird.execution.project import Module
from tailorbird.execution.sandbox import Sandbox
from tailorbird.execution.worker import Pool, Seat, Worker, WorkerDiedError, WorkerSettings
from tailorbird.records import Candidate, Coverage, Mutation, Pair, TestClass, Verdict

_K = TypeVar("_K")
_T = TypeVar("_T")
_GRACE_SECONDS = 5.0
_STRETCH = 3
"""Times its deadline that the worker gives a candidate which others keep from the processor."""
_SOON_SECONDS = 0.5
"""Most tests take milliseconds: one that does not end so soon is run again at leisure, with the whole deadline."""
_FILES_EACH = 8
"""Fewer are compiled sooner by one worker that has warmed up."""
_THREADS_KEPT = 8
"""A worker with more threads left behind is replaced."""


@dataclass(frozen=True, slots=True)
class Task:
    """One candidate on its way."""

    key: int
    candidate: Candidate
    pair: Pair
    home: TestClass
    runs_in: RunsIn
    module: Module


def verdict_on(candidate: Candidate, verdict: str, evidence: tuple[str, ...] = ()) -> Verdict:
    """The verdict on a candidate that was not run."""
    return Verdict(pair_id=candidate.pair_id, index=candidate.index, verdict=verdict, evidence=evidence)


@dataclass(frozen=True, slots=True)
class _Judged:
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
    _threads: ThreadPoolExecutor = field(init=False)
    _local: threading.local = field(init=False, default_factory=threading.local)
    _seats: list[Seat] = field(init=False, default_factory=list)
    _counter: Iterator[int] = field(init=False)
    _sound: dict[tuple[str, str], bool] = field(init=False, default_factory=dict)
    """Test classes that were compiled without any candidate, and whether that went well."""

    def __enter__(self) -> "Bench":
        self._folder = folder_for_workers(self.module, self.sandbox)
        # Each thread has a JVM of its own, which is why they last as long as the bench.
        self._threads = ThreadPoolExecutor(self.config.workers or processors())
        self._counter = iter(range(1 << 30))
        try:
            if self.module.sources and not self.module.tests[0].is_dir():
                self._compile_tests(self._settings())
            self._pool = Pool(self._settings(), spares=1)
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        return self

    def _settings(self) -> WorkerSettings:
        return worker_settings(self.module, self.config, self.sandbox, self.cache, self._folder)

    def __exit__(self, *_: object) -> None:
        # Of an interrupted run nothing more is begun; what is running ends with its JVM.
        self._threads.shutdown(wait=False, cancel_futures=True)
        for seat in self._seats:
            seat.replace()
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
        return next((seat.java_version for seat in self._seats if seat.java_version), "")

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
        self._pool.warm(min(candidates, self.config.workers or processors()))

    def judge(self, tasks: Sequence[Task]) -> dict[int, Verdict]:
        """A verdict for each."""
        by_key = {task.key: task for task in tasks}
        judged: dict[int, Verdict] = {}
        ready: dict[int, Ready] = {}
        self._compile(tasks, ready, judged)
        self.note(len(judged))
        runs: dict[int, Verdict] = {}
        first = self._each(lambda key: self._first_and_retry(by_key[key], ready[key]), sorted(ready), counted=True)
        for key, (verdict, made) in first:
            runs[key], ready[key] = verdict, made
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
        return judged

    def cover(self, tasks: Sequence[Task]) -> dict[str, Coverage | None]:
        """What the project's own test of each task's pair covers, as the project compiled it; None unless it passes."""
        nothing = self._new_folder()
        seconds = self.config.deadline_seconds

        def one(task: Task) -> Coverage | None:
            made = Ready(nothing, task.runs_in.owner or owner_of(task.home), task.pair.test.name)
            found = self._run(task, made, fresh=False, seconds=seconds)
            covered = found.ran is not None and found.verdict == v.PASS
            return v.coverage_of(found.ran, task.pair.focal) if covered and found.ran is not None else None

        return {task.pair.id: found for task, found in self._each(one, tasks)}

    def _compile(self, tasks: Sequence[Task], ready: dict[int, Ready], judged: dict[int, Verdict]) -> None:
        """Methods together, file by file; whole classes, and what cannot be told apart, each alone."""
        rounds: dict[int, list[Wish]] = defaultdict(list)
        alone: dict[int, Wish] = {}
        classes_of: dict[str, list[str]] = defaultdict(list)
        by_key = {task.key: task for task in tasks}
        whole: list[tuple[Task, ClassText]] = []
        texts = {task.key: read_candidate(task.candidate.text) for task in tasks}
        names = _names_by_class(tasks, texts)
        for task in tasks:
            read = texts[task.key]
            if isinstance(read, ClassText):
                whole.append((task, read))
            elif isinstance(read, MethodText):
                classes = classes_of[task.home.path]
                if task.home.class_name not in classes:
                    classes.append(task.home.class_name)
                wish = Wish(task.key, task.home, read, task.runs_in.names)
                others = names[task.home.path, task.home.class_name] - Counter((read.name,))
                if read.keeps_its_name or not read.leaves_others_alone(task.home) or read.calls & others.keys():
                    alone[task.key] = wish
                else:
                    # Skeletons of two classes of one file are two versions of that file.
                    rounds[classes.index(task.home.class_name)].append(wish)
        parts = [part for some in rounds.values() for part in self._parts(some)]
        for (task, _), made in self._each(self._compile_class, whole):
            self._sort_in(task.key, made, ready, judged)
        for _, outcome in self._each(lambda at: self._compile_part(parts[at]), range(len(parts))):
            ready.update(outcome.ready)
            alone |= {wish.key: wish for wish in outcome.alone}
            for key, errors in outcome.refused.items():
                judged[key] = verdict_on(by_key[key].candidate, v.COMPILE_ERROR, v.compile_evidence(errors))
        for key, made in self._each(lambda key: self._compile_alone(by_key[key], alone[key]), alone):
            self._sort_in(key, made, ready, judged)

    @staticmethod
    def _sort_in(key: int, made: Ready | Verdict, ready: dict[int, Ready], judged: dict[int, Verdict]) -> None:
        if isinstance(made, Ready):
            ready[key] = made
        else:
            judged[key] = made

    def _parts(self, wishes: Sequence[Wish]) -> list[list[Wish]]:
        """A part for each worker, files whole, the largest dealt out first; few candidates are one part."""
        files: dict[str, list[Wish]] = defaultdict(list)
        for wish in wishes:
            files[wish.home.path].append(wish)
        count = min(self.config.workers or processors(), 1 + len(files) // _FILES_EACH)
        parts: list[list[Wish]] = [[] for _ in range(count)]
        for some in sorted(files.values(), key=len, reverse=True):
            min(parts, key=len).extend(some)
        return [part for part in parts if part]

    def _compile_part(self, wishes: Sequence[Wish]) -> CompiledMethods:
        try:
            return compile_together(self._seat().worker, wishes, self._new_folder())
        except WorkerDiedError:
            # Some one of them is too much for javac; it is found when each is alone.
            self._seat().replace()
            return CompiledMethods(ready={}, refused={}, alone=list(wishes))

    def _compile_alone(self, task: Task, wish: Wish) -> Ready | Verdict:
        try:
            return self._compiled_alone(self._seat().worker, task, wish)
        except WorkerDiedError as error:
            self._seat().replace()
            return verdict_on(task.candidate, v.INFRA, (f"the compiler's JVM ended: {error}",))

    def _compiled_alone(self, worker: Worker, task: Task, wish: Wish) -> Ready | Verdict:
        made = compile_alone(worker, wish, self._new_folder())
        if isinstance(made, Ready):
            return made
        place = (wish.home.path, wish.home.class_name)
        if place not in self._sound:
            self._sound[place] = skeleton_compiles(worker, wish.home, self._new_folder())
        verdict = v.COMPILE_ERROR if self._sound[place] else v.INFRA
        why = () if self._sound[place] else ("the test class does not compile without any candidate",)
        return verdict_on(task.candidate, verdict, (*why, *v.compile_evidence(made)))

    def _compile_class(self, given: tuple[Task, ClassText]) -> Ready | Verdict:
        task, text = given
        out = self._new_folder()
        try:
            answer = self._seat().worker.compile([text.unit], out)
        except WorkerDiedError as error:
            self._seat().replace()
            return verdict_on(task.candidate, v.INFRA, (f"the compiler's JVM ended: {error}",))
        if answer.errors:
            return verdict_on(task.candidate, v.COMPILE_ERROR, v.compile_evidence(list(answer.errors)))
        if answer.shadows:
            return verdict_on(
                task.candidate, v.LOAD_ERROR, (f"it defines {answer.shadows[0]}, which is a class of the project",)
            )
        return Ready(out, text.binary_name, "")

    def _first_and_retry(self, task: Task, made: Ready) -> tuple[Verdict, Ready]:
        """The verdict but for reruns, and the classes that it holds of."""
        soon = min(_SOON_SECONDS, self.config.deadline_seconds)
        first = self._run(task, made, fresh=False, seconds=soon)
        last, again, retried = first, made, False
        if first.verdict in v.RETRIED:
            # What came before may have left something behind, or another name may matter: alone, and all anew.
            if first.ran is not None and first.ran.pinned:
                self._seat().replace()
            again = self._remade(task, made)
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

    def _remade(self, task: Task, made: Ready) -> Ready:
        """The candidate compiled alone, under its own name, where it was beside others."""
        read = read_candidate(task.candidate.text)
        if not isinstance(read, MethodText) or (made.method == read.name and not made.shared):
            return made
        try:
            wish = Wish(task.key, task.home, read, task.runs_in.names)
            again = compile_alone(self._seat().worker, wish, self._new_folder())
        except WorkerDiedError:
            self._seat().replace()
            return made
        return again if isinstance(again, Ready) else made

    def _rerun(
        self, passing: Sequence[int], tasks: Mapping[int, Task], ready: Mapping[int, Ready]
    ) -> dict[int, list[str]]:
        """Verdicts of the reruns, in fresh JVMs and in another order each time."""
        found: dict[int, list[str]] = defaultdict(list)
        for seat in self._seats if passing and self.config.reruns else ():
            seat.replace()
        for number in range(self.config.reruns if passing else 0):
            order = list(passing)
            random.Random(f"{self.config.seed} {number}").shuffle(order)
            again = self._each(
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
            return mutation_of(self._seat(), job, limit=self.config.mutants, seed=self.config.seed)

        return self._each(mutate, keys if self.config.mutants else ())

    def _run(self, task: Task, made: Ready, *, fresh: bool, seconds: float) -> _Judged:
        seat = self._seat()
        try:
            worker = seat.worker
        except WorkerDiedError as error:
            return _Judged(v.INFRA, (f"no JVM to run it in: {error}",), None)
        job = _job(task, made, fresh=fresh, seconds=seconds)
        try:
            ran = worker.ask(job, Ran, seconds=_STRETCH * seconds + _GRACE_SECONDS)
        except WorkerDiedError as error:
            seat.replace()
            if error.late:
                return _Judged(
                    v.TIMEOUT,
                    (f"not done after {seconds:g} s, and it could not be stopped",),
                    None,
                )
            return _Judged(v.CRASH, (str(error),), None)
        left = ran.threads > _THREADS_KEPT or (ran.timeout and ran.threads)
        if ran.out_of_memory or ran.processes or left or ran.pinned_own:
            seat.replace()
        return _Judged(*v.judge(ran), ran)

    def _seat(self) -> Seat:
        if not hasattr(self._local, "seat"):
            self._local.seat = Seat(self._pool)
            self._seats.append(self._local.seat)
        seat: Seat = self._local.seat
        return seat

    def _each(self, work: Callable[[_K], _T], keys: Iterable[_K], *, counted: bool = False) -> Iterator[tuple[_K, _T]]:
        """Work on each key, as many at a time as there are workers."""
        listed = list(keys)
        for key, one in zip(listed, self._threads.map(work, listed), strict=True):
            yield key, one
            if counted:
                self.note(1)


def _names_by_class(
    tasks: Sequence[Task], texts: Mapping[int, MethodText | ClassText | None]
) -> Mapping[tuple[str, str], Counter[str]]:
    """How many candidates of each test class have a name."""
    names: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for task in tasks:
        read = texts[task.key]
        if isinstance(read, MethodText):
            names[task.home.path, task.home.class_name][read.name] += 1
    return names


def _job(task: Task, made: Ready, *, fresh: bool, seconds: float) -> Run:
    focal = task.pair.focal
    return Run(
        classes=str(made.classes),
        owner=(made.method and task.runs_in.owner) or made.owner,
        method=made.method,
        deadline_ms=round(seconds * 1000),
        fresh=fresh,
        focal=Focal(v.internal_name(focal), focal.name, focal.line, focal.end_line),
    )


def _enters(verdict: Verdict) -> bool:
    """It passes each time, and runs its focal method."""
    return verdict.verdict == v.PASS and verdict.coverage is not None and verdict.coverage.focal_method_called


def processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
