"""Types as far as their simple names tell: which value can go where, and which calls take which arguments.

A type is its simple name without type arguments (`surroundings.simple_type`), ``byte[]`` for an array; None is a type
that is not known, and goes everywhere. Only what is surely wrong is told apart: of two classes of one name either may
be meant, and of what a class inherits from elsewhere nothing is known.
"""

import math
from collections.abc import Callable, Container
from typing import NamedTuple

from tailorbird.mining.primitives import BOXES, WIDER

LAMBDA = "->"
"""Of a parameter that nothing goes to but a lambda or a method reference."""

NULL, VOID = "null", "void"
"""Of ``null``, which goes to all references, and of what a void method returns, which goes nowhere."""

PRIMITIVE = frozenset(BOXES)
_UNBOXED = {boxed: plain for plain, boxed in BOXES.items()}
CHECKED, UNCHECKED = frozenset({"Exception", "Throwable"}), frozenset({"RuntimeException", "Error"})
"""What must be caught or declared extends one of the first and none of the second."""

_ORDER = ("byte", "short", "char", "int", "long", "float", "double")
_NARROW = frozenset({"byte", "short", "char", "Byte", "Short", "Character"})

Supertypes = Callable[[str], tuple[frozenset[str], bool] | None]
"""Of a class by its simple name: those that are known, and whether these are all; None of a class that is not known."""


class Form(NamedTuple):
    """One way to call a method or constructor."""

    parameters: tuple[str | None, ...]
    returns: str | None = None
    open_ended: bool = False
    """The last parameter takes any number of arguments."""
    throws: tuple[str, ...] = ()
    static: bool = False

    @property
    def least(self) -> int:
        """The fewest arguments."""
        return len(self.parameters) - self.open_ended

    @property
    def most(self) -> float:
        """The most arguments."""
        return math.inf if self.open_ended else len(self.parameters)

    def takes(self, at: int) -> tuple[str | None, ...]:
        """Types of which one is that of argument ``at``, counted from 0."""
        if not self.open_ended or at < len(self.parameters) - 1:
            return (self.parameters[at],)
        array = self.parameters[-1]
        one = array.removesuffix("[]") if array is not None else None
        return (one, array) if at == len(self.parameters) - 1 else (one,)


Forms = tuple[Form, ...]
"""All ways to call a method; none where they are not known."""


class Assignment:
    """Which values can go where, for one project's classes."""

    def __init__(self, supertypes: Supertypes, own: Container[str] = (), *, strict: bool = False) -> None:
        """Where ``strict``, a class of which all is known goes to none that is not known."""
        self._supertypes, self._own, self._strict = supertypes, own, strict
        self._known: dict[tuple[str, str], bool] = {}

    def fits(self, value: str | None, wanted: str | None) -> bool:
        """Whether a ``value`` can be an argument where ``wanted`` is, as far as is known."""
        if value is None or wanted is None or value == wanted:
            return value != VOID and not (self._strict and value is None and wanted == LAMBDA)
        key = (value, wanted)
        if key not in self._known:
            self._known[key] = self._fits(value, wanted)
        return self._known[key]

    def fits_variable(self, value: str | None, wanted: str | None) -> bool:
        """The same of an assignment, where a constant may become narrower."""
        return self.fits(value, wanted) or (value in {"int", "char", "short", "byte"} and wanted in _NARROW)

    def _fits(self, value: str, wanted: str) -> bool:
        if value == VOID or wanted == "Object":
            return value != VOID
        if wanted == LAMBDA:
            return False
        if value == NULL:
            return wanted not in BOXES
        if value in BOXES:
            return self._boxes(value, wanted)
        if wanted in BOXES:
            plain = _UNBOXED.get(value)
            return (plain == wanted or wanted in WIDER.get(plain, ())) if plain else self._may_be_any(value)
        if value.endswith("[]") or wanted.endswith("[]"):
            return self._fits_array(value, wanted)
        return self._extends(value, wanted)

    def _boxes(self, value: str, wanted: str) -> bool:
        if wanted in BOXES:
            return wanted in WIDER.get(value, ())
        return wanted == BOXES[value] or self._extends(BOXES[value], wanted)

    def _fits_array(self, value: str, wanted: str) -> bool:
        if not wanted.endswith("[]"):
            return wanted in {"Cloneable", "Serializable"} or self._may_be_any(wanted)
        if not value.endswith("[]"):
            return self._may_be_any(value)
        one, other = value.removesuffix("[]"), wanted.removesuffix("[]")
        return one == other or (not {one, other} & PRIMITIVE and self.fits(one, other))

    def _extends(self, value: str, wanted: str) -> bool:
        found = self.surely(value)
        if found is None and not self._may_be_any(value):
            return self.surely(wanted) is None  # What is known extends nothing that is not, and the other way round.
        known, whole = found or (frozenset[str](), False)
        # No class from elsewhere extends one of the project's own.
        return wanted in known or not (wanted in self._own or (whole and not self._may_be_any(wanted)))

    def _may_be_any(self, name: str) -> bool:
        """Whether nothing is known of a type: it may be a type variable, in capitals as these are written."""
        return self.surely(name) is None and not (self._strict and not name.isupper())

    def surely(self, name: str) -> tuple[frozenset[str], bool] | None:
        """Supertypes of what is known as a class, an array or a primitive; None of what may be anything."""
        if name.endswith("[]"):
            return frozenset({"Object", "Cloneable", "Serializable"}), True
        if name in BOXES:
            return frozenset(), True
        return self._supertypes(name)

    def is_checked(self, exception: str) -> bool:
        """Whether an exception must be caught or declared; False where that is not known."""
        found = self._supertypes(exception)
        above = {exception, *(found[0] if found is not None else ())}
        return not above & UNCHECKED and bool(above & CHECKED)


def combine(one: str | None, other: str | None, operator: str) -> str | None:
    """Type of what an arithmetic ``operator`` makes of two values."""
    if operator == "+" and "String" in {one, other}:
        return "String"
    plain = [_UNBOXED.get(of or "", of) for of in (one, other)]
    if plain == ["boolean", "boolean"]:
        return "boolean"
    if not all(of in _ORDER for of in plain):
        return None
    return max((*plain, "int"), key=lambda of: _ORDER.index(of or "int"))


def is_number(name: str | None) -> bool:
    """Whether arithmetic goes with it; of what is not known it may."""
    return name is None or _UNBOXED.get(name, name) in _ORDER


def int_value(text: str) -> int | None:
    """The value of an ``int`` literal, however large; None of another literal."""
    digits = text.replace("_", "").lower()
    try:
        if digits[:2] in {"0x", "0b"}:
            value = int(digits, 0)
            return value - (1 << 32) if 1 << 31 <= value < 1 << 32 else value
        return int(digits, 8 if len(digits) > 1 and digits[0] == "0" else 10)
    except ValueError:
        return None


def literal(word: str) -> str:
    """Type of a number as written."""
    lower = word.lower()
    if lower.startswith(("0x", "0b")):
        return "long" if lower.endswith("l") else "int"
    if lower[-1] in "lfd":
        return {"l": "long", "f": "float", "d": "double"}[lower[-1]]
    return "double" if "e" in lower or "." in lower else "int"
