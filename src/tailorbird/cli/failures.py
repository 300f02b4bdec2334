"""From exceptions to exit codes: 0 done, 1 failed, 2 called wrongly, 130 interrupted; one sentence each on stderr."""

import errno
import os
import sys
import traceback
from collections.abc import Sequence

import typer
from typer.main import get_command

from tailorbird.errors import TailorbirdError

DEBUG_VARIABLE = "TAILORBIRD_DEBUG"

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130


def run(app: typer.Typer, arguments: Sequence[str] | None = None) -> int:
    """Run ``app`` on ``arguments`` (the process's own when None) and return the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = get_command(app).main(given or ["--help"], prog_name="tailorbird", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        return _quiet_pipe()
    except KeyboardInterrupt:
        code = INTERRUPTED
    except typer.Abort:
        code = INTERRUPTED
    except Exception as error:
        _show_traceback()
        _say(describe(error))
        return exit_code(error)
    if code == INTERRUPTED:
        _say("interrupted: whole files stay whole, and the same command given again goes on or starts over.")
    # Called with nothing to do, it has shown its help, and a script must notice.
    return (int(code or DONE)) if given else USAGE


def exit_code(error: Exception) -> int:
    """The exit code that belongs to ``error``."""
    if isinstance(error, TailorbirdError | typer.TyperException):
        return error.exit_code
    return FAILED


def describe(error: Exception) -> str:
    """One sentence for ``error``, on one line."""
    if isinstance(error, typer.TyperException):
        message = f"{error.format_message().rstrip('.')} (see `{_help_command(error)}`)"
    elif isinstance(error, TailorbirdError):
        message = str(error)
    elif isinstance(error, OSError) and error.errno == errno.ENOSPC:
        message = f"the disk is full{_named(error)}: free space or choose another --out; finished files are whole."
    elif isinstance(error, OSError) and error.filename and error.strerror:
        reason = error.strerror[0].lower() + error.strerror[1:]
        message = f"{error.filename}: {reason}: check the path, or choose another."
    elif isinstance(error, MemoryError):
        message = "out of memory: close other programs or choose a smaller --batch-size."
    else:
        what = f"{type(error).__name__} ({error})" if str(error) else type(error).__name__
        message = f"unexpected {what}: run `tailorbird --debug ...` to see where, and report it as a bug."
    return " ".join(message.split())


def _named(error: OSError) -> str:
    return f" ({error.filename} could not be written)" if error.filename else ""


def _help_command(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "tailorbird"
    return f"{path} --help"


def _say(message: str) -> None:
    sys.stderr.write(f"tailorbird: {message}\n")


def _show_traceback() -> None:
    if os.environ.get(DEBUG_VARIABLE, "") not in ("", "0"):
        traceback.print_exc()


def _quiet_pipe() -> int:
    # The reader (`| head`) has left: nothing more can be said to it, not even by the interpreter's last flush.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return FAILED
