"""`tailorbird stage`."""

from pathlib import Path
from typing import Annotated

import typer

from tailorbird.cli.options import ConfigFile, Quiet, Set, require_training_extra
from tailorbird.cli.output import print_line
from tailorbird.cli.progress import shown_progress
from tailorbird.config import TestWritingConfig, load_config
from tailorbird.errors import UsageError

EXAMPLES = """\b
Examples:
  tailorbird stage --base smollm2-135m-plain --out stage
  tailorbird stage --base smollm2-135m-plain --out stage --corpus ours.toml --set pairs=3000

\b
The result is a delta. Projects are personalised on top of it with
`tailorbird personalise --base smollm2-135m-plain --from-delta stage`.
Settings for --set stand in docs/settings.md.
"""


def stage(
    *,
    base: Annotated[str, typer.Option("--base", metavar="BASE", help="Base to train: a name, a folder, or an id.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the delta, the data and checkpoints.")],
    corpus: Annotated[
        Path | None, typer.Option("--corpus", metavar="FILE", help="Maven coordinates to train on, as TOML.")
    ] = None,
    config: ConfigFile = None,
    set_: Set = None,
    quiet: Quiet = False,
) -> None:
    """Train a base to write unit tests, on the tests of many projects, before it meets one of its own."""
    settings = load_config(TestWritingConfig, config, set_ or ())
    if corpus is not None and not corpus.is_file():
        raise UsageError(
            f"--corpus {corpus} is not a file: give a TOML file with coordinates = ['group:artifact:version', ...]."
        )
    require_training_extra()
    from tailorbird.bases.open import open_base
    from tailorbird.pretraining.corpus import read_list
    from tailorbird.pretraining.test_writing import train_test_writing
    from tailorbird.training.device import choose_device

    with shown_progress(quiet=quiet) as progress:
        manifest = train_test_writing(
            open_base(base, device=choose_device()), out, read_list(corpus), settings, progress=progress
        )
    for point in manifest.curve:
        print_line(f"step {point.step:,}: held-out loss {point.validation_loss:.3f} nats per token")
    print_line(str(out))
