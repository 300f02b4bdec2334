"""What nearly every test uses of the JDK and of the test frameworks.

``classes.jsonl.gz`` has the public classes of the JDK's most used packages (of JDK 17, as ``ListClasses.java`` lists
them), ``assertions.toml`` what JUnit and Mockito bring.
"""

import gzip
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import msgspec

from tailorbird.mining.calls import ASSERTION_PREFIXES
from tailorbird.records import KnownClass

_HERE = files("tailorbird.generation.jdk")


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _forms(text: str) -> tuple[tuple[str | None, ...], ...]:
    return tuple(tuple(None if one == "_" else one for one in form.split() if one != "()") for form in text.split("|"))


_GIVEN = tomllib.loads((_HERE / "assertions.toml").read_text(encoding="utf-8"))

ASSERTIONS: Mapping[str, tuple[str, ...]] = {name: _words(text) for name, text in _GIVEN["assertions"].items()}
"""What an import of all static members brings, and what the class of JUnit 3 hands down."""

FORMS: Mapping[str, Mapping[str, tuple[tuple[str | None, ...], ...]]] = {
    owner: {name: _forms(text) for name, text in of.items()} for owner, of in _GIVEN["forms"].items()
}
"""Types of the arguments of assertions, by class and method, for each of their forms; None where any will do."""

ASSERTING = (*ASSERTION_PREFIXES, "check")
"""The names of assertions, and of helpers that may assert, begin so."""
FOR_THROWN = frozenset({"assertThrows", "assertThrowsExactly", "expectThrows", "isInstanceOf"})
"""Their first argument is the class of something that can be thrown."""
FOR_ALIKE = frozenset({"assertEquals", "assertNotEquals"})
"""Their first two arguments are of types that can be equal."""


@cache
def jdk_classes() -> Mapping[str, tuple[KnownClass, ...]]:
    """Classes of the JDK by simple name."""
    lines = gzip.decompress((_HERE / "classes.jsonl.gz").read_bytes()).splitlines()
    found = msgspec.json.decode(b"[" + b",".join(lines) + b"]", type=tuple[KnownClass, ...])
    classes: dict[str, tuple[KnownClass, ...]] = {}
    for one in found:
        simple = one.class_name.rpartition(".")[2]
        classes[simple] = (*classes.get(simple, ()), one)
    return classes


@cache
def jdk_packages() -> Mapping[str, tuple[str, ...]]:
    """What an import of a whole package brings."""
    packages: dict[str, list[str]] = {}
    for one in (one for same in jdk_classes().values() for one in same):
        if "." not in one.class_name:
            packages.setdefault(one.package, []).append(one.class_name)
    return {package: tuple(names) for package, names in packages.items()}


@cache
def object_methods() -> Mapping[str, str | None]:
    """What every object has, with the types that are returned."""
    (declared,) = jdk_classes()["Object"]
    return {one.name: one.returns for one in declared.methods if one.name != "<init>"}
