"""`tailorbird pretrain`."""

from pathlib import Path
from typing import Annotated

import typer

from tailorbird.cli.options import ConfigFile, Quiet, Set, require_training_extra
from tailorbird.cli.output import print_line
from tailorbird.cli.progress import shown_progress
from tailorbird.config import PretrainConfig, load_config
from tailorbird.errors import UsageError

EXAMPLES = """\b
Examples:
  tailorbird pretrain --out base
  tailorbird pretrain --out base --hours 2
  tailorbird pretrain --out base --corpus corpus.toml --set denoising_steps=2000 --set pair_steps=4000
  tailorbird pretrain --from tiny --out ours --corpus ours.toml --set denoising_steps=0

\b
The corpus is a TOML file; without --corpus it is that of the tiny base. Its keys are lists of
group:artifact:version: coordinates (to train on), held_out (never trained on: the curve is theirs)
and studies (projects to personalise to later: what resembles their methods is left out). Settings
for --set stand in docs/settings.md.

\b
If DIR holds a checkpoint of the same recipe, training goes on from it. --from begins with the
weights and the tokenizer of a base that exists, such as tiny. Use the result with
--base DIR.
"""


def pretrain(
    *,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the model, tokenizer and checkpoints.")],
    corpus: Annotated[
        Path | None, typer.Option("--corpus", metavar="FILE", help="Maven coordinates to train on, as TOML.")
    ] = None,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="BASE", help="Base to go on from: tiny, or a folder that pretrain wrote."),
    ] = None,
    hours: Annotated[
        float | None, typer.Option("--hours", help="Pause after so many hours; the same command goes on.")
    ] = None,
    config: ConfigFile = None,
    set_: Set = None,
    quiet: Quiet = False,
) -> None:
    """Train a base of one's own: denoising on Java first, then focal method to test case."""
    settings = load_config(PretrainConfig, config, set_ or (), hours=hours)
    if corpus is not None and not corpus.is_file():
        raise UsageError(
            f"--corpus {corpus} is not a file: give a TOML file with coordinates = ['group:artifact:version', ...]."
        )
    require_training_extra()
    from tailorbird.pretraining.pretrain import pretrain as run

    with shown_progress(quiet=quiet) as progress:
        stages = run(out, settings, corpus=corpus, start=start, progress=progress)
    last = stages[-1]
    if not last.complete:
        print_line(
            f"paused at step {last.outcome.steps:,} of {last.steps_planned:,} of {last.name}: the same command goes on"
        )
    print_line(str(out))
