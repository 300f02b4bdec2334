"""A candidate read as it grows: what kind of name stands next, and whether there is one of that name.

The idea is monitor-guided decoding's (Agrawal et al., NeurIPS 2023): where a name is written, only those go that are
there. No language server is asked: declarations are followed as they are written, and the rest `Names` knows. The text
is taken to be within Java's grammar (`tailorbird.generation.syntax`), which keeps this reader simple.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import NamedTuple

from tailorbird.generation.names import Lexicon, Names
from tailorbird.generation.surroundings import Arities, simple_type

PRIMITIVES = frozenset({"boolean", "byte", "short", "int", "long", "char", "float", "double", "void"})
KEYWORDS = PRIMITIVES | {
    "abstract", "assert", "break", "case", "catch", "class", "const", "continue", "default", "do", "else", "enum",
    "extends", "final", "finally", "for", "goto", "if", "implements", "import", "instanceof", "interface", "native",
    "new", "package", "private", "protected", "public", "return", "static", "strictfp", "super", "switch",
    "synchronized", "this", "throw", "throws", "transient", "try", "volatile", "while", "true", "false", "null", "var",
    "yield",
}  # fmt: skip
_KEYWORD = Lexicon(KEYWORDS - {"const", "goto", "import", "native", "package", "strictfp", "transient", "volatile"})
_COMMENTED = frozenset({"", ";", "{", "}", ":"})
"""After these a comment may stand: within a statement a small model says nothing more, once it comments."""
_BEFORE_TYPES = frozenset({"throws", "extends", "implements", "instanceof", "new", "@"})
_HEADERS = frozenset({"for", "catch", "try"})
_AFTER_DOT = Lexicon(("class", "this", "new", "super", "length"))


Some = Lexicon | Mapping[str, str | None] | list[str]


class Bracket(NamedTuple):
    """An open round or square bracket."""

    kind: str
    of: str | None
    """Type of what comes out of it."""
    arities: Arities = ()
    """How many arguments may stand in it; nothing where any may."""
    braces: int = 0
    """That were open where it began: commas within others separate no arguments."""
    commas: int = 0

    def takes(self, arguments: int) -> bool:
        """Whether so many arguments may stand in it."""
        return not self.arities or any(least <= arguments <= most for least, most in self.arities)

    def may_take(self, arguments: int) -> bool:
        """Whether so many may, or more."""
        return not self.arities or any(arguments <= most for _, most in self.arities)


class Role(Enum):
    """What a name is there for."""

    OPERAND = "a variable, a method, or a type"
    TYPE = "a type"
    MEMBER = "what a receiver has"
    DECLARED = "new"
    CASE = "a constant"
    FREE = "anything"


class Reading:
    """Where a candidate has come to. `read` goes on; a `fork` can be tried and thrown away."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._mode = ""  # The literal or comment that is open, as it began.
        self._escaped = False
        self._last = ""  # The character before.
        self._word = ""
        self._role = Role.FREE
        self._pending: tuple[str, Role] | None = None  # A whole name, before what follows it is known.
        self._before, self._kind = "", ""  # The lexeme before, and whether it ends a type or a value.
        self._chain: tuple[str | None, bool] = (
            None,
            False,
        )  # Type of the value before, and whether it is a class itself.
        self._base: str | None = None  # The type that a declaration may be of.
        self._generics: tuple[str, ...] = ()
        self._scopes: tuple[Mapping[str, str | None], ...] = ({},)
        self._header: Mapping[str, str | None] = {}
        self._brackets: tuple[Bracket, ...] = ()
        self._arities: Arities = ()  # Of the name before.
        self._braces: tuple[str, ...] = ()
        self._headers: tuple[Mapping[str, str | None], ...] = ()  # What goes on after each brace.
        self._creating: str | None = None
        self._class_next = False
        self._arrow = False  # The name before is a lambda's parameter, if an arrow comes.
        self._uncommented = ("", "")  # What stood before a slash that may begin a comment.
        self._lambda = ""
        self._several = False  # After a comma, the next variable of the same declaration.
        self._declared: str | None = None
        self._declares = -1  # How many braces were open where the statement began to declare; -1 where it does not.
        self._annotated = False  # The name before is an annotation's.
        self._method_begins = False  # The name before is a new one: with a bracket after it, a method's.

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
        return all(self._step(character) for character in text) and self._may_begin()

    @property
    def keywords(self) -> list[str]:
        """What is missing of the keywords that the unfinished name at the end may become, where it can be no name."""
        word = self._word
        if not word or self._mode or self._role in {Role.DECLARED, Role.FREE, Role.MEMBER}:
            return []
        if self._may_be(word, _begins_name):
            return []
        return [one[len(word) :] for one in _KEYWORD if one.startswith(word)]

    def _step(self, character: str) -> bool:
        if self._mode:
            self._within(character)
        elif _in_name(character):
            if not self._word and not self._begin(character):
                return False
            self._word += character
        else:
            if self._word and not self._end_word():
                return False
            if not character.isspace() and not self._punctuation(character):
                return False
        self._last = character
        return True

    def _within(self, character: str) -> None:
        """One character of a literal or comment."""
        if self._mode == "//":
            closed = character == "\n"
        elif self._mode == "/*":
            closed = self._last == "*" and character == "/"
        else:
            closed = character == self._mode and not self._escaped
            self._escaped = character == "\\" and not self._escaped
        if closed:
            if self._mode == '"':
                self._chain = ("String", False)
            self._mode, self._escaped = "", False

    # Names

    def _begin(self, character: str) -> bool:
        if not self._settle(character):
            return False
        self._role = self._next_role(character)
        if self._role is Role.DECLARED and self._before != ",":
            self._base = self._type_before()
        return True

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
        if before in _BEFORE_TYPES:
            return Role.TYPE
        if before in PRIMITIVES or kind in {"name", "type"} or before in {"class", "interface", "enum"}:
            return Role.DECLARED
        if before in {"break", "continue"}:
            return Role.FREE
        return Role.CASE if before == "case" else Role.OPERAND

    def _may_begin(self) -> bool:
        """Whether the unfinished name at the end leads to one that is there."""
        return not self._word or bool(self._mode) or self._may_be(self._word, _begins)

    def _may_be(self, word: str, among: Callable[[str, Some], bool]) -> bool:
        """Whether ``word`` is ``among`` the names that can stand here, whatever follows it."""
        role, names = self._role, self._names
        if role in {Role.DECLARED, Role.FREE}:
            return True
        if role is Role.MEMBER:
            return self._may_be_member(word, among)
        if among(word, _KEYWORD):
            return True
        if role is Role.TYPE:
            return among(word, names.types) or any(among(word, scope) for scope in self._classes)
        if role is Role.CASE:
            return among(word, names.project.words) or among(word, names.project.members)
        if self._loose and among(word, names.project.words):
            return True
        return among(word, names.operands) or any(among(word, scope) for scope in (*self._scopes, self._header))

    def _may_be_member(self, word: str, among: Callable[[str, Some], bool]) -> bool:
        members = self._names.project.members_of(self._chain[0])
        if among(word, _AFTER_DOT):
            return True
        if members is not None and (among(word, members.methods) or among(word, members.fields)):
            return True
        return (members is None or not members.whole) and among(word, self._names.project.members)

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
        if word in KEYWORDS and word != "var" and self._before not in {".", "::"}:
            self._before, self._kind, self._chain = word, "keyword", (None, False)
        elif word[0].isdigit():
            self._chain = (None, False)
            self._before, self._kind = word, "literal"
        else:
            self._pending = (word, self._role)
            return self._may_be(word, _is)
        return True

    def _settle(self, character: str) -> bool:
        """Judge the name before, now that ``character`` follows it."""
        if self._pending is None:
            return not self._arrow or character in "->"
        (word, role), self._pending = self._pending, None
        self._arities = ()
        found = self._judge(word, role, character)
        if found is None:
            return False
        self._annotated = role is Role.TYPE and self._before == "@"
        self._method_begins = role is Role.DECLARED
        self._before, self._kind = word, "name"
        self._chain = found
        return True

    def _judge(self, word: str, role: Role, follows: str) -> tuple[str | None, bool] | None:
        """Type of what ``word`` is, and whether it is the class itself; None where it is not there."""
        called = follows == "("
        if role is Role.MEMBER:
            return self._judge_member(word, called)
        if role is Role.DECLARED:
            return None if not called and not self._declare(word) else (None, False)
        if role is Role.TYPE:
            if self._before == "new":
                self._creating = word
                self._arities = self._names.project.constructors(word)
            known = word in self._names.types or word == "var" or self._is_class(word)
            return (word, True) if known else None
        if role is Role.CASE:
            return (None, False) if self._may_be(word, _is) else None
        if role is Role.OPERAND:
            return self._judge_operand(word, follows)
        return (None, False)

    def _judge_operand(self, word: str, follows: str) -> tuple[str | None, bool] | None:
        names, loose = self._names, self._loose
        if follows == "(":
            if word in names.called:
                self._arities = names.arities.get(word, ())
                return (names.called[word], False)
            return (None, False) if loose and word in names.project.words else None
        if _in_name(follows) and follows != "i":  # ``i`` may begin ``instanceof``.
            return (word, True) if word in names.types or word == "var" or self._is_class(word) else None
        for scope in (self._header, *reversed(self._scopes), names.fields):
            if word in scope:
                return (scope[word], False)
        if word in names.types or word == "var":
            return (word, True)
        if word in names.project.lambdas and follows == "-":
            self._arrow = True
            return (None, False)
        if follows == ":" and self._before in {";", "{", "}"}:
            return (None, False)  # A label.
        return (None, False) if loose and word in names.project.words else None

    def _is_class(self, word: str) -> bool:
        return any(word in scope for scope in self._classes)

    def _judge_member(self, word: str, called: bool) -> tuple[str | None, bool] | None:
        of = self._chain[0]
        if self._creating is not None:
            self._creating, called = word, False
            self._arities = self._names.project.constructors(word)
        reference = self._before == "::"
        members = self._names.project.members_of(of)
        if word in _AFTER_DOT:
            return (of if word != "class" else "Class", False)
        if members is not None:
            if (called or reference) and word in members.methods:
                self._arities = members.arities.get(word, ())
                return (members.methods[word], False)
            if not called and word in members.fields:
                return (members.fields[word] or word, word[:1].isupper())
            if members.whole and not (self._chain[1] and not called and word[:1].isupper()):
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
            self._before, self._kind = self._uncommented  # The slash was no operator.
            return self._before in _COMMENTED
        if not self._settle(character):
            return False
        if character == "/" and not self._slash():
            return False
        if character in ",)" and not self._counts(character):
            return False
        handle = _HANDLERS.get(character)
        if handle is not None:
            handle(self)
        elif character in "\"'":
            self._mode, self._kind = character, "literal"
            self._before, self._chain = character, (None, False)
        else:
            self._operator(character)
        return True

    def _operator(self, text: str) -> None:
        """Go on after an operator or a bracket, which leaves no value behind."""
        self._before, self._kind, self._chain = text, "operator", (None, False)

    def _counts(self, character: str) -> bool:
        """Whether as many arguments may stand here as a comma or a closing bracket makes them."""
        if not self._bracket or self._generics:
            return True
        last = self._brackets[-1]
        if character == ")":
            return last.takes(0 if self._before == "(" else last.commas + 1)
        self._brackets = (*self._brackets[:-1], last._replace(commas=last.commas + 1))
        return last.may_take(last.commas + 2)

    def _slash(self) -> bool:
        """Whether something can be divided here, or a comment begin."""
        self._uncommented = (self._before, self._kind)
        divides = self._kind in {"name", "literal"} or self._before in {")", "]"}
        return divides or self._before in _COMMENTED

    def _colon(self) -> None:
        # The chain stays: it may become ``::``.
        self._before, self._kind = "::" if self._last == ":" else ":", "operator"

    def _comma(self) -> None:
        self._several = not self._bracket and self._declares == len(self._braces)
        if self._several:
            self._base = self._declared
        self._operator(",")

    def _dot(self) -> None:
        if self._before == "..":
            self._before, self._kind = "...", "type"
            return
        if self._before == ".":
            self._before = ".."
            return
        self._base = self._before if self._kind == "name" else self._base
        self._before, self._kind = ".", "operator"

    def _open_paren(self) -> None:
        before, kind = self._before, self._kind
        if self._creating is not None:
            entry = Bracket("new", self._creating, self._arities)
            self._creating = None
        elif before in _HEADERS:
            entry = Bracket("header", None)
        elif kind == "name" and self._annotated:
            entry = Bracket("annotation", None)
        elif kind == "name" and self._method_begins:
            entry = Bracket("parameters", None)
        elif kind == "name":
            entry = Bracket("call", self._chain[0], self._arities)
        else:
            entry = Bracket("group", None)
        self._brackets = (*self._brackets, entry._replace(braces=len(self._braces)))
        self._operator("(")

    def _close_paren(self) -> None:
        kind, of = self._brackets[-1][:2] if self._brackets else ("group", None)
        self._brackets = self._brackets[:-1]
        self._chain = (of, False)
        self._class_next = kind == "new"
        self._before, self._kind = ")", "operator"

    def _open_brace(self) -> None:
        # Within brackets it is an array's, a lambda's or a class's, and what the brackets declare goes on after it.
        self._headers = (*self._headers, self._header if self._bracket else {})
        self._braces = (*self._braces, "class" if self._class_next and self._before != "->" else "block")
        self._scopes = (*self._scopes, self._header)
        self._header, self._class_next = {}, False
        self._operator("{")

    def _close_brace(self) -> None:
        self._braces, self._scopes = self._braces[:-1], self._scopes[:-1] or ({},)
        self._header, self._headers = (self._headers[-1], self._headers[:-1]) if self._headers else ({}, ())
        self._operator("}")

    def _semicolon(self) -> None:
        if not self._bracket:
            self._header = {}
        self._class_next = False
        if self._declares == len(self._braces):
            self._declares = -1
        self._operator(";")

    def _open_generics(self) -> None:
        if self._kind == "name" and not self._last.isspace():
            self._generics = (*self._generics, self._before)
        elif self._before == ".":
            self._generics = (*self._generics, ".")
        self._before, self._kind = "<", "operator"

    def _close_generics(self) -> None:
        adjacent = self._last
        if self._before == "-" and adjacent == "-":
            self._arrow_comes()
        elif self._generics and not adjacent.isspace():
            base, self._generics = self._generics[-1], self._generics[:-1]
            if base == ".":  # ``Collections.<String>emptyList()``
                self._operator(".")
                return
            self._base, self._before, self._kind, self._chain = base, base, "type", (base, True)
        else:
            self._operator(">")

    def _arrow_comes(self) -> None:
        if self._arrow:
            self._note(self._lambda, None)
        self._arrow = False
        self._operator("->")

    def _minus(self) -> None:
        if self._arrow:
            self._lambda = self._before
        self._operator("-")

    def _open_bracket(self) -> None:
        self._base = self._before if self._kind == "name" or self._before in PRIMITIVES else self._base
        self._creating = None
        self._brackets = (*self._brackets, Bracket("index", self._chain[0], braces=len(self._braces)))
        self._before, self._kind = "[", "operator"

    def _close_bracket(self) -> None:
        of = self._brackets[-1].of if self._brackets else None
        self._brackets = self._brackets[:-1]
        if self._before == "[":
            self._base, self._before, self._kind = f"{self._base or ''}[]", "]", "type"
            self._chain = (self._base, True)
        else:
            self._before, self._kind = "]", "operator"
            self._chain = (of.removesuffix("[]") if of is not None and of.endswith("[]") else None, False)


_HANDLERS = {
    ".": Reading._dot,
    "(": Reading._open_paren,
    ")": Reading._close_paren,
    "{": Reading._open_brace,
    "}": Reading._close_brace,
    ";": Reading._semicolon,
    ":": Reading._colon,
    ",": Reading._comma,
    ">": Reading._close_generics,
    "<": Reading._open_generics,
    "-": Reading._minus,
    "[": Reading._open_bracket,
    "]": Reading._close_bracket,
}


def _is(word: str, names: Some) -> bool:
    return word in names


def _begins(word: str, names: Some) -> bool:
    return names.begins(word) if isinstance(names, Lexicon) else any(one.startswith(word) for one in names)


def _begins_name(word: str, names: Some) -> bool:
    return names is not _KEYWORD and _begins(word, names)


def _in_name(character: str) -> bool:
    return character.isalnum() or character in "_$" or character >= "\x80"
