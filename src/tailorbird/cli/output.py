"""What a command says: results on stdout, warnings on stderr."""

import sys

import msgspec


def print_json(record: object) -> None:
    """Write ``record`` as indented JSON: the only thing that a command with ``--json`` says on stdout."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(record), indent=2).decode() + "\n")


def print_line(line: str = "") -> None:
    """Write one line for people."""
    sys.stdout.write(line + "\n")


def print_warning(line: str) -> None:
    """Write one line for people that is no result."""
    sys.stderr.write(line + "\n")


def readable_bytes(count: int) -> str:
    """``count`` bytes in the unit that people would choose, such as ``19.1 MiB``."""
    size = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def readable_seconds(seconds: float) -> str:
    """``seconds`` in the unit that people would choose, such as ``12 min``."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
