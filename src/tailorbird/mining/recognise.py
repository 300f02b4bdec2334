"""Which methods are tests, of which framework and of what kind: told by annotation, import and superclass.

A test class may inherit from others of the project; what stands above it says whether it is a JUnit 3 one, and whether
all of its public methods are TestNG tests.
"""

from tailorbird.mining.declarations import Annotation, JavaType, Method, Scope
from tailorbird.mining.names import TypeIndex, bare
from tailorbird.records import TestCase

_JUPITER = "org.junit.jupiter.api"
_JUPITER_KINDS = {
    "Test": "test",
    "ParameterizedTest": "parameterized",
    "RepeatedTest": "repeated",
    "TestFactory": "factory",
    "TestTemplate": "template",
}
_JUNIT3_ROOT = "TestCase"
_TESTNG = "org.testng.annotations"
_WILDCARD_HOMES = ("org.junit.jupiter.api", "org.junit.jupiter.params", "org.junit", _TESTNG)


class Recogniser:
    """Tells the tests of one project from its other methods."""

    def __init__(self, index: TypeIndex) -> None:
        self._index = index

    def cases(self, owner: JavaType) -> list[tuple[Method, TestCase]]:
        """The test methods that ``owner`` declares, in source order, each with its record, assertions not yet read."""
        found = []
        for method in owner.methods:
            known = self._kind(owner, method)
            if known is not None:
                found.append((method, _case(owner, method, *known)))
        return found

    def _kind(self, owner: JavaType, method: Method) -> tuple[str, str] | None:
        """(framework, kind) of a test; None for a method that is no test (home-made ``@Test`` among them)."""
        if not method.has_body:
            return None
        for annotation in method.annotations:
            known = _annotated(annotation, owner.scope)
            if known is not None:
                return known
        if "public" not in method.modifiers or "static" in method.modifiers or method.returns != "void":
            return None
        if not method.parameters and method.name.startswith("test") and self._is_junit3(owner):
            return "junit3", "test"
        if not method.annotations and self._all_public_are_tests(owner):
            return "testng", "parameterized" if method.parameters else "test"
        return None

    def _is_junit3(self, owner: JavaType) -> bool:
        """Whether the superclasses lead to ``junit.framework.TestCase``, as far as they are in the project."""
        if _declares_annotated_tests(owner):
            return False
        *_, last = self.superclasses(owner)
        above = bare(last.superclass or "")
        if above.rpartition(".")[2] != _JUNIT3_ROOT:
            # A test base class from elsewhere: its name is all there is to go by.
            return above.endswith(("TestCase", "TestBase")) and _home("Test", last.scope) is None
        home = above.rpartition(".")[0] or _home(_JUNIT3_ROOT, last.scope, ("junit.framework",))
        return home is None or home == "junit.framework"

    def _all_public_are_tests(self, owner: JavaType) -> bool:
        """``@Test`` of TestNG on the class or on one above it."""
        for one in self.superclasses(owner):
            for annotation in one.annotations:
                if _annotated(annotation, one.scope) is not None and _is_testng(annotation, one.scope):
                    return True
        return False

    def superclasses(self, owner: JavaType) -> list[JavaType]:
        """``owner`` and the classes above it that stand in the project, nearest first."""
        found = [owner]
        while found[-1].superclass:
            above = self._index.resolve(found[-1].superclass, found[-1])
            if above is None or above in found:
                break
            found.append(above)
        return found


def _annotated(annotation: Annotation, scope: Scope) -> tuple[str, str] | None:
    package, _, name = annotation.name.rpartition(".")
    if name not in _JUPITER_KINDS:
        return None
    home = package or _home(name, scope)
    if home is not None and home.startswith(_JUPITER.removesuffix(".api")):
        return "junit5", _JUPITER_KINDS[name]
    if name != "Test":
        return None
    if home == "org.junit":
        return "junit4", "test"
    if home == _TESTNG and "enabled=false" not in "".join(annotation.arguments.split()):
        return "testng", "parameterized" if "dataProvider" in annotation.arguments else "test"
    return None


def _is_testng(annotation: Annotation, scope: Scope) -> bool:
    package, _, name = annotation.name.rpartition(".")
    return (package or _home(name, scope)) == _TESTNG


def _declares_annotated_tests(owner: JavaType) -> bool:
    return any(_annotated(one, owner.scope) is not None for method in owner.methods for one in method.annotations)


def _home(name: str, scope: Scope, wildcards: tuple[str, ...] = _WILDCARD_HOMES) -> str | None:
    """Package from which a file takes a simple name; an explicit import wins over a wildcard."""
    for one in scope.imports:
        if not one.static and not one.wildcard and one.name.endswith(f".{name}"):
            return one.name.removesuffix(f".{name}")
    for one in scope.imports:
        if one.wildcard and not one.static and one.name in wildcards:
            return one.name
    return None


def _case(owner: JavaType, method: Method, framework: str, kind: str) -> TestCase:
    return TestCase(
        class_name=owner.name,
        package=owner.scope.package,
        name=method.name,
        framework=framework,
        kind=kind,
        annotations=tuple(one.name.rpartition(".")[2] for one in method.annotations),
        assertions=(),
        path=owner.scope.path,
        line=method.line,
        end_line=method.end_line,
        text=method.text,
    )
