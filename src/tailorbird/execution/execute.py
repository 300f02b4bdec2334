"""Candidates in, verdicts out: each compiled, run beside the project's code, retried or rerun, and judged."""

import platform
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from tailorbird import __version__
from tailorbird.config import ExecuteConfig
from tailorbird.errors import DataError, UsageError
from tailorbird.execution import verdicts as v
from tailorbird.execution.bench import Bench
from tailorbird.execution.compiling import Refused
from tailorbird.execution.confirming import Accepted, confirm
from tailorbird.execution.crew import processors
from tailorbird.execution.importing import ImportFinder
from tailorbird.execution.placing import ClassText, RunsIn, read_candidate, runnable_below, runs_in, with_imports
from tailorbird.execution.project import BuiltProject, Module, build_project, given_project
from tailorbird.execution.reading import read_candidates
from tailorbird.execution.repairing import Repairs, repair
from tailorbird.execution.sandbox import Sandbox, sandbox
from tailorbird.execution.task import Task, verdict_on
from tailorbird.mining.asserting import CandidateAssertions
from tailorbird.mining.declarations import JavaType
from tailorbird.mining.parsing import project_types
from tailorbird.mining.tree import mine_tree
from tailorbird.progress import Progress, Silent
from tailorbird.records import Candidate, Confirmed, Coverage, ExecutionHeader, Pair, TestClass, Verdict
from tailorbird.sources import ResolvedSource, default_cache, resolve
from tailorbird.storage import check_writable, sha256_bytes, sha256_file, write_jsonl


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a pair's candidates go."""

    pair: Pair
    home: TestClass
    runs_in: RunsIn


@dataclass(frozen=True, slots=True)
class Execution:
    """What `execute` wrote."""

    header: ExecutionHeader
    verdicts: tuple[Verdict, ...]
    """On the candidates as written, in their order."""
    repaired: tuple[Verdict, ...] = ()
    """On those that repairs have changed."""


def execute(
    candidates: Path,
    source: str,
    out: Path,
    config: ExecuteConfig | None = None,
    *,
    cache: Path | None = None,
    progress: Progress | None = None,
    warn: Callable[[str], None] = lambda _: None,
) -> Execution:
    """Judge each of the candidates in a file by executing it in the project SOURCE, and write the verdicts.

    Raises what `executor` raises, and DataError for candidates of another project.
    """
    # What is wrong with files is said before anything is built.
    read_candidates(candidates)
    if out.exists() and out.samefile(candidates):
        raise UsageError(f"--out {out} is the file of candidates itself: give another.")
    check_writable(out)
    with executor(source, config, cache=cache, progress=progress, warn=warn) as opened:
        return opened.execute(candidates, out)


@contextmanager
def executor(
    source: str,
    config: ExecuteConfig | None = None,
    *,
    cache: Path | None = None,
    progress: Progress | None = None,
    warn: Callable[[str], None] = lambda _: None,
) -> Iterator["Executor"]:
    """The project SOURCE, built and with its JVMs, for any number of files of candidates.

    The pairs that candidates name are mined from the SOURCE again: ids are the same wherever it lies. ``warn`` is told
    what the sandbox does not stop, if it is not the strongest.

    Raises SourceError when the project cannot be had or built, DataError for a tree of an unknown build,
    ToolMissingError without a JDK, Maven or a sandbox that works.
    """
    config = config or ExecuteConfig()
    watch = progress or Silent()
    resolved = resolve(source)
    if config.confirm and not (resolved.root / "pom.xml").is_file():
        raise DataError(f"{source} has no pom.xml: --confirm needs a Maven tree.")
    if config.confirm and resolved.provenance.kind == "maven":
        raise DataError(
            f"{source} is published artifacts and no tree that builds: --confirm needs a folder or git URL."
        )
    place = (cache or default_cache().parent) / "execution"
    inside = sandbox(config.sandbox)
    if inside.caveat:
        warn(inside.caveat)
    started = time.monotonic()
    watch.start("building", 1)
    built = _built(resolved, config, place)
    watch.update(1)
    watch.finish()
    build_seconds = 0.0 if built.kept else time.monotonic() - started
    opened = Executor(source, resolved, config, built, inside, place, watch, build_seconds)
    try:
        yield opened
    finally:
        opened.close()


