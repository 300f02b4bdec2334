"""A candidate read as it grows: what kind of name stands next, and whether there is one of that name and type.

The idea is monitor-guided decoding's (Agrawal et al., NeurIPS 2023), and type-constrained decoding's (Mündler et al.,
PLDI 2025): where a name is written, only those go that are there, and of these only those that can come to a value of
the type that is wanted there. No language server is asked: declarations are followed as they are written, and the rest
`Names` knows. The text is taken to be within Java's grammar (`tailorbird.generation.syntax`), which keeps this reader
simple.
"""

import re
from collections.abc import Callable, Mapping
from enum import Enum
from itertools import pairwise
from typing import NamedTuple

from tailorbird.generation.expressions import NOTHING, Expression, Wanted
from tailorbird.generation.names import Keywords, Lexicon, Names
from tailorbird.generation.surroundings import simple_type
from tailorbird.generation.types import NULL, PRIMITIVE, VOID, Forms, int_value, is_number, literal

PRIMITIVES = PRIMITIVE | {VOID}
KEYWORDS = PRIMITIVES | {
    "abstract", "assert", "break", "case", "catch", "class", "const", "continue", "default", "do", "else", "enum",
    "extends", "final", "finally", "for", "goto", "if", "implements", "import", "instanceof", "interface", "native",
    "new", "package", "private", "protected", "public", "return", "static", "strictfp", "super", "switch",
    "synchronized", "this", "throw", "throws", "transient", "try", "volatile", "while", "true", "false", "null", "var",
    "yield",
}  # fmt: skip
_KEYWORD = Keywords(KEYWORDS - {"const", "goto", "import", "native", "package", "strictfp", "transient", "volatile"})
_DECLARING = PRIMITIVES | {"final"}
_UNTESTLIKE = frozenset({
    "abstract", "assert", "class", "do", "enum", "extends", "implements", "interface", "private", "protected", "public",
    "return", "static", "switch", "synchronized", "throw", "while", "yield", "var", "break", "continue", "case",
    "default", "throws", "instanceof", "super",
})  # fmt: skip
"""What a body that goes straight ahead has no need of."""
_IN_BODIES = Keywords(set(_KEYWORD) - _UNTESTLIKE)
_IN_HEADERS = Keywords(("public", "void", "throws"))
_WITHOUT_DECLARATIONS = Keywords(set(_IN_BODIES) - _DECLARING)
_LITERALS = {"true": "boolean", "false": "boolean", "null": NULL}
_COMMENTED = frozenset({"", ";", "{", "}", ":"})
"""After these a comment may stand: within a statement a small model says nothing more, once it comments."""
_BEFORE_TYPES = frozenset({"throws", "extends", "implements", "instanceof", "new", "@"})
_HEADERS = frozenset({"for", "catch", "try"})
_CONDITIONS = frozenset({"if", "while", "switch", "synchronized"})
_ARGUMENTS = frozenset({"call", "new"})
_FRESH = frozenset({"return", "throw", "yield", "case", "assert"})
"""An expression follows that may be of any type."""
_OF_CLASSES, _OF_OBJECTS = Lexicon(("class",)), Lexicon(("new",))
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_LONGEST_NAME, _LONGEST_TEXT, _LONGEST_NUMBER, _LONGEST_BLANK = 40, 60, 12, 8
"""Characters of a new name, of a literal or comment, of a number, and of white space."""
_STRAIGHT = 3
"""Brackets within brackets on the shortest way to the focal method."""
_UNUSED, _VALUES, _LINKS, _DEPTH, _OPERATORS = 3, 12, 3, 4, 2
"""Variables that may stand unused before the next is declared, values of an array, members in a chain, brackets
within brackets, and operators in a row: a model that goes round in circles goes on and on."""


Some = Lexicon | Mapping[str, str | None] | list[str]


class Bracket(NamedTuple):
    """An open round or square bracket."""

    kind: str
    of: str | None
    """Type of what comes out of it."""
    forms: Forms = ()
    """Of the call whose arguments stand in it, those that go with the arguments so far."""
    known: bool = False
    """There are no other forms."""
    braces: int = 0
    """That were open where it began: commas within others separate no arguments."""
    commas: int = 0
    links: int = 0
    """Members in the chain that it interrupts."""
    overloaded: bool = False
    """There are other forms that are not meant."""


class Role(Enum):
    """What a name is there for."""

    OPERAND = "a variable, a method, or a type"
    TYPE = "a type"
    MEMBER = "what a receiver has"
    DECLARED = "new"
    AFTER = "what goes on after a value"
    CASE = "a constant"
    FREE = "anything"


