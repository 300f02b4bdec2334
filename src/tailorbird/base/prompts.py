"""Pairs as a base reads and writes them: focal context in, test case out, both in canonical layout."""

from dataclasses import dataclass

from transformers import PreTrainedTokenizerBase

from tailorbird.java_text import canonical_layout
from tailorbird.records import Pair

MAX_SOURCE_TOKENS = 320
MAX_TARGET_TOKENS = 256


@dataclass(frozen=True, slots=True)
class Prompt:
    """One pair as token ids. ``target`` ends with the end token unless it was cut at the limit."""

    source: tuple[int, ...]
    target: tuple[int, ...]
    source_cut: bool
    target_cut: bool


def encode_pair(
    tokenizer: PreTrainedTokenizerBase,
    pair: Pair,
    *,
    max_source: int = MAX_SOURCE_TOKENS,
    max_target: int = MAX_TARGET_TOKENS,
) -> Prompt:
    """Encode ``pair``; the focal context stands with the focal method first, so that a cut takes it last."""
    source = _ids(tokenizer, pair.focal.context)
    target = _ids(tokenizer, canonical_layout(pair.test.text))
    # The source keeps its end token when it is cut; a cut target must not pretend to be complete.
    cut_source = source if len(source) <= max_source else (*source[: max_source - 1], source[-1])
    return Prompt(cut_source, target[:max_target], len(source) > max_source, len(target) > max_target)


def _ids(tokenizer: PreTrainedTokenizerBase, text: str) -> tuple[int, ...]:
    # verbose=False: lengths beyond the model's are cut here, so its warning would be noise.
    return tuple(int(token) for token in tokenizer(text, verbose=False)["input_ids"])
