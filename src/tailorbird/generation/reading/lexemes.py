"""Java's own words, and what else a reader of candidates tells names and marks apart by."""

import re
from collections.abc import Mapping
from itertools import pairwise

from tailorbird.generation.lexicon import Keywords, Lexicon
from tailorbird.generation.types import LAMBDA, NULL, PRIMITIVE, VOID

PRIMITIVES = PRIMITIVE | {VOID}
KEYWORDS = PRIMITIVES | {
    "abstract", "assert", "break", "case", "catch", "class", "const", "continue", "default", "do", "else", "enum",
    "extends", "final", "finally", "for", "goto", "if", "implements", "import", "instanceof", "interface", "native",
    "new", "package", "private", "protected", "public", "return", "static", "strictfp", "super", "switch",
    "synchronized", "this", "throw", "throws", "transient", "try", "volatile", "while", "true", "false", "null", "var",
    "yield",
}  # fmt: skip
STANDING = Keywords(KEYWORDS - {"const", "goto", "import", "native", "package", "strictfp", "transient", "volatile"})
DECLARING = PRIMITIVES | {"final"}
UNTESTLIKE = frozenset({
    "abstract", "assert", "class", "do", "enum", "extends", "implements", "interface", "private", "protected", "public",
    "return", "static", "switch", "synchronized", "throw", "while", "yield", "var", "break", "continue", "case",
    "default", "throws", "instanceof", "super", "for", "if", "else",
})  # fmt: skip
"""What a body that goes straight ahead has no need of. Of sampled tests with a loop or a choice an eighth passed."""
IN_BODIES = Keywords(set(STANDING) - UNTESTLIKE)
IN_HEADERS = Keywords(("public", "void", "throws"))
WITHOUT_DECLARATIONS = Keywords(set(IN_BODIES) - DECLARING)
LITERALS = {"true": "boolean", "false": "boolean", "null": NULL}
COMMENTED = frozenset({"", ";", "{", "}", ":"})
"""After these a comment may stand: within a statement a small model says nothing more, once it comments."""
BEFORE_TYPES = frozenset({"throws", "extends", "implements", "instanceof", "new", "@"})
CATCHING = frozenset({"(", "|", "final"})
"""After these ``catch`` has a type."""
HEADERS = frozenset({"for", "catch", "try"})
CONDITIONS = frozenset({"if", "while", "switch", "synchronized"})
WITH_ARGUMENTS = frozenset({"call", "new"})
FRESH = frozenset({"return", "throw", "yield", "case", "assert"})
"""An expression follows that may be of any type."""
OF_CLASSES, OF_OBJECTS = Lexicon(("class",)), Lexicon(("new",))
WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
LONGEST_NAME, LONGEST_TEXT, LONGEST_NUMBER = 40, 60, 12
"""Characters of a new name, of a literal or comment, and of a number."""
LONGEST_TEST = 80
"""Characters of a test's name."""
DEEPEST_STRAIGHT = 3
"""Brackets within brackets on the shortest way to the focal method."""
MOST_UNUSED, MOST_VALUES, MOST_LINKS, DEEPEST, MOST_OPERATORS = 3, 12, 3, 4, 2
"""Variables that may stand unused before the next is declared, values of an array, members in a chain, brackets
within brackets, and operators in a row: a model that goes round in circles goes on and on."""
DIGITS = 2
NARROW = frozenset({"byte", "short", "char"})
LARGEST = {"byte": 0x7F, "short": 0x7FFF, "char": 0xFFFF}
LARGEST_INT = 1 << 31
"""With a minus before it; without one, a literal less."""
NUMBERS = ("int", "long", "float", "double")
ALIKE: Mapping[str, tuple[str, ...]] = {
    "String": ("String",),
    "boolean": ("boolean",),
    "char": ("char",),
    **dict.fromkeys(("byte", "short", *NUMBERS), NUMBERS),
}
"""Types that can be equal to one of which there are literals."""
RESULTS: Mapping[str, tuple[str, ...]] = {
    "+": ("String", *NUMBERS),
    **dict.fromkeys("-*/%", NUMBERS),
    **dict.fromkeys("<>", ("boolean", "int", "long")),
    **dict.fromkeys("&|^", ("boolean", "int", "long")),
    "!": ("boolean",),
    "=": ("boolean",),
}
"""Types of which one comes out of an operator that begins so."""
WITHOUT_PARAMETERS = frozenset({
    LAMBDA, "BooleanSupplier", "Callable", "Executable", "Runnable", "Supplier", "ThrowingRunnable", "ThrowingSupplier",
})  # fmt: skip
DOING: frozenset[str | None] = frozenset({LAMBDA, "Executable", "Runnable", "ThrowingCallable", "ThrowingRunnable"})
"""What their lambdas come to is nothing: they call something."""
QUOTED = {'"': "String", "'": "char"}
STARTS = frozenset({";", "{", "}"})
BEFORE_VALUES = frozenset({"(", ",", "=", "->"})
BEFORE_OPENINGS = STARTS | {"final"}

Some = Lexicon | Mapping[str, str | None] | list[str]
"""Names of some kind, which can be asked for one."""


def stutters(word: str) -> bool:
    """Whether a new name says a word twice in a row, or goes on without end."""
    words = [one.lower() for one in WORDS.findall(word)]
    long = len(word) > LONGEST_NAME or any(len(one) > DIGITS for one in words if one.isdigit())
    return long or any(one == other for one, other in pairwise(words))


def is_name(word: str, names: Some) -> bool:
    """Whether ``word`` is among the names."""
    return word in names


def begins(word: str, names: Some) -> bool:
    """Whether one of the names begins with ``word``."""
    return names.begins(word) if isinstance(names, Lexicon) else any(one.startswith(word) for one in names)


def begins_name(word: str, names: Some) -> bool:
    """The same, where Java's own words do not count."""
    return not isinstance(names, Keywords) and begins(word, names)


def in_name(character: str) -> bool:
    """Whether a name can hold the character."""
    return character.isalnum() or character in "_$" or character >= "\x80"
