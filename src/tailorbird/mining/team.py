"""Worker processes that each mine a share of a tree, where there are processors for them."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, TypeVar

import msgspec

import tailorbird
from tailorbird.mining.messages import Job, Rest, receive, send
from tailorbird.mining.parsing import Parsed
from tailorbird.mining.share import Share

Process = subprocess.Popen[bytes]
_Message = TypeVar("_Message")
_MOST = 8
_FILES_EACH = 250
"""A worker takes as long to start as to read some fifty files."""
_PIPE_BYTES = 1 << 20
"""Room for a job while the worker is still starting, where the system lets pipes grow."""


def team_size(files: int) -> int:
    """How many processes to mine so many files with, this one included."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(processors, _MOST, files // _FILES_EACH))


class WorkerLostError(Exception):
    """A worker ended before its work did. What it was to do can be done without it."""


class Team:
    """So many workers, to be used as a context manager: no worker outlives it."""

    def __init__(self, workers: int) -> None:
        # Not multiprocessing: that runs a caller's own script again, and forks processes that have threads.
        home = str(Path(tailorbird.__file__).parents[1])
        path = os.pathsep.join(part for part in (home, os.environ.get("PYTHONPATH")) if part)
        self._processes = [
            subprocess.Popen(
                [sys.executable, "-m", "tailorbird.mining.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pipesize=_PIPE_BYTES,
                env=os.environ | {"PYTHONPATH": path},
            )
            for _ in range(workers)
        ]

    def __len__(self) -> int:
        return len(self._processes)

    def __enter__(self) -> "Team":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            process.kill()
            # Closing what a killed worker no longer reads may fail; there is nothing to lose.
            process.communicate()

    def start(self, jobs: Sequence[Job]) -> None:
        """Give each worker its job."""
        for process, job in zip(self._processes, jobs, strict=True):
            _tell(process, job)

    def parsed(self) -> list[list[Parsed]]:
        """What each worker has parsed, in order of its job's files."""
        return [_hear(process, list[Parsed]) for process in self._processes]

    def go_on(self, rests: Sequence[Rest]) -> None:
        """Give each worker what it needs to pair."""
        for process, rest in zip(self._processes, rests, strict=True):
            _tell(process, rest)

    def shares(self) -> list[Share]:
        """What each worker has found."""
        return [_hear(process, Share) for process in self._processes]


def _tell(process: Process, message: object) -> None:
    try:
        send(_there(process.stdin), message)
    except OSError as error:
        raise WorkerLostError from error


def _hear(process: Process, kind: type[_Message]) -> _Message:
    try:
        return receive(_there(process.stdout), kind)
    except (OSError, EOFError, msgspec.MsgspecError) as error:
        raise WorkerLostError from error


def _there(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise WorkerLostError
    return pipe
