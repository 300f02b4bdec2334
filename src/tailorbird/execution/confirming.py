"""The last word: accepted candidates written into a copy of the tree, and the project's own build run on it."""

import contextlib
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from tailorbird.errors import DataError
from tailorbird.execution.inserting import insert
from tailorbird.execution.maven import MavenFailedError, run_maven
from tailorbird.execution.placing import ClassText, MethodText, RunsIn, owner_of, read_candidate
from tailorbird.execution.project import copy_tree
from tailorbird.records import TestClass

_REPORTS = "target/surefire-reports/TEST-*.xml"


@dataclass(frozen=True, slots=True)
class Accepted:
    """A candidate that is to be confirmed."""

    key: int
    text: str
    home: TestClass
    runs_in: RunsIn


@dataclass(frozen=True, slots=True)
class Inserted:
    """Where an accepted candidate stands in the copy."""

    key: int
    owner: str
    """Binary name of the class that runs it."""
    method: str
    """Empty for a whole class."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What the project's own build said."""

    confirmed: frozenset[int]
    """Keys of the candidates whose tests were run, and passed."""
    build_passes: bool
    """``mvn test`` ended well, the project's own tests among it."""
    reason: str
    """Maven's, where it did not; or why tests may not have been run."""


def confirm(root: Path, accepted: Sequence[Accepted], *, arguments: Sequence[str] = ()) -> Confirmation:
    """Run plain ``mvn test`` on a copy of a tree that the accepted candidates were written into.

    ``arguments`` are added to Maven's command line. Raises DataError for a tree without a pom.
    """
    if not (root / "pom.xml").is_file():
        raise DataError(f"{root} has no pom.xml: only a Maven tree can be confirmed.")
    if not accepted:
        return Confirmation(frozenset(), build_passes=True, reason="")
    with tempfile.TemporaryDirectory(prefix="tailorbird-confirm-") as temporary:
        tree = Path(temporary) / "tree"
        copy_tree(root, tree)
        inserted = write_into(tree, accepted)
        passes, reason = True, ""
        try:
            run_maven(["test", "-Dmaven.test.failure.ignore=false", *arguments], tree, "testing")
        except MavenFailedError as error:
            passes, reason = False, f"mvn test failed: {error.reason}."
            # It may have stopped before modules that can do without the failing one.
            with contextlib.suppress(MavenFailedError):
                run_maven(["test", "-Dmaven.test.failure.ignore=true", *arguments], tree, "testing")
        outcomes = read_reports(tree)
    unseen = [one for one in inserted if (one.owner, one.method) not in outcomes]
    if passes and unseen:
        reason = (
            f"Surefire's reports do not name {len(unseen)} of {len(inserted)} tests that were written in: the names of "
            "their classes may not fit its patterns, or it is too old for their JUnit (2.22 is the first for JUnit 5)."
        )
    return Confirmation(
        frozenset(one.key for one in inserted if _passed(one, outcomes)), build_passes=passes, reason=reason
    )


def write_into(tree: Path, accepted: Iterable[Accepted]) -> tuple[Inserted, ...]:
    """Write candidates into a tree: methods at the end of their test class, whole classes as files beside it.

    A class whose file is there already is left out.
    """
    methods: dict[tuple[str, str], list[tuple[Accepted, MethodText]]] = defaultdict(list)
    found: list[Inserted] = []
    for one in accepted:
        read = read_candidate(one.text)
        if isinstance(read, MethodText):
            methods[one.home.path, one.home.class_name].append((one, read))
        elif isinstance(read, ClassText):
            # Beside its test class, whatever folder tests lie in.
            depth = one.home.package.count(".") + 1 if one.home.package else 0
            file = (tree / one.home.path).parents[depth] / read.unit.path
            if not file.exists():
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(read.text, encoding="utf-8")
                found.append(Inserted(one.key, read.binary_name, ""))
    for (path, class_name), some in methods.items():
        file = tree / path
        # What is not UTF-8 stays as it is.
        text = file.read_text(encoding="utf-8", errors="surrogateescape")
        ours = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace") == text
        changed, names = (
            insert(text, class_name, [read for _, read in some], also_taken=_taken(some)) if ours else (text, ())
        )
        file.write_text(changed, encoding="utf-8", errors="surrogateescape")
        for (one, _), name in zip(some, names, strict=bool(names)):
            found.append(Inserted(one.key, one.runs_in.owner or owner_of(one.home), name))
    return tuple(found)


def _taken(some: Iterable[tuple[Accepted, MethodText]]) -> frozenset[str]:
    return frozenset(name for one, _ in some for name in one.runs_in.names)


def read_reports(tree: Path) -> dict[tuple[str, str], bool]:
    """From Surefire's reports: binary name of a class and name of its method -> whether all its runs passed.

    A class itself stands under the empty name. Runs that were skipped did not pass.
    """
    outcomes: dict[tuple[str, str], bool] = {}
    for file in tree.rglob(_REPORTS):
        for case in ElementTree.parse(file).getroot().iter("testcase"):
            good = all(case.find(kind) is None for kind in ("failure", "error", "skipped"))
            owner, name = case.get("classname", ""), _method(case.get("name", ""))
            for key in ((owner, name), (owner, "")):
                outcomes[key] = outcomes.get(key, True) and good
    return outcomes


def _method(name: str) -> str:
    """Of ``method``, ``method(int)[2]``, ``method{int}[2]`` or ``method[2]`` the method."""
    for mark in "({[ ":
        name = name.partition(mark)[0]
    return name


def _passed(one: Inserted, outcomes: dict[tuple[str, str], bool]) -> bool:
    return outcomes.get((one.owner, one.method), False)
