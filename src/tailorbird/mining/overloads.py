"""Which overload a call means: by the number of arguments, then by what is known of their types."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

from tailorbird.mining.declarations import JavaType, Method
from tailorbird.mining.names import TypeIndex, bare
from tailorbird.mining.primitives import BOXES, WIDER

_FINAL = {"String", "Class", *BOXES.values()}
_ABOVE = {
    "String": ("CharSequence", "Comparable"),
    "List": ("Collection", "Iterable"),
    "Set": ("Collection", "Iterable"),
    "Collection": ("Iterable",),
    **{box: ("Number", "Comparable") for box in BOXES.values() if box not in ("Character", "Boolean")},
}
"""Supertypes of the JDK's own types, besides what their names tell."""
_THROWN = ("Exception", "Error", "Throwable")
_NONE_TAKEN = re.compile(r"Runnable$|Callable$|Supplier$|Executable$")
_TWO_TAKEN = re.compile(r"Bi[A-Z]|Comparator$|BinaryOperator$|^Obj[A-Z]\w*Consumer$")
_ONE_TAKEN = re.compile(r"Consumer$|Function$|Predicate$|Operator$")
_VARIABLE = re.compile(r"[A-Z]\d?$")
_MISMATCH = -8


class Argument(Protocol):
    """What is known of an argument."""

    @property
    def name(self) -> str | None: ...
    @property
    def type(self) -> JavaType | None: ...


def choose(
    found: Sequence[tuple[JavaType, Method]], arguments: Sequence[Argument], index: TypeIndex
) -> tuple[tuple[JavaType, Method] | None, bool]:
    """The declaration that fits best, and whether it alone does; (None, False) when no arity fits.

    ``found`` has the nearest declaration first, so that an override wins over what it overrides.
    """
    best: list[tuple[JavaType, Method]] = []
    best_score, seen = 0, set[tuple[str, ...]]()
    count = len(arguments)
    for owner, method in found:
        if not _takes(method.parameters, count):
            continue
        erased = tuple([_short(parameter) for parameter in method.parameters])
        if erased in seen:
            continue
        seen.add(erased)
        score = _score(owner, method, arguments, index)
        if not best or score > best_score:
            best, best_score = [(owner, method)], score
        elif score == best_score:
            best.append((owner, method))
    # A known argument that cannot go there: the method that is meant is inherited from elsewhere.
    if not best or best_score <= _MISMATCH + 4:
        return None, False
    if len(best) == 1:
        return best[0], True
    narrowest = next((one for one in best if all(_narrower(one, other, index) for other in best)), None)
    known = all(argument.name is not None for argument in arguments)
    return narrowest or best[0], narrowest is not None and known


def _takes(declared: Sequence[str], count: int) -> bool:
    if len(declared) == count:
        return True
    return bool(declared) and count >= len(declared) - 1 and declared[-1].endswith("...")


def _score(owner: JavaType, method: Method, arguments: Sequence[Argument], index: TypeIndex) -> int:
    declared = list(method.parameters)
    variable = bool(declared) and declared[-1].endswith("...")
    if variable:
        element = declared.pop().removesuffix("...")
        rest = len(arguments) - len(declared)
        passed = arguments[-1].name if rest == 1 else None
        declared += [f"{element}[]"] if passed is not None and passed.endswith("[]") else [element] * rest
    fit = sum(_fit(one, given, owner, index) for one, given in zip(declared, arguments, strict=True))
    return fit - (1 if variable else 0)


def _fit(parameter: str, argument: Argument, owner: JavaType, index: TypeIndex) -> int:
    """How well an argument goes where ``owner`` declares ``parameter``."""
    if argument.name is None:
        return 0
    wanted, given = _short(parameter), _short(argument.name)
    if wanted == given:
        return 4
    primitive = wanted in BOXES
    if given == "null":
        # Java takes the most specific type for null, which Object never is.
        return _MISMATCH if primitive else (-1 if wanted == "Object" else 0)
    if given.startswith("lambda"):
        return _lambda_fit(parameter, given, owner, index)
    if given in BOXES:
        return _primitive_fit(wanted, given)
    if primitive:
        return 2 if BOXES[wanted] == given else _MISMATCH
    if wanted.endswith("[]") or given.endswith("[]"):
        return _array_fit(wanted, given)
    if wanted == "Object" or _is_variable(wanted):
        return 1
    return _reference_fit(wanted, given, argument.type, index)


