"""Pairs in other words: the input's own words are swapped for others, in input and test alike.

A small corpus is soon known by heart: the model then writes the words of the families that it saw, and is lost in a new
one. Where each look at a pair has other words, there is nothing to know but where a word is to be copied from. (Random
renaming as augmentation: deobfuscation pre-training, Roziere et al., NeurIPS 2021, learns the reverse.)

A word is a part of a name, ``Base`` in ``encodeBase64``: names keep their structure, and ``testEncode`` goes with
``encode``.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from transformers import PreTrainedTokenizerBase

from tailorbird.base.prompts import encode_text
from tailorbird.networks.batch import Encoded
from tailorbird.storage import atomic_file

WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
MIN_LETTERS = 3
COMMON = 1_500
"""The commonest words are the language's, JUnit's and the JDK's: they stay."""
MIN_COUNT = 5
"""Snippets with a word, for it to be one that others are swapped for: rarer ones are mostly parts of literals."""
SWAPPED_SHARE = 0.7
"""Of a pair's uncommon words: the others stay beside the new ones."""


def count_words(texts: Iterable[str]) -> Counter[str]:
    """In how many of ``texts`` each word stands, in lower case."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update({word.lower() for word in WORD.findall(text)})
    return counts


def write_words(path: Path, counts: Counter[str]) -> None:
    """One word in a line, the commonest first; ties in the order of the alphabet."""
    ranked = sorted((-count, word) for word, count in counts.items() if count >= MIN_COUNT and len(word) >= MIN_LETTERS)
    with atomic_file(path) as file:
        file.write("".join(f"{word}\n" for _, word in ranked).encode())


def read_words(path: Path) -> tuple[str, ...]:
    """What `write_words` wrote."""
    return tuple(path.read_text(encoding="utf-8").split())


class Renaming:
    """Swaps words of encoded pairs; what comes out depends on the pair and on the generator alone."""

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, words: Sequence[str], *, end: int, max_source: int, max_target: int
    ) -> None:
        self._tokenizer, self._end = tokenizer, end
        self._max_source, self._max_target = max_source, max_target
        self._common = frozenset(words[:COMMON])
        self._others = tuple(words[COMMON:])

    def __call__(self, example: Encoded, random: np.random.Generator) -> Encoded:
        """``example`` in other words; as it is where the test would become too long."""
        parts = [self._text(part) for part in _split(example.source, self._end)]
        (target,) = [self._text(part) for part in _split(example.target, self._end)] or [""]
        swaps = self._swaps("\n".join(parts), random)
        if not swaps:
            return example
        renamed = self._ids(swap(target, swaps))
        if len(renamed) > self._max_target:
            return example
        source = [token for part in parts for token in self._ids(swap(part, swaps))]
        return Encoded((*source[:-1][: self._max_source - 1], self._end), tuple(renamed))

    def _swaps(self, text: str, random: np.random.Generator) -> dict[str, str]:
        # Sorted: a set's order differs between processes.
        own = sorted({word.lower() for word in WORD.findall(text)} - self._common)
        own = [word for word in own if len(word) >= MIN_LETTERS]
        if not own or not self._others:
            return {}
        swapped = [word for word, drawn in zip(own, random.random(len(own)), strict=True) if drawn < SWAPPED_SHARE]
        # Two words never become one: what was told apart stays apart.
        taken: set[str] = set(own)
        swaps = {}
        for word, at in zip(swapped, random.integers(0, len(self._others), len(swapped)), strict=True):
            other = self._others[at]
            if other not in taken:
                taken.add(other)
                swaps[word] = other
        return swaps

    def _text(self, tokens: Sequence[int]) -> str:
        return str(self._tokenizer.decode(list(tokens), skip_special_tokens=True, clean_up_tokenization_spaces=False))

    def _ids(self, text: str) -> list[int]:
        return list(encode_text(self._tokenizer, text))


def swap(text: str, swaps: dict[str, str]) -> str:
    """``text`` with each word that ``swaps`` has, in lower case, replaced; case is kept as far as it shows."""

    def other(found: re.Match[str]) -> str:
        word = found.group()
        new = swaps.get(word.lower())
        if new is None:
            return word
        if word.isupper() and len(word) > 1:
            return new.upper()
        return new.capitalize() if word[0].isupper() else new

    return WORD.sub(other, text)


def _split(tokens: Sequence[int], end: int) -> list[list[int]]:
    """The parts that an end token closes, without it."""
    parts: list[list[int]] = [[]]
    for token in tokens:
        if token == end:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts if parts[-1] else parts[:-1]
