"""Guesses of what comes next, by looking it up: tests repeat their neighbours, the method under test, and themselves.

Several tokens are then checked for the price of about one, because a step of a small batch takes as long as reading the
weights does. A wrong guess costs nothing but itself; what is written is what would have been (prompt lookup decoding,
Saxena 2023; speculative decoding, Leviathan et al., ICML 2023).
"""

from collections.abc import Iterable, Sequence

_RUNS = (5, 3, 2, 1)
"""Lengths of the runs that are looked up, the surest first."""
_FOLLOWING = 8
"""Tokens that are remembered after a run."""


class Written:
    """What was written for other sources: tests of one project are like one another."""

    def __init__(self) -> None:
        self._after: dict[tuple[int, ...], tuple[int, ...]] = {}

    def add(self, tokens: Sequence[int]) -> None:
        """Remember one sequence that is done."""
        for at in range(1, len(tokens)):
            following = tuple(tokens[at : at + _FOLLOWING])
            for length in _RUNS:
                if at >= length:
                    self._after[tuple(tokens[at - length : at])] = following

    def after(self, run: tuple[int, ...]) -> tuple[int, ...]:
        """What followed ``run`` when it was last written; nothing where it never was."""
        return self._after.get(run, ())


class Lookup:
    """The source and what has been written after it, with where each run of tokens was last gone on from."""

    def __init__(self, source: Iterable[int], written: Written | None = None) -> None:
        self._tokens: list[int] = []
        self._after: dict[tuple[int, ...], int] = {}
        self._written = written or Written()
        for token in source:
            self.add(token)

    def add(self, token: int) -> None:
        """Go on with ``token``."""
        for length in _RUNS:
            if len(self._tokens) >= length:
                self._after[tuple(self._tokens[-length:])] = len(self._tokens)
        self._tokens.append(token)

    def guess(self, count: int) -> list[int]:
        """At most ``count`` tokens that followed when the last ones were last seen; none where they never were.

        Long runs count more than short ones, and among equals its own more than what was written elsewhere.
        """
        for length in _RUNS:
            if len(self._tokens) < length:
                continue
            run = tuple(self._tokens[-length:])
            at = self._after.get(run)
            found = self._tokens[at : at + count] if at is not None else list(self._written.after(run)[:count])
            if found:
                return found
        return []