def _reference_fit(wanted: str, given: str, project: JavaType | None, index: TypeIndex) -> int:
    if wanted in _FINAL and not _is_variable(given):
        return _MISMATCH
    if wanted in _ABOVE.get(given, ()):
        return 2
    if given in _FINAL:
        return _MISMATCH
    if project is not None and wanted in _above(project, index):
        return 2
    if given.endswith(_THROWN[:2]) and wanted in _THROWN:
        return 2
    return _outside_fit(wanted, given)


def _above(project: JavaType, index: TypeIndex) -> set[str]:
    """Simple names of a type and of all above it, the first of each line that is not the project's own included."""
    found = set()
    for one in index.lineage(project):
        found.add(one.simple_name)
        found |= {_short(name) for name in (one.superclass, *one.interfaces) if name}
    return found


def _array_fit(wanted: str, given: str) -> int:
    if wanted.endswith("[]") != given.endswith("[]"):
        return 1 if wanted == "Object" or _is_variable(wanted) else _MISMATCH
    inner, held = wanted[:-2], given[:-2]
    if inner in BOXES or held in BOXES:
        return _MISMATCH
    return 2 if inner == "Object" or _is_variable(inner) else _outside_fit(inner, held)


def _lambda_fit(parameter: str, given: str, owner: JavaType, index: TypeIndex) -> int:
    """A lambda goes only where a functional interface is wanted, with as many parameters."""
    wanted = _short(parameter)
    if wanted in _FINAL or wanted in BOXES or wanted == "Object" or wanted.endswith("[]") or _is_variable(wanted):
        return _MISMATCH
    known = index.resolve(parameter, owner)
    if known is not None and (known.constructors or known.constants or known.superclass):
        return _MISMATCH  # A class.
    taken = _taken(wanted, known, index)
    _, _, count = given.partition("/")
    if taken is None or not count:
        return 0
    return 2 if taken == int(count) else _MISMATCH


def _taken(wanted: str, known: JavaType | None, index: TypeIndex) -> int | None:
    """The number of parameters of a functional interface's method; None where it cannot be told."""
    if known is not None:
        open_ones = [one for above in index.lineage(known) for one in above.methods if not one.has_body]
        if len({(one.name, one.parameters) for one in open_ones}) == 1:
            return len(open_ones[0].parameters)
    names = {wanted} if known is None else _above(known, index)
    for pattern, count in ((_TWO_TAKEN, 2), (_NONE_TAKEN, 0), (_ONE_TAKEN, 1)):
        if any(pattern.search(name) for name in names):
            return count
    return None


def _narrower(one: tuple[JavaType, Method], other: tuple[JavaType, Method], index: TypeIndex) -> bool:
    """Whether each parameter of ``one`` is at least as specific as the other's: of two that fit, Java takes that."""
    (owner, method), wider = one, other[1]
    if len(method.parameters) != len(wider.parameters):
        return False
    return all(
        _is_a(left, right, owner, index) for left, right in zip(method.parameters, wider.parameters, strict=True)
    )


def _is_a(narrow: str, wide: str, owner: JavaType, index: TypeIndex) -> bool:
    left, right = _short(narrow), _short(wide)
    if right in (left, "Object") or _is_variable(right) or right in _ABOVE.get(left, ()):
        return True
    if left in BOXES or right in BOXES:
        return right in WIDER.get(left, ())
    known = index.resolve(narrow, owner)
    return known is not None and right in _above(known, index)


def _primitive_fit(wanted: str, given: str) -> int:
    wider = WIDER.get(given, ())
    if wanted in wider:
        return 3 - min(wider.index(wanted), 2)
    if wanted == BOXES[given]:
        return 1
    if given == "int" and wanted in ("byte", "short", "char"):
        return _MISMATCH
    return 0 if wanted in ("Object", "Number") or _is_variable(wanted) else _MISMATCH


def _outside_fit(wanted: str, given: str) -> int:
    """Types from elsewhere: ``FileInputStream`` is an ``InputStream`` by the habit of Java's names."""
    return 1 if given.endswith(wanted) else -1


def _is_variable(wanted: str) -> bool:
    return _VARIABLE.match(wanted.replace("[]", "")) is not None


@lru_cache(maxsize=1 << 16)
def _short(written: str) -> str:
    brackets = "[]" * (written.count("[]") + written.count("..."))
    return bare(written).rpartition(".")[2] + brackets
