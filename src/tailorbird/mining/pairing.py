"""Which method a test is about: by name and call, by the only call, or by the call that is asserted on."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tailorbird.mining.calls import Body, Call, read_body
from tailorbird.mining.declarations import JavaType, Method
from tailorbird.mining.evidence import confidence
from tailorbird.mining.focal_class import by_name, by_usage
from tailorbird.mining.kinds import ClassView
from tailorbird.mining.names import TypeIndex
from tailorbird.mining.naming import NAMING, has_stem, named_after
from tailorbird.records import CONSTRUCTOR

_CONSTRUCTION = re.compile(r"[Cc]onstruct|[Cc]tor(?![a-z])|[Ii]nstantiat")
_HELPER_DEPTH = 2
_EXPECTED = re.compile(r"[^{]*@Test\s*\([^{;]*\bexpected\s*=")
_ACCESSOR = re.compile(r"(?:get|is|has)[A-Z]\w*$|size$|length$|toString$|hashCode$|close$")


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
        if not self.method.has_body:
            words.append("abstract")
        return (*words,) if self.call.certain else (*words, "overload-guess")

    @property
    def creates(self) -> bool:
        """The call is a constructor's."""
        return self.method.name == CONSTRUCTOR

    @property
    def observes(self) -> bool:
        """The method only tells a state (``size()``): tests call it to look at what another method did."""
        name, parameters = self.method.name, self.method.parameters
        return name == "equals" or (not parameters and _ACCESSOR.match(name) is not None)


class Matcher:
    """Finds the focal method of each test of one test class."""

    def __init__(self, index: TypeIndex, test_class: JavaType) -> None:
        self._index = index
        self._class = test_class
        self._view = ClassView(index, test_class)
        self._named = by_name(test_class, index)
        self._bodies: dict[int, Body] = {}

    def focal(self, method: Method) -> Focal | None:
        """The focal method of one test, or None when the evidence is too thin."""
        body = self._body(self._class, method)
        focal, word = self._named or (None, "class-usage")
        everything = self._uses(body, focal)
        uses = [use for use in everything if not use.creates]
        if focal is None:
            receivers = [use.call.receiver for use in uses if use.call.receiver is not None]
            focal = by_usage([*receivers, *body.created])
        family = {id(one) for one in self._index.lineage(focal)} if focal is not None else set[int]()
        own = [use for use in uses if id(use.owner) in family]
        others = [use for use in uses if id(use.owner) not in family]
        # Elsewhere a name of several words is specific enough to win; "build" or "get" is not.
        specific = [use for use in others if any(letter.isupper() for letter in use.method.name)]
        found = _by_test_name(method.name, own, word) or _by_test_name(method.name, specific, "class-usage")
        if found is None and self._named is not None:
            created = [use for use in everything if use.creates and use.owner is focal]
            expected = _EXPECTED.match(method.text) is not None
            found = (
                _constructor_by_name(method.name, created, word)
                or _only(own, body, word)
                or _by_stem(method.name, own, word)
                or _asserted(own, body, word)
                or (_expected(own, word) if expected else None)
                or _constructor(created, body, word, expected=expected)
            )
        elif found is None and not any(use.helper for use in own) and all(use.observes or use.helper for use in others):
            # Without a name that says so, a class is the focal one only when the test acts on no other.
            found = _only(own, body, word)
        return found or _by_test_name(method.name, others, "class-usage")

    def _body(self, owner: JavaType, method: Method) -> Body:
        if id(method) not in self._bodies:
            self._bodies[id(method)] = read_body(self._view, owner, method)
        return self._bodies[id(method)]

    def _uses(self, body: Body, focal: JavaType | None) -> list[_Use]:
        """Calls of production methods with a body, in order of execution; helpers are opened to a small depth."""
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

    def _implementation(self, owner: JavaType, method: Method) -> tuple[JavaType, Method]:
        """The one production method that implements an abstract one; the abstract one where there are several."""
        found = [
            (below, one)
            for below in self._index.subtypes(owner)
            for one in below.methods
            if one.name == method.name and one.parameters == method.parameters and one.has_body
        ]
        return found[0] if len(found) == 1 else (owner, method)

    def _placed(self, call: Call, focal: JavaType | None) -> tuple[JavaType, Method, Call] | None:
        """The declaration that a call reaches, if it can be told; one with a body where there is one."""
        if call.method is not None and call.owner is not None:
            if call.method.has_body:
                return call.owner, call.method, call
            # The receiver may be an interface of the focal class.
            if focal is None or not any(one is call.owner for one in self._index.lineage(focal)):
                return (*self._implementation(call.owner, call.method), call)
        elif focal is None or not call.unknown_receiver:
            return None
        fitting = [
            (owner, one)
            for owner, one in self._index.methods(focal, call.name)
            if (one.has_body or owner is call.owner) and len(one.parameters) == call.arity
        ]
        if call.method is not None:
            wanted = call.method.parameters
            fitting = [pair for pair in fitting if pair[1].parameters == wanted] or fitting
        if not fitting:
            return None
        same = {pair[1].parameters for pair in fitting}
        settled = replace(call, certain=len(same) == 1)
        owner, method = fitting[0]
        return (owner, method, settled) if method.has_body else (*self._implementation(owner, method), settled)


