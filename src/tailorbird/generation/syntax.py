"""Java's grammar as a guide for decoding: of the tokens that a model proposes, those that a method can go on with.

A small model knows what a test is about sooner than how many brackets are open. With a guide every candidate is one
whole method: what cannot follow is never taken, and near the limit what is open is closed. The grammar is ours
(``java_method.lark``); which tokens it allows at any point, llguidance's Earley parser says.
"""

from collections.abc import Callable, Sequence
from functools import cache
from heapq import heappop, heappush
from importlib.resources import files

import numpy as np
import torch
from llguidance import LLMatcher, LLTokenizer
from llguidance.hf import from_tokenizer
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from tailorbird.errors import UsageError
from tailorbird.generation.names import Names
from tailorbird.generation.reading import Reading

CLOSING_SHARE, MOST_CLOSING = 3, 32
"""So many of the last tokens, or a third of a short limit, are kept for closing what is open."""

FEW, MANY = 32, 512
"""Tokens that are asked for their names, at first and at most."""

_CLOSERS = ("}", ";", ")", "]", ":\n", ">")
"""What brings the end nearer."""
_OPERAND, _OTHERS = " null", (" x", "(", " .x(", "{", "::")
"""And where nothing does, what an end can come after: a value, or a name, or what a keyword calls for."""
_AFTER_KEYWORDS = (" ", "(", ";", ".", "{", ")", ",")
_OUT = ('"', "'", "\n", "*/")
"""End a string, a character, and the two kinds of comment."""
_ONLY_WITHIN = "#"
"""Stands in literals and comments alone."""

_COPIES = {1: 5, 2: 5}
_MOST_COPIES, _LONGEST_CYCLE = 3, 24
"""So often in a row the same tokens may stand, and as long may what is repeated be; up to two tokens more often."""

_PULL, _MORE = 1.5, 1.5
"""What is added to the scores of tokens that lead to the focal method, at once and for each statement without it."""
_FORCE = 12.0
"""The same where the model goes round in circles without having called it."""

Rank = Callable[[torch.Tensor], torch.Tensor]
"""From scores, (vocabulary,), what decides: the token of the highest rank is taken, of those that may be."""


_FILLING = (")", ";", "}", "]", '"', "'", "(", ",", "null", "0", '""', "true", ".length()", ".class", "{", ":")
"""What a statement is brought to its end with, the likeliest first."""
_MOST_LOOKS, _MOST_NAMES = 160, 4


