"""Pairs as a base reads and writes them: focal context in, test case out, both in canonical layout."""

from collections.abc import Sequence
from dataclasses import dataclass

from transformers import PreTrainedTokenizerBase

from tailorbird.java_text import canonical_layout
from tailorbird.records import FocalMethod, Neighbour, Pair, Truncation

MAX_SOURCE_TOKENS = 512
MAX_TARGET_TOKENS = 256


@dataclass(frozen=True, slots=True)
class Prompt:
    """One pair as token ids. ``target`` ends with the end token unless it was cut at the limit."""

    source: tuple[int, ...]
    target: tuple[int, ...]
    source_cut: bool
    """Some of the input did not fit."""
    focal_cut: bool
    """The focal method itself did not."""
    target_cut: bool


def encode_pair(
    tokenizer: PreTrainedTokenizerBase,
    pair: Pair,
    *,
    max_source: int = MAX_SOURCE_TOKENS,
    max_target: int = MAX_TARGET_TOKENS,
) -> Prompt:
    """Encode ``pair``: the focal context, then the test class's skeleton and the neighbour, where it has these.

    Of the neighbour the test case comes before the focal method. Each part has its own end token.

    What does not fit is cut in this order: the context's end (fields, then signatures of methods and constructors), the
    skeleton's end, the neighbour's end (its focal method, then its test case), the focal method's end.
    """
    context = _ids(tokenizer, pair.focal.context)
    skeleton = _ids(tokenizer, pair.skeleton) if pair.skeleton else ()
    neighbour = _neighbour_ids(tokenizer, pair.neighbour)
    focal = min(len(_ids(tokenizer, _through_focal_method(pair.focal))), len(context))  # Counts its end token.
    room = _Room(max_source)
    method = room.take(focal)
    beside = room.take(len(neighbour))
    around = room.take(len(skeleton))
    rest = room.take(len(context) - focal)
    source = (*_cut(context, method + rest), *_cut(skeleton, around), *_cut(neighbour, beside))
    target = encode_test(tokenizer, pair.test.text)
    return Prompt(
        source=source,
        # A cut target must not pretend to be complete: its end token goes.
        target=target[:max_target],
        source_cut=len(source) < len(context) + len(skeleton) + len(neighbour),
        focal_cut=method < focal,
        target_cut=len(target) > max_target,
    )


def encode_test(tokenizer: PreTrainedTokenizerBase, test: str) -> tuple[int, ...]:
    """A test case's text as a target, however long: in canonical layout, with the end token."""
    return _ids(tokenizer, canonical_layout(test))


def encode_lone_test(
    tokenizer: PreTrainedTokenizerBase,
    outline: str,
    sibling: str,
    test: str,
    *,
    max_source: int = MAX_SOURCE_TOKENS,
    max_target: int = MAX_TARGET_TOKENS,
) -> Prompt:
    """Encode a test case without a focal method: the outline of its class and a test beside it, then the test.

    Either may be empty. What does not fit is cut from the outline's end first, then from the sibling's.
    """
    around = _ids(tokenizer, outline) if outline else ()
    beside = _ids(tokenizer, canonical_layout(sibling)) if sibling else ()
    room = _Room(max_source)
    second, first = room.take(len(beside)), room.take(len(around))
    source = (*_cut(around, first), *_cut(beside, second))
    target = encode_test(tokenizer, test)
    return Prompt(
        source=source,
        target=target[:max_target],
        source_cut=len(source) < len(around) + len(beside),
        focal_cut=False,
        target_cut=len(target) > max_target,
    )


def count_cuts(prompts: Sequence[Prompt]) -> Truncation:
    """How many of ``prompts`` lost what to the limits."""
    return Truncation(
        pairs=len(prompts),
        inputs_cut=sum(one.source_cut for one in prompts),
        focal_methods_cut=sum(one.focal_cut for one in prompts),
        targets_cut=sum(one.target_cut for one in prompts),
    )


class _Room:
    """Tokens that are still free."""

    def __init__(self, size: int) -> None:
        self._free = size

    def take(self, wanted: int) -> int:
        """How many of ``wanted`` there is room for; a lone end token is none."""
        taken = wanted if wanted <= self._free else self._free
        if taken == 1 < wanted:
            taken = 0
        self._free -= taken
        return taken


def _through_focal_method(focal: FocalMethod) -> str:
    """The context up to the end of the focal method."""
    method = canonical_layout(focal.text)
    before, found, _ = focal.context.partition(method)
    return before + found


def _neighbour_ids(tokenizer: PreTrainedTokenizerBase, neighbour: Neighbour | None) -> tuple[int, ...]:
    if neighbour is None:
        return ()
    return _ids(tokenizer, f"{canonical_layout(neighbour.test_text)}\n{canonical_layout(neighbour.focal_text)}")


def _cut(tokens: tuple[int, ...], length: int) -> tuple[int, ...]:
    return tokens if len(tokens) <= length else (*tokens[: length - 1], tokens[-1]) if length else ()


def _ids(tokenizer: PreTrainedTokenizerBase, text: str) -> tuple[int, ...]:
    # verbose=False: lengths beyond the model's are cut here, so its warning would be noise.
    return tuple(int(token) for token in tokenizer(text, verbose=False)["input_ids"])
