"""`tailorbird report`."""

from pathlib import Path
from typing import Annotated

import typer

from tailorbird.cli.output import print_line

EXAMPLES = """\b
Examples:
  tailorbird report results --out report.html
  tailorbird report study/results --out ~/public/study.html
"""


def report(
    results: Annotated[
        Path, typer.Argument(metavar="RESULTS_DIR", help="Folder of the results that `tailorbird score` wrote.")
    ],
    *,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The page to write: one file, opens offline.")],
) -> None:
    """Lay the results side by side in one HTML page: quality, cost, learning curves and generated tests."""
    from tailorbird.report.render import render_report

    print_line(str(render_report(results, out)))
