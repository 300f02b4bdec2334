"""An open statement brought to its end by names and types alone, where a model finds none."""

from heapq import heappop, heappush

from llguidance import LLMatcher

from tailorbird.generation.reading import Reading
from tailorbird.generation.syntax import Syntax, after

_FILLING = (")", ";", ", ", "}", "]", "'", "(", ".length()", ".class", "{", ":")
"""What a statement is brought to its end with, the likeliest first."""
_PIECE, _MOST_LOOKS, _MOST_NAMES = 3, 150, 4
"""What each piece costs beside its place in that order; so often the search goes on, with so many names."""


def complete(syntax: Syntax, matcher: LLMatcher, reading: Reading, *, most: int) -> list[int]:
    """At most ``most`` tokens that bring what is open in ``reading`` to the end of a statement; none where none do.

    A reading that goes straight to the focal method has called it by then.
    """
    waiting = [(0, 0, matcher, reading, list[int]())]
    looks = 0
    while waiting and looks < _MOST_LOOKS:
        cost, _, parser, before, tokens = heappop(waiting)
        if before.between_statements and not before.seeks:
            return tokens
        looks += 1
        for rank, text in enumerate(_ways(before)):
            spelled = syntax.spell(text)
            if len(tokens) + len(spelled) > most:
                continue
            followed, ahead = after(parser, spelled), before.fork()
            if followed is None or not ahead.read(text) or (ahead.between_statements and ahead.seeks):
                continue
            heappush(waiting, (cost + _PIECE + rank, looks * 100 + rank, followed, ahead, [*tokens, *spelled]))
    return []


def _ways(reading: Reading) -> tuple[str, ...]:
    """What may lead on, the likeliest first."""
    if reading.literal:
        return (reading.literal,)
    towards = dict.fromkeys(reading.towards_focal) if reading.seeks else ()
    return (*towards, *_FILLING[:3], *reading.values, *_FILLING[3:], *reading.endings(_MOST_NAMES))
