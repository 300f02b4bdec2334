"""Threads that each have a JVM of their own."""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from tailorbird.execution.worker import Pool, Seat

_K = TypeVar("_K")
_T = TypeVar("_T")


class Crew:
    """So many threads at work; each keeps its JVM from one piece of work to the next."""

    def __init__(self, pool: Pool, size: int) -> None:
        self.size = size
        self._pool = pool
        # JVMs belong to threads, which is why the threads last as long as the crew.
        self._threads = ThreadPoolExecutor(size)
        self._local = threading.local()
        self._seats: list[Seat] = []

    def each(self, work: Callable[[_K], _T], keys: Iterable[_K]) -> Iterator[tuple[_K, _T]]:
        """Work on each key, as many at a time as there are workers; results come in order of the keys."""
        listed = list(keys)
        yield from zip(listed, self._threads.map(work, listed), strict=True)

    def seat(self) -> Seat:
        """Of the thread that asks."""
        if not hasattr(self._local, "seat"):
            self._local.seat = Seat(self._pool)
            self._seats.append(self._local.seat)
        seat: Seat = self._local.seat
        return seat

    def refresh(self) -> None:
        """What comes next runs in fresh JVMs."""
        for seat in self._seats:
            seat.replace()

    @property
    def java_version(self) -> str:
        """Of the JVMs; empty before the first has answered."""
        return next((seat.java_version for seat in self._seats if seat.java_version), "")

    def close(self) -> None:
        """Begin nothing more, and end the JVMs: what is running ends with its JVM."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self.refresh()


def processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
