"""A project built once, so that candidates can run in it: classes, tests' classes, and what they depend on."""

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tailorbird.errors import DataError, SourceError, UsageError
from tailorbird.execution import gradle
from tailorbird.execution.gradle import GradleModule
from tailorbird.execution.maven import CLASSPATH_FILE, build, published_jar, test_classpath
from tailorbird.execution.surefire import NO_SETTINGS, JvmSettings, settings_of_modules
from tailorbird.sources import ResolvedSource
from tailorbird.storage import read_json, write_json

_RECORD = "built-2.json"
_LEFT_OUT = frozenset({".git", ".hg", ".svn", "target", "build", "out", ".gradle", ".idea", "node_modules", ".venv"})
_BUILD_FILES = re.compile(r"pom\.xml$|\.(?:java|kts?|groovy|gradle|xml|properties|txt|json|csv)$|/resources/")


@dataclass(frozen=True, slots=True)
class Module:
    """One module of a built project."""

    path: str
    """Relative to the project's root, with forward slashes; empty for the root itself."""
    folder: Path
    """Where its tests start: they read files relative to it."""
    main: tuple[Path, ...]
    """Folders and jars of production classes."""
    tests: tuple[Path, ...]
    """Folders of the tests' classes and resources."""
    dependencies: tuple[Path, ...]
    sources: tuple[Path, ...] = ()
    """Test sources that are yet to be compiled, where nothing has built them."""
    jvm: JvmSettings = NO_SETTINGS
    """What the build tells the JVM of the tests."""


@dataclass(frozen=True, slots=True)
class BuiltProject:
    """A project whose tests can run."""

    modules: tuple[Module, ...]
    kept: bool
    """It was built before, and nothing has changed since."""

    def module_of(self, path: str) -> Module | None:
        """The module that a file of the project is in, the innermost where modules are nested."""
        inside = [one for one in self.modules if not one.path or path.startswith(f"{one.path}/")]
        return max(inside, key=lambda one: len(one.path), default=None)


@dataclass(frozen=True, slots=True)
class _Stored:
    """A module as JSON."""

    path: str
    folder: str
    main: tuple[str, ...]
    tests: tuple[str, ...]
    dependencies: tuple[str, ...]
    sources: tuple[str, ...]
    options: tuple[str, ...]
    environment: tuple[str, ...]


def _store(record: Path, modules: Iterable[Module]) -> None:
    stored = [
        _Stored(
            path=one.path,
            folder=str(one.folder),
            main=_texts(one.main),
            tests=_texts(one.tests),
            dependencies=_texts(one.dependencies),
            sources=_texts(one.sources),
            options=one.jvm.options,
            environment=one.jvm.environment,
        )
        for one in modules
    ]
    write_json(record, stored)


def _stored(record: Path) -> tuple[Module, ...]:
    """The modules as they were built; none if something of them has gone since."""
    if not record.is_file():
        return ()
    modules = tuple(
        Module(
            path=one.path,
            folder=Path(one.folder),
            main=_paths(one.main),
            tests=_paths(one.tests),
            dependencies=_paths(one.dependencies),
            sources=_paths(one.sources),
            jvm=JvmSettings(one.options, one.environment),
        )
        for one in read_json(record, list[_Stored])
    )
    there = all(one.exists() for module in modules for one in (*module.main, *module.dependencies, *module.sources))
    return modules if there else ()


def _why(error: OSError | UnicodeDecodeError) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else "it is no text"


def _texts(paths: Iterable[Path]) -> tuple[str, ...]:
    return tuple(str(one) for one in paths)


def _paths(texts: Iterable[str]) -> tuple[Path, ...]:
    return tuple(Path(one) for one in texts)


def given_project(root: Path, classpath: Path, classes: Path) -> BuiltProject:
    """A project that something else has built: ``classes`` has its classes, ``classpath`` is a file with the rest.

    Entries are separated by ``:`` or line breaks. Raises UsageError for what is not there.
    """
    if not classes.is_dir():
        raise UsageError(f"--classes {classes} is no folder: give the one with the compiled classes of the project.")
    try:
        text = classpath.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"--classpath {classpath} could not be read ({_why(error)}): give a file with the tests' class path."
        ) from error
    entries = [Path(one) for one in re.split(r"[:\n]", text) if one.strip()]
    missing = [one for one in entries if not one.exists()]
    if missing:
        raise UsageError(f"--classpath {classpath} names {missing[0]}, which is not there: build the project first.")
    if not any(one.is_dir() and one.resolve() != classes.resolve() for one in entries):
        raise UsageError(
            f"--classpath {classpath} has no folder of compiled tests: add it, which is target/test-classes with Maven."
        )
    folders = tuple(one.resolve() for one in entries if one.is_dir() and one.resolve() != classes.resolve())
    jars = tuple(one.resolve() for one in entries if one.is_file())
    return BuiltProject((Module("", root, (classes.resolve(),), folders, jars),), kept=False)


