"""Maven as a resolver and a builder, through the user's own ``mvn``."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from tailorbird.errors import SourceError, ToolMissingError
from tailorbird.storage import read_json, sha256_bytes, write_json

_CLASSPATH = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:build-classpath"
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy"
_TIMEOUT_SECONDS = 1800
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_ERROR = re.compile(r"(\[(?:ERROR|FATAL)\]\s*)+(.*)")
_PLACE = re.compile(r"\.(?:java|kt|groovy|scala):\[?\d+|Non-parseable POM")
_HEADLINE = re.compile(
    r"COMPILATION ERROR|Some problems were encountered|There are test failures|Failures?:|Errors?:|-{5}"
)
CLASSPATH_FILE = "tailorbird-classpath.txt"
"""In each module's ``target``, after `build`."""


class MavenFailedError(SourceError):
    """Maven ran, and failed."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"mvn failed {what} ({reason}): make the build work first.")
        self.what = what
        self.reason = reason


def run_maven(arguments: Sequence[str], folder: Path, what: str, *, timeout: float = _TIMEOUT_SECONDS) -> str:
    """Run ``mvn`` in a folder; its output.

    Raises SourceError with Maven's own reason, ToolMissingError without ``mvn``.
    """
    program = shutil.which("mvn")
    if program is None:
        raise ToolMissingError(
            f"mvn was not found, and {what} needs it: install Maven, or give --classpath and --classes."
        )
    try:
        done = subprocess.run(
            [program, "-B", "-ntp", *arguments], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            errors="replace", timeout=timeout, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise SourceError(f"mvn did not finish {what} within {timeout:.0f} s: build it once by hand.") from error
    except OSError as error:
        raise ToolMissingError(
            f"{program} could not be started ({error.strerror}): check the Maven installation."
        ) from error
    output = _COLOUR.sub("", done.stdout + done.stderr)
    if done.returncode != 0:
        raise MavenFailedError(what, _reason(output))
    return output


def _reason(output: str) -> str:
    """The line of Maven's output that says most: a place in a file, or the first that is no headline."""
    lines = [found[2].strip() for line in output.splitlines() if (found := _ERROR.match(line)) and found[2].strip()]
    placed = next((line for line in lines if _PLACE.search(line)), None)
    said = placed or next((line for line in lines if not _HEADLINE.match(line)), None)
    reason = said or next(iter(lines), output.strip()[-300:] or "it gave no reason")
    return reason.split(" -> [Help")[0].rstrip(".")[:400]


def jars_of(coordinates: Sequence[str], cache: Path) -> tuple[Path, ...]:
    """The jars of some ``group:artifact:version`` and of all that they need, in class path order; resolved once."""
    key = sha256_bytes("\n".join(coordinates).encode())[:16]
    record = cache / "jars" / f"{key}.json"
    if record.is_file():
        known = tuple(Path(one) for one in read_json(record, list[str]))
        if all(one.is_file() for one in known):
            return known
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "pom.xml").write_text(_pom(coordinates))
        paths = _classpath_of(folder, "resolving " + ", ".join(coordinates))
    record.parent.mkdir(parents=True, exist_ok=True)
    write_json(record, [str(one) for one in paths])
    return paths


def test_classpath(pom: Path) -> tuple[Path, ...]:
    """The jars that tests of a published pom see, its own not among them."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        shutil.copyfile(pom, folder / "pom.xml")
        return _classpath_of(folder, f"resolving the dependencies of {pom}")


def published_jar(coordinates: str, folder: Path) -> Path:
    """The binary jar of ``group:artifact:version``, copied into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    name = "{1}-{2}.jar".format(*coordinates.split(":"))
    if not (folder / name).is_file():
        arguments = [
            "-q",
            _COPY,
            f"-Dartifact={coordinates}",
            f"-DoutputDirectory={folder}",
            "-Dmdep.useBaseVersion=true",
        ]
        run_maven(arguments, folder, f"fetching {coordinates}")
    return folder / name


def build(tree: Path, shown: Path) -> None:
    """Compile a Maven tree with its tests and write each module's test class path into its ``target``.

    ``shown`` is the tree that this one is a copy of: errors name it. Raises what `run_maven` does.
    """
    skip = ["-Denforcer.skip", "-Drat.skip", "-Dcheckstyle.skip", "-Dspotbugs.skip", "-Dpmd.skip", "-Dlicense.skip",
            "-Dspotless.check.skip", "-Danimal.sniffer.skip", "-Djacoco.skip"]  # fmt: skip
    goals = [*skip, "test-compile", _CLASSPATH, f"-Dmdep.outputFile=target/{CLASSPATH_FILE}", "-DincludeScope=test"]
    try:
        run_maven(goals, tree, f"building {shown}")
    except MavenFailedError as error:
        reason = error.reason.replace(str(tree.resolve()), str(shown)).replace(str(tree), str(shown))
        raise MavenFailedError(error.what, reason) from error


def _classpath_of(folder: Path, what: str) -> tuple[Path, ...]:
    out = folder / CLASSPATH_FILE
    run_maven(["-q", _CLASSPATH, f"-Dmdep.outputFile={out}", "-DincludeScope=test"], folder, what)
    return read_classpath(out)


def read_classpath(file: Path) -> tuple[Path, ...]:
    """The entries of a class path file, those that are there."""
    entries = file.read_text().strip().split(":") if file.is_file() else []
    return tuple(path for one in entries if one and (path := Path(one)).exists())


def _pom(coordinates: Sequence[str]) -> str:
    listed = "".join(
        f"<dependency><groupId>{escape(group)}</groupId><artifactId>{escape(artifact)}</artifactId>"
        f"<version>{escape(version)}</version></dependency>"
        for group, artifact, version in (one.split(":") for one in coordinates)
    )
    return (
        "<project><modelVersion>4.0.0</modelVersion><groupId>tailorbird</groupId><artifactId>resolver</artifactId>"
        f"<version>1</version><dependencies>{listed}</dependencies></project>"
    )
