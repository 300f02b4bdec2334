"""Whether `tailorbird execute` says of a project's own tests what `mvn test` says of them.

    python benchmarks/execution_truth.py [COORDINATES …] [--json FILE]

Each library's published sources are laid out as a Maven tree and tested by `mvn test`; then every test method that the
miner pairs is executed as a candidate in the same tree. A method is compared by what Surefire's XML reports say of all
its runs: it passes where at least one run passed and none failed.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from xml.etree import ElementTree

from tailorbird.config import ExecuteConfig
from tailorbird.errors import SourceError
from tailorbird.execution.execute import execute
from tailorbird.execution.maven import run_maven
from tailorbird.execution.placing import owner_of, runnable_below, runs_in
from tailorbird.mining.tree import mine_tree
from tailorbird.sources import resolve

LIBRARIES = (
    "commons-codec:commons-codec:1.16.0",
    "org.apache.commons:commons-csv:1.10.0",
    "commons-cli:commons-cli:1.6.0",
    "org.apache.commons:commons-text:1.11.0",
    "commons-validator:commons-validator:1.8.0",
    "org.apache.commons:commons-collections4:4.4",
    "commons-io:commons-io:2.15.1",
    "org.apache.commons:commons-lang3:3.14.0",
    "org.apache.commons:commons-jexl3:3.3",
    "commons-fileupload:commons-fileupload:1.5",
    "commons-beanutils:commons-beanutils:1.9.4",
    "org.apache.commons:commons-configuration2:2.9.0",
)
QUIET = ("-Drat.skip", "-Dcheckstyle.skip", "-Denforcer.skip", "-Djacoco.skip", "-Danimal.sniffer.skip",
         "-Dmaven.test.failure.ignore=true", "-Dspotbugs.skip", "-Dpmd.skip")  # fmt: skip
MORE = {
    # Its tests run out of memory where the JVM takes a quarter of 24 GB.
    "commons-codec:commons-codec:1.16.0": ("-DargLine=-Xmx9g",),
    # Its build goes by what JaCoCo's agent would set, and does not run on today's JDKs, in this order.
    "commons-io:commons-io:2.15.1": ("-DargLine=-Dnone",),
    "org.apache.commons:commons-collections4:4.4": ("-Dcommons.felix.version=5.1.9",),
    # Today's compilers do not know Java 6 any more.
    "commons-fileupload:commons-fileupload:1.5": ("-Dmaven.compiler.source=8", "-Dmaven.compiler.target=8"),
    "commons-beanutils:commons-beanutils:1.9.4": ("-Dmaven.compiler.source=8", "-Dmaven.compiler.target=8"),
}
"""Written to the tree's `.mvn/maven.config`, for without these the build itself fails."""
SAME = {
    "pass": {"pass"},
    "failure": {"assertion_failure"},
    "error": {"runtime_error", "load_error", "crash"},
    "skipped": {"no_test_ran"},
}


@dataclass(frozen=True, slots=True)
class Difference:
    """A method of which the two say different things."""

    test: str
    maven: str
    verdict: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Library:
    """What came of one library."""

    coordinates: str
    compared: int = 0
    equal: int = 0
    not_reported: int = 0
    """Pairs whose method Surefire's reports do not name: its build leaves the class out, or names runs otherwise."""
    failed: str = ""
    """Why it could not be compared."""
    differences: tuple[Difference, ...] = ()


def lay_out(root: Path, tree: Path) -> None:
    """Published sources as a tree that Maven builds: resources where it looks for them, no benchmarks."""
    shutil.copytree(root, tree)
    for part in ("main", "test"):
        java = tree / "src" / part / "java"
        for file in sorted(java.rglob("*")) if java.is_dir() else ():
            if not file.is_file():
                continue
            if file.suffix != ".java":
                to = tree / "src" / part / "resources" / file.relative_to(java)
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, to)
            elif "org.openjdk.jmh" in file.read_text(errors="replace") or file.parent.name == "jmh_generated":
                file.unlink()


