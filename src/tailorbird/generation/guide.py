"""What one candidate may go on with, by grammar, names and types; and how it gets to the focal method.

A small model knows what a test is about sooner than how many brackets are open. With a guide every candidate is one
whole method: what cannot follow is never taken, and near the limit what is open is closed. Where names are known too,
what leads nowhere is taken back, and a candidate that never got to the focal method, or never asserted anything, has a
second beginning.
"""

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, replace
from math import inf

import numpy as np
import torch
from llguidance import LLMatcher

from tailorbird.generation.completing import complete
from tailorbird.generation.names import Names
from tailorbird.generation.reading import Reading
from tailorbird.generation.syntax import Syntax, after, allows

CLOSING_SHARE, MOST_CLOSING = 3, 32
"""So many of the last tokens, or a third of a short limit, are kept for closing what is open."""

FEW, MANY = 32, 512
"""Tokens that are asked for their names, at first and at most."""

_AFTER_KEYWORDS = (" ", "(", ";", ".", "{", ")", ",")
_COPIES = {1: 5, 2: 5}
_MOST_COPIES, _LONGEST_CYCLE = 3, 24
"""So often in a row the same tokens may stand, and as long may what is repeated be; up to two tokens more often."""

_PULL, _MORE = 1.5, 1.5
"""What is added to the scores of tokens that lead to the focal method, at once and for each statement without it."""
_FORCE = 12.0
"""The same where the model goes round in circles without having called it, and on the straight way to the call or to
the assertion after it."""

_WHOLE = 2
"""Merit of a candidate that is a whole test."""
_STRAIGHT_ON = 64
"""A candidate that goes straight on writes at most so many more tokens."""
_OF_THE_END = 2
"""Tokens that end a method: its brace, and the end itself."""

Rank = Callable[[torch.Tensor], torch.Tensor]
"""From scores, (vocabulary,), what decides: the token of the highest rank is taken, of those that may be."""


@dataclass(frozen=True, slots=True)
class Ways:
    """How often a candidate that leads nowhere, or round in circles, may go another way."""

    left: int = 0
    kept: int = 0
    """So many of these are for a candidate that is still short."""
    usual: int = 0
    """Tokens of a usual test: with fewer, one is short."""

    def are_left(self, tokens: int) -> bool:
        """Whether there is one for a candidate of so many ``tokens``."""
        return self.left > (0 if tokens < self.usual else self.kept)

    def one_less(self) -> "Ways":
        """What is left after one."""
        return replace(self, left=self.left - 1)


NO_WAYS = Ways()


@dataclass(frozen=True, slots=True)
class _Place:
    """Somewhere in a candidate."""

    count: int
    """Tokens before it."""
    matcher: LLMatcher
    reading: Reading


