"""Which names may stand where, and what a name is once it does."""

from collections.abc import Callable

from tailorbird.generation.expressions import Expression
from tailorbird.generation.jdk import FOR_THROWN, object_methods
from tailorbird.generation.lexicon import Keywords, Lexicon
from tailorbird.generation.project import Members
from tailorbird.generation.reading.lexemes import (
    BEFORE_OPENINGS,
    BEFORE_TYPES,
    CATCHING,
    DECLARING,
    FRESH,
    IN_BODIES,
    IN_HEADERS,
    KEYWORDS,
    LARGEST,
    LARGEST_INT,
    LITERALS,
    LONGEST_NUMBER,
    LONGEST_TEST,
    NUMBERS,
    OF_CLASSES,
    OF_OBJECTS,
    PRIMITIVES,
    STANDING,
    STARTS,
    WITH_ARGUMENTS,
    WITHOUT_DECLARATIONS,
    Some,
    begins,
    in_name,
    is_name,
    stutters,
)
from tailorbird.generation.reading.state import Bracket, Role, State
from tailorbird.generation.types import NULL, PRIMITIVE, VOID, Forms, int_value, literal

_NULLS = frozenset({"nu", "nul", "null"})


class Naming(State):
    """Reads names."""

    @property
    def _openings(self) -> list[str]:
        """What a statement may begin with that leads to the focal method."""
        focal, names = self._names.focal, self._names
        if self._before == "final":
            leading = []
        else:
            leading = [one.partition("(")[0].partition(".")[0].partition(" ")[0] for one in self._leading(Role.OPERAND)]
            if names.asserting and not focal.constructs and focal.returns not in {VOID, None}:
                leading = []  # What it returns is asserted, or kept for that.
            leading += names.asserting if focal.returns != VOID else []
            leading += ["final"]
        needed = focal.constructs or not (focal.static or self._instances)
        classes = filter(None, (names.written(focal.simple), *self._creatable)) if needed else ()
        made = [one.partition(".")[0] for one in classes]
        result = [] if focal.returns is None or focal.returns == VOID or focal.constructs else [focal.returns]
        return [*leading, *made, *result]

    def _leading(self, role: Role) -> list[str]:
        """What leads to a call of the focal method from where a name of that role begins."""
        focal, wanted = self._names.focal, self._asked
        if role is Role.MEMBER:
            if self._chain[1] and self._chain[0] in focal.outers:
                return [focal.simple]
            return [f"{focal.name}("] if not focal.constructs and self._is_focal(self._chain[0]) else []
        if role is Role.TYPE:
            return [f"{one}(" for one in self._creatable] if self._before == "new" else []
        if role is not Role.OPERAND:
            return []
        if self.seeks and self._before == "final":
            return self._openings
        project = self._names.project
        made = [f"new {one}(" for one in self._creatable]
        if focal.constructs:
            return made if project.leads(focal.simple, wanted) else []
        if not project.leads(focal.returns, wanted):
            return []
        if focal.static:
            owner = self._names.written(focal.simple)
            return [f"{owner}.{focal.name}("] if owner is not None else []
        instances = self._instances
        called = self._names.called
        own = [f"{focal.name}("] if focal.name in called else []
        own += [f"{name}.{focal.name}(" for name in instances]
        return own or made or [f"{name}(" for name, of in called.items() if self._is_focal(of)]

    @property
    def _creatable(self) -> list[str]:
        """Classes whose instances have the focal method."""
        focal, names = self._names.focal, self._names
        classes = (focal.simple, *(() if focal.constructs else focal.heirs))
        return [
            written for one in classes if names.project.creatable(one) and (written := names.written(one)) is not None
        ]

    def _begin(self, character: str) -> bool:
        if not self._settle(character):
            return False
        if self._body_due or self._arrow_due or not self._may_go_in():
            return False
        if self.steers and not self._braces and not self._may_head():
            return False
        if self.steers and self._braces and self._before in STARTS and self._starts_anew and character.isdigit():
            return False
        self._role = self._next_role(character)
        if self._role is Role.DECLARED and self._before != ",":
            value = self.steers and self._kind == "name" and not self._chain[1]
            if value or self._goes_round() or (self.steers and self._expression.needed and self._bracket != "header"):
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
        if kind in WITH_ARGUMENTS and self._before in {"(", ","} and self._brackets[-1].known:
            return self._may_hold()
        if not self.steers:
            return True
        if self._expression.operator == "=" and self._expression.needed:
            return False  # It was to become ``==``: nothing is assigned within an expression.
        if kind == "parameters" and not self._braces:
            return False
        return not (kind == "group" and self._before == "(" and self._calls_for_lambda(self._outer[-1]))

    def _may_hold(self) -> bool:
        """Whether one more argument may stand in the innermost bracket."""
        bracket = self._brackets[-1]
        return not bracket.known or any(one.most > bracket.commas for one in bracket.forms)

    def _calls_for_lambda(self, expression: Expression) -> bool:
        project = self._names.project
        return bool(expression.wanted) and expression.plain and all(map(project.is_functional, expression.wanted))

    def _may_head(self) -> bool:
        """Whether a word may stand in the header of a test now: first comes what makes it one."""
        annotated = "Test" not in self._names.annotations or "Test" in self._annotations
        return annotated or self._before == "@" or bool(self._bracket)

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
        if before in BEFORE_TYPES or (before == "," and self._throwing):
            return Role.TYPE
        if before in PRIMITIVES or kind in {"name", "type"} or before in {"class", "interface", "enum"}:
            return Role.DECLARED
        if before in {"break", "continue"}:
            return Role.FREE
        if kind in {"literal", "value"}:
            return Role.AFTER
        return Role.CASE if before == "case" else Role.OPERAND

    def _may_begin(self) -> bool:
        """Whether the unfinished name at the end leads to one that is there."""
        return not self._word or bool(self._mode) or self._may_be(self._word, begins)

    def _may_be(self, word: str, among: Callable[[str, Some], bool]) -> bool:
        """Whether ``word`` is ``among`` the names that can stand here, whatever follows it."""
        role, names = self._role, self._names
        if role is Role.FREE:
            if self.steers and self._bracket == "annotation" and self._before == "(" and not word[0].isdigit():
                return among(word, [*names.project.valued.get(self._brackets[-1].of or "", ())])
            return not word[0].isdigit() or self._may_be_number(word)
        if role is Role.DECLARED:
            return self._may_be_new(word)
        if role is Role.MEMBER:
            return self._may_be_member(word, among)
        if role is Role.TYPE:
            return self._may_be_type(word, among)
        if role is Role.CASE:
            return among(word, STANDING) or among(word, names.project.words) or among(word, names.project.members)
        if role is Role.AFTER:
            return not self.steers and among(word, STANDING)
        return self._may_be_operand(word, among)

    def _may_be_new(self, word: str) -> bool:
        """Whether a variable or a method can be called so."""
        if not self.steers:
            return True
        if self._braces:
            return not stutters(word)
        if len(word) > LONGEST_TEST:
            return False
        return "Test" in self._names.annotations or word.startswith("test") or "test".startswith(word)

    def _may_be_type(self, word: str, among: Callable[[str, Some], bool]) -> bool:
        names = self._names
        if self._before == "@" and self.steers:
            return among(word, [one for one in names.annotations if one not in self._annotations])
        if self._before != "new" and among(word, self._keywords):
            return True
        types: Some = self._created if self._before == "new" else names.types
        if self._throwing and self.steers:
            types = names.thrown
        return among(word, types) or any(among(word, scope) for scope in self._classes)

    def _may_be_operand(self, word: str, among: Callable[[str, Some], bool]) -> bool:
        names, wanted = self._names, self._wanted
        only = self._only if self.steers else None
        if only is not None:
            return among(word, only)
        if word in DECLARING and self.steers and self._before in STARTS and self._goes_round():
            return False  # Though it begins ``finally``.
        if self.steers and self._catches:
            return among(word, names.thrown) or (self._before == "(" and among(word, ["final"]))
        keywords = names.keywords(wanted, anonymous=not self.steers) if wanted else self._keywords
        if among(word, keywords) and not (word in _NULLS and self._null_leads_nowhere()):
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
    def _only(self) -> Some | None:
        """What alone may stand here; None where more may."""
        if not self._braces and not self._bracket:
            return IN_HEADERS
        if self.seeks and self._before in BEFORE_OPENINGS and self._starts_anew and len(self._braces) == 1:
            return self._openings
        if self.must_assert and self._begins_statement:
            return self._names.asserting
        expects = self._before == "(" and self._bracket == "call" and self._brackets[-1].called in FOR_THROWN
        return self._names.exceptions if expects else None

    @property
    def _catches(self) -> bool:
        """What a ``catch`` catches is to be named here."""
        return self._bracket == "header" and self._brackets[-1].of == "Throwable" and self._before in CATCHING

    def _null_leads_nowhere(self) -> bool:
        """Whether ``null`` as an argument would leave open which form is meant."""
        begins = self._bracket in WITH_ARGUMENTS and self._before in {"(", ","}
        return begins and self._null_is_ambiguous(self._brackets[-1])

    def _null_is_ambiguous(self, bracket: Bracket) -> bool:
        """The same of the next argument in a ``bracket``."""
        if not self.steers:
            return False
        forms = self._taking(bracket.forms, NULL, bracket.commas)
        types = {one.takes(bracket.commas)[0] for one in forms} - {None, *PRIMITIVE}
        fits = self._names.project.assignment.fits
        clear = not types or any(all(fits(one, other) for other in types) for one in types)
        return bracket.overloaded or not clear

    def _taking(self, forms: Forms, of: str | None, at: int) -> Forms:
        """Those of the ``forms`` that take a value of a type as argument ``at``."""
        fits = self._names.project.assignment.fits
        return tuple(one for one in forms if one.most > at and any(fits(of, to) for to in one.takes(at)))

    @property
    def _keywords(self) -> Keywords:
        """Java's own words that may stand here."""
        if not (self.steers and self._braces) or "class" in self._braces:
            return STANDING
        return WITHOUT_DECLARATIONS if self._before in STARTS and self._goes_round() else IN_BODIES

    def _may_be_number(self, word: str) -> bool:
        wanted = self._wanted
        if self.steers and len(word) > LONGEST_NUMBER:
            return False
        if not wanted or self._before in {".", "break", "continue"}:
            return True
        if not self.steers and self._names.project.fits("boolean", wanted):
            return True  # It may be compared.
        return any(
            self._names.project.fits(of, wanted, variable=self._expression.variable)
            for of in ({literal(word)} if word[-1] in "lLfFdD" and word[:2].lower() != "0x" else NUMBERS)
        )

    def _may_be_member(self, word: str, among: Callable[[str, Some], bool]) -> bool:
        project, (of, by_class) = self._names.project, self._chain
        members = project.members_of(of)
        if self._creating is not None:  # ``new Outer.Inner``
            return members is None or among(
                word, [one for one, known in members.fields.items() if known is None and project.creatable(one)]
            )
        others = self._others
        if members is None and self.steers and self._before != "::":
            return among(word, others) or among(word, self._surely_asked)
        if self._before == "::" or members is None:
            return among(word, others) or among(word, project.members)
        if among(word, others):
            return True
        if among(word, project.usable(of or "", by_class, self._asked, self._handles, self.steers and self._links > 0)):
            return True
        if among(word, self._unclear_focal):
            return True
        if members.whole or self.steers:
            return False
        # Of those that are not known any may be meant.
        if among is is_name:
            return word in project.members and word not in members.methods and word not in members.fields
        return project.members.begins_but(word, {*members.methods, *members.fields})

    @property
    def _surely_asked(self) -> list[str]:
        """What a value of which nothing is known has all the same: what training tests ask of that name, or of any."""
        of, by_class = self._chain
        asked = self._names.project.asked.get(self._base or "", frozenset())
        focal = [self._names.focal.name] if of is not None and self._is_focal(of) else []
        return [*asked, *focal, *([] if by_class else object_methods())]

    @property
    def _unclear_focal(self) -> list[str]:
        """The focal method of the value before, where other classes of its name or type arguments leave it open."""
        of, by_class = self._chain
        focal, members = self._names.focal, self._names.project.members_of(of)
        unclear = members is not None and members.methods.get(focal.name) is None
        may_call = focal.static or not by_class
        return (
            [focal.name] if self.steers and unclear and may_call and not focal.constructs and self._is_focal(of) else []
        )

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
            return OF_CLASSES if says or not self.steers else []
        return [] if self.steers else OF_OBJECTS

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
        return self._may_be(word, is_name)

    def _is_in_range(self, word: str) -> bool:
        """Whether a whole number is one that Java can read, and that a narrow variable can hold."""
        value = int_value(word)
        if value is None:
            return True
        expression = self._expression
        narrow = [LARGEST[of] for of in expression.wanted if of in LARGEST]
        assigned = expression.variable and expression.plain and len(narrow) == len(expression.wanted) > 0
        return value <= (max(narrow) if assigned else LARGEST_INT)

    def _end_keyword(self, word: str) -> bool:
        if self.steers and self._role in {Role.DECLARED, Role.AFTER}:
            return False
        before, chain = self._before, self._chain
        self._before, self._kind, self._chain = word, "keyword", (None, False)
        if word in LITERALS:
            self._kind, self._chain = "literal", (LITERALS[word], False)
            return self._names.project.fits(LITERALS[word], self._wanted) if self._role is Role.OPERAND else True
        if self._role is Role.OPERAND and not self._wanted and before in STARTS and word not in self._keywords:
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
        elif word in FRESH:
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
            return (None, False) if self._may_be(word, is_name) else None
        if role is Role.OPERAND:
            return self._judge_operand(word, follows)
        return (None, False)

    def _judge_type(self, word: str, follows: str) -> tuple[str | None, bool] | None:
        if not (word in self._names.types or word == "var" or self._is_class(word)):
            return None
        if self._throwing and self.steers and word not in self._names.thrown:
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
        if in_name(follows) and follows != "i":  # ``i`` may begin ``instanceof``.
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
            return self._judge_known_member(word, called, members)
        if self.steers and not reference:
            return (object_methods().get(word), False) if called and word in self._surely_asked else None
        return (None, False) if word in project.members else None

    def _judge_known_member(self, word: str, called: bool, members: Members) -> tuple[str | None, bool] | None:
        """The same of a class that is known."""
        by_class, reference = self._chain[1], self._before == "::"
        if (called or reference) and word in members.methods:
            forms = members.forms.get(word, ())
            self._forms = tuple(one for one in forms if one.static or not by_class) or forms or None
            if not reference and not self._may_be_member(word, is_name):
                return None
            return (members.methods[word], False)
        if not called and word in members.fields:
            if self.steers and not self._may_be_member(word, is_name):
                return None
            nested = word[:1].isupper() and members.fields[word] is None
            return (word, True) if nested else (members.fields[word], False)
        if called and word in self._unclear_focal:
            return (None, False)
        if members.whole or self.steers or word in members.methods or word in members.fields:
            return None
        return (None, False) if word in self._names.project.members else None

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