@dataclass(slots=True)
class Executor:
    """An opened project; `executor` makes one."""

    source: str
    resolved: ResolvedSource
    config: ExecuteConfig
    built: BuiltProject
    sandbox: Sandbox
    cache: Path
    progress: Progress
    build_seconds: float
    _benches: dict[str, Bench] = field(init=False, default_factory=dict)
    _places: dict[str, _Place] = field(init=False, default_factory=dict)
    _own: dict[str, Coverage | None] = field(init=False, default_factory=dict)
    """Pair id -> what the project's own test covers of its focal class; None for one that does not pass."""
    _done: int = field(init=False, default=0)
    _surroundings: "_Surroundings | None" = field(init=False, default=None)

    def execute(self, candidates: Path, out: Path) -> Execution:
        """Judge the candidates in a file and write the verdicts. Raises DataError for those of another project."""
        given = read_candidates(candidates)
        started = time.monotonic()
        if len(self.built.modules) == 1:
            self._bench(self.built.modules[0]).warm(len(given))  # While the sources are read.
        if not self._places:
            self._places = _places(self.resolved, self.source)
        _check_known(given, self._places, candidates, self.source)
        judged, tasks = _sorted_out(given, self._places, self.built)
        by_module: dict[str, list[Task]] = defaultdict(list)
        for task in tasks:
            by_module[task.module.path].append(task)
        self._done = len(judged)
        self.progress.start("executing", len(given))
        refused: dict[int, Refused] = {}
        for some in by_module.values():
            made = self._bench(some[0].module).judge(some)
            judged |= made.verdicts
            refused |= made.refused
        self.progress.finish()
        repairs = self._repair(tasks, judged, refused)
        if self.config.added_coverage:
            judged |= self._with_added_coverage([(task, judged[task.key]) for task in tasks])
            for name, changed in repairs.found.items():
                added = self._with_added_coverage([(one.task, one.verdict) for one in changed.values()])
                repairs.found[name] = {
                    key: replace(one, verdict=added.get(key, one.verdict)) for key, one in changed.items()
                }
        self._say_what_asserts(judged, tasks, repairs)
        seconds = time.monotonic() - started
        confirmation = self._confirm(judged, tasks) if self.config.confirm else None
        found = tuple(judged[key] for key in range(len(given)))
        header = replace(self._header(candidates, found, seconds, confirmation), repairs=repairs.counts)
        again = [[some[key].verdict for some in repairs.found.values() if key in some] for key in range(len(given))]
        write_jsonl(out, [header, *(line for one, more in zip(found, again, strict=True) for line in (one, *more))])
        return Execution(header, found, tuple(one for more in again for one in more))

    def prepare(self, tests: Iterable[str]) -> None:
        """Open the modules that these test files belong to, and start a JVM in each as a trial.

        Raises ToolMissingError and SourceError where candidates could not be executed.
        """
        modules = {one.path: one for path in tests if (one := self.built.module_of(path)) is not None}
        for module in modules.values():
            self._bench(module).try_out()

    def close(self) -> None:
        """End the JVMs."""
        for bench in self._benches.values():
            bench.__exit__(None, None, None)
        self._benches.clear()

    def _bench(self, module: Module) -> Bench:
        if module.path not in self._benches:
            bench = Bench(module, self.config, self.sandbox, self.cache, self._note)
            self._benches[module.path] = bench.__enter__()
        return self._benches[module.path]

    def _note(self, count: int) -> None:
        self._done += count
        self.progress.update(self._done)

    def _known(self) -> "_Surroundings":
        if self._surroundings is None:
            self._surroundings = _Surroundings(project_types(self.resolved.root, default_cache() / "parsed.sqlite"))
        return self._surroundings

    def _repair(self, tasks: Sequence[Task], judged: Mapping[int, Verdict], refused: Mapping[int, Refused]) -> Repairs:
        waiting = [task for task in tasks if judged[task.key].verdict in (v.COMPILE_ERROR, v.ASSERTION_FAILURE)]
        self._done = 0
        self.progress.start("repairing", len(waiting))
        by_imports = self.config.repair_imports and refused
        found = repair(
            waiting,
            judged,
            refused,
            bench_of=self._bench,
            finder=self._known().finder if by_imports else None,
            observe=self.config.observed_values,
        )
        self.progress.finish()
        return found

    def _say_what_asserts(self, judged: dict[int, Verdict], tasks: Sequence[Task], repairs: Repairs) -> None:
        """Whether each candidate that parses asserts anything."""
        for task in tasks:
            judged[task.key] = replace(judged[task.key], asserts=_asserts(self._known().assertions, task))
        for some in repairs.found.values():
            for key, one in some.items():
                asserts = _asserts(self._known().assertions, one.task)
                some[key] = replace(one, verdict=replace(one.verdict, asserts=asserts))

    def _with_added_coverage(self, judged: Sequence[tuple[Task, Verdict]]) -> dict[int, Verdict]:
        """What each passing candidate covers that no other test of the project's of its focal class does."""
        covering = [
            (task, verdict, verdict.coverage)
            for task, verdict in judged
            if verdict.coverage is not None and verdict.verdict == v.PASS
        ]
        wanted = {_class_of(task.pair) for task, _, _ in covering}
        of_class: dict[tuple[str, str], list[_Place]] = defaultdict(list)
        for one in {id(place): place for place in self._places.values()}.values():
            if _class_of(one.pair) in wanted:
                of_class[_class_of(one.pair)].append(one)
        self._run_own([one for some in of_class.values() for one in some if one.pair.id not in self._own])
        found = {}
        for task, verdict, coverage in covering:
            others = [
                own
                for one in of_class[_class_of(task.pair)]
                if _test_of(one.pair) != _test_of(task.pair) and (own := self._own[one.pair.id]) is not None
            ]
            found[task.key] = replace(verdict, coverage=v.beyond(coverage, others))
        return found

    def _run_own(self, places: Sequence[_Place]) -> None:
        by_module: dict[str, list[Task]] = defaultdict(list)
        for key, one in enumerate(places):
            self._own[one.pair.id] = None
            if (module := self.built.module_of(one.home.path)) is not None:
                own = Candidate(pair_id=one.pair.id, index=0, text=one.pair.test.text, log_probability=None, tokens=0,
                                finished=True, seconds=0.0)  # fmt: skip
                by_module[module.path].append(Task(key, own, one.pair, one.home, one.runs_in, module))
        for some in by_module.values():
            self._own |= self._bench(some[0].module).cover(some)

    def _confirm(self, judged: dict[int, Verdict], tasks: Sequence[Task]) -> Confirmed:
        started = time.monotonic()
        passing = [task for task in tasks if judged[task.key].verdict == v.PASS]
        accepted = [Accepted(task.key, task.candidate.text, task.home, task.runs_in) for task in passing]
        self.progress.start("confirming", 1)
        said = confirm(self.resolved.root, accepted)
        self.progress.update(1)
        self.progress.finish()
        for one in accepted:
            judged[one.key] = replace(judged[one.key], confirmed=one.key in said.confirmed)
        return Confirmed(
            candidates=len(accepted),
            confirmed=len(said.confirmed),
            build_passes=said.build_passes,
            reason=said.reason,
            seconds=round(time.monotonic() - started, 3),
        )

    def _header(
        self, candidates: Path, found: Sequence[Verdict], seconds: float, confirmation: Confirmed | None
    ) -> ExecutionHeader:
        config = self.config
        java = next((bench.java_version for bench in self._benches.values()), "")
        return ExecutionHeader(
            tailorbird=__version__,
            source=self.resolved.provenance,
            candidates_sha256=sha256_file(candidates),
            settings={"deadline_seconds": config.deadline_seconds, "reruns": config.reruns, "mutants": config.mutants,
                      "added_coverage": config.added_coverage, "repair_imports": config.repair_imports,
                      "observed_values": config.observed_values, "sandbox": self.sandbox.name,
                      "workers": config.workers or processors(), "seed": config.seed},
            versions={"python": platform.python_version(), **({"java": java} if java else {})},
            candidates=len(found),
            seconds=round(seconds, 3),
            build_seconds=round(self.build_seconds, 3),
            counts={name: count for name in v.LADDER if (count := sum(one.verdict == name for one in found))},
            confirmation=confirmation,
        )  # fmt: skip