class Guide:
    """What one candidate of at most ``steps`` tokens may go on with. It is told of each token that is taken.

    With ``names`` it uses these alone; and ``steers`` says whether it is led to the focal method too, ``straight`` on
    where nothing else is to be said before. The tokens ``given`` are taken without being asked for. Where it leads
    nowhere or round in circles, it may try other ``ways``.
    """

    def __init__(
        self,
        syntax: Syntax,
        steps: int,
        names: Names | None = None,
        *,
        steers: bool = True,
        straight: bool = False,
        given: Sequence[int] = (),
        ways: Ways = NO_WAYS,
    ) -> None:
        self._syntax, self._steps, self._names, self._steers = syntax, steps, names, steers
        self._matcher, self._left = syntax.begin(), steps
        self._reading = Reading(names, steers=steers, straight=straight) if names is not None else None
        self._closing = min(MOST_CLOSING, steps // CLOSING_SHARE)
        self._straight, self._given = straight, [(token, inf) for token in given]
        self._completed = 0
        """Tokens that names and types have written, and not the model."""
        self._ways = ways
        self._tried: dict[tuple[int, ...], frozenset[int]] = {}
        """After these tokens those that led nowhere."""
        self._open: tuple[tuple[int, float], ...] = ()
        """Tokens of the open statement, and how much likelier each one was than the next."""
        self._repeats = False
        """The open statement stands there already."""
        self._start, self._margin = 0, inf
        """How many tokens there were before it; and of the token that is taken next how much likelier it is."""
        self._taken: tuple[int, ...] = ()
        """The last tokens."""
        self._cyclic: frozenset[int] | None = None
        """Those that would only say these once more; None until it is asked."""
        self._count, self._whole = 0, 0
        """Tokens so far, and up to the end of the last whole statement of the method itself."""
        self._called, self._asserted = False, False
        """Whether by then the focal method had been called, and something asserted."""
        self._over, self._lost = False, False
        """No more is to be said: what follows the last whole statement is taken back."""
        self._last_reading, self._ending = self._reading, list[int]()
        """What brings an open statement to its end instead."""
        self._body = 0
        """How many tokens there are before the body."""
        self._places: tuple[_Place, ...] = ()
        """In the open statement, where it can be turned to names and types: before each value, and its beginning."""
        self._planned: list[int] = []
        """Tokens of what is being closed: where one does not spell it, the others follow."""

    @property
    def end(self) -> int:
        """The token that ends a candidate."""
        return self._syntax.end

    @property
    def upcoming(self) -> list[int]:
        """Tokens that are taken next, whatever the model says."""
        return [token for token, _ in self._given]

    @property
    def is_lost(self) -> bool:
        """Nothing that is there could follow: it only ends what is open."""
        return self._lost

    def settle(self, token: int, scores: torch.Tensor, rank: Rank) -> int:
        """Take ``token``, the choice of ``scores`` (vocabulary,), or the next by ``rank`` where it may not follow."""
        if self._given:
            token, self._margin = self._given[0]
            self.take(token)
            return token
        if self._is_over():
            return self.end
        changed = self._pulled(scores)
        if self._tried and (led := self._tried.get(tuple(one for one, _ in self._open))) is not None:
            changed = scores.clone() if changed is None else changed
            changed[list(led)] = -torch.inf
        if changed is not None:
            scores = changed
            token = int(rank(scores).argmax())
        if not self.allows(token):
            allowed = self.allowed(len(scores)).to(scores.device)
            masked = scores.masked_fill(~allowed, -torch.inf)
            if masked.max() == -torch.inf:  # Others have forbidden all that the grammar allows: the grammar is right.
                masked = torch.zeros_like(scores).masked_fill(~allowed, -torch.inf)
            token = self._named(rank(masked))
            if self._is_over():
                return self.end
        if self._ways.left:
            first, second = scores.topk(2).values.tolist()
            chosen = float(scores[token])
            self._margin = chosen - (second if chosen == first else first)
        self.take(token)
        return token

    def _is_over(self) -> bool:
        """Whether the candidate ends here, without what it has begun to say."""
        if self._over or self._matcher.is_accepting():
            return self._over
        if self._left > self._closing and not self._lost:
            return False
        goes_another_way = self._least_certain() is not None
        if not goes_another_way:
            self._ending = self._found_ending()
        self._over = goes_another_way or bool(self._ending or self._whole)
        return self._over

    def _found_ending(self) -> list[int]:
        """What brings the open statement to its end, from as late a place in it as can be; none if nothing does."""
        last, self._last_reading = self._last_reading, None
        # A call of the focal method is worth more than an early end.
        if last is None or not last.steers or self._is_test or not (last.calls_focal or last.seeks):
            return []
        if self._called and not last.asserts:
            return []
        for place in (_Place(self._count, self._matcher, last), *reversed(self._places)):
            most = self._steps - place.count - _OF_THE_END
            ending = complete(self._syntax, place.matcher, place.reading, most=most)
            if ending:
                self._count = place.count
                self._called, self._asserted = True, place.reading.asserts
                return ending
        return []

    @property
    def completed(self) -> int:
        """How many tokens names and types have written, and not the model."""
        return self._completed + len(self._ending)

    def finish(self, tokens: Sequence[int]) -> list[int]:
        """The ``tokens`` that were taken, or as many as make a whole method."""
        if not self._over:
            return list(tokens)
        return [*self._kept(tokens), *self._syntax.spell("\n}"), self.end]

    def _kept(self, tokens: Sequence[int]) -> list[int]:
        return [*tokens[: self._count], *self._ending] if self._ending else list(tokens[: self._start])

    def another(self, tokens: Sequence[int]) -> "Guide | None":
        """One for a better candidate of the same beginning; None where the ``tokens`` that were taken are good enough.

        A statement that leads nowhere or stands there already is begun anew with the next likeliest token where the
        model was least certain; a candidate that has not called the focal method has another body, which goes straight
        to it, and with one that asserts nothing an assertion follows the call; and where names and types had to end a
        statement, the model goes on after it.
        """
        if not (self._start and self._steers):
            return None
        way = self._other_way(tokens)
        if way is not None:
            return way
        if self._ending:
            kept = self._kept(tokens)
            if self._steps - len(kept) <= self._closing:
                return None
            return self._next(kept, straight=False, completed=self.completed)
        if self.merit == _WHOLE:
            return None
        # What has been said up to the call stays.
        return self._next(tokens[: self._whole if self.called else self._body], straight=True)

    def _next(self, given: Sequence[int], *, straight: bool, completed: int = 0) -> "Guide":
        # What goes straight on has little to say.
        steps = min(self._steps, len(given) + _STRAIGHT_ON) if straight else self._steps
        other = Guide(self._syntax, steps, self._names, straight=straight, given=given, ways=self._ways)
        other._completed = completed
        return other

    def _other_way(self, tokens: Sequence[int]) -> "Guide | None":
        """The same up to the token of the open statement that was least certain, and without it."""
        at = self._least_certain()
        if at is None:
            return None
        other = self._next(tokens[: self._start], straight=self._straight, completed=self._completed)
        other._given += self._open[:at]
        other._ways = self._ways.one_less()
        before = tuple(token for token, _ in self._open[:at])
        other._tried = {**self._tried, before: self._tried.get(before, frozenset()) | {self._open[at][0]}}
        return other

    def _least_certain(self) -> int | None:
        """Which token of the open statement to go another way from; None where there is no reason to, or none."""
        stuck = (self._lost or self._repeats) and (self._called or self._straight)
        # Before the call a typed ending does better than many ways.
        tokens = self._start if self._called else self._steps
        if not (stuck and self._ways.are_left(tokens)):
            return None
        places = [
            (margin, at) for at, (token, margin) in enumerate(self._open) if margin < inf and self._syntax.says(token)
        ]
        return min(places)[1] if places else None

    @property
    def called(self) -> bool:
        """The focal method has been called in what is kept."""
        reading = self._reading
        return self._called or (reading is not None and reading.calls_focal and not self._over)

    @property
    def merit(self) -> int:
        """2 for a whole test, 1 for a call of the focal method without an assertion, 0 without the call."""
        reading = self._reading
        asserted = self._asserted or (reading is not None and reading.asserts and not self._over)
        return self.called + (self.called and asserted)

    @property
    def _is_test(self) -> bool:
        return self._called and self._asserted

    def _pulled(self, scores: torch.Tensor) -> torch.Tensor | None:
        """``scores`` with what leads to the focal method raised; None where nothing does."""
        reading = self._reading
        if reading is None or not reading.steers or reading.is_test or self._wanted() is not None:
            return None
        towards = reading.towards_focal
        if not towards:
            return None
        found = [token for rest in towards for token in self._syntax.leading(rest, blank=not reading.in_word)]
        if not found:
            return None
        pull = _FORCE if reading.is_stuck or reading.is_due else _PULL + _MORE * reading.statements
        pulled = scores.clone()
        pulled[list(set(found))] += min(pull, _FORCE)
        return pulled

    def allows(self, token: int) -> bool:
        """Whether ``token`` may follow. A parser at the end of its wits allows everything."""
        if self._matcher.is_error():
            return True
        wanted = self._wanted()
        if wanted is not None:
            return token == wanted
        return allows(self._matcher, [token]) and self._goes_on(token)

    def _goes_on(self, token: int) -> bool:
        """Whether ``token`` says something new, and the names in it are there."""
        # Nothing is known any more: a comment would go on for ever.
        if self._lost and "/" in self._syntax.text(token):
            return False
        return self._reading is None or (not (self._reading.steers and self._cycles(token)) and self.names(token))

    def _cycles(self, token: int) -> bool:
        """Whether ``token`` ends the last copy that may be of the tokens before it."""
        if self._cyclic is None:
            self._cyclic = self._found_cyclic()
        return token in self._cyclic

    def _found_cyclic(self) -> frozenset[int]:
        found = set[int]()
        for length in range(1, _LONGEST_CYCLE + 1):
            copies = _COPIES.get(length, _MOST_COPIES)
            if len(self._taken) + 1 < length * copies:
                break
            token = self._taken[-length]
            taken = (*self._taken, token)
            last = taken[-length:]
            if all(taken[-length * (copy + 1) : -length * copy] == last for copy in range(1, copies)) and any(
                map(self._syntax.says, last)
            ):
                found.add(token)
        return frozenset(found)

    def names(self, token: int) -> bool:
        """Whether the names in ``token`` are there, or can be."""
        if self._reading is None:
            return True
        text = self._syntax.text(token)
        if self._reading.refuses(text):
            return False
        ahead = self._reading.fork()
        # What must stay empty is closed by the same token, as in all that the model has seen.
        if not ahead.read(text) or ahead.must_close:
            return False
        return not ahead.keywords or self._leads_to(token, ahead.keywords)

    def _leads_to(self, token: int, rests: list[str]) -> bool:
        """Whether one of the keywords that ``token`` begins may stand here: the grammar takes it for a name as well."""
        followed = after(self._matcher, [token])
        return followed is not None and any(
            allows(followed, self._syntax.spell(rest + follows)) for rest in rests for follows in _AFTER_KEYWORDS
        )

    def _named(self, ranks: torch.Tensor) -> int:
        """The token of the highest of ``ranks`` whose names are there; where none is, names are given up."""
        first = int(ranks.argmax())
        if self._wanted() is not None:
            return first
        # One after another: mostly the first few decide, and a model that finds none in so many has no idea.
        begun = self._reading is not None and self._reading.in_word
        for count in (FEW, len(ranks) if begun else MANY):
            best = ranks.topk(min(count, len(ranks)))
            for token, value in zip(best.indices.tolist(), best.values.tolist(), strict=True):
                if value > -torch.inf and self._goes_on(token):
                    return int(token)
        # There is nothing that can follow: no more is said than it takes to end.
        self._last_reading, self._reading, self._lost = self._reading, None, True
        self._left = min(self._left, self._closing)
        return first

    def allowed(self, vocabulary: int) -> torch.Tensor:
        """Which tokens may follow, (vocabulary,); all of them where the parser knows of none."""
        found = torch.zeros(vocabulary, dtype=torch.bool)
        if not self._matcher.is_error():
            wanted = self._wanted()
            if wanted is not None:
                found[wanted] = True
                return found
            bits = np.unpackbits(np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint8), bitorder="little")
            count = min(vocabulary, len(bits))
            found[:count] = torch.from_numpy(bits[:count].astype(bool))
        return found if found.any() else torch.ones(vocabulary, dtype=torch.bool)

    def take(self, token: int) -> None:
        """Go on with ``token``."""
        self._left -= 1
        self._count += 1
        self._given = self._given[1:]
        self._taken = (*self._taken, token)[-_LONGEST_CYCLE * _MOST_COPIES :]
        self._cyclic = None
        if self._reading is not None:
            self._open = (*self._open, (token, self._margin))
            self._reading = self._last_reading = self._reading.fork()
            # What closes a candidate in time is not asked for its names.
            if not self._reading.read(self._syntax.text(token)):
                self._reading = None
            elif self._reading.between_statements:
                # A statement that stands there already says nothing.
                self._repeats = self._reading.steers and self._reading.repeats
                if self._repeats:
                    self._over = self._reading.is_test and self._whole > 0
                else:
                    self._whole = self._count
                    self._called, self._asserted = self._reading.calls_focal, self._reading.asserts
        self._margin = inf
        self._planned = self._planned[1:] if self._planned[:1] == [token] else []
        if not self._matcher.is_accepting() or token != self._syntax.end:
            self._matcher.consume_token(token)
        self._note_place(token)

    def _note_place(self, token: int) -> None:
        reading = self._reading
        if reading is None:
            return
        if reading.between_statements or reading.in_body:
            self._places = ()
            # A new line belongs to what follows it.
            if not (self._repeats or self._syntax.text(token).isspace()):
                self._open, self._start = (), self._count
            self._body = self._body or self._count
        elif not reading.awaits_value:
            return
        if reading.steers and (reading.calls_focal or reading.seeks):
            self._places = (*self._places, _Place(self._count, self._matcher.deep_copy(), reading))

    def fork(self) -> "Guide":
        """One that goes its own way from here."""
        forked = copy(self)  # All that it holds is replaced, never changed, but for the parser.
        forked._matcher = self._matcher.deep_copy()
        return forked

    def _wanted(self) -> int | None:
        """The only token that may follow: the end after a whole method, and what closes an open one in time."""
        if self._matcher.is_accepting():
            return self._syntax.end
        if self._left <= self._closing and not self._planned:
            self._planned = list(self._syntax.closing(self._matcher))
        return self._planned[0] if self._planned else None
