"""Where white space may stand: as in canonical layout, or a model that finds no name that may follow writes blanks."""

from tailorbird.generation.reading.lexemes import STARTS
from tailorbird.generation.reading.marks import Marks

_NO_BLANK_AFTER = frozenset({"(", ".", "..", "[", "!", "@", "::"})
_NO_BLANK_BEFORE = ".,;)]"
_OPERATORS = "+-*/%<>=!&|^?"


class Layout(Marks):
    """Reads white space."""

    def _blank(self, character: str) -> bool:
        """Whether white space may stand here; it is noted."""
        if not self.steers:
            return True
        last = self._last
        if character == "\n":
            self._tabs = 0
            return not last.isspace() and (not self._braces or self._ends_line)
        if character == "\t":
            self._tabs += 1
            return last in {"\n", "\t"} and 0 < self._tabs <= len(self._braces)
        return character == " " and not last.isspace() and self._may_be_apart()

    def _may_stand_here(self) -> bool:
        """Whether a statement, or the end of a block that may end, can follow on the line that has just begun."""
        if not self._at_line_start or self._mode:
            return True
        deepest = len(self._braces)
        return self._tabs == deepest or (self._tabs == deepest - 1 and (self._tabs > 0 or self.is_test))

    @property
    def _at_line_start(self) -> bool:
        """A line of a steered body has begun, and only its tabs stand there."""
        return self.steers and bool(self._braces) and self._last in {"\n", "\t"}

    @property
    def _ends_line(self) -> bool:
        """A statement has ended, or a block begins."""
        named = self._word or self._pending is not None
        return self._before in STARTS and self._kind == "operator" and not (named or self._bracket)

    def _may_be_apart(self) -> bool:
        """Whether something may follow that a blank stands before."""
        if self._pending is None and self._kind == "operator" and self._before in _NO_BLANK_AFTER:
            return False
        if not self._braces or self._generics or self._bracket == "header":
            return True
        after = self.fork()
        if not after._settle(" "):
            return False
        if after._kind == "type" or not after._after_value:
            return True
        if not self._expression.needed:  # A declaration, or what stands before one.
            return self._bracket != "" or after._before != ")"
        functional = any(map(self._names.project.is_functional, self._wanted))
        return not after._chain[1] and (functional or any(map(after._may_operate, _OPERATORS)))

    def _may_follow_blank(self, character: str) -> bool:
        """Whether what is no name may stand after the white space before it."""
        if self._at_line_start:
            return self._tabs == len(self._braces) - (character == "}")
        if not (self.steers and self._braces and self._last == " "):
            return True
        if character in "([":
            return self._pending is None and not self._after_value and self._kind != "type"
        return character not in _NO_BLANK_BEFORE

    def _may_begin_line(self) -> bool:
        """Whether a name may stand after the white space before it."""
        return not self._at_line_start or self._tabs == len(self._braces)
