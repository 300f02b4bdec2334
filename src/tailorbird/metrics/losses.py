"""The losses of the developers' own tests, summed up per token and per character."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from tailorbird.records import ReferenceLoss

LONGEST = 1_000
"""Characters. Longer tests repeat themselves and are easy, so that a few of them would hide the others."""


@dataclass(frozen=True, slots=True)
class Losses:
    """Of all references of a split; None where there is nothing to divide by."""

    per_token: float | None
    """Nats per target token, over all references."""
    perplexity: float | None
    input_gain: float | None
    per_character: float | None
    """Nats per character of canonical layout, over whole references of at most `LONGEST` characters."""
    per_character_long: float | None
    """The same over longer ones."""
    long: int
    """Whole references that are longer."""
    truncated: int
    """References that are not whole: in neither loss per character."""


def summed_losses(losses: Iterable[ReferenceLoss]) -> Losses:
    """Losses as quotients of sums, so that a long test weighs more than a short one."""
    every = tuple(losses)
    whole = [one for one in every if not one.truncated]
    tokens = sum(one.tokens for one in every)
    per_token = math.fsum(one.loss for one in every) / tokens if tokens else None
    gain = math.fsum(one.other_loss - one.loss for one in every) / tokens if tokens else None
    long = [one for one in whole if one.characters > LONGEST]
    return Losses(
        per_token=per_token,
        # Beyond 700 nats the exponential leaves the range of a float.
        perplexity=math.exp(per_token) if per_token is not None and per_token < 700 else None,
        input_gain=gain,
        per_character=_per_character([one for one in whole if one.characters <= LONGEST]),
        per_character_long=_per_character(long),
        long=len(long),
        truncated=len(every) - len(whole),
    )


def _per_character(some: Iterable[ReferenceLoss]) -> float | None:
    given = tuple(some)
    characters = sum(one.characters for one in given)
    return math.fsum(one.loss for one in given) / characters if characters else None
