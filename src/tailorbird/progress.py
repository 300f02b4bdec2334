"""How long work tells how far it is: a small interface, so that no stage knows a terminal."""

from typing import Protocol


class Progress(Protocol):
    """Receives the state of one piece of long work at a time."""

    def start(self, what: str, total: int) -> None:
        """A piece of work begins; ``total`` is in its own units (files, steps, pairs), 0 when unknown."""

    def update(self, done: int, note: str = "") -> None:
        """``done`` units of the current piece are complete; ``note`` is shown beside them (a loss, a rate)."""

    def finish(self) -> None:
        """The current piece is complete."""


class Silent:
    """Progress that nobody watches: the default of every stage."""

    def start(self, what: str, total: int) -> None:
        pass

    def update(self, done: int, note: str = "") -> None:
        pass

    def finish(self) -> None:
        pass
