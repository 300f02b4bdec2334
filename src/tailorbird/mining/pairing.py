"""Which method a test is about: by name and call, by the only call, or by the call that is asserted on."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tailorbird.mining.declarations import JavaType, Method
from tailorbird.mining.evidence import confidence
from tailorbird.mining.focal_class import by_name, by_usage
from tailorbird.mining.names import TypeIndex
from tailorbird.mining.naming import NAMING, abbreviates, has_stem, named_after
from tailorbird.mining.uses import Reader, Story, Use

_EXPECTED = re.compile(r"[^{]*@Test\s*\([^{;]*\bexpected")
_CONSTRUCTION = re.compile(r"[Cc]onstruct|[Cc]tor(?![a-z])|[Ii]nstantiat")
_INHERITED = re.compile(
    r"(?:test_?)?(?:[Ee]quals|[Hh]ash[Cc]ode|[Tt]o[Ss]tring|[Cc]ompareTo|[Cc]lone|\w*[Ss]eriali[sz]\w*)$"
)
"""Tests of what every object has: where the class declares no method of that name, they are about none of its own."""
_READER = re.compile(r"(?:get|is|has|find|contains|exists|peek|lookup)(?![a-z])")


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


def _found(use: Use, *words: str) -> Focal:
    return Focal(use.owner, use.method, (*words, *use.weakness))


class Matcher:
    """Finds the focal method of each test of one test class."""

    def __init__(self, index: TypeIndex, test_class: JavaType, reader: Reader) -> None:
        self._index = index
        self._reader = reader
        self._named = by_name(test_class, index)

    def focal(self, method: Method) -> Focal | None:
        """The focal method of one test, or None when the evidence is too thin."""
        named, word = self._named or (None, "class-usage")
        story = self._reader.story(method, named)
        calls = [use for use in story.uses if not use.creates]
        focal = named
        if focal is None:
            receivers = [use.call.receiver for use in calls if use.call.receiver is not None]
            focal = by_usage([*receivers, *story.created])
        own = [use for use in calls if focal is not None and self._belongs(use, focal)]
        others = [use for use in calls if use not in own]
        if named is None:
            others = [use for use in others if _telling(use, method.name)]
            own = [use for use in own if _telling(use, method.name)]
        # Elsewhere a name of several words is specific enough to win; "build" or "get" is not.
        specific = [use for use in others if any(letter.isupper() for letter in use.method.name)]
        found = _by_test_name(method.name, own, word) or _by_test_name(method.name, specific, "class-usage")
        if found is None and named is not None:
            created = [use for use in story.uses if use.creates and use.owner is named]
            found = _without_name(method, own, created, story, word)
        found = found or _by_test_name(method.name, others, "class-usage")
        if found is None and named is None:
            found = _alone(story)
        return found

    def _belongs(self, use: Use, focal: JavaType) -> bool:
        """Whether a method is the focal class's own, inherited, an implementation of it, or a nested class's."""
        declared = use.call.owner or use.owner
        if any(one is use.owner or one is declared for one in self._index.lineage(focal)):
            return True
        if any(one is focal for one in self._index.lineage(use.owner)):
            return True
        nested = use.owner.scope.path == focal.scope.path and use.owner.name.startswith(f"{focal.name}.")
        return nested and not use.owner.name.endswith("Builder")


def _telling(use: Use, test: str) -> bool:
    """Whether a call can be what a test is about whose class names no production class.

    Such tests are often whole scenarios: what helpers set up says nothing, and what is only read there little.
    """
    told = not _only_read(use) or named_after(test, use.method.name) == NAMING[0]
    return told and (not use.helper or use.checked)


def _only_read(use: Use) -> bool:
    return not use.method.parameters and use.inside and use.method.returns != "void"


def _without_name(method: Method, own: Sequence[Use], created: Sequence[Use], story: Story, word: str) -> Focal | None:
    """For a test whose name names no method, of a class that is known by name."""
    expected = _EXPECTED.match(method.text) is not None
    if _INHERITED.match(method.name):
        return _by_stem(method.name, own, word)
    return (
        _constructor_by_name(method.name, created, word)
        or _abbreviated(method.name, own, word)
        or _only(own, word)
        or _asserted(own, story, word)
        or _by_stem(method.name, own, word)
        or (_expected(own, word) if expected else None)
        or _observed(own, word)
        or _constructor(own, created, story, word, expected=expected)
    )


def _by_test_name(test: str, uses: Sequence[Use], word: str) -> Focal | None:
    """The called method that the test's name speaks of; the whole name before a part, long names before short ones."""
    ranked: list[tuple[int, int, int, int]] = []
    for at, use in enumerate(uses):
        how = named_after(test, use.method.name)
        if how is not None:
            # Of equals the last call counts: what a round trip ends with, what an assertion looks at.
            ranked.append((-NAMING.index(how), len(use.method.name), -use.doubts, at))
    if not ranked:
        return None
    strength, _, _, at = max(ranked)
    if word == "class-usage" and NAMING[-strength] == "name-words" and uses[at].helper:
        return None  # Scenes are set by helpers, and a word of a scenario's name often is one of theirs.
    return _found(uses[at], NAMING[-strength], word)


