"""Which methods are tests, and of which framework: told by annotation and import, never by name alone."""

from tailorbird.mining.declarations import JavaType, Method, Scope
from tailorbird.records import TestCase

_JUPITER_ANNOTATIONS = {"ParameterizedTest", "RepeatedTest", "TestFactory", "TestTemplate"}
_JUPITER = "org.junit.jupiter."


def framework_of(method: Method, scope: Scope) -> str | None:
    """``junit4``, ``junit5``, or None for a method that is no test (TestNG's and home-made ``@Test`` among them)."""
    if not method.has_body:
        return None
    for annotation in method.annotations:
        package, _, name = annotation.rpartition(".")
        if name != "Test" and name not in _JUPITER_ANNOTATIONS:
            continue
        home = package or _imported_from(name, scope)
        if home is not None and f"{home}.".startswith(_JUPITER):
            return "junit5"
        if home == "org.junit" and name == "Test":
            return "junit4"
    return None


def _imported_from(name: str, scope: Scope) -> str | None:
    """Package from which a file takes a simple name; an explicit import wins over a wildcard."""
    for one in scope.imports:
        if not one.static and not one.wildcard and one.name.endswith(f".{name}"):
            return one.name.removesuffix(f".{name}")
    for one in scope.imports:
        if one.wildcard and not one.static and one.name.startswith("org.junit"):
            return one.name
    return None


def case_of(owner: JavaType, method: Method, framework: str) -> TestCase:
    """The record of a test method."""
    return TestCase(
        class_name=owner.name,
        package=owner.scope.package,
        name=method.name,
        framework=framework,
        annotations=tuple(name.rpartition(".")[2] for name in method.annotations),
        path=owner.scope.path,
        line=method.line,
        end_line=method.end_line,
        text=method.text,
    )
