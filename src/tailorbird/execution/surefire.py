"""What a Maven build tells the JVM of its tests: Surefire's settings, as the effective POM has them."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from tailorbird.errors import SourceError
from tailorbird.execution.maven import run_maven

_EFFECTIVE = "org.apache.maven.plugins:maven-help-plugin:3.4.1:effective-pom"
_PLUGIN = "maven-surefire-plugin"
_WITH_A_VALUE = frozenset({"--add-opens", "--add-exports", "--add-modules", "--add-reads"})
_PASSED = re.compile(r"-D|--add-(?:opens|exports|modules|reads)=|--enable-|-ea|-da|-esa|-dsa|-Xss|-XX:\+EnableDynamic")
# These are the worker's own, or would take its classes' place.
_OURS = re.compile(r"-D(?:java\.(?:security|system|class|io\.tmpdir|home)|user\.(?:home|dir)|basedir\b|tailorbird)")
_UNKNOWN = re.compile(r"[@$]\{[^}]*\}")


@dataclass(frozen=True, slots=True)
class JvmSettings:
    """Of one module."""

    options: tuple[str, ...] = ()
    """Arguments of ``java``: system properties, opened packages, assertions. Never the heap, agents or collectors."""
    environment: tuple[str, ...] = ()
    """``NAME=value``"""

    def moved(self, built_as: Path, tree: Path) -> "JvmSettings":
        """With the paths of a tree that stands elsewhere by now."""

        def there(some: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(one.replace(str(built_as), str(tree)) for one in some)

        return JvmSettings(there(self.options), there(self.environment))


NO_SETTINGS = JvmSettings()


def settings_of_modules(tree: Path) -> dict[Path, JvmSettings]:
    """Folder of each module -> what its build tells its tests' JVM; empty where Maven does not say."""
    file = tree / "target" / "tailorbird-effective-pom.xml"
    try:
        run_maven(["-q", _EFFECTIVE, f"-Doutput={file.absolute()}"], tree, f"reading the settings of {tree}")
        root = ElementTree.parse(file).getroot()
    except (SourceError, OSError, ElementTree.ParseError):
        return {}
    for one in root.iter():
        one.tag = one.tag.rpartition("}")[2]
    projects = [root] if root.tag == "project" else root.findall("project")
    return {folder: settings_of(one) for one in projects if (folder := _folder(one)) is not None}


def settings_of(project: ElementTree.Element) -> JvmSettings:
    """The settings in one effective POM, whose tags have no name space."""
    plugin = next(
        (one for one in project.findall("build/plugins/plugin") if one.findtext("artifactId") == _PLUGIN), None
    )
    configurations = []
    if plugin is not None:
        configurations = [plugin.find("configuration")]
        configurations += [
            one.find("configuration")
            for one in plugin.findall("executions/execution")
            if one.findtext("id") == "default-test"
        ]
    given = [one for one in configurations if one is not None]
    line = project.findtext("properties/argLine") or ""
    for one in given:
        line = one.findtext("argLine") or line
    properties: dict[str, str] = {}
    environment: dict[str, str] = {}
    for one in given:
        for each in one.findall("systemProperties/property"):
            properties[each.findtext("name") or ""] = each.findtext("value") or ""
        properties |= {each.tag: each.text or "" for each in one.findall("systemPropertyVariables/*")}
        environment |= {each.tag: each.text or "" for each in one.findall("environmentVariables/*")}
    defined = [f"-D{name}={value.strip()}" for name, value in properties.items() if name]
    options = [*_passed(_UNKNOWN.sub(" ", line)), *(one for one in defined if not _UNKNOWN.search(one))]
    return JvmSettings(
        options=tuple(one for one in options if not _OURS.match(one)),
        environment=tuple(
            f"{name}={value.strip()}" for name, value in environment.items() if not _UNKNOWN.search(value)
        ),
    )


def _passed(line: str) -> Iterator[str]:
    try:
        words = iter(shlex.split(line))
    except ValueError:
        return
    for one in words:
        if one in _WITH_A_VALUE:
            value = next(words, None)
            if value is not None:
                yield f"{one}={value}"
        elif _PASSED.match(one):
            yield one


def _folder(project: ElementTree.Element) -> Path | None:
    """The module's folder: its sources are always in one of its own."""
    for name in ("build/testSourceDirectory", "build/sourceDirectory"):
        text = project.findtext(name)
        if text:
            for parent in Path(text).parents:
                if (parent / "pom.xml").is_file():
                    return parent
    return None
