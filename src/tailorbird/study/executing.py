"""Executing a comparison's candidates: what stands in the way is found and said before any training begins."""

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tailorbird.config import ExecuteConfig
from tailorbird.errors import DataError, SourceError, ToolMissingError
from tailorbird.execution.execute import Executor, executor
from tailorbird.execution.preflight import obstacle
from tailorbird.metrics.funnel import has_verdicts
from tailorbird.progress import Progress


def can_execute(source: str, warn: Callable[[str], None]) -> bool:
    """Whether this machine has what candidates for SOURCE need; if not, ``warn`` is told what is missing."""
    if missing := obstacle(source):
        _say(missing, warn)
    return not missing


@contextmanager
def open_project(
    source: str, tests: Iterable[str], config: ExecuteConfig, progress: Progress, warn: Callable[[str], None]
) -> Iterator[Executor | None]:
    """The project, built and tried out, for candidates that replace tests in the files ``tests``.

    None where that fails, and then ``warn`` is told why.
    """
    opened: Executor | None = None
    with ExitStack() as stack:
        try:
            opened = stack.enter_context(executor(source, config, progress=progress, warn=warn))
            opened.prepare(tests)
        except (ToolMissingError, SourceError, DataError) as error:
            opened = None
            _say(str(error), warn)
        yield opened


def judge(opened: Executor | None, out: Path, names: Sequence[str], warn: Callable[[str], None]) -> None:
    """Write the verdicts on each file of candidates below ``out``, but for those that have theirs.

    Where that cannot be done no verdicts stay: rows with them would stand beside rows without.
    """
    files = {name: (out / "candidates" / f"{name}.jsonl", out / "verdicts" / f"{name}.jsonl") for name in names}
    left = [(given, to) for given, to in files.values() if not has_verdicts(to, given)]
    try:
        for given, to in left:
            if opened is None:
                shutil.rmtree(out / "verdicts", ignore_errors=True)
                return
            opened.execute(given, to)
    except (ToolMissingError, SourceError, DataError) as error:
        shutil.rmtree(out / "verdicts", ignore_errors=True)
        _say(str(error), warn)


def _say(why: str, warn: Callable[[str], None]) -> None:
    warn(f"The comparison goes on without executing the candidates. {why.rstrip('.')}.")