class _Surroundings:
    """What is known of the project's sources."""

    def __init__(self, types: Sequence[JavaType]) -> None:
        self.finder = ImportFinder(types)
        self.assertions = CandidateAssertions(types)


def _asserts(assertions: CandidateAssertions, task: Task) -> bool | None:
    if isinstance(read_candidate(task.candidate.text), ClassText):
        return assertions.of_file(task.home, with_imports(task.candidate.text, task.imports))
    return assertions.of_method(task.home, task.candidate.text, task.imports)


def _class_of(pair: Pair) -> tuple[str, str]:
    return pair.focal.package, pair.focal.class_name


def _test_of(pair: Pair) -> tuple[str, str, int]:
    return pair.test.path, pair.test.name, pair.test.line


def _built(resolved: ResolvedSource, config: ExecuteConfig, cache: Path) -> BuiltProject:
    if config.classpath is not None and config.classes is not None:
        return given_project(resolved.root, Path(config.classpath), Path(config.classes))
    if config.classpath is not None or config.classes is not None:
        raise DataError("--classpath and --classes go together: give both, or neither for a Maven project.")
    return build_project(resolved, cache)


def _places(resolved: ResolvedSource, source: str) -> dict[str, _Place]:
    """Each pair of the project with its place; by its id in a data set of several sources, too."""
    mined = mine_tree(resolved.root, cache=default_cache() / "parsed.sqlite", distinct=False)
    homes = {(one.path, one.class_name): one for one in mined.test_classes}
    found: dict[str, _Place] = {}
    below: dict[tuple[str, str], tuple[RunsIn, ...]] = {}
    for pair in mined.pairs:
        home = homes.get((pair.test.path, pair.test.class_name))
        if home is not None:
            if (home.path, home.class_name) not in below:
                below[home.path, home.class_name] = runnable_below(home, mined.test_classes, resolved.root)
            place = _Place(pair, home, runs_in(below[home.path, home.class_name], pair.test.name))
            found[pair.id] = found[sha256_bytes(f"{source}\n{pair.id}".encode())[:16]] = place
    return found


