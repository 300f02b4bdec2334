"""What a test's name says of the method it is about."""

import re

NAMING = ("name-equals", "name-prefix", "name-words")
"""The ways in which a test's name speaks of a method, strongest first."""

_LEADING = re.compile(r"^(?:test(?:s|ing)?|should|check|verify)(?=[A-Z_\d]|$)_*")
_CARELESS = re.compile(r"^test(?=[a-z])")
"""``testaddSubModel``: of some other word (``testing``) what is left names no method."""
_PROPERTY = re.compile(r"(?:get|set|is|has|to|with|new|create|make|build)(?=[A-Z])")
_CIRCUMSTANCE = re.compile(
    r"(?:^|(?<=[a-z0-9_]))(?:In|On|With|Without|After|Before|When|While|From|By|Of|Via|During|No|Not)_?$"
)
"""What follows is where or how, not what: ``emitInHandler`` is not about ``handler``."""
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
# Shorter words ("get", "add") say little in the middle of a name.
_TELLING_LETTERS = 4


def named_after(test: str, method: str) -> str | None:
    """Whether a test's name is, starts with, or contains a method's name as words: one of NAMING, or None."""
    found = _named_after(test, method)
    return found or (_named_after(_CARELESS.sub("", test), method) if _CARELESS.match(test) else None)


def _named_after(test: str, method: str) -> str | None:
    bare = _LEADING.sub("", test) or test
    compact, lower = _compact(bare), _compact(method)
    if len(lower) < 2:
        return None
    if compact == lower:
        return "name-equals"
    if compact.startswith(lower) and _ends_word(bare, len(lower)):
        return "name-prefix"
    if compact == _compact(_PROPERTY.sub("", method)):
        return "name-words"
    capital = method[0].upper() + method[1:]
    at = bare.find(capital)
    if (
        at > 0
        and len(method) >= _TELLING_LETTERS
        and _boundary(bare, at + len(capital))
        and not (len(_words(method)) == 1 and _CIRCUMSTANCE.search(bare[:at]))
    ):
        return "name-words"
    # Between underscores even a short name is a word of its own.
    if "_" in bare and method in bare.split("_"):
        return "name-words"
    return "name-words" if _in_order(_words(method), _words(bare)) else None


def has_stem(test: str, method: str) -> bool:
    """Whether the stem of a method's name stands anywhere in the test's: ``decode`` in ``testTrailingBitsDecoding``."""
    stem = _compact(method).rstrip("e")
    return len(stem) >= _TELLING_LETTERS and stem in _compact(test)


def abbreviates(test: str, method: str) -> bool:
    """Whether a method's name goes on where the test's whole name ends: ``render`` of ``renderComponent``."""
    bare = _LEADING.sub("", test) or test
    compact = _compact(bare)
    return (
        len(compact) >= _TELLING_LETTERS and _compact(method).startswith(compact) and _ends_word(method, len(compact))
    )


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(name)]


def _in_order(words: list[str], among: list[str]) -> bool:
    """Whether a name of several words stands in another, other words between allowed."""
    rest = iter(among)
    return len(words) > 1 and all(word in rest for word in words)


def _compact(name: str) -> str:
    return name.replace("_", "").lower()


def _ends_word(bare: str, letters: int) -> bool:
    """Whether a word ends after so many letters, ``_`` not counted: ``Decoder`` does not start with ``decode``."""
    at = 0
    while letters and at < len(bare):
        letters -= bare[at] != "_"
        at += 1
    return _boundary(bare, at)


def _boundary(text: str, at: int) -> bool:
    return at >= len(text) or not text[at].islower()