class Reading:
    """Where a candidate has come to. `read` goes on; a `fork` can be tried and thrown away."""

    # What all begin with; the rest below.
    _sized = False  # The bracket before gave a new array's size.
    _links = 0  # Members so far in a chain.
    _blanks = 0  # White space so far, in characters.
    _arrow_due = False  # Empty brackets are a lambda's: its arrow must follow.
    _annotations: tuple[str, ...] = ()
    _values: tuple[int, ...] = ()  # Of each open brace, how many values stand in it.
    _initialised = ""  # The variable whose value is being written.
    _declaring = ""  # The name before, if it is new.

    def __init__(self, names: Names, *, steers: bool = False, straight: bool = False) -> None:
        """With ``straight`` nothing else is said until the focal method is called."""
        self._names, self.steers, self._straight = names, steers, straight
        self._mode = ""  # The literal or comment that is open, as it began.
        self._escaped, self._length = False, 0
        self._last = ""  # The character before.
        self._word = ""
        self._role = Role.FREE
        self._pending: tuple[str, Role] | None = None  # A whole name, before what follows it is known.
        self._before, self._kind = "", ""  # The lexeme before, and whether it ends a type or a value.
        # Type of the value before, and whether it is a class itself.
        self._chain: tuple[str | None, bool] = (None, False)
        self._base: str | None = None  # The type that a declaration may be of.
        self._generics: tuple[str, ...] = ()
        self._scopes: tuple[Mapping[str, str | None], ...] = ({},)
        self._header: Mapping[str, str | None] = {}
        self._brackets: tuple[Bracket, ...] = ()
        self._forms: Forms | None = None  # Of the name before; None where they are not known.
        self._braces: tuple[str, ...] = ()
        self._elements: tuple[str | None, ...] = ()  # Of each brace that holds an array's values, their type.
        self._headers: tuple[Mapping[str, str | None], ...] = ()  # What goes on after each brace.
        self._creating: str | None = None
        self._bodies: tuple[str | None, ...] = ()  # The type of each class body that is open.
        self._class_next = False
        self._body_due = False  # What was created has no instances of its own: a class body must follow.
        self._arrow = False  # The name before is a lambda's parameter, if an arrow comes.
        self._uncommented = ("", "")  # What stood before a slash that may begin a comment.
        self._lambda = ""
        self._several = False  # After a comma, the next variable of the same declaration.
        self._declared: str | None = None
        self._declares = -1  # How many braces were open where the statement began to declare; -1 where it does not.
        self._annotated = False  # The name before is an annotation's.
        self._method_begins = False  # The name before is a new one: with a bracket after it, a method's.
        self._expression = Expression()
        self._outer: tuple[Expression, ...] = ()  # What each open bracket and brace interrupts.
        self._receiver: str | None = None  # Type of what the member before is of.
        self._throwing, self._thrown = False, False  # Whether a throws clause is being written, or was.
        self._unused: frozenset[str] = frozenset()
        self._statement: tuple[str, ...] = ()
        self._stated: tuple[tuple[str, ...], ...] = ()
        self.calls_focal = False
        """The focal method has been called."""

    def fork(self) -> "Reading":
        """One that goes its own way from here."""
        forked = object.__new__(Reading)
        forked.__dict__.update(self.__dict__)  # All that it holds is replaced, never changed.
        return forked

    def refuses(self, text: str) -> bool:
        """Whether `read` would be False for how ``text`` goes on with the name at the end: cheaper to find out."""
        if not self._word or self._mode:
            return False
        more = 0
        while more < len(text) and _in_name(text[more]):
            more += 1
        return more > 0 and not self._may_be(self._word + text[:more], _begins)

    def read(self, text: str) -> bool:
        """Go on with ``text``; False where a name stands in it, or begins, that is not there."""
        if not (all(self._step(character) for character in text) and self._may_begin()):
            return False
        # Nothing is assigned within an expression: an ``=`` there has to be half of ``==``, and that is a token.
        return not (self.steers and self._expression.operator == "=" and self._expression.needed)

    @property
    def keywords(self) -> list[str]:
        """What is missing of the keywords that the unfinished name at the end may become, where it can be no name."""
        word = self._word
        if not word or self._mode or self._role in {Role.DECLARED, Role.FREE, Role.MEMBER}:
            return []
        if self._may_be(word, _begins_name):
            return []
        return [one[len(word) :] for one in _KEYWORD if one.startswith(word)]

    @property
    def between_statements(self) -> bool:
        """A statement of the method itself has ended, and no other has begun."""
        ended = self._before in {";", "}"} and self._kind == "operator"
        return ended and len(self._braces) == 1 and not (self._brackets or self._word or self._pending or self._mode)

    @property
    def literal(self) -> str:
        """The quote that ends the literal that is open; none where none is."""
        return self._mode if self._mode in _QUOTED else ""

    @property
    def awaits_value(self) -> bool:
        """An expression has begun or goes on, and nothing stands there yet."""
        return self._before in _AWAITING and not (self._word or self._pending or self._mode)

    @property
    def values(self) -> list[str]:
        """Short values that fit where one is awaited; none where none is."""
        begun = self._begun()
        if not (self.awaits_value and begun._expression.needed):
            return []
        return list(dict.fromkeys(self._names.project.values(begun._wanted, self._names.types)))

    def _begun(self) -> "Reading":
        """The same where the operand that comes next has begun."""
        begun = self.fork()
        begun._expression = self._expression.begin()
        return begun

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
        found = {name for some in scopes for name in some if name.startswith(word) and self._may_be(name, _is)}
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
    def repeats(self) -> bool:
        """The last statement stands there again: the one before is the same, or two are."""
        *before, last = self._stated or ((),)
        return bool(last) and (before[-1:] == [last] or before.count(last) > 1)

    @property
    def towards_focal(self) -> list[str]:
        """What is missing of the names that lead to a call of the focal method from here."""
        word = self._word
        if self.seeks and self._has_focal and not word:
            return [f".{self._names.focal.name}("]
        if self.calls_focal or self._mode or not self._braces or self._kind in {"type", "literal", "value"}:
            return []
        if not word and (self._kind == "name" or self._pending is not None):
            return []
        role, at = (self._role, self) if word else (self._next_role("a"), self._begun())
        return [one[len(word) :] for one in at._leading(role) if one.startswith(word)]

    @property
    def is_due(self) -> bool:
        """The focal method is to be called here, and nothing else: a statement that leads to it has begun."""
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

    @property
    def seeks(self) -> bool:
        """It goes straight to the focal method, and has not come there yet."""
        return self._straight and not self.calls_focal

    @property
    def _openings(self) -> list[str]:
        """What a statement may begin with that leads to the focal method."""
        focal, names = self._names.focal, self._names
        if self._before == "final":
            leading = []
        else:
            leading = [one.partition("(")[0].partition(".")[0].partition(" ")[0] for one in self._leading(Role.OPERAND)]
            leading += [name for name in names.called if name.startswith("assert")] if focal.returns != VOID else []
            leading += ["final"]
        needed = focal.constructs or not (focal.static or self._instances)
        made = [focal.simple] if needed else []
        result = [] if focal.returns is None or focal.returns == VOID or focal.constructs else [focal.returns]
        return [*leading, *made, *result]

    def _leading(self, role: Role) -> list[str]:
        """What leads to a call of the focal method from where a name of that role begins."""
        focal, wanted = self._names.focal, self._asked
        if role is Role.MEMBER:
            return [f"{focal.name}("] if not focal.constructs and self._is_focal(self._chain[0]) else []
        if role is Role.TYPE:
            return [f"{one}(" for one in self._creatable] if self._before == "new" else []
        if role is not Role.OPERAND:
            return []
        project = self._names.project
        made = [f"new {one}(" for one in self._creatable]
        if focal.constructs:
            return made if project.leads(focal.simple, wanted) else []
        if not project.leads(focal.returns, wanted):
            return []
        if focal.static:
            return [f"{focal.simple}.{focal.name}("]
        instances = self._instances
        called = self._names.called
        own = [f"{focal.name}("] if focal.name in called else []
        own += [f"{name}.{focal.name}(" for name in instances]
        return own or made or [f"{name}(" for name, of in called.items() if self._is_focal(of)]

    @property
    def _instances(self) -> list[str]:
        """Variables that have the focal method."""
        scopes = (self._names.fields, self._header, *self._scopes)
        return [name for scope in scopes for name, of in scope.items() if of is not None and self._is_focal(of)]

    @property
    def _creatable(self) -> list[str]:
        """Classes whose instances have the focal method."""
        focal, names = self._names.focal, self._names
        classes = (focal.simple, *(() if focal.constructs else focal.heirs))
        return [one for one in classes if one in names.types and names.project.creatable(one)]

    def _is_focal(self, simple: str | None) -> bool:
        return simple is not None and (simple == self._names.focal.simple or simple in self._names.focal.heirs)

    def _step(self, character: str) -> bool:
        if self._mode:
            return self._within(character)
        if _in_name(character):
            if not self._word and not self._begin(character):
                return False
            self._word += character
        else:
            if self._word and not self._end_word():
                return False
            if character.isspace():
                self._blanks += 1
                self._last = character
                return not self.steers or self._blanks <= _LONGEST_BLANK
            if not self._punctuation(character):
                return False
        self._last, self._blanks = character, 0
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
            if self._mode in _QUOTED:
                self._chain = (_QUOTED[self._mode], False)
            self._mode, self._escaped, self._length = "", False, 0
        self._last = character
        return closed or not self.steers or self._length <= _LONGEST_TEXT

    # Names

    def _begin(self, character: str) -> bool:
        if not self._settle(character):
            return False
        if self._body_due or self._arrow_due or not self._may_go_in():
            return False
        if self.steers and not self._braces and not self._may_head():
            return False
        if self.steers and self._braces and self._before in _STARTS and self._starts_anew and character.isdigit():
            return False
        self._role = self._next_role(character)
        if self._role is Role.DECLARED and self._before != ",":
            if self._goes_round():
                return False
            self._base = self._type_before()
        if self._role in {Role.OPERAND, Role.FREE} and self._before not in {".", "::"}:
            self._expression = self._expression.begin()
        return True

    def _may_go_in(self) -> bool:
        """Whether something may stand in the innermost bracket: not where it must stay empty, or is full."""
        kind = self._bracket
        if kind in {"dimensions", "declared"}:
            return False
        bracket = self._brackets[-1] if kind else None
        if bracket is not None and bracket.known and self._before in {"(", ","}:
            return any(one.most > bracket.commas for one in bracket.forms)
        if not self.steers:
            return True
        if self._expression.operator == "=" and self._expression.needed:
            return False  # It was to become ``==``: nothing is assigned within an expression.
        if kind == "parameters" and not self._braces:
            return False
        return not (kind == "group" and self._before == "(" and self._calls_for_lambda(self._outer[-1]))

    def _calls_for_lambda(self, expression: Expression) -> bool:
        project = self._names.project
        return bool(expression.wanted) and expression.plain and all(map(project.is_functional, expression.wanted))

    def _may_head(self) -> bool:
        """Whether a word may stand in the header of a test now: first comes what makes it one."""
        annotated = "Test" not in self._names.annotations or "Test" in self._annotations
        return annotated or self._before == "@" or bool(self._bracket)

    @property
    def _starts_anew(self) -> bool:
        """A statement begins, and no value of an array."""
        return self._braces[-1:] != ("values",) or self._before == ";"

    def _goes_round(self) -> bool:
        """Whether a variable is declared where enough others stand unused."""
        return self.steers and len(self._unused) >= _UNUSED and not self._bracket and "class" not in self._braces

    def _next_role(self, character: str) -> Role:
        before, kind = self._before, self._kind
        if kind == "name" and self._annotated:
            return Role.OPERAND
        if character.isdigit() or self._bracket == "annotation":
            return Role.FREE
        if before in {".", "::"}:
            return Role.MEMBER
        if before == "," and self._several:
            return Role.DECLARED
        if before in _BEFORE_TYPES or (before == "," and self._throwing):
            return Role.TYPE
        if before in PRIMITIVES or kind in {"name", "type"} or before in {"class", "interface", "enum"}:
            return Role.DECLARED
        if before in {"break", "continue"}:
            return Role.FREE
        if kind in {"literal", "value"}:
            return Role.AFTER
        return Role.CASE if before == "case" else Role.OPERAND

    @property
    def _wanted(self) -> Wanted:
        """Types of which the operand that stands next, with its members, must come to one."""
        if not self._expression.plain or self._generics:
            return ()
        wanted = self._expression.wanted
        # A constant may become narrower.
        return (*wanted, "int") if self._expression.variable and _NARROW.intersection(wanted) else wanted

    @property
    def _asked(self) -> Wanted:
        """The same, where anything goes but nothing at all too: not what a void method returns."""
        something = self._expression.needed and not self._expression.opaque
        return self._wanted or ((None,) if something else ())

    def _may_begin(self) -> bool:
        """Whether the unfinished name at the end leads to one that is there."""
        return not self._word or bool(self._mode) or self._may_be(self._word, _begins)

    def _may_be(self, word: str, among: Callable[[str, Some], bool]) -> bool:
        """Whether ``word`` is ``among`` the names that can stand here, whatever follows it."""
        role, names = self._role, self._names
        if role is Role.FREE:
            return not word[0].isdigit() or self._may_be_number(word)
        if role is Role.DECLARED:
            return self._may_be_new(word)
        if role is Role.MEMBER:
            return self._may_be_member(word, among)
        if role is Role.TYPE:
            return self._may_be_type(word, among)
        if role is Role.CASE:
            return among(word, _KEYWORD) or among(word, names.project.words) or among(word, names.project.members)
        if role is Role.AFTER:
            return not self.steers and among(word, _KEYWORD)
        return self._may_be_operand(word, among)

    def _may_be_new(self, word: str) -> bool:
        """Whether a variable or a method can be called so."""
        if not self.steers:
            return True
        if self._braces:
            return not _stutters(word)
        return "Test" in self._names.annotations or word.startswith("test") or "test".startswith(word)

    def _may_be_type(self, word: str, among: Callable[[str, Some], bool]) -> bool:
        names = self._names
        if self._before == "@" and self.steers:
            return among(word, [one for one in names.annotations if one not in self._annotations])
        if self._before != "new" and among(word, self._keywords):
            return True
        types: Some = self._created if self._before == "new" else names.types
        if self._throwing and self.steers:
            types = [one for one in names.types if one.endswith(_THROWN)]
        return among(word, types) or any(among(word, scope) for scope in self._classes)

    def _may_be_operand(self, word: str, among: Callable[[str, Some], bool]) -> bool:
        names, wanted = self._names, self._wanted
        if self.steers and not self._braces and not self._bracket:
            return among(word, _IN_HEADERS)
        if self.seeks and self._before in _OPENINGS and self._starts_anew and len(self._braces) == 1:
            return among(word, self._openings)
        if word in _DECLARING and self.steers and self._before in _STARTS and self._goes_round():
            return False  # Though it begins ``finally``.
        if among(word, names.keywords(wanted, anonymous=not self.steers) if wanted else self._keywords):
            return True
        if self._loose and among(word, names.project.words):
            return True
        if not wanted:
            return among(word, names.operands) or any(among(word, scope) for scope in self._seen)
        functional = any(map(names.project.is_functional, wanted))
        if functional and self._may_be_lambda and among(word, names.project.lambdas):
            return True
        if functional and not self.steers:  # ``something::method``
            return among(word, names.operands) or any(among(word, scope) for scope in self._seen)
        leads = names.project.leads
        return among(word, names.operands_for(wanted)) or any(
            among(word, [name for name, of in scope.items() if leads(of, wanted)]) for scope in self._seen
        )

    @property
    def _seen(self) -> tuple[Mapping[str, str | None], ...]:
        """Local variables, but for the one whose value is being written."""
        scopes = (*self._scopes, self._header)
        own = self._initialised
        return tuple({name: of for name, of in one.items() if name != own} if own in one else one for one in scopes)

    @property
    def _keywords(self) -> Keywords:
        """Java's own words that may stand here."""
        if not (self.steers and self._braces) or "class" in self._braces:
            return _KEYWORD
        return _WITHOUT_DECLARATIONS if self._before in _STARTS and self._goes_round() else _IN_BODIES

    def _may_be_number(self, word: str) -> bool:
        wanted = self._wanted
        if self.steers and len(word) > _LONGEST_NUMBER:
            return False
        if not wanted or self._before in {".", "break", "continue"}:
            return True
        return any(
            self._names.project.fits(of, wanted, variable=self._expression.variable)
            for of in ({literal(word)} if word[-1] in "lLfFdD" and word[:2].lower() != "0x" else _NUMBERS)
        )

    def _may_be_member(self, word: str, among: Callable[[str, Some], bool]) -> bool:
        project, (of, by_class) = self._names.project, self._chain
        members = project.members_of(of)
        if self._creating is not None:  # ``new Outer.Inner``
            return members is None or among(
                word, [one for one, known in members.fields.items() if known is None and project.creatable(one)]
            )
        others = self._others
        if self._before == "::" or members is None:
            return among(word, others) or among(word, project.members)
        if among(word, others):
            return True
        if among(word, project.usable(of or "", by_class, self._asked, self._handles, self.steers and self._links > 0)):
            return True
        if members.whole:
            return False
        # Of those that are not known any may be meant.
        if among is _is:
            return word in project.members and word not in members.methods and word not in members.fields
        return project.members.begins_but(word, {*members.methods, *members.fields})

    @property
    def _created(self) -> Lexicon:
        """What ``new`` may make here."""
        return self._names.created(self._wanted, anonymous=not self.steers)

    @property
    def _others(self) -> Some:
        """Java's own words after a dot."""
        of, by_class = self._chain
        if by_class or of in PRIMITIVES:
            # Of itself the class does nothing in a statement.
            says = self._expression.needed and self._names.project.fits("Class", self._asked)
            return _OF_CLASSES if says or not self.steers else []
        return [] if self.steers else _OF_OBJECTS

    @property
    def _handles(self) -> bool:
        """A checked exception may come from here, as far as is known."""
        lambdas = self._expression.opaque or any(one.opaque for one in self._outer)
        return self._thrown or lambdas or "try" in self._braces or "class" in self._braces

    @property
    def _bracket(self) -> str:
        """The kind of the innermost bracket; none where a brace has been opened in it since."""
        within = self._brackets and self._brackets[-1].braces == len(self._braces)
        return self._brackets[-1].kind if within else ""

    @property
    def _loose(self) -> bool:
        """Names may come from where nothing is known: a superclass, or that of an anonymous class."""
        return "class" in self._braces or self._names.loose

    @property
    def _classes(self) -> list[list[str]]:
        """Those that the candidate declares itself."""
        return [[name for name, of in scope.items() if of == name] for scope in self._scopes]

    def _end_word(self) -> bool:
        word, self._word = self._word, ""
        self._statement = (*self._statement, word)
        if word in KEYWORDS and word != "var" and self._before not in {".", "::"}:
            return self._end_keyword(word)
        if word[0].isdigit():
            fraction = self._before == "." and self._kind == "operator"
            of = literal(word if not fraction or word[-1] in "fF" else "1." + word)
            if not fraction and not self._is_in_range(word):
                return False
            self._chain = (of, False)
            self._before, self._kind = word, "literal"
            return True
        self._pending = (word, self._role)
        return self._may_be(word, _is)

    def _is_in_range(self, word: str) -> bool:
        """Whether a whole number is one that Java can read, and that a narrow variable can hold."""
        value = int_value(word)
        if value is None:
            return True
        expression = self._expression
        narrow = [_MOST[of] for of in expression.wanted if of in _MOST]
        assigned = expression.variable and expression.plain and len(narrow) == len(expression.wanted) > 0
        return value <= (max(narrow) if assigned else _MOST_INT)

    def _end_keyword(self, word: str) -> bool:
        if self.steers and self._role in {Role.DECLARED, Role.AFTER}:
            return False
        before, chain = self._before, self._chain
        self._before, self._kind, self._chain = word, "keyword", (None, False)
        if word in _LITERALS:
            self._kind, self._chain = "literal", (_LITERALS[word], False)
            return self._names.project.fits(_LITERALS[word], self._wanted) if self._role is Role.OPERAND else True
        if self._role is Role.OPERAND and not self._wanted and before in _STARTS and word not in self._keywords:
            return False
        if word == "this":
            own = None if "class" in self._braces else self._names.own
            self._kind, self._chain = "literal", (own, False)
        elif word in PRIMITIVES:
            self._chain = (word, True)
            if before == "new":
                self._creating = word
                return self._may_be_array(word)
        elif word == "instanceof":
            self._expression = self._expression.compare(chain[0])
        elif word in _FRESH:
            self._expression = Expression(needed=word != "case")
        elif word == "throws":
            self._throwing = self._thrown = not self._braces
        return True

    def _may_be_array(self, element: str) -> bool:
        """Whether an array of ``element`` may be created here."""
        wanted, project = self._wanted, self._names.project
        return (
            (project.fits if self.steers else project.leads)(f"{element}[]", wanted)
            or (not self.steers and project.fits(element, wanted))
            or any(one is not None and one.startswith(f"{element}[][]") for one in wanted)
        )

    def _settle(self, character: str) -> bool:
        """Judge the name before, now that ``character`` follows it."""
        if self._pending is None:
            return not self._arrow or character in "->"
        (word, role), self._pending = self._pending, None
        self._forms = None
        found = self._judge(word, role, character)
        if found is None:
            return False
        self._annotated = role is Role.TYPE and self._before == "@"
        self._method_begins, self._declaring = role is Role.DECLARED, word
        self._before, self._kind = word, "name"
        self._chain = found
        return True

    def _judge(self, word: str, role: Role, follows: str) -> tuple[str | None, bool] | None:
        """Type of what ``word`` is, and whether it is the class itself; None where it is not there."""
        called = follows == "("
        if role is Role.MEMBER:
            return self._judge_member(word, called)
        if role is Role.DECLARED:
            return None if not called and not self._declare(word) else (self._base, False)
        if role is Role.TYPE:
            return self._judge_type(word, follows)
        if role is Role.AFTER:
            return None
        if role is Role.CASE:
            return (None, False) if self._may_be(word, _is) else None
        if role is Role.OPERAND:
            return self._judge_operand(word, follows)
        return (None, False)

    def _judge_type(self, word: str, follows: str) -> tuple[str | None, bool] | None:
        if not (word in self._names.types or word == "var" or self._is_class(word)):
            return None
        if self._throwing and self.steers and not word.endswith(_THROWN):
            return None
        if self._before == "@" and self.steers:
            if word not in self._names.annotations or word in self._annotations:
                return None
            self._annotations = (*self._annotations, word)
        if self._before == "new":
            project = self._names.project
            if follows in "(<" and not self._is_class(word) and word not in self._created:
                return None
            if follows == "(" and self.steers and not project.creatable(word):
                return None
            if follows == "[" and not self._may_be_array(word):
                return None
            self._creating = word
            self._forms = () if self._is_class(word) else project.constructors(word)
        return (word, True)

    def _judge_operand(self, word: str, follows: str) -> tuple[str | None, bool] | None:
        names, loose = self._names, self._loose
        if follows == "(":
            if word in names.called:
                self._forms = names.forms.get(word) or None
                self._receiver = None
                of = names.called[word]
                return (of, False) if names.project.leads(of, self._asked) else None
            return (None, False) if loose and word in names.project.words else None
        if _in_name(follows) and follows != "i":  # ``i`` may begin ``instanceof``.
            return (word, True) if word in names.types or word == "var" or self._is_class(word) else None
        for scope in (self._header, *reversed(self._scopes), names.fields):
            if word in scope and word != self._initialised:
                self._unused -= {word}
                leads = follows == ":" or names.project.leads(scope[word], self._wanted)
                if not leads and follows == "-" and word in names.project.lambdas and self._may_be_lambda:
                    break
                return (scope[word], False) if leads else None
        if word in names.types or word == "var":
            leads = follows == ":" or names.project.leads_by_class(word, self._wanted)
            return (word, True) if leads else None
        if word in names.project.lambdas and follows == "-" and self._may_be_lambda:
            self._arrow = True
            return (None, False)
        if follows == ":" and self._before in {";", "{", "}"}:
            return (None, False)  # A label.
        return (None, False) if loose and word in names.project.words else None

    @property
    def _may_be_lambda(self) -> bool:
        """Whether a lambda with a parameter can be meant."""
        functional = self._names.project.is_functional
        return not self.steers or any(functional(of) for of in self._wanted if of not in _WITHOUT_PARAMETERS)

    def _is_class(self, word: str) -> bool:
        return any(word in scope for scope in self._classes)

    def _judge_member(self, word: str, called: bool) -> tuple[str | None, bool] | None:
        (of, by_class), project = self._chain, self._names.project
        members = project.members_of(of)
        self._receiver = of
        if word == "class" and not by_class:
            return None
        if self._creating is not None:
            self._creating, self._forms = word, project.constructors(word)
            return (word, True) if not called or project.creatable(word) else None
        reference = self._before == "::"
        if word in self._others:
            return (of if word != "class" else "Class", False)
        if members is not None:
            if (called or reference) and word in members.methods:
                forms = members.forms.get(word, ())
                self._forms = tuple(one for one in forms if one.static or not by_class) or forms or None
                if not reference and not self._may_be_member(word, _is):
                    return None
                return (members.methods[word], False)
            if not called and word in members.fields:
                if self.steers and not self._may_be_member(word, _is):
                    return None
                nested = word[:1].isupper() and members.fields[word] is None
                return (word, True) if nested else (members.fields[word], False)
            if members.whole or word in members.methods or word in members.fields:
                return None
        return (None, False) if word in project.members else None

    def _declare(self, word: str) -> bool:
        """Note a new variable or class; False where one of that name is there already."""
        if self._before in {"class", "interface", "enum"}:
            self._note(word, word)
            self._class_next = True
            return True
        if "class" not in self._braces and any(word in scope for scope in (*self._scopes[1:], self._header)):
            return False
        if self._bracket in {"header", "parameters", "group"}:
            self._header = {**self._header, word: self._base}
        else:
            self._note(word, self._base)
            self._declares, self._declared = len(self._braces), self._base
            self._unused |= {word}
            self._initialised = word
        return True

    def _note(self, word: str, of: str | None) -> None:
        self._scopes = (*self._scopes[:-1], {**self._scopes[-1], word: of})

    def _type_before(self) -> str | None:
        if self._before == "var":
            return None
        return simple_type(self._base if self._kind == "type" else self._before)

    # All else

    def _punctuation(self, character: str) -> bool:
        if self._last == "/" and character in "/*":
            self._mode = "/" + character
            if self.steers:
                return False
            self._before, self._kind = self._uncommented  # The slash was no operator.
            self._expression = self._expression._replace(operator="")
            return self._before in _COMMENTED or not self._braces
        if not self._settle(character):
            return False
        if (self._body_due and character != "{") or (self._arrow_due and character not in "->"):
            return False
        self._arrow_due = False
        self._statement = (*self._statement, character)
        handle = _HANDLERS.get(character)
        if handle is not None:
            return handle(self) is not False
        if character in _QUOTED:
            return self._quote(character)
        return self._sign(character)

    def _quote(self, character: str) -> bool:
        if not self._may_go_in() or (self.steers and self._before in _STARTS and self._starts_anew):
            return False
        self._expression = self._expression.begin()
        leads = self._names.project.leads(_QUOTED[character], self._wanted)
        if character == "'":
            leads |= self._names.project.fits("char", self._wanted, variable=self._expression.variable)
        self._mode, self._kind = character, "literal"
        self._before, self._chain = character, (None, False)
        return leads

    @property
    def _after_value(self) -> bool:
        return self._kind in {"name", "literal", "value"}

    def _sign(self, character: str) -> bool:
        """Go on after a character of an operator."""
        if character == "@":
            before = self._before
            self._operator(character)
            return not (self._braces or self._bracket) or (
                not self.steers and (before in _STARTS or bool(self._bracket))
            )
        if self._generics:
            self._operator(character)
            return True
        after, chain = self._after_value, self._chain
        if after and not self._may_operate(character):
            return False
        if character == "?":
            self._operator(character)
            self._expression = self._expression._replace(opaque=True, operator="")
            return True
        if not after and not self._may_go_in():
            return False
        if not after and self._wanted and not self._expression.operator and not self._may_sign(character):
            return False
        if self.steers and not after and self._expression.unary:
            return False
        if after and self.steers and self._expression.operator in {"++", "--"}:
            return False
        self._expression = self._expression.operate(
            character, chain[0], after_value=after, adjacent=self._last in "+-*/%&|^=!<>"
        )
        self._operator(character)
        most = 1 if self._bracket in {"size", "index"} else _OPERATORS
        return not self.steers or self._expression.operators <= most

    def _may_operate(self, character: str) -> bool:
        """Whether a binary operator may follow the value before it."""
        (of, by_class), expression = self._chain, self._expression
        if by_class:
            return self._bracket == "header" or character in "<>&?"
        if of == VOID or (of == NULL and character not in "=!?:"):
            return False
        if self.steers and not self._may_operate_plainly(character):
            return False
        fits = self._names.project.fits
        if of is not None and expression.cast is NOTHING and not expression.opaque:
            number = is_number(of) or self._names.project.assignment.surely(of) is None
            if character in "-*/%<>" and not number:
                return False
            if character in "&|^" and not number and of not in {"boolean", "Boolean"}:
                return False
            if character == "+" and not number and of != "String" and expression.sum != "String":
                return False
        results = _RESULTS.get(character)
        if results is None or not expression.wanted or expression.opaque:
            return True
        return any(fits(kind, expression.wanted, variable=expression.variable) for kind in results)

    def _may_operate_plainly(self, character: str) -> bool:
        """The same in a test that goes straight ahead: no choices, nothing changed, and only numbers compared."""
        of, expression = self._chain[0], self._expression
        if character == "?" or expression.opaque:
            return False
        if expression.needed or self._bracket or expression.operator:
            return character not in "=!" or (of is not None and of in PRIMITIVE)
        if character == "=":
            declares = self._kind == "name" and self._declares == len(self._braces)
            return declares or (self._before == "]" and not self._sized)
        return character in "+-<" and self._kind == "name"

    def _may_sign(self, character: str) -> bool:
        """Whether a unary operator can make what is wanted."""
        kinds = ("boolean",) if character == "!" else _NUMBERS
        fits = self._names.project.fits
        return any(fits(kind, self._wanted, variable=self._expression.variable) for kind in kinds)

    def _operator(self, text: str) -> None:
        """Go on after an operator or a bracket, which leaves no value behind."""
        self._before, self._kind, self._chain = text, "operator", (None, False)

    def _is_value(self) -> bool:
        """Whether what stands before can be a value: neither nothing nor a class."""
        of, by_class = self._chain
        return of != VOID and not (by_class and self._kind == "name" and not self._expression.compared)

    def _ends_well(self) -> bool:
        """Whether the expression that ends here comes to what is wanted."""
        expression = self._expression
        if expression.opaque or not (expression.needed or expression.wanted):
            return True
        return (
            self._is_value()
            and not expression.clashes(self._chain[0])
            and self._names.project.fits(
                expression.result(self._chain[0]), expression.wanted, variable=expression.variable
            )
        )

    def _argument(self, *, last: bool) -> bool:
        """Whether an argument may end here, the ``last`` one or not."""
        bracket = self._brackets[-1]
        forms = bracket.forms
        if self._before == "(":
            forms = tuple(one for one in forms if not one.least)
        else:
            if not self._expression.opaque and (not self._is_value() or self._expression.clashes(self._chain[0])):
                return False
            of, at = self._expression.result(self._chain[0]), bracket.commas
            fits = self._names.project.assignment.fits
            forms = tuple(one for one in forms if one.most > at and any(fits(of, to) for to in one.takes(at)))
            if of == NULL and self.steers and (bracket.overloaded or self._is_ambiguous(forms, at)):
                return False
            needed = bracket.commas + 1
            forms = tuple(one for one in forms if (one.least <= needed if last else one.most > needed))
        if bracket.known and not forms:
            return False
        self._brackets = (*self._brackets[:-1], bracket._replace(forms=forms, commas=bracket.commas + 1))
        return True

    def _is_ambiguous(self, forms: Forms, at: int) -> bool:
        """Whether ``null`` as an argument leaves open which form is meant."""
        types = {one.takes(at)[0] for one in forms if one.takes(at)[0] not in PRIMITIVE} - {None}
        fits = self._names.project.assignment.fits
        return bool(types) and not any(all(fits(one, other) for other in types) for one in types)

    def _awaits_argument(self) -> None:
        bracket = self._brackets[-1]
        found: set[str | None] = set()
        if bracket.known:
            found.update(of for one in bracket.forms if one.most > bracket.commas for of in one.takes(bracket.commas))
        wanted = () if None in found else tuple(sorted(of for of in found if of is not None))
        self._expression = Expression(wanted=wanted, needed=True)

    def _divide(self) -> bool:
        self._uncommented = (self._before, self._kind)
        if self._after_value and self._braces:
            return self._sign("/")
        self._before, self._kind = "/", "operator"
        return self._uncommented[0] in _COMMENTED or not self._braces

    def _colon(self) -> bool:
        # The chain stays: it may become ``::``.
        if self._last == ":":
            self._before, self._kind = "::", "operator"
            self._expression = self._expression._replace(opaque=True, operator="")
            return True
        expression = self._expression
        if self._bracket == "header":
            self._initialised = self._before  # It is not there yet in what it goes through.
        functional = any(map(self._names.project.is_functional, expression.wanted))
        if self.steers and not functional and not expression.opaque and self._bracket != "header":
            return False
        self._before, self._kind = ":", "operator"
        if not (functional or expression.opaque):
            self._expression = Expression()
        return True

    def _comma(self) -> bool:
        if self._generics:
            self._operator(",")
            return True
        if self._bracket in _ARGUMENTS:
            if not self._argument(last=False):
                return False
            self._operator(",")
            self._awaits_argument()
            self._several = False
            return True
        self._several = not self._bracket and self._declares == len(self._braces)
        if self._several and self.steers:
            return False
        if not self._bracket and self._braces[-1:] == ("values",):
            if not self._ends_well() or (self.steers and self._values[-1] >= _VALUES):
                return False
            self._values = (*self._values[:-1], self._values[-1] + 1)
            self._expression = _element(self._elements[-1])
            self._several = False
        elif self._several:
            if not self._ends_well():
                return False
            self._base, self._expression, self._initialised = self._declared, Expression(), ""
        elif self._bracket != "header":
            self._expression = Expression()
        self._operator(",")
        return True

    def _dot(self) -> bool:
        if self._before == "..":
            self._before, self._kind = "...", "type"
            return True
        if self._before == ".":
            self._before = ".."
            return True
        of, by_class = self._chain
        unknown = of is None and self._before == ")"
        # What reflection tells is seldom what a test is about, and of what comes out of a call all would go.
        if self.steers and (self._before == "class" or of == "Class" or unknown):
            return False
        number = self._kind == "literal" and self._before[:1].isdigit()
        if not number and not by_class and (of == NULL or of in PRIMITIVES):
            return False
        if self.steers and not number and not by_class and not self._after_value and self._kind != "type":
            return False
        if self.steers and self._creating is not None and not self._has_inner(of):
            return False
        if number:
            fits = self._names.project.fits
            if self.steers and (self._expression.cast is not NOTHING or not self._before.isdigit()):
                return False
            if not any(fits(of, self._wanted, variable=self._expression.variable) for of in ("double", "float")):
                return False
        self._base = self._before if self._kind == "name" else self._base
        self._links = self._links + 1 if self._before == ")" else 0
        self._before, self._kind = ".", "operator"
        return not (self.steers and self._links > (1 if self.seeks else _LINKS))

    def _has_inner(self, simple: str | None) -> bool:
        """Whether a class has others in it that can be created."""
        project = self._names.project
        members = project.members_of(simple)
        return members is None or any(of is None and project.creatable(name) for name, of in members.fields.items())

    def _open_paren(self) -> bool:
        if self.steers and len(self._brackets) >= (_STRAIGHT if self.seeks else _DEPTH):
            return False
        if self._kind != "name" and self._creating is None and not self._may_go_in():
            return False
        entry, calls = self._paren(), False
        if entry.kind == "group":
            self._expression = self._expression.begin()
        elif entry.kind == "new":
            self._class_next, self._body_due, self._creating = False, False, None
            calls = self._names.focal.constructs and self._is_focal(entry.of)
        elif entry.kind == "call":
            focal = self._names.focal
            of_focal = self._receiver is None or self._is_focal(self._receiver)
            calls = self._before == focal.name and of_focal
        if calls:
            if self.seeks:
                own = self._names.focal.own_forms(entry.forms)
                entry = entry._replace(forms=own, overloaded=len(own) < len(entry.forms))
            self.calls_focal = True
        self._outer = (*self._outer, self._expression)
        self._brackets = (*self._brackets, entry._replace(braces=len(self._braces), links=self._links))
        self._operator("(")
        if entry.kind in _ARGUMENTS:
            self._awaits_argument()
        elif entry.kind == "condition":
            self._expression = Expression((entry.of,) if entry.of else (), needed=True)
        else:
            self._expression = Expression()
        return True

    def _paren(self) -> Bracket:
        """What the round bracket is that opens here."""
        before = self._before
        if self._creating is not None:
            return Bracket("new", self._creating, self._forms or (), bool(self._forms))
        if before in _HEADERS:
            return Bracket("header", None)
        if before in _CONDITIONS:
            return Bracket("condition", "boolean" if before in {"if", "while"} else None)
        if self._kind != "name":
            return Bracket("group", None)
        if self._annotated:
            return Bracket("annotation", None)
        if self._method_begins:
            return Bracket("parameters", None)
        return Bracket("call", self._chain[0], self._forms or (), bool(self._forms))

    def _close_paren(self) -> bool:
        bracket = self._brackets[-1] if self._brackets else Bracket("group", None)
        kind, of, self._links = bracket.kind, bracket.of, bracket.links
        value = True
        cast: str | None = NOTHING
        self._arrow_due = self.steers and kind == "group" and self._before == "("
        if self._arrow_due and not any(map(self._names.project.is_functional, self._outer[-1].wanted)):
            return False
        if kind in _ARGUMENTS:
            if not self._argument(last=True):
                return False
            forms = self._brackets[-1].forms
            if kind == "call" and bracket.known:
                returned = {one.returns for one in forms}
                of = returned.pop() if len(returned) == 1 else None
        elif kind == "group":
            of, cast = self._grouped()
            value = cast is NOTHING
        else:
            if kind == "condition" and not self._ends_well():
                return False
            if kind == "header" and not self._may_go_through():
                return False
            value, of, self._initialised = False, None, ""
        self._brackets = self._brackets[:-1]
        outer, self._outer = (self._outer[-1], self._outer[:-1]) if self._outer else (Expression(), ())
        if cast is not NOTHING and outer.cast is NOTHING:
            outer = outer._replace(cast=cast)
        self._expression = outer
        self._chain = (of, False)
        self._class_next = kind == "new"
        self._body_due = kind == "new" and not self._names.project.creatable(of or "") and not self._is_class(of or "")
        self._before, self._kind = ")", "value" if value else "operator"
        return True

    def _may_go_through(self) -> bool:
        """Whether a loop may go through what stands at the end of its header."""
        of = self._chain[0]
        if not (self.steers and self._initialised) or of is None or of.endswith("[]"):
            return True
        return self._names.project.fits(of, ("Iterable",))

    def _grouped(self) -> tuple[str | None, str | None]:
        """Type of what a group of brackets comes to, and the type that it casts to, `NOTHING` for none."""
        if self._kind == "type":
            return None, self._base
        if self._kind == "keyword" and self._before in PRIMITIVES:
            return None, self._before
        if self._kind == "name" and self._chain[1] and self._expression.plain:
            return None, self._chain[0]
        return self._expression.result(self._chain[0]), NOTHING

    def _open_brace(self) -> bool:
        # Within brackets it is an array's, a lambda's or a class's, and what the brackets declare goes on after it.
        before, chain = self._before, self._chain
        if self.steers and not self._braces and not self._bracket and self._names.focal.throws and not self._thrown:
            return False
        if self.steers and self._class_next and before == ")":
            return False
        if self._body_due or (self._class_next and before != "->"):
            kind = "class"
        elif self._kind == "type" and chain[1] and (chain[0] or "").endswith("[]"):
            kind = "values"
        elif before == "=" or (before in {"{", ","} and self._braces[-1:] == ("values",) and not self._bracket):
            kind = "values"
            self._expression = self._expression.begin()
            wanted = self._expression.wanted
            if wanted and not any(one is None or one.endswith("[]") for one in wanted):
                return False
            chain = (wanted[0] if wanted else None, True)
        else:
            kind = "try" if before == "try" else "block"
        self._headers = (*self._headers, self._header if self._bracket else {})
        self._braces = (*self._braces, kind)
        array = chain[0] if kind == "values" else None
        self._values = (*self._values, 1)
        self._elements = (*self._elements, array.removesuffix("[]") if array is not None else None)
        self._bodies = (*self._bodies, self._chain[0] if kind == "class" else array)
        self._scopes = (*self._scopes, self._header)
        self._header, self._class_next, self._body_due = {}, False, False
        self._outer = (*self._outer, self._expression)
        self._expression = _element(self._elements[-1]) if kind == "values" else Expression()
        self._throwing = False
        self._operator("{")
        if kind != "values":
            self._statement = ()
        return True

    def _close_brace(self) -> bool:
        kind, of = (self._braces[-1], self._bodies[-1]) if self._braces else ("block", None)
        if kind == "values" and self._before not in {"{", ","} and not self._ends_well():
            return False
        if len(self._braces) == 1 and not self.calls_focal and self.steers:
            return False
        self._braces, self._scopes = self._braces[:-1], self._scopes[:-1] or ({},)
        self._elements, self._bodies, self._values = self._elements[:-1], self._bodies[:-1], self._values[:-1]
        self._header, self._headers = (self._headers[-1], self._headers[:-1]) if self._headers else ({}, ())
        outer, self._outer = (self._outer[-1], self._outer[:-1]) if self._outer else (Expression(), ())
        self._operator("}")
        if kind == "values" or (kind == "class" and self._outer_is_value(outer)):
            self._expression = outer
            self._chain, self._kind = (of, False), "value"
        else:
            self._expression = outer if outer.opaque else Expression()
            self._statement = ()
        return True

    @staticmethod
    def _outer_is_value(outer: Expression) -> bool:
        return outer.needed or bool(outer.wanted)

    def _semicolon(self) -> bool:
        if self._bracket != "header" and not self._ends_well():
            return False
        if self.steers and not self._bracket and (self._before in _STARTS or self._before_body):
            return False
        if not self._bracket:
            self._header = {}
            self._forget_lambda()
            self._stated, self._statement = (*self._stated, self._statement), ()
        self._class_next = self._throwing = False
        if self._declares == len(self._braces):
            self._declares = -1
        self._expression, self._initialised = Expression(), ""
        self._operator(";")
        return True

    @property
    def _before_body(self) -> bool:
        """What stands in brackets before has a statement to follow, and not an empty one."""
        return self._before == ")" and self._kind == "operator"

    def _forget_lambda(self) -> None:
        if self._lambda in self._scopes[-1]:
            left = {name: of for name, of in self._scopes[-1].items() if name != self._lambda}
            self._scopes = (*self._scopes[:-1], left)

    def _less(self) -> bool:
        if self._kind == "name" and not self._last.isspace():
            if self.steers and self._before not in self._names.project.generic:
                return False
            self._generics = (*self._generics, self._before)
        elif self._before == ".":
            if self.steers:
                return False
            self._generics = (*self._generics, ".")
        elif (not self._generics and self._after_value) or (self._expression.operator and self._last == "<"):
            return self._sign("<")
        self._before, self._kind = "<", "operator"
        return True

    def _greater(self) -> bool:
        adjacent = self._last
        if self._before == "-" and adjacent == "-":
            self._arrow_comes()
        elif self._generics and not adjacent.isspace():
            base, self._generics = self._generics[-1], self._generics[:-1]
            if base == ".":  # ``Collections.<String>emptyList()``
                self._operator(".")
                return True
            self._base, self._before, self._kind, self._chain = base, base, "type", (base, True)
        else:
            return self._sign(">")
        return True

    def _arrow_comes(self) -> None:
        if self._arrow:
            self._note(self._lambda, None)
        self._arrow = False
        self._operator("->")
        self._expression = Expression(opaque=True)

    def _minus(self) -> bool:
        if self._before == "-" and not (self._expression.operator or self._expression.unary):
            return False  # Of an arrow.
        if self._arrow:
            self._lambda = self._before
            self._operator("-")
            return self._last != "-"
        if self._before == ")" and any(map(self._names.project.is_functional, self._wanted)):
            self._operator("-")  # An arrow, it must be.
            return True
        return self._sign("-")

    def _open_bracket(self) -> bool:
        of, by_class = self._chain
        creates = self._creating is not None
        if self.steers and ((by_class and self._goes_round()) or (of or "").count("[]") > 1):
            return False
        value = self._after_value and not by_class and not creates and self._before not in PRIMITIVES
        if self.steers and value and of is None and self._before == ")":
            return False
        if value and not self._method_begins and of is not None and not of.endswith("[]"):
            return False
        self._base = self._before if self._kind == "name" or self._before in PRIMITIVES else self._base
        if self._method_begins and self._kind == "name":  # ``int name[]``
            self._base = of
            entry = Bracket("declared", of)
        elif creates:
            if self.steers and not self._may_be_array(self._creating or ""):
                return False
            entry = Bracket("size", f"{self._creating}[]")
        elif self._kind == "value" and self._before == "]" and self._sized:
            entry = Bracket("size", f"{of}[]" if of else None)
        else:
            entry = Bracket("index" if value else "dimensions", of)
        self._creating = None
        self._brackets = (*self._brackets, entry._replace(braces=len(self._braces)))
        self._outer = (*self._outer, self._expression)
        self._expression = Expression(("int",), needed=True)
        self._before, self._kind = "[", "operator"
        return True

    def _close_bracket(self) -> bool:
        kind, of = self._brackets[-1][:2] if self._brackets else ("index", None)
        empty = self._before == "["
        if not empty and (kind in {"dimensions", "declared"} or not self._ends_well()):
            return False
        self._brackets = self._brackets[:-1]
        outer, self._outer = (self._outer[-1], self._outer[:-1]) if self._outer else (Expression(), ())
        self._expression = outer
        if empty:
            self._base = of if kind == "size" and of is not None else f"{self._base or ''}[]"
            self._before, self._kind = "]", "type"
            self._chain = (self._base, True)
            if kind == "declared":
                self._note(self._declaring, self._base)
                self._kind, self._chain = "name", (self._base, False)
            return True
        self._before, self._kind, self._sized = "]", "value", kind == "size"
        if kind != "size":
            of = of.removesuffix("[]") if of is not None and of.endswith("[]") else None
        self._chain = (of, False)
        return True


