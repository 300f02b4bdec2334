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
CLASSPATH_FILE = "tailorbird-classpath.txt"
"""In each module's ``target``, after `build`."""


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
        errors = [line.removeprefix("[ERROR]").strip() for line in output.splitlines() if line.startswith("[ERROR]")]
        reason = next((line for line in errors if line), output.strip()[-300:] or "it gave no reason")
        raise SourceError(
            f"mvn failed {what} ({reason.split(' -> [Help')[0].rstrip('.')[:400]}): make the build work first."
        )
    return output


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


def build(tree: Path) -> None:
    """Compile a Maven tree with its tests and write each module's test class path into its ``target``."""
    skip = ["-Denforcer.skip", "-Drat.skip", "-Dcheckstyle.skip", "-Dspotbugs.skip", "-Dpmd.skip", "-Dlicense.skip",
            "-Dspotless.check.skip", "-Danimal.sniffer.skip", "-Djacoco.skip"]  # fmt: skip
    run_maven(
        [*skip, "test-compile", _CLASSPATH, f"-Dmdep.outputFile=target/{CLASSPATH_FILE}", "-DincludeScope=test"],
        tree,
        f"building {tree}",
    )


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
