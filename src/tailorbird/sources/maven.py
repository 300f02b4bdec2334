"""Artifacts through the user's own ``mvn``, so that its mirrors, proxies and credentials hold; cached."""

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tailorbird.errors import SourceError, StorageError, ToolMissingError
from tailorbird.sources.archives import unpack
from tailorbird.sources.licences import licence_of_tree, read_pom
from tailorbird.storage import read_json, sha256_file, write_json

_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy"
_TIMEOUT_SECONDS = 600
_MAX_PARENTS = 4
_RECORD = "tailorbird-artifacts.json"
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_NETWORK = ("UnknownHostException", "Unknown host", "Connection refused", "Connect to", "Network is unreachable",
            "timed out", "in offline mode", "Temporary failure", "No route to host")  # fmt: skip


@dataclass(frozen=True, slots=True)
class MavenTree:
    """An unpacked artifact."""

    root: Path
    licence: str | None
    artifacts: tuple[tuple[str, str], ...]
    """(file name, SHA-256) of the sources, the test sources and the pom."""


@dataclass(frozen=True, slots=True)
class _Record:
    coordinates: str
    licence: str | None
    artifacts: tuple[tuple[str, str], ...]


def fetch(coordinates: str, cache: Path) -> MavenTree:
    """The tree of ``group:artifact:version``: sources, test sources and pom, unpacked in Maven's own layout.

    Raises ToolMissingError without ``mvn``, and SourceError, with Maven's reason, for what it cannot fetch.
    """
    root = cache / "maven" / Path(*coordinates.split(":"))
    if not (root / _RECORD).is_file():
        _download(coordinates, root)
    record = read_json(root / _RECORD, _Record)
    return MavenTree(root, record.licence, record.artifacts)


def _download(coordinates: str, root: Path) -> None:
    program = shutil.which("mvn")
    if program is None:
        raise ToolMissingError(
            f"mvn was not found, and {coordinates} is fetched through it: install Maven, or give a folder instead."
        )
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root.parent, prefix=".fetch-") as temporary:
            _assemble(program, coordinates, Path(temporary))
            _publish(Path(temporary) / "tree", root)
    except OSError as error:
        raise StorageError(
            f"{root} could not be written ({error.strerror}): free space or set another cache folder."
        ) from error


def _assemble(program: str, coordinates: str, work: Path) -> None:
    jars, tree = work / "artifacts", work / "tree"
    tree.mkdir()
    sources = _artifact(program, f"{coordinates}:jar:sources", jars, "sources")
    tests = _artifact(program, f"{coordinates}:jar:test-sources", jars, "test sources")
    pom = _artifact(program, f"{coordinates}:pom", jars, "pom")
    unpack(sources, tree / "src/main/java")
    unpack(tests, tree / "src/test/java")
    shutil.copyfile(pom, tree / "pom.xml")
    hashes = tuple((one.name, sha256_file(one)) for one in (sources, tests, pom))
    licence = licence_of_tree(tree) or _inherited_licence(program, tree / "pom.xml", work / "parents")
    write_json(tree / _RECORD, _Record(coordinates, licence, hashes))


def _publish(tree: Path, root: Path) -> None:
    tree.chmod(0o755)
    if root.is_dir() and not (root / _RECORD).is_file():
        shutil.rmtree(root)
    try:
        tree.rename(root)
    except OSError:
        # Another process was first: its tree is the same.
        if not (root / _RECORD).is_file():
            raise


def _artifact(program: str, artifact: str, folder: Path, what: str) -> Path:
    folder.mkdir(exist_ok=True)
    before = set(folder.iterdir())
    command = [
        program,
        "-B",
        "-q",
        _COPY,
        f"-Dartifact={artifact}",
        f"-DoutputDirectory={folder}",
        "-Dmdep.useBaseVersion=true",
    ]
    try:
        # An empty folder: a pom or Maven settings in the user's working folder must not change what is fetched.
        done = subprocess.run(
            command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
            timeout=_TIMEOUT_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise SourceError(f"mvn did not fetch {artifact} within {_TIMEOUT_SECONDS} s: check the network.") from error
    except OSError as error:
        raise ToolMissingError(
            f"{program} could not be started ({error.strerror}): check the Maven installation."
        ) from error
    new = sorted(set(folder.iterdir()) - before)
    if done.returncode != 0 or not new:
        raise SourceError(_explained(artifact, what, done.stdout + done.stderr))
    return new[0]


def _explained(artifact: str, what: str, output: str) -> str:
    """Maven's reason in a sentence, with the remedy."""
    coordinates = ":".join(artifact.split(":")[:3])
    reason = _reason(output)
    if any(sign in output for sign in _NETWORK):
        return f"mvn could not fetch the {what} of {coordinates} ({reason}): check the network, or give a folder."
    if "JAVA_HOME" in output:
        return f"mvn could not start ({reason}): install a JDK and set JAVA_HOME."
    if what == "test sources" and "ould not find artifact" in output:
        return (
            f"{coordinates} publishes no test-sources artifact ({reason}): "
            "give a clone of the project (a folder or a git URL) instead."
        )
    return f"mvn could not fetch the {what} of {coordinates} ({reason}): check the coordinates."


def _reason(output: str) -> str:
    lines = [_COLOUR.sub("", line).strip() for line in output.splitlines()]
    errors = [line.removeprefix("[ERROR]").strip() for line in lines if line.startswith("[ERROR]")] or [
        *filter(None, lines)
    ]
    first = errors[0] if errors else "it gave no reason"
    first = first.split(" -> [Help")[0]
    _, marker, rest = first.partition("on project standalone-pom: ")
    return (rest if marker else first).rstrip(".:")[:400]


def _inherited_licence(program: str, pom: Path, folder: Path) -> str | None:
    """The licence of the nearest parent pom that names one; none when a parent cannot be had."""
    parent = read_pom(pom).parent
    for _ in range(_MAX_PARENTS):
        if parent is None:
            return None
        try:
            found = read_pom(_artifact(program, f"{parent}:pom", folder, "parent pom"))
        except SourceError:
            return None
        if found.licence is not None:
            return found.licence
        parent = found.parent
    return None
