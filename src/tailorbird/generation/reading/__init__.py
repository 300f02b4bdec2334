"""A candidate read as it grows: what kind of name stands next, and whether there is one of that name and type.

The idea is monitor-guided decoding's (Agrawal et al., NeurIPS 2023), and type-constrained decoding's (Mündler et al.,
PLDI 2025): where a name is written, only those go that are there, and of these only those that can come to a value of
the type that is wanted there. No language server is asked: declarations are followed as they are written, and the rest
`Names` knows. The text is taken to be within Java's grammar (`tailorbird.generation.syntax`), which keeps this reader
simple.
"""

from tailorbird.generation.reading.layout import Layout
from tailorbird.generation.reading.lexemes import (
    BEFORE_VALUES,
    LONGEST_TEXT,
    QUOTED,
    STANDING,
    Some,
    begins,
    begins_name,
    in_name,
    is_name,
)
from tailorbird.generation.reading.state import Role


class Reading(Layout):
    """Where a candidate has come to. `read` goes on; a `fork` can be tried and thrown away."""

    def refuses(self, text: str) -> bool:
        """Whether `read` would be False for how ``text`` goes on with the name at the end: cheaper to find out."""
        if not self._word or self._mode:
            return False
        more = 0
        while more < len(text) and in_name(text[more]):
            more += 1
        return more > 0 and not self._may_be(self._word + text[:more], begins)

    def read(self, text: str) -> bool:
        """Go on with ``text``; False where a name stands in it, or begins, that is not there."""
        if not (all(self._step(character) for character in text) and self._may_begin() and self._may_stand_here()):
            return False
        # Nothing is assigned within an expression: an ``=`` there has to be half of ``==``, and that is a token.
        return not (self.steers and self._expression.operator == "=" and self._expression.needed)

    @property
    def keywords(self) -> list[str]:
        """What is missing of the keywords that the unfinished name at the end may become, where it can be no name."""
        word = self._word
        if not word or self._mode or self._role in {Role.DECLARED, Role.FREE, Role.MEMBER}:
            return []
        if self._may_be(word, begins_name):
            return []
        return [one[len(word) :] for one in STANDING if one.startswith(word)]

    @property
    def literal(self) -> str:
        """The quote that ends the literal that is open; none where none is."""
        return self._mode if self._mode in QUOTED else ""

    @property
    def awaits_value(self) -> bool:
        """An expression has begun or goes on, and nothing stands there yet."""
        return self._before in BEFORE_VALUES and not (self._word or self._pending or self._mode)

    @property
    def must_close(self) -> bool:
        """The bracket of a call without arguments has just been opened."""
        return self.steers and self._before == "(" and not (self._word or self._mode) and not self._may_hold()

    @property
    def values(self) -> list[str]:
        """Short values that fit where one is awaited; none where none is."""
        begun = self._begun()
        if not (self.awaits_value and begun._expression.needed):
            return []
        return list(dict.fromkeys(self._names.project.values(begun._wanted, self._names.types)))

    @property
    def in_body(self) -> bool:
        """The method's own brace has just been opened."""
        return self._before == "{" and len(self._braces) == 1 and not (self._word or self._mode or self._pending)

    def endings(self, most: int) -> list[str]:
        """What is missing of the shortest names that the unfinished one at the end may become."""
        word = self._word
        if not word or self._mode or self._role not in {Role.OPERAND, Role.MEMBER, Role.TYPE}:
            return []
        scopes: list[Some] = [self._names.operands, self._names.types, *self._seen]
        members = self._names.project.members_of(self._chain[0])
        if self._role is Role.MEMBER and members is not None:
            scopes = [members.methods, members.fields]
        found = {name for some in scopes for name in some if name.startswith(word) and self._may_be(name, is_name)}
        return [name[len(word) :] for name in sorted(found, key=len)[:most] if name != word]

    @property
    def is_stuck(self) -> bool:
        """It says the same again, or declares what it does not use."""
        return self.repeats or self._goes_round()

    @property
    def in_word(self) -> bool:
        """A name has begun."""
        return bool(self._word)

    @property
    def statements(self) -> int:
        """How many statements have ended."""
        return len(self._stated)

    @property
    def towards_focal(self) -> list[str]:
        """What is missing of the names that lead to a call of the focal method from here."""
        word = self._word
        if self.seeks and self._has_focal and not word:
            return [f".{self._names.focal.name}("]
        if self._mode or not self._braces or self._kind in {"type", "literal", "value"}:
            return []
        if self.calls_focal:
            return self._towards_assertion
        if not word and (self._kind == "name" or self._pending is not None):
            return []
        role, at = (self._role, self) if word else (self._next_role("a"), self._begun())
        return [one[len(word) :] for one in at._leading(role) if one.startswith(word)]

    @property
    def _towards_assertion(self) -> list[str]:
        """The same of the names that assert something."""
        if self.asserts or not self._begins_statement or (self._kind == "name" and not self._word):
            return []
        return [one[len(self._word) :] for one in self._names.asserting if one.startswith(self._word)]

    @property
    def is_due(self) -> bool:
        """The focal method is to be called here, and nothing else: a statement that leads to it has begun.

        Or the assertion is that is missing after it.
        """
        if self.must_assert:
            return True
        if not self.seeks or not self._braces:
            return False
        if self._has_focal:
            return True
        innermost = self._brackets[-1] if self._brackets else None
        if innermost is None or innermost.kind == "new":
            return innermost is None and self._begun()._expression.needed
        # What is expected comes first.
        first = len(self._brackets) == 1 and innermost.kind == "call" and not innermost.commas
        return not (first and all(one.least > 1 for one in innermost.forms))

    @property
    def _has_focal(self) -> bool:
        """The value before has the focal method."""
        focal = self._names.focal
        return self._kind == "value" and self._is_focal(self._chain[0]) and not (focal.constructs or focal.static)

    def _step(self, character: str) -> bool:
        if self._mode:
            return self._within(character)
        if in_name(character):
            if not self._word and not (self._may_begin_line() and self._begin(character)):
                return False
            self._word += character
        else:
            if self._word and not self._end_word():
                return False
            if character.isspace():
                may_stand, self._last = self._blank(character), character
                return may_stand
            if not (self._may_follow_blank(character) and self._punctuation(character)):
                return False
        self._last = character
        return True

    def _within(self, character: str) -> bool:
        """One character of a literal or comment."""
        self._length += 1
        if self._mode == "//":
            closed = character == "\n"
        elif self._mode == "/*":
            closed = self._last == "*" and character == "/"
        else:
            closed = character == self._mode and not self._escaped
            self._escaped = character == "\\" and not self._escaped
            self._statement = (*self._statement, character)
        if closed:
            if self._mode in QUOTED:
                self._chain = (QUOTED[self._mode], False)
            self._mode, self._escaped, self._length = "", False, 0
        self._last = character
        return closed or not self.steers or self._length <= LONGEST_TEXT
