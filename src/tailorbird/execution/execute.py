"""Candidates in, verdicts out: each compiled, run beside the project's code, retried or rerun, and judged."""

import os
import platform
import random
import shutil
import subprocess
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import msgspec

from tailorbird import __version__
from tailorbird.config import ExecuteConfig
from tailorbird.errors import DataError, SourceError
from tailorbird.execution import verdicts as v
from tailorbird.execution.compiling import Ready, Wish, compile_alone, compile_together, compile_tree, skeleton_compiles
from tailorbird.execution.harness import harness_for
from tailorbird.execution.messages import Focal, Open, Ran, Run, Unit
from tailorbird.execution.placing import ClassText, MethodText, is_abstract, owner_of, read_candidate
from tailorbird.execution.project import BuiltProject, Module, build_project, given_project
from tailorbird.execution.sandbox import Needs, Sandbox, sandbox
from tailorbird.execution.worker import Pool, Worker, WorkerDiedError, WorkerSettings, paths, writable_folder
from tailorbird.mining.tree import mine_tree
from tailorbird.progress import Progress, Silent
from tailorbird.records import Candidate, ExecutionHeader, Pair, TestClass, Verdict
from tailorbird.sources import ResolvedSource, default_cache, resolve
from tailorbird.storage import sha256_bytes, sha256_file, write_jsonl

_T = TypeVar("_T")
_GRACE_SECONDS = 5.0
_THREADS_KEPT = 8
"""A worker with more threads left behind is replaced."""


@dataclass(frozen=True, slots=True)
class _Task:
    """One candidate on its way."""

    key: int
    candidate: Candidate
    pair: Pair
    home: TestClass
    runs_in: str
    """Binary name of the class whose test it is run as; empty for the one that it stands in."""
    module: Module


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a pair's candidates go."""

    pair: Pair
    home: TestClass
    runs_in: str


@dataclass(frozen=True, slots=True)
class Execution:
    """What `execute` wrote."""

    header: ExecutionHeader
    verdicts: tuple[Verdict, ...]


