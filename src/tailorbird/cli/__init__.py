"""The command line: wiring only. Every command calls one function of one stage."""

import logging
import os
from typing import Annotated

import typer

from tailorbird import __version__
from tailorbird.cli import (
    base,
    compare,
    delta,
    doctor,
    execute,
    generate,
    interchange,
    mine,
    personalise,
    pretrain,
    report,
    score,
    stage,
)
from tailorbird.cli.failures import DEBUG_VARIABLE, run

__all__ = ["app", "main"]

app = typer.Typer(
    name="tailorbird",
    help="Personalise a code-generation model to one Java project, and see what that bought and what it cost.",
    epilog=(
        "\b\n"
        "The whole way, in one command:\n"
        "  tailorbird compare commons-codec:commons-codec:1.16.0 --out study\n"
        "\n\b\n"
        "Step by step, on your own project:\n"
        "  tailorbird mine ~/code/my-project --out data\n"
        "  tailorbird personalise data --strategy custom --out delta\n"
        "  tailorbird generate data --delta delta --split test --out candidates.jsonl\n"
        "  tailorbird score candidates.jsonl --data data --out results/custom.json\n"
        "  tailorbird report results --out report.html\n"
        "\n\b\n"
        "Exit codes: 0 done, 1 failed, 2 called wrongly, 130 interrupted."
    ),
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command("compare", epilog=compare.EXAMPLES)(compare.compare)
app.command("mine", epilog=mine.EXAMPLES)(mine.mine)
app.command("personalise", epilog=personalise.EXAMPLES)(personalise.personalise)
app.command("personalize", epilog=personalise.EXAMPLES, hidden=True)(personalise.personalise)
app.command("generate", epilog=generate.EXAMPLES)(generate.generate)
app.command("score", epilog=score.EXAMPLES)(score.score)
app.command("execute", epilog=execute.EXAMPLES)(execute.execute)
app.command("report", epilog=report.EXAMPLES)(report.report)
app.command("pretrain", epilog=pretrain.EXAMPLES)(pretrain.pretrain)
app.command("stage", epilog=stage.EXAMPLES)(stage.stage)
app.command("export", epilog=interchange.EXPORT_EXAMPLES)(interchange.export)
app.command("import", epilog=interchange.IMPORT_EXAMPLES)(interchange.import_)
app.add_typer(base.app, name="base", help="Which bases have a name, what is known of each, and how to get one.")
app.add_typer(delta.app, name="delta", help="What a delta holds, how two differ, and what can be made of one.")
app.command("doctor", epilog=doctor.EXAMPLES)(doctor.doctor)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"tailorbird {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    debug: Annotated[
        bool, typer.Option("--debug", help=f"On failure show the traceback; {DEBUG_VARIABLE}=1 does the same.")
    ] = False,
    version: Annotated[  # noqa: ARG001 - its callback does the work
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    if debug:
        os.environ[DEBUG_VARIABLE] = "1"
    logging.basicConfig(level=logging.DEBUG if debug else logging.WARNING, format="%(name)s: %(message)s")


def main() -> None:
    """Entry point: run the command named on the command line, and leave with its exit code."""
    raise SystemExit(run(app))