def _check_known(given: Sequence[Candidate], places: Mapping[str, _Place], file: Path, source: str) -> None:
    strange = [one.pair_id for one in given if one.pair_id not in places]
    if strange:
        raise DataError(
            f"{file} has candidates for {len(set(strange))} pairs that {source} does not have, the first {strange[0]}: "
            "give the SOURCE, at the version, that they were generated for."
        )


def _sorted_out(
    given: Sequence[Candidate], pairs: Mapping[str, _Place], built: BuiltProject
) -> tuple[dict[int, Verdict], list[Task]]:
    """Verdicts that need no JVM, and what is left."""
    judged: dict[int, Verdict] = {}
    tasks = []
    for key, candidate in enumerate(given):
        place = pairs[candidate.pair_id]
        module = built.module_of(place.home.path)
        if not candidate.text.strip():
            judged[key] = verdict_on(candidate, v.NO_OUTPUT)
        elif read_candidate(candidate.text) is None:
            judged[key] = verdict_on(candidate, v.SYNTAX_ERROR, ("neither one whole method nor one whole file",))
        elif module is None:
            judged[key] = verdict_on(candidate, v.INFRA, (f"{place.home.path} is in no module that was built",))
        else:
            tasks.append(Task(key, candidate, place.pair, place.home, place.runs_in, module))
    return judged, tasks
