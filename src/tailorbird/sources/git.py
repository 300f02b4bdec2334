"""Clones through the user's own ``git``, cached by URL and commit."""

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tailorbird.errors import SourceError, StorageError, ToolMissingError
from tailorbird.storage import sha256_bytes

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_HEX = re.compile(r"[0-9a-fA-F]{7,40}")
_TIMEOUT_SECONDS = 1800


@dataclass(frozen=True, slots=True)
class GitTree:
    """A checked-out commit. ``location`` is the URL without credentials and without ``@ref``."""

    root: Path
    commit: str
    location: str


def is_bare(path: Path) -> bool:
    """Whether a folder is a bare repository, and so has no tree to mine before it is cloned."""
    return (path / "HEAD").is_file() and (path / "objects").is_dir() and (path / "refs").is_dir()


def commit_of(folder: Path) -> str | None:
    """The commit of a folder inside a work tree, ``+dirty`` appended when the folder has changes; None without git."""
    program = shutil.which("git")
    if program is None:
        return None
    # A monitor named in an untrusted repository's own settings would be run by 'status'.
    quiet = [program, "-c", "core.fsmonitor=false", "-C", str(folder)]
    head = _run([*quiet, "rev-parse", "--verify", "--quiet", "HEAD"])
    if head.returncode != 0:
        return None
    status = _run([*quiet, "status", "--porcelain", "--", "."])
    return head.stdout.strip() + ("+dirty" if status.stdout.strip() else "")


def top_of(folder: Path) -> Path | None:
    """The root of the work tree that ``folder`` stands in; None where it stands in none."""
    program = shutil.which("git")
    found = _run([program, "-C", str(folder), "rev-parse", "--show-toplevel"]) if program is not None else None
    return Path(found.stdout.rstrip("\n")).resolve() if found is not None and found.returncode == 0 else None


def commit_at(top: Path, since: str) -> str:
    """What ``since`` names in the repository at ``top``: the last commit before a date, or a commit, tag, branch.

    Raises SourceError where there is none.
    """
    quiet = ["git", "-c", "core.fsmonitor=false", "-C", str(top)]
    if _DATE.fullmatch(since):
        found = _run([*quiet, "rev-list", "-1", f"--before={since}T00:00:00Z", "HEAD"])
    else:
        found = _run([*quiet, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{since}^{{commit}}"])
    commit = found.stdout.strip()
    if found.returncode != 0 or not commit:
        raise SourceError(
            f"The repository at {top} has no commit for --since {since}: give a commit, tag or branch of it, or a date "
            "(YYYY-MM-DD) after its first commit; a shallow clone may lack it."
        )
    return commit


def split_reference(url: str) -> tuple[str, str | None]:
    """``https://host/project@v1`` as (URL, ``v1``); an ``@`` before the path belongs to the user's name."""
    scheme, separator, rest = url.partition("://")
    divider = "/" if separator else ":"
    host, slash, path = (rest if separator else url).partition(divider)
    path, at, reference = path.partition("@")
    base = f"{scheme}://{host}{slash}{path}" if separator else f"{host}{slash}{path}"
    return base, reference if at and reference else None


def fetch(source: str, cache: Path) -> GitTree:
    """Check out ``URL[@commit, tag or branch]`` in the cache; a commit that is there already needs no network.

    Raises ToolMissingError without ``git``, and SourceError, with git's reason, for what it cannot fetch.
    """
    program = shutil.which("git")
    if program is None:
        raise ToolMissingError(f"git was not found, and {source} is cloned with it: install git, or give a folder.")
    url, reference = split_reference(source)
    location = _without_credentials(url)
    if reference is not None and reference.startswith("-"):
        raise SourceError(f"{reference!r} is no commit, tag or branch: check what follows the @ in {source}.")
    folder = cache / "git" / sha256_bytes(url.encode())[:16]
    commit = _commit(program, url, reference, location)
    root = folder / commit
    if not root.is_dir():
        try:
            commit = _clone(program, url, commit, folder, location)
        except OSError as error:
            raise StorageError(f"{folder} could not be written ({error.strerror}): free space.") from error
    return GitTree(folder / commit, commit, location)


def _commit(program: str, url: str, reference: str | None, location: str) -> str:
    """The commit that a reference stands for now; one given in full is taken at its word."""
    if reference is not None and len(reference) == 40 and _HEX.fullmatch(reference):
        return reference.lower()
    wanted = reference or "HEAD"
    listed = _run([program, "ls-remote", "--", url, wanted, f"{wanted}^{{}}"])
    if listed.returncode != 0:
        raise SourceError(f"git could not reach {location} ({_reason(listed.stderr)}): check the URL and the network.")
    found = [line.split("\t") for line in listed.stdout.splitlines() if "\t" in line]
    exact = [f"refs/tags/{wanted}^{{}}", f"refs/tags/{wanted}", f"refs/heads/{wanted}", wanted]
    for name in exact:
        for commit, listed_name in found:
            if listed_name == name:
                return commit
    if reference is not None and _HEX.fullmatch(reference):
        return reference.lower()
    raise SourceError(f"{location} has no commit, tag or branch {wanted!r}: check what follows the @.")


def _clone(program: str, url: str, commit: str, folder: Path, location: str) -> str:
    """Clone, check out, and move into place; returns the full commit, which ``commit`` may abbreviate."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".clone-") as temporary:
        tree = Path(temporary) / "tree"
        cloned = _run([program, "clone", "--quiet", "--no-checkout", "--", url, str(tree)])
        if cloned.returncode != 0:
            raise SourceError(
                f"git could not clone {location} ({_reason(cloned.stderr)}): check the URL and the network."
            )
        full = _run([program, "-C", str(tree), "rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}"])
        if full.returncode != 0:
            raise SourceError(f"{location} has no commit {commit!r}: check what follows the @.")
        name = full.stdout.strip()
        checked = _run([program, "-C", str(tree), "checkout", "--quiet", "--detach", name])
        if checked.returncode != 0:
            raise SourceError(f"git could not check out {name} of {location} ({_reason(checked.stderr)}).")
        # The clone remembers its URL; one with a password in it must not stay on disk.
        _run([program, "-C", str(tree), "remote", "set-url", "origin", location])
        if not (folder / name).is_dir():
            tree.rename(folder / name)
    return name


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", env=environment,
            timeout=_TIMEOUT_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise SourceError(f"git did not end within {_TIMEOUT_SECONDS} s: check the network.") from error


def _reason(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("fatal:", "error:"))] or lines
    reason = telling[0] if telling else "it gave no reason"
    return re.sub(r"(://)[^/@\s]+@", r"\1", reason.removeprefix("fatal: ").removeprefix("error: "))[:300]


def _without_credentials(url: str) -> str:
    return re.sub(r"^(https?://)[^/@]+@", r"\1", url)
