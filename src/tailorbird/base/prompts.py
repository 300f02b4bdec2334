"""Pairs as a base reads and writes them: focal context in, test case out, both in canonical layout."""

from collections.abc import Sequence
from dataclasses import dataclass

from transformers import PreTrainedTokenizerBase

from tailorbird.base import test_file_prompt
from tailorbird.errors import BaseError
from tailorbird.java_text import canonical_layout
from tailorbird.records import DESCRIPTION_FILE, FocalMethod, Neighbour, Pair, Truncation

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


def encode_text(tokenizer: PreTrainedTokenizerBase, text: str) -> tuple[int, ...]:
    """One part of a prompt, or a whole target: the tokens of ``text`` alone, and then the end token.

    What a tokenizer adds by itself differs from base to base (nothing, a start token, an end token), so nothing of it
    is taken. Text that spells a special token, such as ``"</s>"`` in a string literal, is read as ordinary text.
    """
    return (*_ids(tokenizer, text), int(tokenizer.eos_token_id))


FORMATS = ("parts", test_file_prompt.NAME)
"""How a source can be laid out: a base's description names one."""


def encode_pair(
    tokenizer: PreTrainedTokenizerBase,
    pair: Pair,
    *,
    layout: str = "parts",
    max_source: int = MAX_SOURCE_TOKENS,
    max_target: int = MAX_TARGET_TOKENS,
) -> Prompt:
    """Encode ``pair`` as a base of the prompt format ``layout`` reads it; BaseError for an unknown one."""
    if layout == test_file_prompt.NAME:
        return _encode_test_file(tokenizer, pair, max_source=max_source, max_target=max_target)
    if layout != "parts":
        raise BaseError(
            f"The base asks for the prompt format {layout}, which is not known here: name one of {', '.join(FORMATS)} "
            f"in its {DESCRIPTION_FILE}."
        )
    return _encode_parts(tokenizer, pair, max_source=max_source, max_target=max_target)


def _encode_test_file(tokenizer: PreTrainedTokenizerBase, pair: Pair, *, max_source: int, max_target: int) -> Prompt:
    parts = test_file_prompt.source_parts(pair)
    texts = (parts.focal_class, parts.test_class, parts.collaborators, parts.neighbour, parts.focal, parts.lead)
    found = test_file_prompt.fit(
        [tuple(_ids(tokenizer, text)) for text in texts],
        tuple(_ids(tokenizer, parts.neighbour_test)),
        limit=max_source,
    )
    target = encode_test(tokenizer, pair.test.text)
    return Prompt(
        source=found.tokens,
        target=target[:max_target],
        source_cut=found.cut,
        focal_cut=found.focal_cut,
        target_cut=len(target) > max_target,
    )


def _encode_parts(tokenizer: PreTrainedTokenizerBase, pair: Pair, *, max_source: int, max_target: int) -> Prompt:
    """Encode ``pair``: the focal context, then the test class's skeleton and the neighbour, where it has these.

    Of the neighbour the test case comes before the focal method. Each part has its own end token.

    What does not fit is cut in this order: the context's end (fields, then signatures of methods and constructors), the
    skeleton's end, the neighbour's end (its focal method, then its test case), the focal method's end.
    """
    context = encode_text(tokenizer, pair.focal.context)
    skeleton = encode_text(tokenizer, pair.skeleton) if pair.skeleton else ()
    neighbour = _neighbour_ids(tokenizer, pair.neighbour)
    focal = min(len(encode_text(tokenizer, _through_focal_method(pair.focal))), len(context))  # Counts its end token.
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
    return encode_text(tokenizer, canonical_layout(test))


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
    around = encode_text(tokenizer, outline) if outline else ()
    beside = encode_text(tokenizer, canonical_layout(sibling)) if sibling else ()
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
    return encode_text(tokenizer, f"{canonical_layout(neighbour.test_text)}\n{canonical_layout(neighbour.focal_text)}")


def _cut(tokens: tuple[int, ...], length: int) -> tuple[int, ...]:
    return tokens if len(tokens) <= length else (*tokens[: length - 1], tokens[-1]) if length else ()


def _ids(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    """The tokens of ``text``, none of which is the end token."""
    # verbose=False: lengths beyond the model's are cut here, so its warning would be noise.
    encoded = tokenizer(text, add_special_tokens=False, split_special_tokens=True, verbose=False)
    tokens = [int(token) for token in encoded["input_ids"]]
    end, spelling = int(tokenizer.eos_token_id), str(tokenizer.eos_token)
    if end not in tokens:
        return tokens
    # A tokenizer that does not mark its end token as special finds it in texts too: halved, it is ordinary text.
    at = text.find(spelling) + 1
    if not at or len(spelling) < 2:
        return [token for token in tokens if token != end]
    return _ids(tokenizer, text[:at]) + _ids(tokenizer, text[at:])
