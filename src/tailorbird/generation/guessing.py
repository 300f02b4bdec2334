"""Guesses of what comes next, by looking it up: tests repeat their neighbours, the method under test, and themselves.

Several tokens are then checked for the price of about one, because a step of a small batch takes as long as reading the
weights does. A wrong guess costs nothing but itself; what is written is what would have been (prompt lookup decoding,
Saxena 2023; speculative decoding, Leviathan et al., ICML 2023).
"""

from collections.abc import Iterable

_RUNS = (3, 2, 1)
"""Lengths of the runs that are looked up, the surest first."""


class Lookup:
    """The source and what has been written after it, with where each run of tokens was last gone on from."""

    def __init__(self, source: Iterable[int]) -> None:
        self._tokens: list[int] = []
        self._after: dict[tuple[int, ...], int] = {}
        for token in source:
            self.add(token)

    def add(self, token: int) -> None:
        """Go on with ``token``."""
        for length in _RUNS:
            if len(self._tokens) >= length:
                self._after[tuple(self._tokens[-length:])] = len(self._tokens)
        self._tokens.append(token)

    def guess(self, count: int) -> list[int]:
        """At most ``count`` tokens that followed when the last ones were last seen; none where they never were."""
        for length in _RUNS:
            at = self._after.get(tuple(self._tokens[-length:])) if len(self._tokens) >= length else None
            if at is not None:
                return self._tokens[at : at + count]
        return []
