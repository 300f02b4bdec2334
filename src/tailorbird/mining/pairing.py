"""Which method a test is about: by name and call, by the only call, or by the call that is asserted on."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tailorbird.mining.calls import Body, Call, Reader
from tailorbird.mining.evidence import confidence
from tailorbird.mining.focal_class import by_name, by_usage
from tailorbird.mining.java import JavaType, Method
from tailorbird.mining.names import TypeIndex

_HELPER_DEPTH = 2
_ACCESSOR = re.compile(r"(?:get|is|has)[A-Z]\w*$|size$|length$|isEmpty$|toString$|hashCode$|equals$|close$")
_LEADING = re.compile(r"^(?:test(?:s|ing)?|should|check|verify)(?=[A-Z_\d]|$)_*")


@dataclass(frozen=True, slots=True, eq=False)
class Focal:
    """A focal method and why it is thought to be one."""

    owner: JavaType
    method: Method
    evidence: tuple[str, ...]

    @property
    def confidence(self) -> float:
        """From the evidence, 0 to 1."""
        return confidence(self.evidence)


@dataclass(frozen=True, slots=True)
class _Use:
    """A call of a production method, by the test itself or through a helper."""

    call: Call
    owner: JavaType
    method: Method
    helper: bool
    start: int
    """Where the test makes it: the helper's own call site for an indirect one."""
    end: int

    @property
    def weakness(self) -> tuple[str, ...]:
        words = ["helper"] if self.helper else []
        if self.call.unknown_receiver:
            words.append("receiver-unknown")
        return (*words,) if self.call.certain else (*words, "overload-guess")


class Matcher:
    """Finds the focal method of each test of one test class."""

    def __init__(self, index: TypeIndex, test_class: JavaType) -> None:
        self._index = index
        self._class = test_class
        self._reader = Reader(index, test_class)
        self._named = by_name(test_class, index)
        self._bodies: dict[int, Body] = {}

    def focal(self, method: Method) -> Focal | None:
        """The focal method of one test, or None when the evidence is too thin."""
        body = self._body(self._class, method)
        focal, word = self._named or (None, "class-usage")
        uses = self._uses(body, focal)
        if focal is None:
            receivers = [use.call.receiver for use in uses if use.call.receiver is not None]
            focal = by_usage([*receivers, *body.created])
        family = {id(one) for one in self._index.lineage(focal)} if focal is not None else set[int]()
        own = [use for use in uses if id(use.owner) in family]
        return (
            _by_test_name(method.name, own, word)
            or _by_test_name(method.name, [use for use in uses if id(use.owner) not in family], "class-usage")
            or _only(own, word)
            or _asserted(own, body, word)
        )

    def _body(self, owner: JavaType, method: Method) -> Body:
        if id(method) not in self._bodies:
            self._bodies[id(method)] = self._reader.read(owner, method)
        return self._bodies[id(method)]

    def _uses(self, body: Body, focal: JavaType | None) -> list[_Use]:
        """Production methods with a body that are called, in the order of execution; helpers opened to a small depth."""
        found: list[_Use] = []
        pending: list[tuple[Call, int, int, int]] = [(call, 0, call.start, call.end) for call in reversed(body.calls)]
        opened: set[int] = set()
        while pending:
            call, depth, start, end = pending.pop()
            placed = self._placed(call, focal)
            if placed is None:
                continue
            owner, method, settled = placed
            if not owner.scope.is_test:
                found.append(_Use(settled, owner, method, depth > 0, start, end))
            elif depth < _HELPER_DEPTH and id(method) not in opened:
                opened.add(id(method))
                inner = self._body(owner, method).calls
                pending.extend((one, depth + 1, start, end) for one in reversed(inner))
        return found

    def _placed(self, call: Call, focal: JavaType | None) -> tuple[JavaType, Method, Call] | None:
        """The declaration with a body that a call reaches, if it can be told."""
        if call.method is not None and call.owner is not None and call.method.has_body:
            return call.owner, call.method, call
        if focal is None or (call.method is None and not call.unknown_receiver):
            return None
        # The receiver is an interface of the focal class, or nothing is known of it.
        if call.owner is not None and not any(one is call.owner for one in self._index.lineage(focal)):
            return None
        fitting = [
            (owner, one)
            for owner, one in self._index.methods(focal, call.name)
            if one.has_body and len(one.parameters) == call.arity
        ]
        if call.method is not None:
            wanted = call.method.parameters
            fitting = [pair for pair in fitting if pair[1].parameters == wanted] or fitting
        if not fitting:
            return None
        same = {pair[1].parameters for pair in fitting}
        return (*fitting[0], replace(call, certain=len(same) == 1))


def _by_test_name(test: str, uses: Sequence[_Use], word: str) -> Focal | None:
    bare = _LEADING.sub("", test) or test
    compact = bare.replace("_", "").lower()
    ranked: list[tuple[int, int, int, str, _Use]] = []
    for position, use in enumerate(uses):
        how = _named_after(bare, compact, use.method.name)
        if how is not None:
            strength = {"name-equals": 2, "name-prefix": 1, "name-words": 0}[how]
            ranked.append((strength, len(use.method.name), -len(use.weakness), how, use))
    if not ranked:
        return None
    # Of equals the last call counts: what a round trip ends with, what an assertion looks at.
    best = max(range(len(ranked)), key=lambda at: (*ranked[at][:3], at))
    how, use = ranked[best][3], ranked[best][4]
    return Focal(use.owner, use.method, (how, word, *use.weakness))


def _named_after(bare: str, compact: str, name: str) -> str | None:
    lower = name.lower()
    if len(lower) < 2:
        return None
    if compact == lower:
        return "name-equals"
    if compact.startswith(lower) and _ends_word(bare, name):
        return "name-prefix"
    capital = name[0].upper() + name[1:]
    at = bare.find(capital)
    # A single short word ("get", "add") says little in the middle of a name.
    if at > 0 and len(name) >= 4 and _boundary(bare, at + len(capital)):
        return "name-words"
    return None


def _ends_word(bare: str, name: str) -> bool:
    """Whether ``name`` ends where a word of the test's name ends: ``testDecoder`` is not about ``decode``."""
    at, left = 0, len(name)
    while left and at < len(bare):
        left -= bare[at] != "_"
        at += 1
    return _boundary(bare, at)


def _boundary(text: str, at: int) -> bool:
    return at >= len(text) or not text[at].islower()


def _only(uses: Sequence[_Use], word: str) -> Focal | None:
    """The one method that the test calls of its focal class; accessors beside it do not count."""
    certain = [use for use in uses if not use.call.unknown_receiver]
    acting = [use for use in certain if not _ACCESSOR.match(use.method.name)]
    for group in (acting, certain):
        if len({id(use.method) for use in group}) == 1:
            use = min(group, key=lambda one: len(one.weakness))
            return Focal(use.owner, use.method, ("only-call", word, *use.weakness))
    return None


def _asserted(uses: Sequence[_Use], body: Body, word: str) -> Focal | None:
    """The last method of the focal class called before or inside the first assertion that follows such a call."""
    certain = [use for use in uses if not use.call.unknown_receiver]
    acting = [use for use in certain if not _ACCESSOR.match(use.method.name)] or certain
    for _, end in body.assertions:
        before = [use for use in acting if use.start < end]
        if before:
            use = before[-1]
            return Focal(use.owner, use.method, ("assertion-call", word, *use.weakness))
    return None
