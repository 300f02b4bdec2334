"""Whether mutants and kills are those that PIT finds, for the same methods and the same tests.

    python benchmarks/mutation.py [SOURCE] [--methods 40] [--seed 0] [--json]

Focal methods are drawn by seed; the candidates are the project's own tests of them. PIT runs on the same classes, with
the same operators, restricted to these methods and tests, and tells for each mutant which tests kill it (its full
mutation matrix). Compared are the mutants of each method by line and operator, and then each mutant's fate, test by
test. A mutant that times out has one fate for all of its tests in PIT's report: it is compared over all tests alone.
"""

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock
from xml.etree import ElementTree

from tailorbird.config import ExecuteConfig
from tailorbird.errors import SourceError
from tailorbird.execution import mutation as m
from tailorbird.execution.bench import Bench
from tailorbird.execution.harness import harness_for
from tailorbird.execution.maven import jars_of
from tailorbird.execution.messages import Mutant, Run
from tailorbird.execution.placing import is_abstract
from tailorbird.execution.project import BuiltProject, Module, build_project
from tailorbird.execution.sandbox import sandbox
from tailorbird.execution.task import Task
from tailorbird.execution.verdicts import internal_name
from tailorbird.execution.worker import Seat
from tailorbird.mining.tree import mine_tree
from tailorbird.records import Candidate, FocalMethod, Mutation
from tailorbird.sources import default_cache, resolve

PIT = ("org.pitest:pitest-command-line:1.17.4", "org.pitest:pitest-junit5-plugin:1.2.1")
OPERATORS = {
    "ConditionalsBoundaryMutator": "CONDITIONALS_BOUNDARY",
    "IncrementsMutator": "INCREMENTS",
    "InvertNegsMutator": "INVERT_NEGS",
    "MathMutator": "MATH",
    "NegateConditionalsMutator": "NEGATE_CONDITIONALS",
    "VoidMethodCallMutator": "VOID_METHOD_CALLS",
    "EmptyObjectReturnValsMutator": "EMPTY_RETURNS",
    "BooleanFalseReturnValsMutator": "FALSE_RETURNS",
    "BooleanTrueReturnValsMutator": "TRUE_RETURNS",
    "NullReturnValsMutator": "NULL_RETURNS",
    "PrimitiveReturnsMutator": "PRIMITIVE_RETURNS",
}
TEST = re.compile(r"\[class:([\w.$]+)\].*?\[(?:method|test-template|test-factory):(\w+)\(")
Method = tuple[str, str, int, int]
"""Binary name of the class, name of the method, its first and last line."""
Key = tuple[Method, int, str, int]
"""Of a mutant: its method, line, operator, and number among those alike."""
Test = tuple[str, str]


@dataclass(slots=True)
class Fates:
    """Of each mutant: which tests kill it, and which arrive at it without."""

    killed: dict[Key, set[Test]] = field(default_factory=dict)
    survived: dict[Key, set[Test]] = field(default_factory=dict)
    ends: dict[Key, str] = field(default_factory=dict)
    """Of those that are killed by no failing test: how the run ended."""

    def add(self, key: Key) -> Key:
        """The key, with the first number that is free."""
        while key in self.killed:
            key = (*key[:3], key[3] + 1)
        self.killed[key], self.survived[key] = set(), set()
        return key


def method_of(focal: FocalMethod) -> Method:
    """What stands for it here."""
    return (internal_name(focal).replace("/", "."), focal.name, focal.line, focal.end_line)


def test_of(task: Task) -> Test:
    """What stands for its test here."""
    return (f"{task.home.package}.{task.home.class_name}".lstrip("."), task.pair.test.name)


