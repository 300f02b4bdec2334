"""Progress on stderr: a bar with an ETA on a terminal, one line for each finished piece elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tailorbird.progress import Progress, Silent


@contextmanager
def shown_progress(*, quiet: bool) -> Iterator[Progress]:
    """The progress that suits this process; a bar is taken off the terminal when the block ends, however it ends."""
    if quiet:
        yield Silent()
    elif not sys.stderr.isatty():
        yield FinishedLines()
    else:
        bar = Bar()
        try:
            yield bar
        finally:
            bar.stop()


class FinishedLines:
    """For logs: says nothing while work goes on, and one line when a piece of it ends."""

    def __init__(self) -> None:
        self._what, self._total, self._done, self._note, self._started = "", 0, 0, "", 0.0

    def start(self, what: str, total: int) -> None:
        self._what, self._total, self._done, self._note, self._started = what, total, 0, "", time.monotonic()

    def update(self, done: int, note: str = "") -> None:
        self._done, self._note = done, note

    def finish(self) -> None:
        seconds = time.monotonic() - self._started
        amount = f"{self._done} of {self._total}" if self._total else str(self._done)
        note = f" ({self._note})" if self._note else ""
        sys.stderr.write(f"{self._what}: {amount} in {seconds:.1f} s{note}\n")
        sys.stderr.flush()


class Bar:
    """For people: one bar for each piece of work, with the time that is left."""

    def __init__(self) -> None:
        # Imported here: a third of the start-up time, and only a terminal sees it.
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )
        from rich.progress import Progress as RichProgress

        self._rich = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
            console=Console(stderr=True),
            # A training step must not wait for a pretty picture on a machine with few cores.
            refresh_per_second=4,
        )
        self._task = self._rich.add_task("", total=None, visible=False, note="")

    def start(self, what: str, total: int) -> None:
        self._task = self._rich.add_task(what, total=total or None, note="")
        self._rich.start()

    def update(self, done: int, note: str = "") -> None:
        self._rich.update(self._task, completed=done, note=note)

    def finish(self) -> None:
        self._rich.stop_task(self._task)

    def stop(self) -> None:
        """Leave the terminal as it was found."""
        self._rich.stop()
