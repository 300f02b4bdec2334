"""What a command says: results on stdout, warnings on stderr."""

import sys
from collections.abc import Iterator

import msgspec

from tailorbird.records import Executed


def print_json(record: object) -> None:
    """Write ``record`` as indented JSON: the only thing that a command with ``--json`` says on stdout."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(record), indent=2).decode() + "\n")


def print_line(line: str = "") -> None:
    """Write one line for people."""
    sys.stdout.write(line + "\n")


def print_warning(line: str) -> None:
    """Write one line for people that is no result."""
    sys.stderr.write(line + "\n")


_STAGES = ("parsed", "compiled", "ran", "passed", "covered", "added", "asserting", "killed", "useful", "changed")


def funnel_lines(executed: Executed) -> Iterator[str]:
    """What came of executing candidates, a column for each treatment."""
    columns = [[one.treatment.replace("_", " ") for one in executed.funnels]]
    names = [f"of {executed.funnels[0].candidates} candidates"]
    for stage in _STAGES:
        counts = [getattr(one, stage) for one in executed.funnels]
        names.append(stage)
        columns.append(["-" if count is None else str(count) for count in counts])
    for at, found in enumerate(executed.funnels[0].at_k):
        for name, key in ((f"pass@{found.k}", "passes"), (f"useful@{found.k}", "useful")):
            shares = [getattr(one.at_k[at], key) for one in executed.funnels]
            names.append(name)
            columns.append(["-" if share is None else f"{share:.1%}" for share in shares])
    for name, row in zip(names, columns, strict=True):
        yield f"{name:<24}" + "".join(f"{text:>22}" for text in row)


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