def _by_test_name(test: str, uses: Sequence[_Use], word: str) -> Focal | None:
    """The called method that the test's name speaks of; the whole name before a part, long names before short ones."""
    ranked: list[tuple[int, int, int, int]] = []
    for at, use in enumerate(uses):
        how = named_after(test, use.method.name)
        if how is not None:
            # Of equals the last call counts: what a round trip ends with, what an assertion looks at.
            ranked.append((-NAMING.index(how), len(use.method.name), -len(use.weakness), at))
    if not ranked:
        return None
    strength, _, _, at = max(ranked)
    use = uses[at]
    return Focal(use.owner, use.method, (NAMING[-strength], word, *use.weakness))


def _acting(uses: Sequence[_Use]) -> list[_Use]:
    """Calls that can be what a test is about: by the test itself before those by its helpers, observers last."""
    certain = [use for use in uses if not use.call.unknown_receiver]
    doing = [use for use in certain if not use.observes]
    return [use for use in doing if not use.helper] or doing or certain


def _only(uses: Sequence[_Use], body: Body, word: str) -> Focal | None:
    """The one method that the test calls of its focal class; an observer alone must be asserted on."""
    acting = _acting(uses)
    if len({id(use.method) for use in acting}) != 1:
        return None
    use = min(acting, key=lambda one: len(one.weakness))
    inside = any(start <= one.start and one.end <= end for one in acting for start, end in body.assertions)
    if use.observes and not inside:
        return None
    return Focal(use.owner, use.method, ("only-call", word, *use.weakness))


def _by_stem(test: str, uses: Sequence[_Use], word: str) -> Focal | None:
    """The one method whose stem stands in the test's name: ``testTrailingBitsDecoding`` is about ``decode``."""
    fitting = [use for use in _acting(uses) if has_stem(test, use.method.name)]
    if len({use.method.name for use in fitting}) != 1:
        return None
    use = fitting[-1]
    return Focal(use.owner, use.method, ("name-stem", word, *use.weakness))


def _asserted(uses: Sequence[_Use], body: Body, word: str) -> Focal | None:
    """The last method of the focal class called before or inside the first assertion that follows such a call."""
    acting = _acting(uses)
    for _, end in body.assertions:
        before = [use for use in acting if use.start < end]
        if before and not before[-1].observes:
            use = before[-1]
            return Focal(use.owner, use.method, ("assertion-call", word, *use.weakness))
    return None


def _expected(uses: Sequence[_Use], word: str) -> Focal | None:
    """``@Test(expected = …)``: the last call is the one that must throw."""
    acting = [use for use in _acting(uses) if not use.observes]
    return Focal(acting[-1].owner, acting[-1].method, ("expected-call", word, *acting[-1].weakness)) if acting else None


def _constructor_by_name(test: str, created: Sequence[_Use], word: str) -> Focal | None:
    """A test that says it is about construction, and constructs its focal class."""
    if not created or _CONSTRUCTION.search(test) is None:
        return None
    return Focal(created[-1].owner, created[-1].method, ("name-constructor", word, *created[-1].weakness))


def _constructor(created: Sequence[_Use], body: Body, word: str, *, expected: bool) -> Focal | None:
    """A test that does nothing with its focal class but create it, and asserts on that."""
    if not created or not (body.assertions or expected):
        return None
    inside = [use for use in created if any(start <= use.start and use.end <= end for start, end in body.assertions)]
    use = (inside or created)[0 if inside else -1]
    return Focal(use.owner, use.method, ("only-constructor", word, *use.weakness))
