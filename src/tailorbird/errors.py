"""Errors that end a command, and the exit code of each.

Every message is one sentence that names the file, the value and the remedy.
"""


class TailorbirdError(Exception):
    """Base of all expected failures; the command line prints the message and leaves with ``exit_code``."""

    exit_code = 1


class UsageError(TailorbirdError):
    """The command was called wrongly: an unknown option, key, strategy or value."""

    exit_code = 2


class SourceError(TailorbirdError):
    """A project cannot be fetched or read."""


class DataError(TailorbirdError):
    """A data set is missing, malformed, or too small for what was asked."""


class ToolMissingError(TailorbirdError):
    """An outside program or optional package (mvn, git, a JDK, torch) is not there."""


class BaseError(TailorbirdError):
    """A base model cannot be loaded, or does not fit what was asked of it."""


class DeltaError(TailorbirdError):
    """A delta is damaged, or belongs to another base, tokenizer or format."""


class StorageError(TailorbirdError):
    """A file cannot be read or written."""