def execute(
    candidates: Path,
    source: str,
    out: Path,
    config: ExecuteConfig | None = None,
    *,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Execution:
    """Judge each of the candidates in a file by executing it in the project SOURCE, and write the verdicts.

    The pairs that candidates name are mined from the SOURCE again: ids are the same wherever it lies.

    Raises SourceError when the project cannot be had or built, DataError for candidates of another project,
    ToolMissingError without a JDK, Maven or a sandbox that works.
    """
    config = config or ExecuteConfig()
    watch = progress or Silent()
    given = list(_read(candidates))
    resolved = resolve(source)
    place = (cache or default_cache().parent) / "execution"
    inside = sandbox(config.sandbox)
    started = time.monotonic()
    watch.start("building", 1)
    built = _built(resolved, config, place)
    watch.finish()
    build_seconds = 0.0 if built.kept else time.monotonic() - started
    started = time.monotonic()
    judged, tasks = _sorted_out(given, _pairs(resolved, source, given, candidates), built)
    by_module: dict[str, list[_Task]] = defaultdict(list)
    for task in tasks:
        by_module[task.module.path].append(task)
    watch.start("executing", len(given))
    done = [len(judged)]

    def note(count: int) -> None:
        done[0] += count
        watch.update(done[0])

    for some in by_module.values():
        with _Bench(some[0].module, config, inside, place, note) as bench:
            judged |= bench.judge(some)
    watch.finish()
    found = tuple(judged[key] for key in range(len(given)))
    header = ExecutionHeader(
        tailorbird=__version__,
        source=resolved.provenance,
        candidates_sha256=sha256_file(candidates),
        settings={"deadline_seconds": config.deadline_seconds, "reruns": config.reruns, "sandbox": inside.name,
                  "workers": config.workers or _processors(), "seed": config.seed},
        versions={"python": platform.python_version(), **_java_version()},
        candidates=len(given),
        seconds=round(time.monotonic() - started, 3),
        build_seconds=round(build_seconds, 3),
        counts={name: count for name in v.LADDER if (count := sum(one.verdict == name for one in found))},
    )  # fmt: skip
    write_jsonl(out, [header, *found])
    return Execution(header, found)


def _read(path: Path) -> Iterator[Candidate]:
    """Candidates of a file of ours, or of any that has ``pair_id`` and ``text`` in each line."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise DataError(f"{path} could not be read ({error.strerror}): give a file of candidates.") from error
    seen: Counter[str] = Counter()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            head = msgspec.json.decode(line, type=_Line)
        except msgspec.MsgspecError as error:
            raise DataError(
                f"{path}, line {number}: {error}; give one JSON object with pair_id and text a line."
            ) from error
        if head.kind != "candidate":
            continue
        if head.pair_id is None or head.text is None:
            raise DataError(f"{path}, line {number} has no pair_id or no text: a candidate needs both.")
        index = head.index if head.index is not None else seen[head.pair_id]
        seen[head.pair_id] += 1
        yield Candidate(
            pair_id=head.pair_id,
            index=index,
            text=head.text,
            log_probability=None,
            tokens=0,
            finished=True,
            seconds=0.0,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    kind: str = "candidate"
    pair_id: str | None = None
    index: int | None = None
    text: str | None = None


def _built(resolved: ResolvedSource, config: ExecuteConfig, cache: Path) -> BuiltProject:
    if config.classpath is not None and config.classes is not None:
        return given_project(resolved.root, Path(config.classpath), Path(config.classes))
    if config.classpath is not None or config.classes is not None:
        raise DataError("--classpath and --classes go together: give both, or neither for a Maven project.")
    return build_project(resolved, cache)


def _pairs(resolved: ResolvedSource, source: str, given: Sequence[Candidate], file: Path) -> dict[str, _Place]:
    """The pairs that candidates name, with their places; ids of a data set of several sources are known too."""
    mined = mine_tree(resolved.root, cache=default_cache() / "parsed.sqlite", distinct=False)
    homes = {(one.path, one.class_name): one for one in mined.test_classes}
    found: dict[str, _Place] = {}
    for pair in mined.pairs:
        home = homes.get((pair.test.path, pair.test.class_name))
        if home is not None:
            place = _Place(pair, home, _runs_in(home, mined.test_classes))
            found[pair.id] = found[sha256_bytes(f"{source}\n{pair.id}".encode())[:16]] = place
    strange = [one.pair_id for one in given if one.pair_id not in found]
    if strange:
        raise DataError(
            f"{file} has candidates for {len(set(strange))} pairs that {source} does not have, the first {strange[0]}: "
            "give the SOURCE, at the version, that they were generated for."
        )
    return found


def _runs_in(home: TestClass, among: Sequence[TestClass]) -> str:
    """Of an abstract test class, the first class that is not and has its tests too."""
    if not is_abstract(home):
        return ""
    qualified = f"{home.package}.{home.class_name}".lstrip(".")
    return next((owner_of(one) for one in among if qualified in one.inherited and not is_abstract(one)), "")


def _sorted_out(
    given: Sequence[Candidate], pairs: Mapping[str, _Place], built: BuiltProject
) -> tuple[dict[int, Verdict], list[_Task]]:
    """Verdicts that need no JVM, and what is left."""
    judged: dict[int, Verdict] = {}
    tasks = []
    for key, candidate in enumerate(given):
        place = pairs[candidate.pair_id]
        module = built.module_of(place.home.path)
        if not candidate.text.strip():
            judged[key] = _verdict(candidate, v.NO_OUTPUT)
        elif read_candidate(candidate.text) is None:
            judged[key] = _verdict(candidate, v.SYNTAX_ERROR, ("neither one whole method nor one whole file",))
        elif module is None:
            judged[key] = _verdict(candidate, v.INFRA, (f"{place.home.path} is in no module that was built",))
        else:
            tasks.append(_Task(key, candidate, place.pair, place.home, place.runs_in, module))
    return judged, tasks


def _verdict(candidate: Candidate, verdict: str, evidence: tuple[str, ...] = ()) -> Verdict:
    return Verdict(pair_id=candidate.pair_id, index=candidate.index, verdict=verdict, evidence=evidence)


@dataclass(frozen=True, slots=True)
class _Judged:
    """One run."""

    verdict: str
    evidence: tuple[str, ...]
    ran: Ran | None


class _Seat:
    """One thread's worker, replaced when it dies or is no longer to be trusted."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._worker: Worker | None = None

    @property
    def worker(self) -> Worker:
        if self._worker is None:
            self._worker = self._pool.take()
        return self._worker

    def replace(self) -> None:
        """The next use is of another worker."""
        if self._worker is not None:
            self._worker.kill()
        self._worker = None


@dataclass(slots=True)
class _Bench:
    """The workers of one module, and the folder that their classes lie in."""

    module: Module
    config: ExecuteConfig
    sandbox: Sandbox
    cache: Path
    note: Callable[[int], None]
    _folder: Path = field(init=False)
    _pool: Pool = field(init=False)
    _local: threading.local = field(init=False, default_factory=threading.local)
    _seats: list[_Seat] = field(init=False, default_factory=list)
    _counter: Iterator[int] = field(init=False)

    def __enter__(self) -> "_Bench":
        self._folder = writable_folder()
        self._counter = iter(range(1 << 30))
        try:
            harness = harness_for(self.module.dependencies, self.cache)
            dependencies = (
                *(one for one in self.module.dependencies if one not in harness.dropped), *harness.added, harness.bridge
            )  # fmt: skip
            opening = Open(
                main=paths(self.module.main),
                tests=paths(self.module.tests),
                dependencies=paths(dependencies),
                bridge=str(harness.bridge),
            )
            readable = (
                *self.module.main, *self.module.tests, *dependencies, *harness.worker,
                *(one.resolve() for one in self.module.sources), harness.java.resolve().parents[1], self._folder,
            )  # fmt: skip
            settings = WorkerSettings(
                java=harness.java,
                classpath=harness.worker,
                opening=opening,
                needs=Needs(folder=self.module.folder, readable=readable, writable=self._folder),
                sandbox=self.sandbox,
                heap_mb=self.config.heap_mb,
            )
            self._pool = Pool(settings, spares=1)
            if self.module.sources and not self.module.tests[0].is_dir():
                self._compile_tests(settings)
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        return self

    def __exit__(self, *_: object) -> None:
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
        # What has been opened does not know of them.
        self._pool.close()
        self._pool = Pool(settings, spares=1)

    def _new_folder(self) -> Path:
        folder = self._folder / f"classes-{next(self._counter)}"
        folder.mkdir()
        return folder

    def judge(self, tasks: Sequence[_Task]) -> dict[int, Verdict]:
        """A verdict for each."""
        by_key = {task.key: task for task in tasks}
        judged: dict[int, Verdict] = {}
        ready: dict[int, Ready] = {}
        try:
            self._compile(tasks, ready, judged)
        except WorkerDiedError as error:
            for task in tasks:
                if task.key not in ready and task.key not in judged:
                    judged[task.key] = _verdict(task.candidate, v.INFRA, (f"the compiler's JVM ended: {error}",))
        self.note(len(judged))
        runs = self._each(lambda key: self._first_and_retry(by_key[key], ready[key]), sorted(ready), counted=True)
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
        return judged

    def _compile(self, tasks: Sequence[_Task], ready: dict[int, Ready], judged: dict[int, Verdict]) -> None:
        """Methods together, file by file; whole classes, and what cannot be told apart, each alone."""
        rounds: dict[int, list[Wish]] = defaultdict(list)
        alone: list[Wish] = []
        classes_of: dict[str, list[str]] = defaultdict(list)
        worker = self._seat().worker
        by_key = {task.key: task for task in tasks}
        for task in tasks:
            read = read_candidate(task.candidate.text)
            if isinstance(read, ClassText):
                self._compile_class(worker, task, read, ready, judged)
            elif isinstance(read, MethodText):
                names = classes_of[task.home.path]
                if task.home.class_name not in names:
                    names.append(task.home.class_name)
                # Skeletons of two classes of one file are two versions of that file.
                at = rounds[names.index(task.home.class_name)] if not read.keeps_its_name else alone
                at.append(Wish(task.key, task.home, read))
        for some in rounds.values():
            outcome = compile_together(worker, some, self._new_folder())
            ready.update(outcome.ready)
            alone += outcome.alone
            for key, errors in outcome.refused.items():
                judged[key] = _verdict(by_key[key].candidate, v.COMPILE_ERROR, v.compile_evidence(errors))
        self._compile_alone(worker, alone, by_key, ready, judged)

    def _compile_alone(
        self,
        worker: Worker,
        wishes: Sequence[Wish],
        by_key: Mapping[int, _Task],
        ready: dict[int, Ready],
        judged: dict[int, Verdict],
    ) -> None:
        sound: dict[tuple[str, str], bool] = {}
        for wish in wishes:
            made = compile_alone(worker, wish, self._new_folder())
            if isinstance(made, Ready):
                ready[wish.key] = made
                continue
            place = (wish.home.path, wish.home.class_name)
            if place not in sound:
                sound[place] = skeleton_compiles(worker, wish.home, self._new_folder())
            verdict = v.COMPILE_ERROR if sound[place] else v.INFRA
            why = () if sound[place] else ("the test class does not compile without any candidate",)
            judged[wish.key] = _verdict(by_key[wish.key].candidate, verdict, (*why, *v.compile_evidence(made)))

    def _compile_class(
        self, worker: Worker, task: _Task, text: ClassText, ready: dict[int, Ready], judged: dict[int, Verdict]
    ) -> None:
        out = self._new_folder()
        answer = worker.compile([text.unit], out)
        if answer.errors:
            judged[task.key] = _verdict(task.candidate, v.COMPILE_ERROR, v.compile_evidence(list(answer.errors)))
        elif answer.shadows:
            judged[task.key] = _verdict(
                task.candidate, v.LOAD_ERROR, (f"it defines {answer.shadows[0]}, which is a class of the project",)
            )
        else:
            ready[task.key] = Ready(out, text.binary_name, "")

    def _first_and_retry(self, task: _Task, made: Ready) -> Verdict:
        first = self._run(task, made, fresh=False)
        last, retried = first, False
        if first.verdict in v.RETRIED:
            # What came before may have left something behind, or another name may matter: alone, and all anew.
            last, retried = self._run(task, self._remade(task, made), fresh=True), True
        return Verdict(
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

    def _remade(self, task: _Task, made: Ready) -> Ready:
        """The candidate compiled alone, under its own name, where it was beside others."""
        read = read_candidate(task.candidate.text)
        if not isinstance(read, MethodText) or made.method == read.name:
            return made
        try:
            again = compile_alone(self._seat().worker, Wish(task.key, task.home, read), self._new_folder())
        except WorkerDiedError:
            self._seat().replace()
            return made
        return again if isinstance(again, Ready) else made

    def _rerun(
        self, passing: Sequence[int], tasks: Mapping[int, _Task], ready: Mapping[int, Ready]
    ) -> dict[int, list[str]]:
        """Verdicts of the reruns, in fresh JVMs and in another order each time."""
        found: dict[int, list[str]] = defaultdict(list)
        for seat in self._seats if passing and self.config.reruns else ():
            seat.replace()
        for number in range(self.config.reruns if passing else 0):
            order = list(passing)
            random.Random(f"{self.config.seed} {number}").shuffle(order)
            again = self._each(lambda key: self._run(tasks[key], ready[key], fresh=False), order, counted=False)
            for key, one in again.items():
                found[key].append(one.verdict)
        return found

    def _run(self, task: _Task, made: Ready, *, fresh: bool) -> _Judged:
        seat = self._seat()
        try:
            worker = seat.worker
        except WorkerDiedError as error:
            return _Judged(v.INFRA, (f"no JVM to run it in: {error}",), None)
        focal = task.pair.focal
        job = Run(
            classes=str(made.classes),
            owner=(made.method and task.runs_in) or made.owner,
            method=made.method,
            deadline_ms=round(self.config.deadline_seconds * 1000),
            fresh=fresh,
            focal=Focal(v.internal_name(focal), focal.name, focal.line, focal.end_line),
        )
        try:
            ran = worker.ask(job, Ran, seconds=self.config.deadline_seconds + _GRACE_SECONDS)
        except WorkerDiedError as error:
            seat.replace()
            if error.late:
                return _Judged(
                    v.TIMEOUT,
                    (f"not done after {self.config.deadline_seconds:g} s, and it could not be stopped",),
                    None,
                )
            return _Judged(v.CRASH, (str(error),), None)
        if ran.out_of_memory or ran.threads > _THREADS_KEPT or (ran.timeout and ran.threads):
            seat.replace()
        return _Judged(*v.judge(ran), ran)

    def _seat(self) -> _Seat:
        if not hasattr(self._local, "seat"):
            self._local.seat = _Seat(self._pool)
            self._seats.append(self._local.seat)
        seat: _Seat = self._local.seat
        return seat

    def _each(self, work: Callable[[int], _T], keys: Iterable[int], *, counted: bool) -> dict[int, _T]:
        """Work on each key, as many at a time as there are workers."""
        listed = list(keys)
        with ThreadPoolExecutor(self.config.workers or _processors()) as threads, _stopping(threads):
            found = {}
            for key, one in zip(listed, threads.map(work, listed), strict=True):
                found[key] = one
                if counted:
                    self.note(1)
            return found


@contextmanager
def _stopping(threads: ThreadPoolExecutor) -> Iterator[None]:
    """Of an interrupted run nothing more is begun."""
    try:
        yield
    except BaseException:
        threads.shutdown(wait=False, cancel_futures=True)
        raise


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _java_version() -> dict[str, str]:
    java = shutil.which("java")
    if java is None:
        return {}
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    return {"java": said.splitlines()[0].split('"')[1]} if '"' in said else {}
