"""What a test does with the project's production code, in order of execution, its helpers opened."""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from tailorbird.mining.assertions import FAIL, NO_EXCEPTION, AssertionFinder
from tailorbird.mining.calls import ANY_ARITY, Body, Call, read_body
from tailorbird.mining.declarations import CAUGHT, JavaType, Method, code_of
from tailorbird.mining.kinds import ClassView
from tailorbird.mining.names import TypeIndex
from tailorbird.records import CONSTRUCTOR

_HELPER_DEPTH = 2
_ACCESSOR = re.compile(r"(?:get|is|has)[A-Z]\w*$|size$|length$|toString$|hashCode$|close$")


class Use(msgspec.Struct, frozen=True, gc=False, eq=False):
    """A call of a production method or constructor, by the test itself or through a helper."""

    call: Call
    owner: JavaType
    method: Method
    helper: bool
    checked: bool
    """The body in which the call stands asserts: a helper that does is a part of the test case."""
    inside: bool
    """Within the arguments of an assertion."""
    assertion: int
    """Number of the first assertion that ends after the call; the number of assertions where none does."""

    @property
    def weakness(self) -> tuple[str, ...]:
        """Words of evidence that lower the confidence."""
        words = ["helper"] if self.helper else []
        if self.call.unknown_receiver:
            words.append("receiver-unknown")
        if not self.method.has_body:
            words.append("abstract")
        return (*words,) if self.call.certain else (*words, "overload-guess")

    @property
    def doubts(self) -> int:
        """How much of the call is guessed."""
        return len(set(self.weakness) - {"abstract"})

    @property
    def creates(self) -> bool:
        """The call is a constructor's."""
        return self.method.name == CONSTRUCTOR

    @property
    def observes(self) -> bool:
        """The method only tells a state (``size()``): tests call it to look at what another method did."""
        name, parameters = self.method.name, self.method.parameters
        return name == "equals" or (not parameters and _ACCESSOR.match(name) is not None)


@dataclass(frozen=True, slots=True)
class Story:
    """A test method as it runs."""

    uses: tuple[Use, ...]
    assertions: int
    """How many assertions it makes, its helpers' included."""
    created: tuple[JavaType, ...]
    """The project's types that the test itself creates."""


class Reader:
    """Reads the test methods of one class."""

    def __init__(self, index: TypeIndex, home: JavaType) -> None:
        self._index = index
        self._home = home
        self._view = ClassView(index, home)
        self._bodies: dict[int, Body] = {}
        self._assertions = AssertionFinder(self._body)

    def assertions(self, method: Method) -> tuple[str, ...]:
        """What a test of the class asserts with, as words of `tailorbird.mining.assertions`."""
        return self._assertions.words(self._home, method)

    def asserts(self, method: Method) -> bool:
        """Whether a test of the class asserts anything. An ``assertDoesNotThrow``, or a ``fail`` in a catch block, does
        not: it says that nothing may be thrown, and a test that throws has failed as it is.
        """
        words = tuple(word for word in self.assertions(method) if word != NO_EXCEPTION)
        code = code_of(method)
        if words != (FAIL,) or code is None:
            return bool(words)
        return any(one.name == FAIL and one.text != CAUGHT for one in (code.expressions[at] for at in code.calls))

    def story(self, method: Method, focal: JavaType | None) -> Story:
        """What ``method`` does; ``focal`` settles calls whose receiver is an interface of it, or unknown."""
        uses: list[Use] = []
        assertions = 0
        for step in self._steps(self._home, method, focal, depth=0, inside=False, opened=set()):
            if step is None:
                assertions += 1
            else:
                uses.append(Use(*step, assertion=assertions))
        return Story(tuple(uses), assertions, self._body(self._home, method).created)

    def _steps(
        self, owner: JavaType, method: Method, focal: JavaType | None, *, depth: int, inside: bool, opened: set[int]
    ) -> Iterator[tuple[Call, JavaType, Method, bool, bool, bool] | None]:
        """Uses, their assertion not yet numbered, and, as None, the ends of assertions, in order of execution."""
        body = self._body(owner, method)
        ends = deque(sorted(end for _, end in body.assertions))
        for call in body.calls:
            while ends and ends[0] < call.end:
                ends.popleft()
                yield None
            placed = self._placed(call, focal)
            if placed is None:
                continue
            declared, found, settled = placed
            within = inside or body.asserts_on(call)
            if not declared.scope.is_test:
                yield settled, declared, found, depth > 0, bool(body.assertions), within
            elif depth < _HELPER_DEPTH and id(found) not in opened:
                opened.add(id(found))
                yield from self._steps(declared, found, focal, depth=depth + 1, inside=within, opened=opened)
        yield from [None] * len(ends)

    def _body(self, owner: JavaType, method: Method) -> Body:
        if id(method) not in self._bodies:
            self._bodies[id(method)] = read_body(self._view, owner, method)
        return self._bodies[id(method)]

    def _placed(self, call: Call, focal: JavaType | None) -> tuple[JavaType, Method, Call] | None:
        """The declaration that a call reaches, if it can be told; one with a body where there is one."""
        if call.method is not None and call.owner is not None:
            if call.method.has_body:
                return call.owner, call.method, call
            # The receiver may be an interface of the focal class.
            if focal is None or not any(one is call.owner for one in self._index.lineage(focal)):
                return (*self._index.implementation(call.owner, call.method), call)
        elif focal is None or not call.unknown_receiver:
            return None
        fitting = [
            (owner, one)
            for owner, one in self._index.methods(focal, call.name)
            if (one.has_body or owner is call.owner) and call.arity in (len(one.parameters), ANY_ARITY)
        ]
        if call.method is not None:
            wanted = call.method.parameters
            fitting = [pair for pair in fitting if pair[1].parameters == wanted] or fitting
        if not fitting:
            return None
        same = {pair[1].parameters for pair in fitting}
        settled = msgspec.structs.replace(call, certain=len(same) == 1)
        owner, method = fitting[0]
        return (owner, method, settled) if method.has_body else (*self._index.implementation(owner, method), settled)
