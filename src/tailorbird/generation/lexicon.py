"""Sets of names that can be asked which beginnings lead to one."""

from bisect import bisect_left
from collections.abc import Container, Iterable, Iterator


class Lexicon:
    """A set of names that can be asked which beginnings lead to one."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)
        self._sorted = sorted(self._names)

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._sorted)

    def begins(self, beginning: str) -> bool:
        """Whether one of the names begins so."""
        at = bisect_left(self._sorted, beginning)
        return at < len(self._sorted) and self._sorted[at].startswith(beginning)

    def begins_but(self, beginning: str, excluded: Container[str]) -> bool:
        """Whether one that is not ``excluded`` begins so."""
        at = bisect_left(self._sorted, beginning)
        while at < len(self._sorted) and self._sorted[at].startswith(beginning):
            if self._sorted[at] not in excluded:
                return True
            at += 1
        return False


class Keywords(Lexicon):
    """Of Java's own words."""
