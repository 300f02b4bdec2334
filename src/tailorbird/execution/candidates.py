"""Candidates compiled, as many together as do not stand in each other's way."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tailorbird.execution import verdicts as v
from tailorbird.execution.compiling import (
    CompiledMethods,
    Ready,
    Refused,
    Wish,
    compile_alone,
    compile_together,
    skeleton_compiles,
)
from tailorbird.execution.crew import Crew
from tailorbird.execution.messages import Unit
from tailorbird.execution.placing import ClassText, MethodText, read_candidate, with_imports
from tailorbird.execution.task import Task, verdict_on
from tailorbird.execution.worker import Worker, WorkerDiedError
from tailorbird.records import Verdict

_FILES_EACH = 8
"""Fewer are compiled sooner by one worker that has warmed up."""


@dataclass(slots=True)
class CompiledCandidates:
    """What came of some tasks, by their keys."""

    ready: dict[int, Ready] = field(default_factory=dict)
    judged: dict[int, Verdict] = field(default_factory=dict)
    """Those that are not ready, with the verdict on each."""
    refused: dict[int, Refused] = field(default_factory=dict)
    """Of those that javac refuses, what it said."""


@dataclass(frozen=True, slots=True)
class _Failed:
    verdict: Verdict
    refused: Refused | None = None


@dataclass(slots=True)
class CandidateCompiler:
    """Compiles the candidates of one module."""

    crew: Crew
    new_folder: Callable[[], Path]
    _sound: dict[tuple[str, str], bool] = field(init=False, default_factory=dict)
    """Test classes that were compiled without any candidate, and whether that went well."""

    def compile(self, tasks: Sequence[Task]) -> CompiledCandidates:
        """Methods together, file by file; whole classes, and what cannot be told apart, each alone."""
        found = CompiledCandidates()
        by_key = {task.key: task for task in tasks}
        texts = {task.key: read_candidate(task.candidate.text) for task in tasks}
        rounds, alone = _dealt(tasks, texts)
        whole = [(task, read) for task in tasks if isinstance(read := texts[task.key], ClassText)]
        for (task, _), made in self.crew.each(self._compile_class, whole):
            _sort_in(found, task.key, made)
        parts = [part for some in rounds for part in self._parts(some)]
        for _, outcome in self.crew.each(lambda at: self._compile_part(parts[at]), range(len(parts))):
            found.ready.update(outcome.ready)
            alone |= {wish.key: wish for wish in outcome.alone}
            for key, refused in outcome.refused.items():
                verdict = verdict_on(by_key[key].candidate, v.COMPILE_ERROR, v.compile_evidence(refused.errors))
                _sort_in(found, key, _Failed(verdict, refused))
        for key, made in self.crew.each(lambda key: self._compile_alone(by_key[key], alone[key]), alone):
            _sort_in(found, key, made)
        return found

    def remade(self, task: Task, made: Ready) -> Ready:
        """The candidate compiled alone, under its own name, where it was beside others."""
        read = read_candidate(task.candidate.text)
        if not isinstance(read, MethodText) or (made.method == read.name and not made.shared):
            return made
        try:
            again = compile_alone(self.crew.seat().worker, _wish(task, read), self.new_folder())
        except WorkerDiedError:
            self.crew.seat().replace()
            return made
        return again if isinstance(again, Ready) else made

    def _parts(self, wishes: Sequence[Wish]) -> list[list[Wish]]:
        """A part for each worker, files whole, the largest dealt out first; few candidates are one part."""
        files: dict[str, list[Wish]] = defaultdict(list)
        for wish in wishes:
            files[wish.home.path].append(wish)
        count = min(self.crew.size, 1 + len(files) // _FILES_EACH)
        parts: list[list[Wish]] = [[] for _ in range(count)]
        for some in sorted(files.values(), key=len, reverse=True):
            min(parts, key=len).extend(some)
        return [part for part in parts if part]

    def _compile_part(self, wishes: Sequence[Wish]) -> CompiledMethods:
        try:
            return compile_together(self.crew.seat().worker, wishes, self.new_folder())
        except WorkerDiedError:
            # Some one of them is too much for javac; it is found when each is alone.
            self.crew.seat().replace()
            return CompiledMethods(ready={}, refused={}, alone=list(wishes))

    def _compile_alone(self, task: Task, wish: Wish) -> Ready | _Failed:
        try:
            return self._compiled_alone(self.crew.seat().worker, task, wish)
        except WorkerDiedError as error:
            self.crew.seat().replace()
            return _Failed(verdict_on(task.candidate, v.INFRA, (f"the compiler's JVM ended: {error}",)))

    def _compiled_alone(self, worker: Worker, task: Task, wish: Wish) -> Ready | _Failed:
        made = compile_alone(worker, wish, self.new_folder())
        if isinstance(made, Ready):
            return made
        place = (wish.home.path, wish.home.class_name)
        if place not in self._sound:
            self._sound[place] = skeleton_compiles(worker, wish.home, self.new_folder())
        if self._sound[place]:
            return _Failed(verdict_on(task.candidate, v.COMPILE_ERROR, v.compile_evidence(made.errors)), made)
        why = ("the test class does not compile without any candidate", *v.compile_evidence(made.errors))
        return _Failed(verdict_on(task.candidate, v.INFRA, why))

    def _compile_class(self, given: tuple[Task, ClassText]) -> Ready | _Failed:
        task, text = given
        out = self.new_folder()
        unit = Unit(text.unit.path, with_imports(text.unit.text, task.imports))
        try:
            answer = self.crew.seat().worker.compile([unit], out)
        except WorkerDiedError as error:
            self.crew.seat().replace()
            return _Failed(verdict_on(task.candidate, v.INFRA, (f"the compiler's JVM ended: {error}",)))
        if answer.errors:
            verdict = verdict_on(task.candidate, v.COMPILE_ERROR, v.compile_evidence(answer.errors))
            return _Failed(verdict, Refused(unit.text, tuple(answer.errors)))
        if answer.shadows:
            why = (f"it defines {answer.shadows[0]}, which is a class of the project",)
            return _Failed(verdict_on(task.candidate, v.LOAD_ERROR, why))
        return Ready(out, text.binary_name, "")


def _sort_in(found: CompiledCandidates, key: int, made: Ready | _Failed) -> None:
    if isinstance(made, Ready):
        found.ready[key] = made
        return
    found.judged[key] = made.verdict
    if made.refused is not None:
        found.refused[key] = made.refused


def _dealt(
    tasks: Sequence[Task], texts: Mapping[int, MethodText | ClassText | None]
) -> tuple[list[list[Wish]], dict[int, Wish]]:
    """Methods in rounds, one for each class of a file, and those that have to be alone."""
    # Skeletons of two classes of one file are two versions of that file.
    rounds: dict[int, list[Wish]] = defaultdict(list)
    alone: dict[int, Wish] = {}
    classes_of: dict[str, list[str]] = defaultdict(list)
    brought: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    names = _names_by_class(tasks, texts)
    for task in tasks:
        read = texts[task.key]
        if not isinstance(read, MethodText):
            continue
        place = (task.home.path, task.home.class_name)
        classes = classes_of[task.home.path]
        if task.home.class_name not in classes:
            classes.append(task.home.class_name)
        others = names[place] - Counter((read.name,))
        imports = {one.rpartition(".")[2]: one for one in task.imports}
        differs = any(brought[place].get(name, one) != one for name, one in imports.items())
        if differs or read.keeps_its_name or not read.leaves_others_alone(task.home) or read.calls & others.keys():
            alone[task.key] = _wish(task, read)
        else:
            brought[place] |= imports
            rounds[classes.index(task.home.class_name)].append(_wish(task, read))
    return list(rounds.values()), alone


def _wish(task: Task, read: MethodText) -> Wish:
    return Wish(task.key, task.home, read, task.runs_in.names, task.imports)


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
