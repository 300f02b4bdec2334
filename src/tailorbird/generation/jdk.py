"""What tests use of the JDK and of the test frameworks (``jdk.toml``), by simple name."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _typed(text: str) -> dict[str, str | None]:
    return {name: of or None for name, _, of in (one.partition(":") for one in text.split())}


_GIVEN = tomllib.loads((files("tailorbird.generation") / "jdk.toml").read_text(encoding="utf-8"))

JAVA_LANG = frozenset(_words(_GIVEN["java_lang"]))

ASSERTIONS: Mapping[str, tuple[str, ...]] = {name: _words(text) for name, text in _GIVEN["assertions"].items()}
"""What an import of all static members brings, and what the class of JUnit 3 hands down."""

ARGUMENTS: Mapping[str, tuple[int, int]] = {name: (least, most) for name, (least, most) in _GIVEN["arguments"].items()}
"""How many arguments assertions take, at least and at most."""

PACKAGES: Mapping[str, tuple[str, ...]] = {name: _words(text) for name, text in _GIVEN["packages"].items()}

MEMBERS: Mapping[str, Mapping[str, str | None]] = {name: _typed(text) for name, text in _GIVEN["members"].items()}
"""Public members of a few classes, all of them, with the types that are worth following."""
