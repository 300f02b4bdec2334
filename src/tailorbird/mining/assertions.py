"""What a test asserts with: libraries, exceptions that it expects, and the project's own helpers that assert."""

import re
from collections import Counter
from collections.abc import Callable

from tailorbird.mining.calls import Body, Call
from tailorbird.mining.declarations import JavaType, Method, Scope

JUNIT, TESTNG, ASSERTJ, HAMCREST, TRUTH, MOCKS = "junit", "testng", "assertj", "hamcrest", "truth", "mocks"
FAIL, STATEMENT, EXPECTED, HELPER = "fail", "assert-statement", "expected-exception", "helper"
NO_EXCEPTION = "no-exception"
"""Says that nothing may be thrown, as every test does."""

_LIBRARIES = (
    ("org.assertj.", ASSERTJ),
    ("com.google.common.truth", TRUTH),
    ("org.hamcrest", HAMCREST),
    ("org.testng", TESTNG),
)
_MOCK_LIBRARIES = ("org.mockito", "org.easymock", "org.jmock", "org.powermock")
_MOCK_CALLS = re.compile(r"verify(?![a-z])|should(?:Have|$)|inOrder$|assertIsSatisfied$")
_EXPECTED = re.compile(r"\bexpected(?:Exceptions)?\s*=")
_CODE, _NOTHING_THROWN = "assertThatCode", "doesNotThrowAnyException"
DOES_NOT_THROW = frozenset({"assertDoesNotThrow", "assertThatNoException", _NOTHING_THROWN})
"""Calls that say that nothing may be thrown, as every test does."""
_RULE = re.compile(r"expect(?:Message|Cause)?$")


def expects_by_annotation(method: Method) -> bool:
    """``@Test(expected = …)`` of JUnit 4, ``@Test(expectedExceptions = …)`` of TestNG."""
    return any(_EXPECTED.search(one.arguments) for one in method.annotations)


def library_assertion(call: Call, scope: Scope) -> str | None:
    """The word for a call that asserts by itself and is no method of the project; None for any other call."""
    name = call.name
    if name == "fail":
        return FAIL
    if name in DOES_NOT_THROW:
        return NO_EXCEPTION
    if name.startswith("assert"):
        return _asserting_library(name, scope)
    if _MOCK_CALLS.match(name) and any(one.name.startswith(_MOCK_LIBRARIES) for one in scope.imports):
        return MOCKS
    if _RULE.match(name) and any(one.name.endswith("ExpectedException") for one in scope.imports):
        return EXPECTED
    return None


def _asserting_library(name: str, scope: Scope) -> str:
    """By the import that brings the name, else by the libraries that are imported at all; JUnit where none says."""
    brought = [one for one in scope.imports if one.static and one.name.endswith(f".{name}")]
    for one in (*brought, *scope.imports):
        for prefix, word in _LIBRARIES:
            if one.name.startswith(prefix) and (one in brought or word == TESTNG or name == "assertThat"):
                return word
        if one in brought:
            return JUNIT
    return JUNIT


class AssertionFinder:
    """Finds what the methods of one test class assert with; ``body_of`` reads a method that a type declares."""

    def __init__(self, body_of: Callable[[JavaType, Method], Body]) -> None:
        self._body_of = body_of
        self._direct: dict[int, tuple[frozenset[str], tuple[tuple[JavaType, Method], ...]]] = {}

    def words(self, owner: JavaType, method: Method) -> tuple[str, ...]:
        """The ways in which a test asserts, sorted; empty for one that does not, its helpers' helpers included."""
        direct, pending = self._read(owner, method)
        found = set(direct)
        if expects_by_annotation(method):
            found.add(EXPECTED)
        waiting, seen = list(pending), {id(method)}
        while waiting and HELPER not in found:
            helper_owner, helper = waiting.pop()
            if id(helper) not in seen:
                seen.add(id(helper))
                inner, further = self._read(helper_owner, helper)
                found |= {HELPER} if inner else set()
                waiting += further
        return tuple(sorted(found))

    def _read(self, owner: JavaType, method: Method) -> tuple[frozenset[str], tuple[tuple[JavaType, Method], ...]]:
        """What a method asserts with itself, and the helpers that it calls."""
        if id(method) not in self._direct:
            body = self._body_of(owner, method)
            found = {STATEMENT} if body.statements else set[str]()
            helpers = []
            names = Counter(call.name for call in body.calls)
            # AssertJ's two calls for it: what the first one begins, the second one ends.
            begun = {_CODE} if names[_CODE] <= names[_NOTHING_THROWN] else set[str]()
            for call in body.calls:
                if call.name in begun:
                    continue
                if call.method is None or call.owner is None:
                    word = library_assertion(call, owner.scope)
                    found |= {word} if word else set()
                elif call.owner.scope.is_test:
                    helpers.append((call.owner, call.method))
                elif call.name.startswith("assert"):
                    found.add(HELPER)  # Shipped test support, whose bodies are not read.
            self._direct[id(method)] = frozenset(found), tuple(helpers)
        return self._direct[id(method)]
