"""SOURCE to a folder on this machine: a folder, a git URL, or Maven coordinates; each with its provenance."""

import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import platformdirs

from tailorbird.errors import SourceError
from tailorbird.records import Provenance
from tailorbird.sources import git, maven
from tailorbird.sources.archives import unpack
from tailorbird.sources.licences import licence_of_tree
from tailorbird.storage import sha256_file

_COORDINATES = re.compile(r"[\w.\-]+:[\w.\-]+:[\w.\-+]+")
_GIT_URL = re.compile(r"(?:https?|ssh|file)://\S+|git@[\w.\-]+:\S+")


@dataclass(frozen=True, slots=True)
class ResolvedSource:
    """A project's tree on this machine and where it came from."""

    root: Path
    provenance: Provenance


def default_cache() -> Path:
    """The user's cache folder for fetched sources."""
    return Path(platformdirs.user_cache_dir("tailorbird")) / "sources"


def resolve(source: str, *, cache: Path | None = None) -> ResolvedSource:
    """Make SOURCE a folder: fetch it through git or Maven where it is not one, once, into ``cache``.

    Raises SourceError when it does not exist or cannot be fetched, ToolMissingError without the client it needs.
    """
    path = Path(source).expanduser()
    try:
        is_folder, exists = path.is_dir(), path.exists()
    except (OSError, ValueError) as error:  # a name too long, a null character
        raise SourceError(f"{source[:80]!r} is no usable path ({error}): check the SOURCE.") from error
    if is_folder and source:
        if git.is_bare(path):
            return _from_git(path.resolve().as_uri(), cache or default_cache())
        return _from_folder(path)
    if exists and source:
        return _from_archive(path, cache or default_cache())
    if _GIT_URL.fullmatch(source):
        return _from_git(source, cache or default_cache())
    if _COORDINATES.fullmatch(source):
        return _from_maven(source, cache or default_cache())
    raise SourceError(
        f"{source!r} is not a folder or archive that exists, a git URL (https://…, git@…, file://…, with @commit if "
        "wished), or Maven coordinates (group:artifact:version): check the spelling."
    )


def resolve_past(present: ResolvedSource, since: str, *, cache: Path | None = None) -> ResolvedSource:
    """The tree of a folder or git URL at ``since``: a commit, tag or branch, or the last commit before a date.

    Raises SourceError where the source has no git history, or none that reaches back so far.
    """
    if present.provenance.kind == "maven":
        raise SourceError(
            f"{present.provenance.location} has no git history: name its past with --older group:artifact:version."
        )
    top = git.top_of(present.root)
    if top is None:
        raise SourceError(f"{present.root} is not in a git repository: name its past with --older SOURCE.")
    commit = git.commit_at(top, since)
    past = _from_git(f"{top.as_uri()}@{commit}", cache or default_cache())
    provenance = replace(past.provenance, location=present.provenance.location)
    root = past.root / present.root.relative_to(top)
    if not root.is_dir():
        raise SourceError(f"{present.root} was not there yet at --since {since}: give a later one.")
    return ResolvedSource(root, provenance)


def fetch_together(sources: Iterable[str], *, cache: Path | None = None) -> None:
    """Have those of ``sources`` that are Maven coordinates at hand after a single start of Maven.

    What it cannot have is left for `resolve`, which says why.
    """
    maven.fetch_together([one for one in sources if _COORDINATES.fullmatch(one)], cache or default_cache())


def fetch_maven(coordinates: str, *, cache: Path | None = None) -> Path:
    """The unpacked tree of ``group:artifact:version``; offline from the second call on."""
    return maven.fetch(coordinates, cache or default_cache()).root


def _from_folder(path: Path) -> ResolvedSource:
    root = path.resolve()
    provenance = Provenance(
        kind="path", location=root.name or str(root), commit=git.commit_of(root), licence=licence_of_tree(root)
    )
    return ResolvedSource(root, provenance)


def _from_archive(path: Path, cache: Path) -> ResolvedSource:
    """A jar or zip of sources, unpacked once for each content."""
    if path.suffix.lower() not in (".jar", ".zip"):
        raise SourceError(f"{path} is a file: give the project's folder, or a .jar or .zip of its sources.")
    digest = sha256_file(path)
    root = cache / "archives" / digest[:16] / path.stem
    if not root.is_dir():
        root.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root.parent, prefix=".unpack-") as temporary:
            unpack(path, Path(temporary) / "tree")
            (Path(temporary) / "tree").mkdir(exist_ok=True)
            if not root.is_dir():
                (Path(temporary) / "tree").rename(root)
    provenance = Provenance(
        kind="archive", location=path.name, licence=licence_of_tree(root), artifacts=((path.name, digest),)
    )
    return ResolvedSource(root, provenance)


def _from_git(url: str, cache: Path) -> ResolvedSource:
    tree = git.fetch(url, cache)
    provenance = Provenance(kind="git", location=tree.location, commit=tree.commit, licence=licence_of_tree(tree.root))
    return ResolvedSource(tree.root, provenance)


def _from_maven(coordinates: str, cache: Path) -> ResolvedSource:
    tree = maven.fetch(coordinates, cache)
    provenance = Provenance(
        kind="maven",
        location=coordinates,
        version=coordinates.split(":")[2],
        licence=tree.licence,
        artifacts=tree.artifacts,
    )
    return ResolvedSource(tree.root, provenance)
