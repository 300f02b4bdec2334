"""Artifacts through the user's own ``mvn``, so that its mirrors, proxies and credentials hold; cached."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from tailorbird.errors import SourceError, StorageError, ToolMissingError
from tailorbird.sources.archives import unpack
from tailorbird.sources.licences import licence_of_tree, read_pom
from tailorbird.storage import read_json, sha256_file, write_json

_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1"
_COPY = f"{_PLUGIN}:copy"
_TIMEOUT_SECONDS = 600
_PARTS = {"sources": ("jar", "sources"), "test sources": ("jar", "test-sources"), "pom": ("pom", "")}
"""What is fetched of each: the type and the classifier of its artifact."""
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
    root = _root_of(coordinates, cache)
    if not (root / _RECORD).is_file():
        _download(coordinates, root)
    record = read_json(root / _RECORD, _Record)
    return MavenTree(root, record.licence, record.artifacts)


def _root_of(coordinates: str, cache: Path) -> Path:
    return cache / "maven" / Path(*coordinates.split(":"))


def fetch_together(several: Sequence[str], cache: Path) -> None:
    """Fetch the artifacts of ``several`` coordinates with a single start of Maven: each start takes seconds.

    Maven stops at the first artifact that it cannot fetch. `fetch` then fetches the rest, and explains what is missing.
    """
    program = shutil.which("mvn")
    lacking = [one for one in dict.fromkeys(several) if not (_root_of(one, cache) / _RECORD).is_file()]
    if program is None or len(lacking) < 2:
        return
    (cache / "maven").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache / "maven", prefix=".fetch-") as temporary:
        (Path(temporary) / "pom.xml").write_text(_pom_of(lacking, Path(temporary)), encoding="utf-8")
        try:
            done = _run([program, "-B", "-q", _COPY], Path(temporary), _TIMEOUT_SECONDS + 30 * len(lacking))
        except subprocess.TimeoutExpired:
            return
        if done.returncode != 0:
            return
        for number, coordinates in enumerate(lacking):
            root = _root_of(coordinates, cache)
            root.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=root.parent, prefix=".fetch-") as work:
                found = {what: _only(Path(temporary) / str(number) / what.replace(" ", "-")) for what in _PARTS}
                _assemble(program, coordinates, found, Path(work))
                _publish(Path(work) / "tree", root)


def _pom_of(several: Sequence[str], folder: Path) -> str:
    """A project whose dependency plugin copies the parts of each, into a folder of its own."""
    items = []
    for number, coordinates in enumerate(several):
        group, artifact, version = (escape(part) for part in coordinates.split(":"))
        for what, (kind, classifier) in _PARTS.items():
            said = f"<classifier>{classifier}</classifier>" if classifier else ""
            items.append(
                f"<artifactItem><groupId>{group}</groupId><artifactId>{artifact}</artifactId>"
                f"<version>{version}</version><type>{kind}</type>{said}<outputDirectory>"
                f"{escape(str(folder / str(number) / what.replace(' ', '-')))}</outputDirectory></artifactItem>"
            )
    group, artifact, version = _PLUGIN.split(":")
    return (
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
        "<groupId>tailorbird</groupId><artifactId>fetch</artifactId><version>1</version><packaging>pom</packaging>"
        f"<build><plugins><plugin><groupId>{group}</groupId><artifactId>{artifact}</artifactId>"
        f"<version>{version}</version><configuration><useBaseVersion>true</useBaseVersion>"
        f"<artifactItems>{''.join(items)}</artifactItems></configuration></plugin></plugins></build></project>"
    )


def _only(folder: Path) -> Path:
    (found,) = folder.iterdir()
    return found


def _download(coordinates: str, root: Path) -> None:
    program = shutil.which("mvn")
    if program is None:
        raise ToolMissingError(
            f"mvn was not found, and {coordinates} is fetched through it: install Maven, or give a folder instead."
        )
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root.parent, prefix=".fetch-") as temporary:
            jars = Path(temporary) / "artifacts"
            found = {
                what: _artifact(program, ":".join(filter(None, (coordinates, *of))), jars, what)
                for what, of in _PARTS.items()
            }
            _assemble(program, coordinates, found, Path(temporary))
            _publish(Path(temporary) / "tree", root)
    except OSError as error:
        raise StorageError(
            f"{root} could not be written ({error.strerror}): free space or set another cache folder."
        ) from error


def _assemble(program: str, coordinates: str, found: Mapping[str, Path], work: Path) -> None:
    tree = work / "tree"
    tree.mkdir()
    unpack(found["sources"], tree / "src/main/java")
    unpack(found["test sources"], tree / "src/test/java")
    shutil.copyfile(found["pom"], tree / "pom.xml")
    hashes = tuple((found[what].name, sha256_file(found[what])) for what in _PARTS)
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
        done = _run(command, folder, _TIMEOUT_SECONDS)
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


def _run(command: list[str], folder: Path, seconds: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=seconds,
        check=False,
    )


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
