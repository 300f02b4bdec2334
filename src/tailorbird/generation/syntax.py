"""Java's grammar in tokens: of those that a model proposes, which ones a method can go on with.

The grammar is ours (``java_method.lark``); which tokens it allows at any point, llguidance's Earley parser says.
"""

from functools import cache
from importlib.resources import files

from llguidance import LLMatcher, LLTokenizer
from llguidance.hf import from_tokenizer
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from tailorbird.errors import UsageError

_CLOSERS = ("}", ";", ")", "]", ":\n", ">")
"""What brings the end nearer."""
_OPERAND, _OTHERS = " null", (" x", "(", " .x(", "{", "::")
"""And where nothing does, what an end can come after: a value, or a name, or what a keyword calls for."""
_OUT = ('"', "'", "\n", "*/")
"""End a string, a character, and the two kinds of comment."""
_ONLY_WITHIN = "#"
"""Stands in literals and comments alone."""


class Syntax:
    """The grammar of a Java method in the tokens of one tokenizer.

    UsageError where the tokenizer is not one that the parser can read.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        if not isinstance(tokenizer, PreTrainedTokenizerFast):
            raise UsageError(
                f"The tokenizer of this base ({type(tokenizer).__name__}) cannot be guided by Java's grammar: "
                "generate with --constraint none."
            )
        self._tokenizer: LLTokenizer = from_tokenizer(tokenizer)
        self._start = LLMatcher(self._tokenizer, LLMatcher.grammar_from_lark(_grammar()))
        if self._start.is_error():
            raise UsageError(
                f"Java's grammar does not fit the tokenizer of this base ({self._start.get_error()}): "
                "generate with --constraint none."
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

    def begin(self) -> LLMatcher:
        """A parser at the beginning of a method."""
        return self._start.deep_copy()

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
        if allows(matcher, self._within):
            for spelled in self._out:
                followed = after(matcher, spelled)
                if followed is not None and not allows(followed, self._within):
                    return spelled
        closing = self._first(matcher, self._closers)
        if closing:
            return closing
        valued = after(matcher, self._operand)
        # Else it is the beginning of a name.
        if valued is not None and self._first(valued, self._closers):
            return self._operand
        return self._first(matcher, self._others)

    def says(self, token: int) -> bool:
        """Whether a token is more than blanks and what closes brackets."""
        return bool(self.text(token).strip(" \t\n\r)]};"))

    def _first(self, matcher: LLMatcher, spellings: list[list[int]]) -> list[int]:
        return next((spelled for spelled in spellings if allows(matcher, spelled)), [])

    @property
    def end(self) -> int:
        """The token that ends a candidate."""
        return self._end

    def spell(self, text: str) -> list[int]:
        """Some tokens that spell ``text``."""
        return list(self._tokenizer.greedy_tokenize(text))


def after(matcher: LLMatcher, tokens: list[int]) -> LLMatcher | None:
    """``matcher`` gone on with ``tokens``; None where they may not follow."""
    if not allows(matcher, tokens):
        return None
    gone_on = matcher.deep_copy()
    gone_on.consume_tokens(tokens)
    return gone_on


def allows(matcher: LLMatcher, tokens: list[int]) -> bool:
    """Whether ``matcher`` may go on with ``tokens``."""
    return matcher.validate_tokens(tokens) == len(tokens)


@cache
def _grammar() -> str:
    return (files("tailorbird.generation") / "java_method.lark").read_text(encoding="utf-8")