def build_project(source: ResolvedSource, cache: Path) -> BuiltProject:
    """Build a project, or take it as it was built before where neither build files nor sources have changed.

    A Maven or Gradle tree is built in a copy; of Maven coordinates the published jar is taken.

    Raises SourceError with the build's own reason, DataError for a tree of another build, ToolMissingError without
    its builder.
    """
    if source.provenance.kind == "maven":
        return _published(source, cache)
    maven = (source.root / "pom.xml").is_file()
    if not maven and not gradle.is_gradle(source.root):
        raise DataError(
            f"{source.root} has neither a pom.xml nor a Gradle build: give its class path and classes by "
            "--classpath FILE --classes DIR."
        )
    key = _key(source.root)
    place = cache / "projects" / key
    record = place / _RECORD
    if known := _stored(record):
        return BuiltProject(known, kept=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=".build-") as temporary:
        tree = Path(temporary) / "tree"
        copy_tree(source.root, tree)
        by_gradle: tuple[GradleModule, ...] = ()
        settings: dict[Path, JvmSettings] = {}
        if maven:
            build(tree, source.root)
            settings = settings_of_modules(tree)
        else:
            by_gradle = gradle.build(tree)
        if place.exists():
            shutil.rmtree(place)
        place.mkdir()
        tree.rename(place / "tree")
    kept, built_as = place / "tree", Path(temporary) / "tree"
    modules = tuple(
        _modules(kept, built_as.resolve(), settings) if maven else _gradle_modules(by_gradle, kept, built_as)
    )
    if not modules:
        raise SourceError(f"The build of {source.root} made no test classes: check that it compiles the tests.")
    _store(record, modules)
    return BuiltProject(modules, kept=False)


def copy_tree(root: Path, to: Path) -> None:
    """Copy a project without what builds have made."""
    shutil.copytree(root, to, ignore=lambda folder, names: _made(Path(folder).relative_to(root), names), symlinks=True)


def _made(folder: Path, names: Iterable[str]) -> set[str]:
    """Names that are not the project's own; among sources they are packages."""
    return set() if "src" in folder.parts else set(names) & _LEFT_OUT


def _modules(tree: Path, built_as: Path, settings: Mapping[Path, JvmSettings]) -> Iterator[Module]:
    """Each folder with a pom that has classes; paths in class path files are those of where it was built."""
    for pom in sorted(tree.rglob("pom.xml")):
        folder = pom.parent
        main, tests = folder / "target/classes", folder / "target/test-classes"
        if not tests.is_dir():
            continue
        listed = (
            (folder / "target" / CLASSPATH_FILE).read_text().strip()
            if (folder / "target" / CLASSPATH_FILE).is_file()
            else ""
        )
        entries = [Path(one.replace(str(built_as), str(tree))) for one in listed.split(":") if one]
        path = folder.relative_to(tree).as_posix()
        # Other modules of the project are its production code as well.
        inner = [one for one in entries if one.is_relative_to(tree) and one.exists()]
        yield Module(
            path="" if path == "." else path,
            folder=folder,
            main=(*((main,) if main.is_dir() else ()), *inner),
            tests=(tests,),
            dependencies=tuple(one for one in entries if one not in inner and one.exists()),
            jvm=settings.get(built_as / folder.relative_to(tree), NO_SETTINGS).moved(built_as, tree),
        )


def _gradle_modules(found: Iterable[GradleModule], tree: Path, built_as: Path) -> Iterator[Module]:
    """As Gradle's own plugin lists them; paths are those of where it was built."""

    def moved(paths: Iterable[Path]) -> list[Path]:
        there = (tree / one.relative_to(built_as) if one.is_relative_to(built_as) else one for one in paths)
        return [one for one in there if one.exists()]

    for one in found:
        folder = tree / one.folder.relative_to(built_as)
        main, tests = moved(one.main), moved(one.tests)
        others = [each for each in moved(one.classpath) if each not in main and each not in tests]
        path = folder.relative_to(tree).as_posix()
        if tests:
            yield Module(
                path="" if path == "." else path,
                folder=folder,
                main=(*main, *(each for each in others if each.is_relative_to(tree))),
                tests=tuple(tests),
                dependencies=tuple(each for each in others if not each.is_relative_to(tree)),
            )


def _published(source: ResolvedSource, cache: Path) -> BuiltProject:
    coordinates = source.provenance.location
    place = cache / "projects" / coordinates.replace(":", "/")
    record = place / _RECORD
    if known := _stored(record):
        return BuiltProject(known, kept=True)
    tests = place / "module"
    # Tests look for their files where their own build has them: sources artifacts have resources among the sources.
    for part in ("main", "test"):
        (tests / "src" / part).mkdir(parents=True, exist_ok=True)
        for name in ("java", "resources"):
            link = tests / "src" / part / name
            if not link.is_symlink():
                link.symlink_to(source.root / "src" / part / "java", target_is_directory=True)
    (tests / "target").mkdir(exist_ok=True)
    module = Module(
        path="",
        folder=tests,
        main=(published_jar(coordinates, place / "jar"),),
        tests=(place / "test-classes", source.root / "src/test/java"),
        dependencies=test_classpath(source.root / "pom.xml"),
        sources=(source.root / "src/test/java",),
        jvm=_settings_of_pom(source.root / "pom.xml", tests),
    )
    _store(record, (module,))
    return BuiltProject((module,), kept=False)


def _settings_of_pom(pom: Path, folder: Path) -> JvmSettings:
    with tempfile.TemporaryDirectory() as temporary:
        tree = Path(temporary).resolve()
        shutil.copyfile(pom, tree / "pom.xml")
        return settings_of_modules(tree).get(tree, NO_SETTINGS).moved(tree, folder)


def _key(root: Path) -> str:
    """Stands for all that a build reads, by name, size and time of change."""
    digest = hashlib.sha256(str(root).encode())
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(set(folders) - _made(Path(folder).relative_to(root), folders))
        for name in sorted(files):
            path = os.path.join(folder, name)  # noqa: PTH118 - a million of these
            if _BUILD_FILES.search(path):
                status = os.lstat(path)
                digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:24]
