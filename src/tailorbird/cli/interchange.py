"""`tailorbird export` and `tailorbird import`."""

from pathlib import Path
from typing import Annotated

import typer

from tailorbird.cli.output import print_line
from tailorbird.errors import UsageError

FORMATS = ("methods2test", "methods2test-corpus", "parquet")
EXPORT_EXAMPLES = """\b
Examples:
  tailorbird export data --format methods2test --out m2t
  tailorbird export data --format methods2test-corpus --out m2t
  tailorbird export data --format parquet --out hf      # then: datasets.load_dataset("hf")
"""
IMPORT_EXAMPLES = """\b
Examples:
  tailorbird import methods2test/dataset --out data
  tailorbird import methods2test/corpus/json --out data
  tailorbird import hf --format parquet --out data
"""


def export(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="A folder that 'tailorbird mine' wrote.")],
    *,
    kind: Annotated[str, typer.Option("--format", metavar="FORMAT", help=f"One of {', '.join(FORMATS)}.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder to write to.")],
) -> None:
    """Write a mined data set in a form that others read."""
    _check(kind, FORMATS)
    from tailorbird.interchange.methods2test import write_corpus, write_dataset
    from tailorbird.interchange.tables import write_parquet
    from tailorbird.mining.dataset import load_classes, load_data

    write = {"methods2test": write_dataset, "methods2test-corpus": write_corpus, "parquet": write_parquet}[kind]
    print_line(f"{write(load_data(data), load_classes(data), out)} pairs")
    print_line(str(out))


def import_(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Methods2Test's JSON in either form, or a Parquet export.")
    ],
    *,
    kind: Annotated[str, typer.Option("--format", metavar="FORMAT", help="methods2test (both forms) or parquet.")] = (
        "methods2test"
    ),
    out: Annotated[Path, typer.Option("--out", metavar="DATA", help="Folder for the data set.")],
    seed: Annotated[int, typer.Option("--seed", help="Draws the split where the files give none.")] = 0,
) -> None:
    """Make a data set of pairs that others mined."""
    _check(kind, ("methods2test", "parquet"))
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder: give the one that holds the files.")
    from tailorbird.interchange.read import read_methods2test, read_tables

    manifest = read_methods2test(folder, out, seed=seed) if kind == "methods2test" else read_tables(folder, out)
    print_line(f"{manifest.pairs} pairs")
    print_line("splits: " + ", ".join(f"{count} {name}" for name, count in manifest.splits.items()))
    print_line(str(out / "pairs.jsonl"))


def _check(kind: str, known: tuple[str, ...]) -> None:
    if kind not in known:
        raise UsageError(f"There is no format {kind!r}: choose one of {', '.join(known)}.")
