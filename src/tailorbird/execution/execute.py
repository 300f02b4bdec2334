"""Candidates in, verdicts out: each compiled, run beside the project's code, retried or rerun, and judged."""

import platform
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tailorbird import __version__
from tailorbird.config import ExecuteConfig
from tailorbird.errors import DataError
from tailorbird.execution import verdicts as v
from tailorbird.execution.bench import Bench, Task, processors, verdict_on
from tailorbird.execution.placing import is_abstract, owner_of, read_candidate
from tailorbird.execution.project import BuiltProject, build_project, given_project
from tailorbird.execution.sandbox import sandbox
from tailorbird.mining.tree import mine_tree
from tailorbird.progress import Progress, Silent
from tailorbird.records import Candidate, ExecutionHeader, Pair, TestClass, Verdict
from tailorbird.sources import ResolvedSource, default_cache, resolve
from tailorbird.storage import sha256_bytes, sha256_file, write_jsonl


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
    by_module: dict[str, list[Task]] = defaultdict(list)
    for task in tasks:
        by_module[task.module.path].append(task)
    watch.start("executing", len(given))
    done = [len(judged)]

    def note(count: int) -> None:
        done[0] += count
        watch.update(done[0])

    java: dict[str, str] = {}
    for some in by_module.values():
        with Bench(some[0].module, config, inside, place, note) as bench:
            judged |= bench.judge(some)
            java = {"java": bench.java_version}
    watch.finish()
    found = tuple(judged[key] for key in range(len(given)))
    header = ExecutionHeader(
        tailorbird=__version__,
        source=resolved.provenance,
        candidates_sha256=sha256_file(candidates),
        settings={"deadline_seconds": config.deadline_seconds, "reruns": config.reruns, "mutants": config.mutants,
                  "sandbox": inside.name,
                  "workers": config.workers or processors(), "seed": config.seed},
        versions={"python": platform.python_version(), **java},
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
