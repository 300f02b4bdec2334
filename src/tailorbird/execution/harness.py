"""What runs candidates: our own Java, compiled at first use, and the JUnit that fits the project's own."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

from tailorbird.errors import ToolMissingError
from tailorbird.execution.maven import jars_of
from tailorbird.storage import sha256_bytes

_WORKER = ("org.jacoco:org.jacoco.core:0.8.13", "com.google.code.gson:gson:2.13.1")
_PLATFORM = "1.12.2"
"""Of the JUnit Platform where the project brings none."""
_VINTAGE = "5.12.2"
_OLDEST_JUNIT4 = (4, 12)
_JUNIT4 = "junit:junit:4.13.2"
_TESTNG_ENGINE = "org.junit.support:testng-engine:1.0.5"
_JAR = re.compile(r"(?P<name>[\w.\-]+?)-(?P<version>\d[\w.\-]*)\.jar")


@dataclass(frozen=True, slots=True)
class Harness:
    """Class paths of the worker itself and of what it adds to a project's tests."""

    worker: tuple[Path, ...]
    bridge: Path
    """A folder of classes that stand beside the project's JUnit."""
    added: tuple[Path, ...]
    """Jars that the project's tests lack: launcher and engines of the versions that fit."""
    dropped: frozenset[Path]
    """Jars of the project that are too old for these, with a newer one among ``added``."""
    java: Path


def harness_for(classpath: Sequence[Path], cache: Path) -> Harness:
    """The harness for tests with this class path.

    Raises ToolMissingError without a JDK, SourceError when the jars cannot be had.
    """
    java, javac = shutil.which("java"), shutil.which("javac")
    if java is None or javac is None:
        raise ToolMissingError(
            "There is no JDK (java and javac): install one of version 17 or newer to execute candidates."
        )
    wanted, dropped = _engines(classpath)
    added = jars_of(wanted, cache)
    # The project's own version of whatever it has.
    own = {_name(one) for one in classpath if one not in dropped}
    added = tuple(one for one in added if _name(one) not in own)
    worker = jars_of(_WORKER, cache)
    launcher = jars_of((f"org.junit.platform:junit-platform-launcher:{_PLATFORM}",), cache)
    return Harness(
        worker=(_compiled("worker", worker, Path(javac), cache), *worker),
        bridge=_compiled("bridge", launcher, Path(javac), cache),
        added=added,
        dropped=frozenset(dropped),
        java=Path(java),
    )


def _engines(classpath: Sequence[Path]) -> tuple[tuple[str, ...], set[Path]]:
    """Coordinates of the launcher and engines for a class path, and its jars that must give way."""
    versions = {_name(one): (_version(one), one) for one in classpath}
    dropped: set[Path] = set()
    platform, jupiter = _PLATFORM, None
    if "junit-jupiter-api" in versions:
        jupiter = versions["junit-jupiter-api"][0]
        platform = _platform_of(jupiter)
    elif "junit-platform-engine" in versions:
        platform = versions["junit-platform-engine"][0]
    wanted = [f"org.junit.platform:junit-platform-launcher:{platform}"]
    if jupiter is not None:
        wanted.append(f"org.junit.jupiter:junit-jupiter-engine:{jupiter}")
    if "junit" in versions or "junit-dep" in versions:
        version, jar = versions.get("junit") or versions["junit-dep"]
        wanted.append(f"org.junit.vintage:junit-vintage-engine:{jupiter or _VINTAGE}")
        if _numbers(version) < _OLDEST_JUNIT4:
            wanted.append(_JUNIT4)
            dropped.add(jar)
    if "testng" in versions:
        wanted.append(_TESTNG_ENGINE)
    return tuple(wanted), dropped


def _platform_of(jupiter: str) -> str:
    """JUnit 5.a.b goes with platform 1.a.b; since 6 both have one number."""
    return re.sub(r"^5\.", "1.", jupiter)


def _name(jar: Path) -> str:
    found = _JAR.fullmatch(jar.name)
    return found["name"] if found else jar.name


def _version(jar: Path) -> str:
    found = _JAR.fullmatch(jar.name)
    return found["version"] if found else "0"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(one) for one in re.findall(r"\d+", version)[:2])


def _compiled(part: str, classpath: Sequence[Path], javac: Path, cache: Path) -> Path:
    """A folder with the classes of one part of our Java; compiled once for each version of it and of the JDK."""
    sources = files("tailorbird.execution") / "jvm" / part
    texts = {one.name: one.read_bytes() for one in sources.iterdir() if one.name.endswith(".java")}
    compiler = javac.resolve()
    jdk = f"{compiler} {compiler.stat().st_mtime_ns}".encode()
    key = sha256_bytes(
        b"\0".join([jdk, *(text for _, text in sorted(texts.items())), *(str(one).encode() for one in classpath)])
    )
    folder = cache / "jvm" / f"{part}-{key[:16]}"
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary, as_file(sources) as place:
        out = Path(temporary) / "classes"
        command = [str(javac), "-nowarn", "-d", str(out), "-cp", ":".join(map(str, classpath))]
        done = subprocess.run(
            [*command, *(str(place / name) for name in sorted(texts))], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise ToolMissingError(
                f"{javac} could not compile the worker ({done.stderr.strip()[:300]}): install JDK 17 or newer."
            )
        try:
            out.rename(folder)
        except OSError:
            if not folder.is_dir():  # Else another process was first: its classes are the same.
                raise
    return folder
