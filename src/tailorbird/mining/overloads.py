"""Which overload a call means: by the number of arguments, then by what is known of their types."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

from tailorbird.mining.declarations import JavaType, Method
from tailorbird.mining.names import TypeIndex, bare

_WIDER = {
    "byte": ("short", "int", "long", "float", "double"),
    "short": ("int", "long", "float", "double"),
    "char": ("int", "long", "float", "double"),
    "int": ("long", "float", "double"),
    "long": ("float", "double"),
    "float": ("double",),
}
_BOXES = {
    "int": "Integer",
    "long": "Long",
    "char": "Character",
    "boolean": "Boolean",
    "byte": "Byte",
    "short": "Short",
    "float": "Float",
    "double": "Double",
}
_GENERAL = {"String": ("CharSequence", "Comparable", "Object"), "lambda": ()}
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
    best: tuple[JavaType, Method] | None = None
    best_score, ties, seen = 0, 0, set[tuple[str, ...]]()
    count = len(arguments)
    for owner, method in found:
        if not _takes(method.parameters, count):
            continue
        erased = tuple([_short(parameter) for parameter in method.parameters])
        if erased in seen:
            continue
        seen.add(erased)
        score = _score(method, arguments, index)
        if best is None or score > best_score:
            best, best_score, ties = (owner, method), score, 0
        elif score == best_score:
            ties += 1
    return best, best is not None and ties == 0 and best_score > _MISMATCH


def _takes(declared: Sequence[str], count: int) -> bool:
    if len(declared) == count:
        return True
    return bool(declared) and count >= len(declared) - 1 and declared[-1].endswith("...")


def _score(method: Method, arguments: Sequence[Argument], index: TypeIndex) -> int:
    declared = list(method.parameters)
    variable = bool(declared) and declared[-1].endswith("...")
    if variable:
        element = declared.pop().removesuffix("...")
        rest = len(arguments) - len(declared)
        passed = arguments[-1].name if rest == 1 else None
        declared += [f"{element}[]"] if passed is not None and passed.endswith("[]") else [element] * rest
    fit = sum(_fit(one, given, index) for one, given in zip(declared, arguments, strict=True))
    return fit - (1 if variable else 0)


def _fit(parameter: str, argument: Argument, index: TypeIndex) -> int:
    if argument.name is None:
        return 0
    wanted, given = _short(parameter), _short(argument.name)
    if wanted == given:
        return 4
    primitive = wanted in _BOXES
    if given == "null":
        # Java takes the most specific type for null, which Object never is.
        return _MISMATCH if primitive else (-1 if wanted == "Object" else 0)
    if given in _BOXES:
        return _primitive_fit(wanted, given)
    if primitive:
        return 2 if _BOXES[wanted] == given else _MISMATCH
    if wanted.endswith("[]") != given.endswith("[]"):
        return 1 if wanted == "Object" or _is_variable(wanted) else _MISMATCH
    if wanted == "Object" or _is_variable(wanted):
        return 1
    if given in _GENERAL:
        return 2 if wanted in _GENERAL[given] else (0 if given == "lambda" and wanted != "String" else _MISMATCH)
    if argument.type is not None:
        return (
            2 if any(one.simple_name == wanted for one in index.lineage(argument.type)) else _outside_fit(wanted, given)
        )
    return _outside_fit(wanted, given)


def _primitive_fit(wanted: str, given: str) -> int:
    wider = _WIDER.get(given, ())
    if wanted in wider:
        return 3 - min(wider.index(wanted), 2)
    if wanted == _BOXES[given]:
        return 1
    if given == "int" and wanted in ("byte", "short", "char"):
        return _MISMATCH
    return 0 if wanted in ("Object", "Number") or _is_variable(wanted) else _MISMATCH


def _outside_fit(wanted: str, given: str) -> int:
    """Types from elsewhere: ``FileInputStream`` is an ``InputStream`` by the habit of Java's names."""
    return 1 if given.endswith(wanted) else -1


def _is_variable(wanted: str) -> bool:
    name = wanted.replace("[]", "")
    return len(name) == 1 and name.isupper()


@lru_cache(maxsize=1 << 16)
def _short(written: str) -> str:
    brackets = "[]" * (written.count("[]") + written.count("..."))
    return bare(written).rpartition(".")[2] + brackets