_DIGITS = 2
_NARROW = frozenset({"byte", "short", "char"})
_MOST = {"byte": 0x7F, "short": 0x7FFF, "char": 0xFFFF}
_MOST_INT = 1 << 31
"""With a minus before it; without one, a literal less."""
_NUMBERS = ("int", "long", "float", "double")
_RESULTS: Mapping[str, tuple[str, ...]] = {
    "+": ("String", *_NUMBERS),
    **dict.fromkeys("-*/%", _NUMBERS),
    **dict.fromkeys("<>", ("boolean", "int", "long")),
    **dict.fromkeys("&|^", ("boolean", "int", "long")),
    "!": ("boolean",),
    "=": ("boolean",),
}
"""Types of which one comes out of an operator that begins so."""
_WITHOUT_PARAMETERS = frozenset({
    "BooleanSupplier", "Callable", "Executable", "Runnable", "Supplier", "ThrowingRunnable", "ThrowingSupplier",
})  # fmt: skip
_QUOTED = {'"': "String", "'": "char"}
_STARTS = frozenset({";", "{", "}"})
_THROWN = ("Exception", "Error", "Throwable")
_AWAITING = frozenset({"(", ",", "=", "->"})
_OPENINGS = _STARTS | {"final"}
_HANDLERS: Mapping[str, Callable[[Reading], bool | None]] = {
    ".": Reading._dot,
    "(": Reading._open_paren,
    ")": Reading._close_paren,
    "{": Reading._open_brace,
    "}": Reading._close_brace,
    ";": Reading._semicolon,
    ":": Reading._colon,
    ",": Reading._comma,
    ">": Reading._greater,
    "<": Reading._less,
    "-": Reading._minus,
    "/": Reading._divide,
    "[": Reading._open_bracket,
    "]": Reading._close_bracket,
}


def _element(of: str | None) -> Expression:
    """A value of an array begins, whose type is ``of``."""
    return Expression((of,) if of is not None else (), variable=True, needed=True)


def _stutters(word: str) -> bool:
    """Whether a new name says a word twice in a row, or goes on without end."""
    words = [one.lower() for one in _WORDS.findall(word)]
    long = len(word) > _LONGEST_NAME or any(len(one) > _DIGITS for one in words if one.isdigit())
    return long or any(one == other for one, other in pairwise(words))


def _is(word: str, names: Some) -> bool:
    return word in names


def _begins(word: str, names: Some) -> bool:
    return names.begins(word) if isinstance(names, Lexicon) else any(one.startswith(word) for one in names)


def _begins_name(word: str, names: Some) -> bool:
    return not isinstance(names, Keywords) and _begins(word, names)


def _in_name(character: str) -> bool:
    return character.isalnum() or character in "_$" or character >= "\x80"
