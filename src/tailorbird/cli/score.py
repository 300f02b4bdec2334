"""`tailorbird score`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tailorbird.cli.options import Json
from tailorbird.cli.output import funnel_lines, print_json, print_line

EXAMPLES = """\b
Examples:
  tailorbird score candidates/custom.jsonl --data data --out results/custom.json
  tailorbird score candidates/base.jsonl --data data --out results/base.json --json | jq .metrics

\b
Scoring loads no model: generate once, score as often as you like.
"""


def score(
    candidates: Annotated[
        Path, typer.Argument(metavar="CANDIDATES", help="The file that `tailorbird generate` wrote.")
    ],
    *,
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="The folder that `tailorbird mine` wrote.")],
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="The result to write, such as results/custom.json.")
    ],
    verdicts: Annotated[
        Path | None,
        typer.Option("--verdicts", metavar="FILE", help="What `tailorbird execute` wrote of these candidates."),
    ] = None,
    json: Json = False,
) -> None:
    """Hold the candidates beside the developers' own tests: loss, BLEU-4, exact match, syntax, and more."""
    from tailorbird.metrics.score import score as run

    result = run(candidates, data, out, verdicts=verdicts)
    if json:
        print_json(result)
        return
    for name, value in asdict(result.metrics).items():
        shown = "-" if value is None else f"{value}" if isinstance(value, int) else f"{value:.4f}"
        print_line(f"{name:<24} {shown}")
    if result.executed is not None:
        for line in funnel_lines(result.executed):
            print_line(line)
    print_line(str(out))