class Syntax:
    """The grammar of a Java method in the tokens of one tokenizer.

    Where names are given too, it ``steers`` candidates to the focal method (`tailorbird.generation.reading`).
    UsageError where the tokenizer is not one that the parser can read.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, *, steers: bool = True) -> None:
        self._steers = steers
        if not isinstance(tokenizer, PreTrainedTokenizerFast):
            raise UsageError(
                f"The tokenizer of this base ({type(tokenizer).__name__}) cannot be guided by Java's grammar: "
                "generate with --set syntax=false."
            )
        self._tokenizer: LLTokenizer = from_tokenizer(tokenizer)
        self._start = LLMatcher(self._tokenizer, LLMatcher.grammar_from_lark(_grammar()))
        if self._start.is_error():
            raise UsageError(
                f"Java's grammar does not fit the tokenizer of this base ({self._start.get_error()}): "
                "generate with --set syntax=false."
            )
        self._end = int(self._tokenizer.eos_token)
        self._texts: dict[int, str] = {self._end: ""}
        self._numbers = {self.text(token): token for token in range(self._tokenizer.vocab_size)}
        self._leading: dict[tuple[str, bool], list[int]] = {}
        spelled = {text: self.spell(text) for text in (*_CLOSERS, _OPERAND, *_OTHERS, *_OUT, _ONLY_WITHIN)}
        self._within = spelled[_ONLY_WITHIN]
        self._closers = [spelled[text] for text in _CLOSERS]
        self._operand = spelled[_OPERAND]
        self._others = [spelled[text] for text in _OTHERS]
        self._out = [spelled[text] for text in _OUT]

    def guide(self, steps: int, names: Names | None = None) -> "Guide":
        """For one candidate of at most ``steps`` tokens, which uses ``names`` alone where they are given."""
        reading = Reading(names, steers=self._steers) if names is not None else None
        return Guide(self._start.deep_copy(), self, steps, reading)

    def text(self, token: int) -> str:
        """The bytes of a token, each as one character: those beyond ASCII are parts of names or literals."""
        if token not in self._texts:
            self._texts[token] = self._tokenizer.decode_bytes([token]).decode("latin-1")
        return self._texts[token]

    def leading(self, rest: str, *, blank: bool) -> list[int]:
        """Tokens that begin ``rest`` of a name, with a ``blank`` before it or not."""
        key = (rest, blank)
        if key not in self._leading:
            begun = [rest[:end] for end in range(1, len(rest) + 1)]
            begun += [f" {text}" for text in begun] if blank else []
            begun += [f"{rest})"]
            self._leading[key] = [self._numbers[text] for text in begun if text in self._numbers]
        return self._leading[key]

    def closing(self, matcher: LLMatcher) -> list[int]:
        """The tokens that end the innermost open thing, or lead there; none where nothing is known to."""
        if _allows(matcher, self._within):
            for spelled in self._out:
                after = _after(matcher, spelled)
                if after is not None and not _allows(after, self._within):
                    return spelled
        closing = self._first(matcher, self._closers)
        if closing:
            return closing
        valued = _after(matcher, self._operand)
        # Else it is the beginning of a name.
        if valued is not None and self._first(valued, self._closers):
            return self._operand
        return self._first(matcher, self._others)

    def says(self, token: int) -> bool:
        """Whether a token is more than blanks and what closes brackets."""
        return bool(self.text(token).strip(" \t\n\r)]};"))

    def _first(self, matcher: LLMatcher, spellings: list[list[int]]) -> list[int]:
        return next((spelled for spelled in spellings if _allows(matcher, spelled)), [])

    @property
    def end(self) -> int:
        """The token that ends a candidate."""
        return self._end

    def spell(self, text: str) -> list[int]:
        """Some tokens that spell ``text``."""
        return list(self._tokenizer.greedy_tokenize(text))


class Guide:
    """What one candidate may go on with. It is told of each token that is taken."""

    def __init__(self, matcher: LLMatcher, syntax: Syntax, left: int, reading: Reading | None = None) -> None:
        self._matcher, self._syntax, self._left, self._reading = matcher, syntax, left, reading
        self._closing = min(MOST_CLOSING, left // CLOSING_SHARE)
        self._taken: tuple[int, ...] = ()
        """The last tokens."""
        self._count, self._whole = 0, 0
        """Tokens so far, and up to the end of the last whole statement of the method itself."""
        self._over, self._lost = False, False
        self._last_reading, self._ending = reading, list[int]()
        """What brings the first statement to its end."""
        """No more is to be said: what follows that statement is taken back."""
        self._planned: list[int] = []
        """Tokens of what is being closed: where one does not spell it, the others follow."""

    @property
    def end(self) -> int:
        """The token that ends a candidate."""
        return self._syntax.end

    @property
    def is_lost(self) -> bool:
        """Nothing that is there could follow: it only ends what is open."""
        return self._lost

    def settle(self, token: int, scores: torch.Tensor, rank: Rank) -> int:
        """Take ``token``, the choice of ``scores`` (vocabulary,), or the next by ``rank`` where it may not follow."""
        if self._is_over():
            return self.end
        pulled = self._pulled(scores)
        if pulled is not None:
            scores = pulled
            token = int(rank(scores).argmax())
        if not self.allows(token):
            allowed = self.allowed(len(scores)).to(scores.device)
            masked = scores.masked_fill(~allowed, -torch.inf)
            if masked.max() == -torch.inf:  # Others have forbidden all that the grammar allows: the grammar is right.
                masked = torch.zeros_like(scores).masked_fill(~allowed, -torch.inf)
            token = self._named(rank(masked))
            if self._is_over():
                return self.end
        self.take(token)
        return token

    def _is_over(self) -> bool:
        """Whether the candidate ends here, without what it has begun to say."""
        if self._over or self._matcher.is_accepting():
            return self._over
        if self._left > self._closing and not self._lost:
            return False
        if self._whole:
            self._over = True
        elif self._last_reading is not None and self._last_reading.steers:
            self._ending = self._completed(self._last_reading)
            self._last_reading = None
            self._over = bool(self._ending)
        return self._over

    def _completed(self, reading: Reading) -> list[int]:
        """The fewest tokens that bring the first statement to its end, of names and types that go; none if none do."""
        waiting = [(0, 0, self._matcher, reading, list[int]())]
        looks = 0
        while waiting and looks < _MOST_LOOKS:
            cost, _, matcher, before, tokens = heappop(waiting)
            if before.between_statements:
                return tokens
            looks += 1
            endings = before.endings(_MOST_NAMES)
            for rank, text in enumerate((*_FILLING, *endings)):
                spelled = self._syntax.spell(text)
                if len(tokens) + len(spelled) + 2 > self._left:
                    continue
                after, ahead = _after(matcher, spelled), before.fork()
                if after is not None and ahead.read(text):
                    entry = (cost + 20 + rank, looks * 100 + rank, after, ahead, [*tokens, *spelled])
                    heappush(waiting, entry)
        return []

    def finish(self, tokens: Sequence[int]) -> list[int]:
        """The ``tokens`` that were taken, or as many as make a whole method."""
        if not self._over:
            return list(tokens)
        kept = tokens[: self._whole] if self._whole else [*tokens[: self._count], *self._ending]
        return [*kept, *self._syntax.spell("}"), self.end]

    def _pulled(self, scores: torch.Tensor) -> torch.Tensor | None:
        """``scores`` with what leads to the focal method raised; None where nothing does."""
        reading = self._reading
        if reading is None or not reading.steers or reading.calls_focal or self._wanted() is not None:
            return None
        towards = reading.towards_focal
        if not towards:
            return None
        found = [token for rest in towards for token in self._syntax.leading(rest, blank=not reading.in_word)]
        if not found:
            return None
        pull = _FORCE if reading.is_stuck else _PULL + _MORE * reading.statements
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
        return _allows(self._matcher, [token]) and self._goes_on(token)

    def _goes_on(self, token: int) -> bool:
        """Whether ``token`` says something new, and the names in it are there."""
        # Nothing is known any more: a comment would go on for ever.
        if self._lost and "/" in self._syntax.text(token):
            return False
        return self._reading is None or (not (self._reading.steers and self._cycles(token)) and self.names(token))

    def _cycles(self, token: int) -> bool:
        """Whether ``token`` ends the last copy that may be of the tokens before it."""
        taken = (*self._taken, token)
        for length in range(1, _LONGEST_CYCLE + 1):
            copies = _COPIES.get(length, _MOST_COPIES)
            if len(taken) < length * copies:
                break
            last = taken[-length:]
            if all(taken[-length * (copy + 1) : -length * copy] == last for copy in range(1, copies)):
                return any(self._syntax.says(one) for one in last)
        return False

    def names(self, token: int) -> bool:
        """Whether the names in ``token`` are there, or can be."""
        if self._reading is None:
            return True
        text = self._syntax.text(token)
        if self._reading.refuses(text):
            return False
        ahead = self._reading.fork()
        if not ahead.read(text):
            return False
        return not ahead.keywords or self._leads_to(token, ahead.keywords)

    def _leads_to(self, token: int, rests: list[str]) -> bool:
        """Whether one of the keywords that ``token`` begins may stand here: the grammar takes it for a name as well."""
        after = _after(self._matcher, [token])
        return after is not None and any(
            _allows(after, self._syntax.spell(rest + follows)) for rest in rests for follows in _AFTER_KEYWORDS
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
        self._taken = (*self._taken, token)[-_LONGEST_CYCLE * _MOST_COPIES :]
        if self._reading is not None:
            self._reading = self._last_reading = self._reading.fork()
            # What closes a candidate in time is not asked for its names.
            if not self._reading.read(self._syntax.text(token)):
                self._reading = None
            elif self._reading.between_statements:
                # A statement that stands there already says nothing.
                if self._reading.steers and self._reading.repeats:
                    self._over = self._reading.calls_focal and self._whole > 0
                else:
                    self._whole = self._count
        self._planned = self._planned[1:] if self._planned[:1] == [token] else []
        if not self._matcher.is_accepting() or token != self._syntax.end:
            self._matcher.consume_token(token)

    def fork(self) -> "Guide":
        """One that goes its own way from here."""
        forked = Guide(self._matcher.deep_copy(), self._syntax, self._left, self._reading)
        forked._closing, forked._planned, forked._taken = self._closing, list(self._planned), self._taken
        forked._count, forked._whole, forked._over = self._count, self._whole, self._over
        forked._lost, forked._last_reading, forked._ending = self._lost, self._last_reading, list(self._ending)
        return forked

    def _wanted(self) -> int | None:
        """The only token that may follow: the end after a whole method, and what closes an open one in time."""
        if self._matcher.is_accepting():
            return self._syntax.end
        if self._left <= self._closing and not self._planned:
            self._planned = list(self._syntax.closing(self._matcher))
        return self._planned[0] if self._planned else None


def _after(matcher: LLMatcher, tokens: list[int]) -> LLMatcher | None:
    """``matcher`` gone on with ``tokens``; None where they may not follow."""
    if not _allows(matcher, tokens):
        return None
    after = matcher.deep_copy()
    after.consume_tokens(tokens)
    return after


def _allows(matcher: LLMatcher, tokens: list[int]) -> bool:
    return matcher.validate_tokens(tokens) == len(tokens)


@cache
def _grammar() -> str:
    return (files("tailorbird.generation") / "java_method.lark").read_text(encoding="utf-8")
