"""Candidates written anew: once to say what their assertions look at, once with what was seen as expected."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from tailorbird.execution.expectations import SWAPPED, Expectation, Source, expectations, file_imports, parsed
from tailorbird.execution.messages import Observation
from tailorbird.execution.placing import ClassText, read_candidate
from tailorbird.execution.task import Task
from tailorbird.mining.declarations import Import

_OBSERVE = "tailorbird.bridge.Observe"
_FAILED = "tailorbirdFailed"
_NAMED = re.compile(r"((?:\w+\.)*)(\w+)\.(\w+)")
_NUMBERS = ("Double", "Float")
_ARRAY = re.compile(r"new [\w.]+(?:\[\])+ ")
Edit = tuple[int, int, str]
"""From and to, in bytes, and what stands there then."""


def observing_text(task: Task) -> str | None:
    """The candidate with each assertion that expects something written so that it says what it looks at.

    One that fails is noted, and the candidate goes on: one run tells of all. None where no assertion can be observed.
    """
    source, found = _read(task)
    edits: list[Edit] = []
    for number, one in enumerate(found):
        (start, end), (value, value_end) = one.statement, one.actual
        edits += [
            (start, start, f"{{ try {{ {_OBSERVE}.begin({number}); "),
            (value, value, f"{_OBSERVE}.value({number}, "),
            (value_end, value_end, ")"),
            (
                end,
                end,
                f"{'' if one.ends else ';'} }} catch (AssertionError {_FAILED}) "
                f"{{ {_OBSERVE}.failed({number}, {_FAILED}); }} }}",
            ),
        ]
    return source.restored(_edited(source, edits)) if found else None


def with_observed(task: Task, seen: Sequence[Observation]) -> tuple[str, tuple[str, ...]] | None:
    """The candidate with the values that were seen, and the imports that its swapped assertions need besides its own.

    None where no failing assertion can be given what was seen: it has no literal, it was another value at another
    time, or it is what was expected already.
    """
    source, found = _read(task)
    at: dict[int, list[Observation]] = defaultdict(list)
    for one in seen:
        at[one.place].append(one)
    imports = _imports_of(task)
    edits: list[Edit] = []
    added: list[str] = []
    for number, expectation in enumerate(found):
        if not any(one.failed for one in at[number]):
            continue
        if expectation.swaps:
            new = SWAPPED[expectation.name] if all(one.failed for one in at[number]) else None
            added += _needed(expectation, imports) if new is not None else []
        else:
            new = _value(expectation, source, {one.literal for one in at[number]}, task, imports)
        if new is not None:
            edits.append((*expectation.expected, new))
    return (source.restored(_edited(source, edits)), tuple(dict.fromkeys(added))) if edits else None


def _read(task: Task) -> tuple[Source, tuple[Expectation, ...]]:
    source = parsed(task.candidate.text)
    return source, expectations(source, _imports_of(task))


def _imports_of(task: Task) -> tuple[Import, ...]:
    read = read_candidate(task.candidate.text)
    own = file_imports(read.text if isinstance(read, ClassText) else task.home.text)
    added = (Import(one.removeprefix("static "), one.startswith("static "), False) for one in task.imports)
    return (*own, *added)


def _needed(one: Expectation, imports: Iterable[Import]) -> list[str]:
    """The import of the opposite assertion, where only this one is imported."""
    opposite = SWAPPED[one.name]
    static = [each for each in imports if each.static]
    holders = [each.name.rpartition(".")[0] for each in static if not each.wildcard and _ends(each, one.name)]
    there = any((each.wildcard and each.name in holders) or _ends(each, opposite) for each in static)
    return [] if one.qualified or there or not holders else [f"static {holders[0]}.{opposite}"]


def _ends(one: Import, name: str) -> bool:
    return one.name.rpartition(".")[2] == name


def _value(
    one: Expectation, source: Source, literals: set[str | None], task: Task, imports: Sequence[Import]
) -> str | None:
    """What was seen, as a developer would write it there."""
    literal = next(iter(literals)) if len(literals) == 1 else None
    if literal is None or (_ARRAY.match(literal) and not one.by_content):
        return None
    before = source.encoded[slice(*one.expected)].decode("utf-8", errors="replace")
    written = _shortened(literal, before, task.home.package, imports)
    return written if written != before else None


def _shortened(literal: str, before: str, package: str, imports: Sequence[Import]) -> str:
    """Without packages where the file can do without: those of its own package, those imported, those that stood."""
    if literal.startswith('"'):
        return literal
    named, stood = _NAMED.fullmatch(literal), _NAMED.fullmatch(before)
    if named and stood and named[2] == stood[2] and named[2] not in _NUMBERS:
        return f"{stood[1]}{stood[2]}.{named[3]}"
    for name in ("Arrays", "Collections"):
        if any(
            not each.static and (each.name == f"java.util.{name}" or (each.wildcard and each.name == "java.util"))
            for each in imports
        ):
            literal = literal.replace(f"java.util.{name}.", f"{name}.")
    if package and '"' not in literal:
        literal = re.sub(rf"(?<![\w.]){re.escape(package)}\.(?=[A-Z])", "", literal)
    return literal


def _edited(source: Source, edits: Iterable[Edit]) -> bytes:
    """The source with all edits; those at one place in the order in which they are given."""
    by_start: Mapping[int, list[Edit]] = defaultdict(list)
    for one in edits:
        by_start[one[0]].append(one)
    out, position = [], 0
    for start in sorted(by_start):
        for _, end, text in by_start[start]:
            out += [source.encoded[position:start] if position < start else b"", text.encode()]
            position = max(position, start, end)
    return b"".join([*out, source.encoded[position:]])