def drawn_tasks(source: Path, built: BuiltProject, count: int, seed: int) -> dict[Method, list[Task]]:
    """Focal methods, and their tests as candidates: those that are plain methods of classes that can be made."""
    mined = mine_tree(source, distinct=False)
    homes = {(one.path, one.class_name): one for one in mined.test_classes}
    tasks: dict[Method, dict[Test, Task]] = defaultdict(dict)
    for key, pair in enumerate(mined.pairs):
        home = homes.get((pair.test.path, pair.test.class_name))
        module = built.module_of(pair.test.path)
        if home is None or module is None or is_abstract(home) or "." in home.class_name:
            continue
        candidate = Candidate(
            pair_id=pair.id,
            index=0,
            text=pair.test.text,
            log_probability=None,
            tokens=0,
            finished=True,
            seconds=0.0,
        )
        task = Task(key, candidate, pair, home, "", module)
        tasks[method_of(pair.focal)][test_of(task)] = task
    chosen = random.Random(seed).sample(sorted(tasks), min(count, len(tasks)))
    return {method: list(tasks[method].values()) for method in chosen}


@dataclass(slots=True)
class Ours:
    """What Tailorbird finds."""

    fates: Fates = field(default_factory=Fates)
    tests: dict[Method, set[Test]] = field(default_factory=lambda: defaultdict(set))
    """Those that have figures."""
    run: int = 0
    seconds: float = 0.0
    none: list[str] = field(default_factory=list)
    """Tests without figures, and why."""


def ours(module: Module, methods: dict[Method, list[Task]], cache: Path) -> Ours:
    """Each test of each method as a candidate, one after another."""
    found = Ours()
    seen: list[tuple[Mutant, ...]] = []

    def recording(seat: Seat, run: Run, *, limit: int, seed: int) -> Mutation | None:
        started = time.perf_counter()
        answer = m.mutants_of(seat, run, limit=limit, seed=seed)
        found.seconds += time.perf_counter() - started
        if answer is None:
            return None
        seen.append(answer[0])
        return m.tallied(*answer)

    config = ExecuteConfig(reruns=0, workers=1, mutants=100_000)
    with (
        mock.patch("tailorbird.execution.bench.mutation_of", recording),
        Bench(module, config, sandbox(), cache, lambda _: None) as bench,
    ):
        for method, tasks in methods.items():
            keys: dict[int, Key] = {}
            for task in tasks:
                seen.clear()
                verdict = bench.judge([task]).verdicts[task.key]
                test = test_of(task)
                if not seen:
                    called = verdict.coverage is not None and verdict.coverage.focal_method_called
                    found.none.append(f"{method[1]} by {test[1]}: {verdict.verdict}, {called=}")
                    continue
                found.tests[method].add(test)
                _note(found, method, test, seen[0], keys)
    return found


def _note(found: Ours, method: Method, test: Test, mutants: Sequence[Mutant], keys: dict[int, Key]) -> None:
    for one in mutants:
        if one.index not in keys:
            keys[one.index] = found.fates.add((method, one.line, one.operator, 0))
        key = keys[one.index]
        found.run += one.status != m.NOT_COVERED
        if one.status in (m.KILLED, m.TIMED_OUT):
            found.fates.killed[key].add(test)
        elif one.status == m.SURVIVED:
            found.fates.survived[key].add(test)
        if one.status == m.TIMED_OUT:
            found.fates.ends[key] = "TIMED_OUT"


