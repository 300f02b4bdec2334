"""Gradle as a builder, through the project's wrapper or an installed ``gradle``. Experimental."""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

from tailorbird.errors import SourceError, ToolMissingError

_TASK = "tailorbirdClasspath"
_TIMEOUT_SECONDS = 1800
_BUILD_FILES = ("build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts")


@dataclass(frozen=True, slots=True)
class GradleModule:
    """What the init script wrote of one module."""

    folder: Path
    main: tuple[Path, ...]
    tests: tuple[Path, ...]
    classpath: tuple[Path, ...]
    """All that its tests see, these folders among it."""


def is_gradle(root: Path) -> bool:
    """Whether Gradle builds this tree."""
    return any((root / name).is_file() for name in _BUILD_FILES)


def build(tree: Path) -> tuple[GradleModule, ...]:
    """Compile all modules of a Gradle tree with their tests.

    Raises ToolMissingError where there is neither a wrapper nor Gradle, SourceError with Gradle's own reason.
    """
    program = _program(tree)
    with as_file(files("tailorbird.execution.gradle") / "tailorbird.gradle") as script:
        command = [program, "--init-script", str(script), "--console=plain", "--quiet", "--no-daemon", _TASK]
        try:
            done = subprocess.run(
                command, cwd=tree, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
                timeout=_TIMEOUT_SECONDS, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise SourceError(
                f"Gradle did not finish building {tree} within {_TIMEOUT_SECONDS} s: build it once by hand."
            ) from error
        except OSError as error:
            raise ToolMissingError(f"{program} could not be started ({error.strerror}): check it.") from error
    if done.returncode != 0:
        said = [line.strip() for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        reason = next((line.removeprefix("> ") for line in said if line.startswith("> ")), said[0] if said else "")
        raise SourceError(
            f"Gradle failed building {tree} ({reason[:400] or 'it gave no reason'}): make the build work, or give "
            "--classpath FILE --classes DIR."
        )
    return tuple(_modules(tree))


def _program(tree: Path) -> str:
    wrapper = tree / "gradlew"
    if wrapper.is_file():
        wrapper.chmod(wrapper.stat().st_mode | 0o100)
        return str(wrapper)
    program = shutil.which("gradle")
    if program is None:
        raise ToolMissingError(
            f"{tree} is built by Gradle, and there is neither a wrapper (gradlew) nor gradle: install it, or give "
            "--classpath FILE --classes DIR."
        )
    return program


def _modules(tree: Path) -> Iterator[GradleModule]:
    for record in sorted(tree.rglob("tailorbird/classpath.txt")):
        place = record.parent
        yield GradleModule(
            folder=place.parent.parent,
            main=_read(place / "main.txt"),
            tests=_read(place / "tests.txt"),
            classpath=_read(record),
        )


def _read(file: Path) -> tuple[Path, ...]:
    return tuple(Path(one) for one in file.read_text(encoding="utf-8").splitlines() if one) if file.is_file() else ()
