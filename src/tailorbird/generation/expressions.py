"""What an expression comes to, while it is written from left to right."""

from typing import NamedTuple

from tailorbird.generation.types import PRIMITIVE, VOID, combine, is_number

Wanted = tuple[str | None, ...]
"""Types of which a value must fit one; none where every value will do."""

_COMPARING = frozenset({"==", "!=", "<", ">", "<=", ">=", "&&", "||"})
_JOINING = frozenset({"&&", "||"})
_STEPS = frozenset({"++", "--"})


class _Nothing(str):
    """Stands where no operand has been yet."""


NOTHING = _Nothing()


class Expression(NamedTuple):
    """An expression so far, without its last operand: that is what the reader follows."""

    wanted: Wanted = ()
    variable: bool = False
    """It is assigned, not an argument."""
    needed: bool = False
    """Something has to come out of it."""
    operator: str = ""
    """Between what was before and what comes."""
    before: str | None = NOTHING
    """Type of the operand before the operator."""
    sum: str | None = NOTHING
    """Type of all before that one."""
    compared: bool = False
    against: str | None = NOTHING
    """Type of what the last operand is compared with."""
    opaque: bool = False
    """A lambda, a method reference or a conditional expression: it is not looked into."""
    cast: str | None = NOTHING
    unary: str = ""
    operators: int = 0
    """So many binary ones so far."""

    @property
    def plain(self) -> bool:
        """Nothing has been written yet that changes the type of an operand."""
        return (
            self.before is NOTHING
            and self.sum is NOTHING
            and self.cast is NOTHING
            and not (self.compared or self.opaque or self.unary or self.operator)
        )

    def operand(self, value: str | None) -> str | None:
        """Type of an operand whose name, call or literal has the type ``value``."""
        if self.cast is not NOTHING:
            return self.cast
        return "boolean" if "!" in self.unary else value

    def operate(self, character: str, value: str | None, *, after_value: bool, adjacent: bool) -> "Expression":
        """Go on with a character of an operator, which follows ``value`` or another operator."""
        if after_value:
            before = self.operand(value)
            return self._replace(
                operator=character, before=before, cast=NOTHING, unary="", operators=self.operators + 1
            )
        if self.operator and adjacent:
            return self._replace(operator=self.operator + character)
        if self.operator in _STEPS and self.before is not NOTHING:
            return self._replace(operator=character)  # ``i++ + 1``
        begun = self.begin()
        return begun._replace(unary=begun.unary + character)

    def begin(self) -> "Expression":
        """An operand begins: the operator before it is whole."""
        if not self.operator:
            return self
        if self.before is NOTHING:
            return self._replace(operator="", unary=self.unary + self.operator)
        return self._begun(self.operator)

    def _begun(self, operator: str) -> "Expression":
        if operator in _COMPARING:
            left: str | None = "boolean"
            if operator not in _JOINING:
                left = self.before if self.sum is NOTHING else combine(self.sum, self.before, "-")
            return self._replace(compared=True, against=left, sum=NOTHING, operator="", before=NOTHING)
        if operator == "=":
            return Expression(wanted=(self.before,), variable=True, needed=True)
        if operator.endswith("="):
            return Expression(needed=True)
        sign = operator[0] if operator[1:] in {"", "-", "+", "~"} else operator
        total = self.before if self.sum is NOTHING else combine(self.sum, self.before, sign)
        if sign not in {"+", "-", "*", "/", "%", "&", "|", "^"}:
            total = None
        return self._replace(sum=total, operator="", before=NOTHING)

    def compare(self, value: str | None) -> "Expression":
        """Go on after ``instanceof``."""
        return self.operate("=", value, after_value=True, adjacent=False)._replace(operator="==").begin()

    def clashes(self, value: str | None) -> bool:
        """Whether its last operand, of the type ``value``, does not go with the arithmetic before it."""
        last = self.operand(value)
        if self._is_against(last):
            return True
        if self.opaque or self.sum is NOTHING or self.sum is None or last is None or last == "String":
            return False
        return self.sum != "String" and is_number(last) != is_number(self.sum)

    def _is_against(self, last: str | None) -> bool:
        """Whether a primitive is compared with what it cannot be."""
        left = self.against
        if left is NOTHING or left is None or left not in PRIMITIVE or last is None:
            return False
        if left == "boolean":
            return last not in {"boolean", "Boolean", "Object"}
        return is_number(left) != is_number(last)

    def result(self, value: str | None) -> str | None:
        """Type of the whole, where its last operand has the type ``value``."""
        if self.opaque:
            return None
        if self.compared:
            return "boolean"
        last = self.before if self.operator in _STEPS and self.before is not NOTHING else self.operand(value)
        if self.sum is NOTHING:
            return last
        if last == VOID:
            return VOID
        return (
            combine(self.sum, last, "+") if self.sum == "String" or last == "String" else combine(self.sum, last, "-")
        )
