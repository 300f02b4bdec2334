"""Which production class a test class is about."""

import re
from collections import Counter
from collections.abc import Sequence

from tailorbird.mining.declarations import JavaType
from tailorbird.mining.names import TypeIndex, nearest

_SUFFIX = re.compile(r"(?:Abstract|Base|Unit|Integration|IT)?(?:Tests?|TestCases?|TestBase|IT)$")
_WORDS = re.compile(r"[A-Z]+(?![a-z])\d*|[A-Z]?[a-z]+\d*|\d+|_")


def by_name(test_class: JavaType, index: TypeIndex) -> tuple[JavaType, str] | None:
    """The focal class by the test class's name, and the word of evidence for it; an inner class's name wins."""
    names = test_class.name.split(".")
    for name in reversed(names):
        for stripped in _stripped(name):
            found = _unique(index.production_named(stripped), test_class)
            if found is not None:
                return found, "class-name"
    for name in reversed(names):
        for shorter in _prefixes(name):
            same = [one for one in index.production_named(shorter) if one.scope.package == test_class.scope.package]
            if same:
                return nearest(same, test_class), "class-prefix"
    for name in reversed(names):
        for shorter in _suffixes(name):
            same = [one for one in index.production_named(shorter) if one.scope.package == test_class.scope.package]
            if same:
                return nearest(same, test_class), "class-suffix"
    return None


def by_usage(used: Sequence[JavaType]) -> JavaType | None:
    """The production class that a test creates or calls most, when one leads; None when two share the lead."""
    ranked = Counter(id(one) for one in used if not one.scope.is_test).most_common(2)
    if not ranked or (len(ranked) == 2 and ranked[0][1] == ranked[1][1]):
        return None
    return next(one for one in used if id(one) == ranked[0][0])


def _stripped(name: str) -> list[str]:
    """Names that a test class's name may stand for, the likeliest first."""
    found = [_SUFFIX.sub("", name)]
    if name.startswith("Test"):
        found += [name[4:], _SUFFIX.sub("", name[4:])]
    for affix in ("Abstract", "Base"):
        found += [one.removesuffix(affix) for one in found if one.endswith(affix)]
        found += [one.removeprefix(affix) for one in found if one.startswith(affix)]
    return [one for one in dict.fromkeys(found) if one and one != name]


def _prefixes(name: str) -> list[str]:
    """``Base64Codec13Test`` gives ``Base64Codec13``, ``Base64Codec``, ``Base64``: at least two words or six letters."""
    words = _WORDS.findall(_SUFFIX.sub("", name).removeprefix("Test"))
    prefixes = ["".join(words[:count]) for count in range(len(words) - 1, 0, -1)]
    return [one for one in prefixes if len(one) >= 6]


def _suffixes(name: str) -> list[str]:
    """``Java15BugFastDateParserTest`` gives ``FastDateParser``: what is left of at least two words."""
    words = _WORDS.findall(_SUFFIX.sub("", name).removeprefix("Test"))
    return ["".join(words[at:]) for at in range(1, len(words) - 1)]


def _unique(found: Sequence[JavaType], test_class: JavaType) -> JavaType | None:
    same = [one for one in found if one.scope.package == test_class.scope.package]
    if same:
        return nearest(same, test_class)
    distinct = {one.qualified_name for one in found}
    return nearest(found, test_class) if len(distinct) == 1 else None