def _alone(story: Story) -> Focal | None:
    """The one production method that a test of no known class calls at all, where it creates none of the project's."""
    if not story.assertions or len({id(use.method) for use in story.uses}) != 1:
        return None
    use = story.uses[0]
    vague = use.creates or use.call.unknown_receiver or (use.helper and not use.method.has_body)
    return None if vague or _only_read(use) else _found(use, "only-call", "class-usage")


def _acting(uses: Sequence[Use]) -> list[Use]:
    """Calls that can be what a test is about: by the test itself before those by its helpers, observers last."""
    certain = [use for use in uses if not use.call.unknown_receiver]
    doing = [use for use in certain if not use.observes]
    return [use for use in doing if not use.helper] or doing or certain


def _abbreviated(test: str, uses: Sequence[Use], word: str) -> Focal | None:
    """The one method whose name goes on where the test's ends: ``render`` is about ``renderComponent``."""
    fitting = [use for use in _acting(uses) if abbreviates(test, use.method.name)]
    return _found(fitting[-1], "name-start", word) if len({use.method.name for use in fitting}) == 1 else None


def _only(uses: Sequence[Use], word: str) -> Focal | None:
    """The one method that the test calls of its focal class; an observer alone must be asserted on."""
    acting = _acting(uses)
    if len({id(use.method) for use in acting}) != 1:
        return None
    use = min(acting, key=lambda one: len(one.weakness))
    if use.observes and not any(one.inside for one in acting):
        return None
    return _found(use, "only-call", word)


def _by_stem(test: str, uses: Sequence[Use], word: str) -> Focal | None:
    """The one method whose stem stands in the test's name: ``testTrailingBitsDecoding`` is about ``decode``."""
    fitting = [use for use in _acting(uses) if has_stem(test, use.method.name)]
    return _found(fitting[-1], "name-stem", word) if len({use.method.name for use in fitting}) == 1 else None


def _asserted(uses: Sequence[Use], story: Story, word: str) -> Focal | None:
    """The last method of the focal class called before or inside the first assertion that follows such a call."""
    acting = _acting(uses)
    for number in range(story.assertions):
        before = [use for use in acting if use.assertion <= number]
        if before and not before[-1].observes:
            # What an assertion gets by its key may only show what another call did to the state.
            changes = [use for use in before if use.method.returns == "void" and not use.inside]
            reads = before[-1].inside and _READER.match(before[-1].method.name) is not None
            if reads and not changes and any(not _READER.match(use.method.name) for use in before):
                return None  # Which of the others made what is read, no one can tell.
            return _found(changes[-1] if reads and changes else before[-1], "assertion-call", word)
    return None


def _expected(uses: Sequence[Use], word: str) -> Focal | None:
    """``@Test(expected = …)``: the last call is the one that must throw."""
    acting = [use for use in _acting(uses) if not use.observes]
    return _found(acting[-1], "expected-call", word) if acting else None


def _observed(uses: Sequence[Use], word: str) -> Focal | None:
    """A test that only reads: the first getter that it asserts on."""
    certain = [use for use in uses if not use.call.unknown_receiver]
    inside = [use for use in certain if use.inside and not use.helper]
    return _found(inside[0], "asserted-getter", word) if inside and all(use.observes for use in certain) else None


def _constructor_by_name(test: str, created: Sequence[Use], word: str) -> Focal | None:
    """A test that says it is about construction, and constructs its focal class."""
    return _found(created[-1], "name-constructor", word) if created and _CONSTRUCTION.search(test) else None


def _constructor(
    own: Sequence[Use], created: Sequence[Use], story: Story, word: str, *, expected: bool
) -> Focal | None:
    """A test that does nothing with its focal class but create it and look at it, and asserts on that."""
    if not created or not (story.assertions or expected) or not all(use.observes for use in own):
        return None
    inside = [use for use in created if use.inside]
    return _found(inside[0] if inside else created[-1], "only-constructor", word)
