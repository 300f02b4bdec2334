"""Brackets, braces, operators and all else that stands between names."""

from collections.abc import Callable, Mapping

from tailorbird.generation.expressions import NOTHING, Expression
from tailorbird.generation.jdk import ASSERTING, FOR_ALIKE, FOR_THROWN
from tailorbird.generation.reading.lexemes import (
    ALIKE,
    COMMENTED,
    CONDITIONS,
    DEEPEST,
    DEEPEST_STRAIGHT,
    DOING,
    HEADERS,
    MOST_LINKS,
    MOST_OPERATORS,
    MOST_VALUES,
    NUMBERS,
    PRIMITIVES,
    QUOTED,
    RESULTS,
    STARTS,
    WITH_ARGUMENTS,
)
from tailorbird.generation.reading.naming import Naming
from tailorbird.generation.reading.state import Bracket
from tailorbird.generation.types import NULL, PRIMITIVE, VOID, is_number
from tailorbird.mining.assertions import DOES_NOT_THROW


class Marks(Naming):
    """Reads what stands between names."""

    def _punctuation(self, character: str) -> bool:
        if self._last == "/" and character in "/*":
            self._mode = "/" + character
            if self.steers:
                return False
            self._before, self._kind = self._uncommented  # The slash was no operator.
            self._expression = self._expression._replace(operator="")
            return self._before in COMMENTED or not self._braces
        if not self._settle(character):
            return False
        if (self._body_due and character != "{") or (self._arrow_due and character not in "->"):
            return False
        self._arrow_due = False
        self._statement = (*self._statement, character)
        handle = _HANDLERS.get(character)
        if handle is not None:
            return handle(self) is not False
        if character in QUOTED:
            return self._quote(character)
        return self._sign(character)

    def _quote(self, character: str) -> bool:
        if not self._may_go_in() or (self.steers and self._before in STARTS and self._starts_anew):
            return False
        if self.steers and self._last == character and self._kind == "literal":
            return False  # A text block.
        self._expression = self._expression.begin()
        leads = self._names.project.leads(QUOTED[character], self._wanted)
        if character == "'":
            leads |= self._names.project.fits("char", self._wanted, variable=self._expression.variable)
        self._mode, self._kind = character, "literal"
        self._before, self._chain = character, (None, False)
        return leads

    def _sign(self, character: str) -> bool:
        """Go on after a character of an operator."""
        if character == "@":
            before, within = self._before, bool(self._braces or self._bracket)
            self._operator(character)
            if not within:
                return self._may_annotate()
            return not self.steers and (before in STARTS or bool(self._bracket))
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
        if not after and not (self._may_go_in() and self._may_double(character)):
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
        most = 1 if self._bracket in {"size", "index"} else MOST_OPERATORS
        return not self.steers or self._expression.operators <= most

    def _may_annotate(self) -> bool:
        """Whether the header of a test has an annotation to come: a JUnit 3 test has none."""
        known = self._names.annotations
        return not self.steers or ("Test" in known and any(one not in self._annotations for one in known))

    def _may_operate(self, character: str) -> bool:
        """Whether a binary operator may follow the value before it."""
        (of, by_class), expression = self._chain, self._expression
        if by_class:
            return self._bracket == "header" or (not self.steers and character in "<>&?")
        if of == VOID or (of == NULL and character not in "=!?:"):
            return False
        if self.steers and not self._may_operate_plainly(character):
            return False
        fits = self._names.project.fits
        if of is not None and expression.cast is NOTHING and not expression.opaque:
            number = is_number(of) or (not self.steers and self._names.project.assignment.surely(of) is None)
            if character in "-*/%<>" and not number:
                return False
            if character in "&|^" and not number and of not in {"boolean", "Boolean"}:
                return False
            if character == "+" and not number and of != "String" and expression.sum != "String":
                return False
        results = RESULTS.get(character)
        if character in "&|^" and of in PRIMITIVE and not expression.compared:
            results = ("boolean",) if of == "boolean" else ("int", "long")
        if results is None or not expression.wanted or expression.opaque:
            return True
        if not self.steers and fits("boolean", expression.wanted):
            return True  # What comes out of it may be compared.
        return any(fits(kind, expression.wanted, variable=expression.variable) for kind in results)

    def _may_double(self, character: str) -> bool:
        """Whether an operator may be doubled: in a plain test ``&&`` and ``||`` after no number, ``++`` after one."""
        expression = self._expression
        if not self.steers or expression.operator != character or expression.before is NOTHING:
            return True
        if character in "+-<>":
            return False  # Nothing is counted on or shifted.
        number = not expression.compared and expression.before in PRIMITIVE - {"boolean"}
        return character not in "&|" or not number

    def _may_operate_plainly(self, character: str) -> bool:
        """The same in a test that goes straight ahead: no choices, nothing changed, and only numbers compared."""
        of, expression = self._chain[0], self._expression
        if self._bracket == "annotation":
            return character == "="
        if expression.compared and expression.against != "boolean" and character in "<>=!":
            return False  # What a comparison comes to is compared with nothing.
        if character == "?" or expression.opaque or expression.clashes(of):
            return False
        if expression.needed or self._bracket or expression.operator:
            return character not in "=!" or (of is not None and of in PRIMITIVE)
        if character == "=":
            declares = self._kind == "name" and self._declares == len(self._braces)
            return declares or (self._before == "]" and not self._sized)
        return character == "<" and self._kind == "name"

    def _may_sign(self, character: str) -> bool:
        """Whether a unary operator can make what is wanted."""
        kinds = ("boolean",) if character == "!" else NUMBERS
        fits = self._names.project.fits
        return any(fits(kind, self._wanted, variable=self._expression.variable) for kind in kinds)

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
            opaque = self._expression.opaque
            forms = tuple(one for one in forms if one.most > at) if opaque else self._taking(forms, of, at)
            if self.steers and opaque and not (self._kind == "value" or self._before == "}"):
                forms = tuple(one for one in forms if not DOING.intersection(one.takes(at)))
            if of == NULL and self._null_is_ambiguous(bracket):
                return False
            if not at:
                bracket = bracket._replace(first=of)
            alike = self._alike(bracket)
            if alike and not (opaque or self._names.project.fits(of, alike)):
                return False
            needed = at + 1
            forms = tuple(one for one in forms if (one.least <= needed if last else one.most > needed))
        if bracket.known and not forms:
            return False
        self._brackets = (*self._brackets[:-1], bracket._replace(forms=forms, commas=bracket.commas + 1))
        return True

    def _alike(self, bracket: Bracket) -> tuple[str, ...]:
        """What the next argument is compared with, as types; none where it is with nothing, or with any object."""
        compares = self.steers and bracket.commas == 1 and bracket.called in FOR_ALIKE
        return ALIKE.get(bracket.first or "", ()) if compares else ()

    def _awaits_argument(self) -> None:
        bracket = self._brackets[-1]
        found: set[str | None] = set()
        if bracket.known:
            found.update(of for one in bracket.forms if one.most > bracket.commas for of in one.takes(bracket.commas))
        wanted = () if None in found else tuple(sorted(of for of in found if of is not None))
        wanted = self._alike(bracket) or wanted
        self._expression = Expression(wanted=wanted, needed=True)

    def _divide(self) -> bool:
        self._uncommented = (self._before, self._kind)
        if self._after_value and self._braces:
            return self._sign("/")
        self._before, self._kind = "/", "operator"
        return self._uncommented[0] in COMMENTED or not self._braces

    def _colon(self) -> bool:
        # The chain stays: it may become ``::``.
        if self._last == ":":
            if self.steers:
                return False
            self._before, self._kind = "::", "operator"
            self._expression = self._expression._replace(opaque=True, operator="")
            return True
        expression = self._expression
        if self._bracket == "header":
            self._initialised = self._before  # It is not there yet in what it goes through.
        functional = any(map(self._names.project.is_functional, expression.wanted))
        if self.steers and not expression.opaque and self._bracket != "header":
            return False
        self._before, self._kind = ":", "operator"
        if not (functional or expression.opaque):
            self._expression = Expression()
        return True

    def _comma(self) -> bool:
        if self._generics:
            self._operator(",")
            return True
        if self._bracket in WITH_ARGUMENTS:
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
            if not self._ends_well() or (self.steers and self._values[-1] >= MOST_VALUES):
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
        called = self._before == ")"
        self._links = self._links + 1 if called else 0
        self._class_next &= not called
        self._before, self._kind = ".", "operator"
        return not (self.steers and self._links > (1 if self.seeks else MOST_LINKS))

    def _has_inner(self, simple: str | None) -> bool:
        """Whether a class has others in it that can be created."""
        project = self._names.project
        members = project.members_of(simple)
        return members is None or any(of is None and project.creatable(name) for name, of in members.fields.items())

    def _may_open_plainly(self) -> bool:
        """Whether a round bracket may open in a plain test: not too deep, and after annotations only as others do."""
        valued = not self._annotated or self._kind != "name" or self._before in self._names.project.valued
        if self._before in FOR_THROWN and any(one.called in FOR_THROWN for one in self._brackets):
            return False  # A small model expects exceptions within exceptions, deeper and deeper.
        return valued and len(self._brackets) < (DEEPEST_STRAIGHT if self.seeks else DEEPEST)

    def _open_paren(self) -> bool:
        if self.steers and not self._may_open_plainly():
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
            self._asserted |= self._before.startswith(ASSERTING) and self._before not in DOES_NOT_THROW
        if calls:
            if self.seeks:
                own = self._names.focal.own_forms(entry.forms)
                entry = entry._replace(forms=own, overloaded=len(own) < len(entry.forms))
            self.calls_focal = True
        self._outer = (*self._outer, self._expression)
        self._brackets = (*self._brackets, entry._replace(braces=len(self._braces), links=self._links))
        self._operator("(")
        if entry.kind in WITH_ARGUMENTS:
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
        if before in HEADERS:
            return Bracket("header", "Throwable" if before == "catch" else None)
        if before in CONDITIONS:
            return Bracket("condition", "boolean" if before in {"if", "while"} else None)
        if self._kind != "name":
            return Bracket("group", None)
        if self._annotated:
            return Bracket("annotation", self._before)
        if self._method_begins:
            return Bracket("parameters", None)
        forms = self._forms or ()
        return Bracket("call", self._chain[0], forms, bool(forms), called=before)

    def _close_paren(self) -> bool:
        bracket = self._brackets[-1] if self._brackets else Bracket("group", None)
        kind, of, self._links = bracket.kind, bracket.of, bracket.links
        value = True
        cast: str | None = NOTHING
        self._arrow_due = self.steers and kind == "group" and self._before == "("
        if self._arrow_due and not any(map(self._names.project.is_functional, self._outer[-1].wanted)):
            return False
        if kind in WITH_ARGUMENTS:
            if not self._argument(last=True):
                return False
            forms = self._brackets[-1].forms
            if self.steers and not self._handles and self._names.project.throws(forms):
                return False
            if kind == "call" and bracket.known:
                returned = {one.returns for one in forms}
                of = returned.pop() if len(returned) == 1 else None
        elif kind == "group":
            of, cast = self._grouped()
            value = cast is NOTHING
        else:
            if not self._may_leave(kind):
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

    def _may_leave(self, kind: str) -> bool:
        """Whether a bracket of some ``kind`` that holds no value for others may close."""
        if kind == "condition":
            return self._ends_well()
        if kind == "annotation":  # In a plain test the name of an argument has its value after it.
            return not self.steers or self._kind != "name" or self._before == "class"
        return True

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
        if len(self._braces) == 1 and not self.is_test and self.steers:
            return False
        self._tries = kind == "try"
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
        if self.steers and not self._bracket and self._says_nothing:
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
    def _says_nothing(self) -> bool:
        """What ends here is no statement of a plain test: nothing, or not more than a value."""
        if self._kind == "value":  # An element or an array alone.
            return self._before in {"]", "}"} and not self._expression.needed
        if self._kind == "name":  # A variable that is given no value later.
            return self._before == self._initialised
        # Nothing, or nothing after what stands in brackets before a statement.
        return self._before in STARTS or (self._before == ")" and self._kind == "operator")

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
        named = self._method_begins and self._kind == "name"
        if value and not named and of is not None and not of.endswith("[]"):
            return False
        self._base = self._before if self._kind == "name" or self._before in PRIMITIVES else self._base
        if named:  # ``int name[]``
            self._base = of
            entry = Bracket("declared", of)
        elif creates:
            if self.steers and (self._last == ">" or not self._may_be_array(self._creating or "")):
                return False  # No array is created of a type with arguments.
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


def _element(of: str | None) -> Expression:
    """A value of an array begins, whose type is ``of``."""
    return Expression((of,) if of is not None else (), variable=True, needed=True)


_HANDLERS: Mapping[str, Callable[[Marks], bool | None]] = {
    ".": Marks._dot,
    "(": Marks._open_paren,
    ")": Marks._close_paren,
    "{": Marks._open_brace,
    "}": Marks._close_brace,
    ";": Marks._semicolon,
    ":": Marks._colon,
    ",": Marks._comma,
    ">": Marks._greater,
    "<": Marks._less,
    "-": Marks._minus,
    "/": Marks._divide,
    "[": Marks._open_bracket,
    "]": Marks._close_bracket,
}
