"""The published heuristics of Methods2Test (Tufano et al., MSR 2022, section 3), to compare with.

Focal class: the test class's name without ``Test``, first in the mirrored path, then anywhere. Focal method: the one
whose name is the test's name without ``test`` (letter case is forgiven), else the only method of the focal class that
the test calls; both by name alone, so that of overloads the first declared is taken.
"""

import re

from tailorbird.mining.declarations import JavaType, Method
from tailorbird.mining.java import invoked_names
from tailorbird.mining.names import TypeIndex
from tailorbird.mining.pairing import Focal
from tailorbird.mining.uses import Reader

_AROUND = re.compile(r"^Tests?(?=[A-Z_])|Tests?$")
_BEFORE = re.compile(r"^test_?|_?[Tt]est$")


class Methods2TestMatcher:
    """Finds the focal method of each test of one test class as Methods2Test does."""

    def __init__(self, index: TypeIndex, test_class: JavaType, _: Reader) -> None:
        self._focal, self._word = _focal_class(index, test_class)

    def focal(self, method: Method) -> Focal | None:
        """The focal method of one test, or None."""
        if self._focal is None or not any(one.name.rpartition(".")[2] == "Test" for one in method.annotations):
            return None
        wanted = _BEFORE.sub("", method.name).lower()
        for one in self._focal.methods:
            if one.name.lower() == wanted:
                return Focal(self._focal, one, ("name-equals", self._word))
        names = invoked_names(method)
        called = [one for one in self._focal.methods if one.name in names]
        if len({one.name for one in called}) == 1:
            return Focal(self._focal, called[0], ("only-call", self._word))
        return None


def _focal_class(index: TypeIndex, test_class: JavaType) -> tuple[JavaType | None, str]:
    name = _AROUND.sub("", test_class.simple_name)
    if not name or name == test_class.simple_name:
        return None, ""
    candidates = index.production_named(name)
    mirrored = test_class.scope.path.replace("/test/", "/main/").rpartition("/")[0]
    for one in candidates:
        if one.scope.path.rpartition("/")[0] == mirrored:
            return one, "class-name"
    return (candidates[0], "class-name") if len(candidates) == 1 else (None, "")
