"""`tailorbird compare`."""

from pathlib import Path
from typing import Annotated

import typer

from tailorbird.bases.catalogue import DEFAULT_BASE
from tailorbird.cli.options import BaseModel, ConfigFile, Json, Quiet, Seed, Set, require_training_extra
from tailorbird.cli.output import print_json, print_line, print_warning
from tailorbird.cli.progress import shown_progress
from tailorbird.config import CompareConfig, load_config

EXAMPLES = """\b
Examples:
  tailorbird compare commons-codec:commons-codec:1.16.0 --out study
  tailorbird compare ~/code/my-project --out study --strategies custom,prefix --epochs 5
  tailorbird compare ~/code/my-project --out study --set settings.prefix.length=64
  tailorbird compare ~/code/my-project --out study --base facebook/bart-base --config study.toml

\b
Writes DIR/data, DIR/deltas, DIR/candidates, DIR/verdicts, DIR/results and DIR/report.html. Given again, the same
command does only what is not done yet.
"""


_DEFAULTS = CompareConfig()


def compare(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="A folder, a git URL (URL@commit), or group:artifact:version.")
    ],
    *,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for everything that is made.")],
    strategies: Annotated[
        str | None,
        typer.Option(
            "--strategies", metavar="NAMES", help=f"Separated by commas (default {','.join(_DEFAULTS.strategies)})."
        ),
    ] = None,
    base: BaseModel = DEFAULT_BASE,
    epochs: Annotated[
        float | None,
        typer.Option(
            "--epochs",
            help="Passes over the training pairs, the same for each strategy (default: the smallest of their own).",
        ),
    ] = None,
    seed: Seed = None,
    execute: Annotated[
        bool | None,
        typer.Option("--execute/--no-execute", help="Compile and run the candidates too (default: where it can be)."),
    ] = None,
    methods: Annotated[
        int | None,
        typer.Option(
            "--methods", help="Write tests for only so many focal methods of the test split, drawn at random."
        ),
    ] = None,
    candidates: Annotated[
        int | None, typer.Option("--candidates", "-n", help=f"For each of them (default {_DEFAULTS.candidates}).")
    ] = None,
    older: Annotated[
        str | None,
        typer.Option("--older", metavar="SOURCE", help="Time split: test on tests added since this older version."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="WHEN", help="Time split by git history: a commit, a tag, or YYYY-MM-DD."),
    ] = None,
    config: ConfigFile = None,
    set_: Set = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Mine, personalise with each strategy, generate, score and report: the whole way in one command."""
    names = None if strategies is None else [name.strip() for name in strategies.split(",") if name.strip()]
    settings = load_config(
        CompareConfig,
        config,
        set_ or (),
        strategies=names,
        epochs=epochs,
        seed=seed,
        execute=execute,
        methods=methods,
        candidates=candidates,
        older=older,
        since=since,
    )
    require_training_extra()
    from tailorbird.report.render import render_report
    from tailorbird.report.tables import terminal_table
    from tailorbird.study.compare import compare as run

    with shown_progress(quiet=quiet) as progress:
        results = run(source, out, settings, base=base, progress=progress, warn=print_warning)
    page = render_report(out / "results", out / "report.html")
    if json:
        print_json(results)
        return
    print_line(terminal_table(results))
    print_line(str(page))