def by_maven(tree: Path) -> dict[tuple[str, str], str]:
    """(Binary name of a class, method) -> what Surefire says of all its runs."""
    run_maven([*QUIET, "test"], tree, "testing")
    runs: dict[tuple[str, str], set[str]] = {}
    for file in tree.rglob("target/surefire-reports/TEST-*.xml"):
        for case in ElementTree.parse(file).getroot().iter("testcase"):
            name = case.get("name", "")
            for mark in "({[ ":
                name = name.partition(mark)[0]
            said = next((kind for kind in ("failure", "error", "skipped") if case.find(kind) is not None), "pass")
            runs.setdefault((case.get("classname", ""), name), set()).add(said)
    order = ("failure", "error", "pass", "skipped")
    return {key: next(kind for kind in order if kind in said) for key, said in runs.items()}


def compare(coordinates: str) -> Library:
    """One library."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        lay_out(resolve(coordinates).root, tree)
        (tree / ".mvn").mkdir()
        (tree / ".mvn" / "maven.config").write_text("\n".join(MORE.get(coordinates, ())))
        try:
            said = by_maven(tree)
        except SourceError as error:
            return Library(coordinates, failed=str(error))
        shutil.rmtree(tree / "target", ignore_errors=True)
        mined = mine_tree(tree, distinct=False)
        homes = {(one.path, one.class_name): one for one in mined.test_classes}
        pairs, given, out = [], Path(folder) / "candidates.jsonl", Path(folder) / "verdicts.jsonl"
        for pair in mined.pairs:
            home = homes.get((pair.test.path, pair.test.class_name))
            if home is None:
                continue
            owner = runs_in(runnable_below(home, mined.test_classes, tree), pair.test.name).owner or owner_of(home)
            if (owner, pair.test.name) in said:
                pairs.append((pair, said[owner, pair.test.name]))
        given.write_text("".join(json.dumps({"pair_id": p.id, "text": p.test.text}) + "\n" for p, _ in pairs))
        config = ExecuteConfig(deadline_seconds=60, reruns=0, added_coverage=False, heap_mb=4096)
        try:
            verdicts = execute(given, str(tree), out, config).verdicts
        except SourceError as error:
            return Library(coordinates, failed=str(error))
        differences = tuple(
            Difference(f"{pair.test.class_name}#{pair.test.name}", maven, one.verdict, " | ".join(one.evidence)[:300])
            for (pair, maven), one in zip(pairs, verdicts, strict=True)
            if one.verdict not in SAME[maven]
        )
        compared = len(pairs)
        return Library(coordinates, compared, compared - len(differences), len(mined.pairs) - compared, "", differences)


def line(one: Library) -> str:
    """Of the table."""
    share = f"{one.equal / one.compared:.1%}" if one.compared else one.failed[:120]
    counts = f"{one.compared:6} compared {one.equal:6} equal  {share}"
    return f"{one.coordinates:52} {counts}  ({one.not_reported} not reported)"


def totals(found: list[Library]) -> Iterator[str]:
    """Below the table."""
    compared, equal = sum(one.compared for one in found), sum(one.equal for one in found)
    yield f"{'all':52} {compared:6} compared {equal:6} equal  {equal / max(1, compared):.2%}"
    kinds = Counter((each.maven, each.verdict) for one in found for each in one.differences)
    for (maven, verdict), count in kinds.most_common():
        yield f"maven {maven:8} verdict {verdict:18} {count}"


def main() -> None:
    """Print the figures, and write every difference where asked."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("coordinates", nargs="*", default=LIBRARIES)
    arguments.add_argument("--json", type=Path)
    options = arguments.parse_args()
    found: list[Library] = []
    for coordinates in options.coordinates:
        found.append(compare(coordinates))
        sys.stdout.write(line(found[-1]) + "\n")
        sys.stdout.flush()
        if options.json:
            options.json.write_text(json.dumps([asdict(one) for one in found], indent=1))
    sys.stdout.writelines(f"{one}\n" for one in totals(found))


if __name__ == "__main__":
    main()
