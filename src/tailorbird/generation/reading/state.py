"""Where a candidate has come to."""

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple, Self

from tailorbird.generation.expressions import Expression, Wanted
from tailorbird.generation.names import Names
from tailorbird.generation.reading.lexemes import (
    MOST_UNUSED,
    NARROW,
    STARTS,
    WITHOUT_PARAMETERS,
)
from tailorbird.generation.surroundings import simple_type
from tailorbird.generation.types import VOID, Forms


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
    called: str = ""
    """The method's name."""
    first: str | None = None
    """Type of the first argument."""


class Role(Enum):
    """What a name is there for."""

    OPERAND = "a variable, a method, or a type"
    TYPE = "a type"
    MEMBER = "what a receiver has"
    DECLARED = "new"
    AFTER = "what goes on after a value"
    CASE = "a constant"
    FREE = "anything"


class State:
    """Where a candidate has come to: what has been read of it, and what can be asked of that."""

    # What all begin with; the rest below.
    _sized = False  # The bracket before gave a new array's size.
    _links = 0  # Members so far in a chain.
    _tabs = 0  # In front of the line.
    _arrow_due = False  # Empty brackets are a lambda's: its arrow must follow.
    _annotations: tuple[str, ...] = ()
    _values: tuple[int, ...] = ()  # Of each open brace, how many values stand in it.
    _initialised = ""  # The variable whose value is being written.
    _declaring = ""  # The name before, if it is new.
    _asserted = False  # Something has been asserted.
    _tries = False  # The block before is one that a ``catch`` or ``finally`` must follow.

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

    def fork(self) -> Self:
        """One that goes its own way from here."""
        forked = object.__new__(type(self))
        forked.__dict__.update(self.__dict__)  # All that it holds is replaced, never changed.
        return forked

    @property
    def between_statements(self) -> bool:
        """A statement of the method itself has ended, and no other has begun."""
        ended = self._before in {";", "}"} and self._kind == "operator" and not self._tries
        return ended and len(self._braces) == 1 and not (self._brackets or self._word or self._pending or self._mode)

    def _begun(self) -> Self:
        """The same where the operand that comes next has begun."""
        begun = self.fork()
        begun._expression = self._expression.begin()
        return begun

    @property
    def repeats(self) -> bool:
        """The last statement stands there again: the one before is the same, or two are."""
        *before, last = self._stated or ((),)
        return bool(last) and (before[-1:] == [last] or before.count(last) > 1)

    @property
    def seeks(self) -> bool:
        """It goes straight to the focal method, and has not come there yet."""
        return self._straight and not self.calls_focal

    @property
    def asserts(self) -> bool:
        """Something has been asserted, or there is nothing to assert with."""
        return self._asserted or not self._names.asserting

    @property
    def is_test(self) -> bool:
        """It has all that a test has: it calls the focal method, and asserts something."""
        return self.calls_focal and self.asserts

    @property
    def must_assert(self) -> bool:
        """It went straight to the focal method, and all that is missing is an assertion."""
        return self._straight and self.calls_focal and not self.asserts

    @property
    def _begins_statement(self) -> bool:
        """A statement of the method itself begins, or has just begun with a name."""
        return self._before in STARTS and self._starts_anew and len(self._braces) == 1 and not self._bracket

    @property
    def _instances(self) -> list[str]:
        """Variables that have the focal method."""
        scopes = (self._names.fields, *self._seen)
        return [name for scope in scopes for name, of in scope.items() if of is not None and self._is_focal(of)]

    def _is_focal(self, simple: str | None) -> bool:
        return simple is not None and (simple == self._names.focal.simple or simple in self._names.focal.heirs)

    @property
    def _starts_anew(self) -> bool:
        """A statement begins, and no value of an array."""
        return self._braces[-1:] != ("values",) or self._before == ";"

    def _goes_round(self) -> bool:
        """Whether a variable is declared where enough others stand unused."""
        return self.steers and len(self._unused) >= MOST_UNUSED and not self._bracket and "class" not in self._braces

    @property
    def _wanted(self) -> Wanted:
        """Types of which the operand that stands next, with its members, must come to one."""
        if not self._expression.plain or self._generics:
            return ()
        wanted = self._expression.wanted
        # A constant may become narrower.
        return (*wanted, "int") if self._expression.variable and NARROW.intersection(wanted) else wanted

    @property
    def _asked(self) -> Wanted:
        """The same, where anything goes but nothing at all too: not what a void method returns."""
        something = self._expression.needed and not self._expression.opaque
        return self._wanted or ((None,) if something else ())

    @property
    def _seen(self) -> tuple[Mapping[str, str | None], ...]:
        """Local variables, but for the one whose value is being written."""
        scopes = (*self._scopes, self._header)
        own = self._initialised
        return tuple({name: of for name, of in one.items() if name != own} if own in one else one for one in scopes)

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

    @property
    def _may_be_lambda(self) -> bool:
        """Whether a lambda with a parameter can be meant."""
        functional = self._names.project.is_functional
        return not self.steers or any(functional(of) for of in self._wanted if of not in WITHOUT_PARAMETERS)

    def _is_class(self, word: str) -> bool:
        return any(word in scope for scope in self._classes)

    def _note(self, word: str, of: str | None) -> None:
        self._scopes = (*self._scopes[:-1], {**self._scopes[-1], word: of})

    def _type_before(self) -> str | None:
        if self._before == "var":
            return None
        return simple_type(self._base if self._kind == "type" else self._before)

    @property
    def _after_value(self) -> bool:
        return self._kind in {"name", "literal", "value"}

    def _operator(self, text: str) -> None:
        """Go on after an operator or a bracket, which leaves no value behind."""
        self._before, self._kind, self._chain = text, "operator", (None, False)

    def _is_value(self) -> bool:
        """Whether what stands before can be a value: neither nothing nor a class."""
        of, by_class = self._chain
        return of != VOID and not (by_class and self._kind == "name" and not self._expression.compared)

    @property
    def _is_constant(self) -> bool:
        """Whether the expression that ends here may be constant: in a plain test as a literal or a name in capitals."""
        return not self.steers or self._kind == "literal" or self._before.isupper()

    def _ends_well(self) -> bool:
        """Whether the expression that ends here comes to what is wanted."""
        expression = self._expression
        if expression.opaque or not (expression.needed or expression.wanted):
            return True
        return (
            self._is_value()
            and not expression.clashes(self._chain[0])
            and self._names.project.fits(
                expression.result(self._chain[0]), expression.wanted, variable=expression.variable and self._is_constant
            )
        )