def pit(
    module: Module, methods: dict[Method, list[Task]], cache: Path, folder: Path
) -> tuple[ElementTree.Element, float]:
    """PIT's report on these methods and tests, and the seconds that it took."""
    classes = folder / "classes"
    for jar in module.main:
        if jar.is_dir():
            classes = jar
        else:
            with zipfile.ZipFile(jar) as opened:
                opened.extractall(classes)
    harness = harness_for(module.dependencies, cache)
    # JUnit is the project's own; of anything else that both need PIT's version is the newer one.
    own = [*module.dependencies, *harness.added]
    junit = {_artifact(one) for one in own if one.name.startswith(("junit-", "opentest4j-", "apiguardian-"))}
    pits_own = [one for one in jars_of(PIT, cache) if _artifact(one) not in junit]
    path = [classes, *module.tests, *pits_own, *own]
    tasks = [task for some in methods.values() for task in some]
    owners = sorted({method[0] for method in methods})
    tests = sorted({test_of(task)[0] for task in tasks})
    wanted = {method[1] for method in methods}
    others = sorted(_methods(classes, owners, harness.java.with_name("javap")) - wanted)
    report = folder / "report"
    command = [
        *(str(harness.java), "-cp", ":".join(map(str, path))),
        "org.pitest.mutationtest.commandline.MutationCoverageReport",
        *("--reportDir", str(report), "--sourceDirs", str(module.folder / "src/main/java")),
        *("--targetClasses", ",".join(owners), "--targetTests", ",".join(tests)),
        *("--includedTestMethods", ",".join(sorted({task.pair.test.name for task in tasks}))),
        *("--excludedMethods", ",".join(others), "--mutators", ",".join(OPERATORS.values()), "--outputFormats", "XML"),
        *("--fullMutationMatrix", "true", "--timestampedReports", "false", "--threads", "1"),
        *("--mutableCodePaths", str(classes), "--timeoutConst", "4000"),
    ]
    started = time.perf_counter()
    done = subprocess.run(command, cwd=module.folder, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    if done.returncode != 0:
        raise SystemExit(f"PIT failed: {done.stdout[-1500:]}{done.stderr[-1500:]}")
    return ElementTree.parse(report / "mutations.xml").getroot(), seconds


def _artifact(jar: Path) -> str:
    return re.sub(r"-\d[\w.\-]*\.jar$", "", jar.name)


def _methods(classes: Path, owners: Sequence[str], javap: Path) -> set[str]:
    """Names of all methods of some classes."""
    done = subprocess.run([str(javap), "-p", "-cp", str(classes), *owners], capture_output=True, text=True, check=True)
    return set(re.findall(r"(\w+)\(", done.stdout))


def pits(report: ElementTree.Element, methods: Sequence[Method]) -> Fates:
    """The fates in PIT's report, those of mutants in these methods and their lambdas."""
    found = Fates()
    rows = sorted(report, key=lambda one: int(one.findtext(".//index") or "0"))
    for row in rows:
        owner, name, line = (row.findtext(one) or "" for one in ("mutatedClass", "mutatedMethod", "lineNumber"))
        at = next((one for one in methods if one[0] == owner and one[2] <= int(line) <= one[3]), None)
        if at is None or not (name == at[1] or name.startswith("lambda$")):
            continue
        operator = (row.findtext("mutator") or "").rpartition(".")[2]
        key = found.add((at, int(line), OPERATORS[operator], 0))
        for tag, fates in (("killingTests", found.killed), ("succeedingTests", found.survived)):
            fates[key].update(TEST.findall(row.findtext(tag) or ""))
        if (status := row.get("status") or "") in ("TIMED_OUT", "MEMORY_ERROR", "RUN_ERROR"):
            found.ends[key] = status
    return found


def compared(us: Ours, them: Fates) -> dict[str, object]:
    """Shares, and each kind of difference."""
    both = sorted(us.fates.killed.keys() & them.killed.keys())
    methods = {key[0] for key in (*us.fates.killed, *them.killed)} & set(us.tests)
    only_us, only_them = (
        sorted(key for key in one.keys() - other.keys() if key[0] in methods)
        for one, other in ((us.fates.killed, them.killed), (them.killed, us.fates.killed))
    )
    fates: Counter[str] = Counter()
    union: Counter[str] = Counter()
    which: list[str] = []
    for key in both:
        tests = us.tests[key[0]]
        ends = key in them.ends
        pit_kills = ends or bool(them.killed[key] & tests)
        if them.ends.get(key) == "RUN_ERROR":
            continue  # PIT's own JVM failed, whatever the tests.
        over_all = f"{'killed' if us.fates.killed[key] else 'alive'}, PIT {'killed' if pit_kills else 'alive'}"
        union[over_all] += 1
        if not _agrees(over_all):
            which.append(f"{_named(key)} by all: {over_all}")
        for test in sorted(tests) if not ends else ():
            mine, its = _fate(us.fates, key, test), _fate(them, key, test)
            fates[f"{mine}, PIT {its}"] += 1
            if mine != its:
                which.append(f"{_named(key)} by {test[1]}: {mine}, PIT {its}")
    ended = {one for one, status in them.ends.items() if status != "RUN_ERROR"} & set(both)
    alike = sum(len([*_of(us.fates, one)]) > 0 and _of(us.fates, one) == _of(them, one) for one in methods)
    return {
        "methods": len(methods),
        "methods_with_the_same_mutants": sum(_of(us.fates, one) == _of(them, one) for one in methods),
        "of_these_with_mutants": alike,
        "mutants": {"both": len(both), "only_here": len(only_us), "only_pit": len(only_them)},
        "mutants_shared": _share(len(both), len(both) + len(only_us) + len(only_them)),
        "only_here": [_named(one) for one in only_us],
        "only_pit": [_named(one) for one in only_them],
        "fates": dict(fates.most_common()),
        "fates_agree": _share(sum(n for one, n in fates.items() if _agrees(one)), fates.total()),
        "kills_agree": _share(sum(n for one, n in fates.items() if _agrees(one) or "killed" not in one), fates.total()),
        "over_all_tests": dict(union.most_common()),
        "over_all_tests_agree": _share(sum(n for one, n in union.items() if _agrees(one)), union.total()),
        "pit_run_errors": sum(one == "RUN_ERROR" for one in them.ends.values()),
        "timed_out": {"here": len(us.fates.ends), "pit": len(ended), "both": len(us.fates.ends.keys() & ended)},
        "differences": which,
    }  # fmt: skip


def _of(fates: Fates, method: Method) -> set[Key]:
    return {one for one in fates.killed if one[0] == method}


def _fate(fates: Fates, key: Key, test: Test) -> str:
    return "killed" if test in fates.killed[key] else "survived" if test in fates.survived[key] else "not_covered"


def _agrees(pair: str) -> bool:
    mine, _, its = pair.partition(", PIT ")
    return mine == its


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 1.0


def _named(key: Key) -> str:
    return f"{key[0][0]}.{key[0][1]}:{key[1]} {key[2]}"


def main() -> None:
    """Print the figures."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("source", nargs="?", default="commons-codec:commons-codec:1.16.0")
    arguments.add_argument("--methods", type=int, default=40)
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    cache = default_cache().parent / "execution"
    try:
        jars_of(PIT, cache)
    except SourceError as error:
        raise SystemExit(f"PIT could not be fetched: {error}") from error
    source = resolve(options.source)
    built = build_project(source, cache)
    methods = drawn_tasks(source.root, built, options.methods, options.seed)
    (module,) = {id(task.module): task.module for some in methods.values() for task in some}.values()
    mine = ours(module, methods, cache)
    with tempfile.TemporaryDirectory() as folder:
        # A slow test that has no figures here would be PIT's time-out.
        wanted = {one: [task for task in some if test_of(task) in mine.tests[one]] for one, some in methods.items()}
        report, seconds = pit(module, {one: some for one, some in wanted.items() if some}, cache, Path(folder))
    figures = {
        "source": options.source,
        "focal_methods": len(methods),
        "candidates": sum(map(len, methods.values())),
        "without_figures": mine.none,
        **compared(mine, pits(report, list(methods))),
        "runs": mine.run,
        "runs_per_second": round(mine.run / mine.seconds, 1),
        "seconds": round(mine.seconds, 1),
        "pit_seconds": round(seconds, 1),
    }
    if options.json:
        json.dump(figures, sys.stdout, indent=2)
        sys.stdout.write("\n")
        return
    for name, value in figures.items():
        lines = value if isinstance(value, list) else [value]
        sys.stdout.write(f"{name:30} {len(lines) if isinstance(value, list) else value}\n")
        sys.stdout.writelines(f"    {one}\n" for one in lines if isinstance(value, list))


if __name__ == "__main__":
    main()
