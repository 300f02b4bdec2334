"""`tailorbird personalise`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tailorbird.bases.catalogue import DEFAULT_BASE
from tailorbird.cli.options import (
    BaseModel,
    ConfigFile,
    Json,
    Quiet,
    Seed,
    Set,
    require_there,
    require_training_extra,
)
from tailorbird.cli.output import print_json, print_line, print_warning, readable_bytes, readable_seconds
from tailorbird.cli.progress import shown_progress
from tailorbird.config import PersonaliseConfig, load_config
from tailorbird.records import DeltaManifest

if TYPE_CHECKING:
    from tailorbird.training.estimate import Estimate

EXAMPLES = """\b
Examples:
  tailorbird personalise data --strategy custom --out deltas/custom
  tailorbird personalise data --strategy l-ldb --out deltas/l-ldb --epochs 5
  tailorbird personalise data --strategy prefix --out deltas/prefix --set settings.length=64
  tailorbird personalise data --strategy l-eo --out deltas/l-eo --base facebook/bart-base
  tailorbird personalise data --strategy lora --out deltas/lora --from-delta deltas/organisation

\b
Strategies: custom (all parameters), l-eo (embeddings and output layer), l-ldb (last decoder blocks),
prefix (learned keys and values in attention), lora, dora and ia3 (adapters around the projections),
bitfit (biases), prompt (learned vectors before the source).

\b
Of several projects at once: mine them into one DIR. Of an organisation and then a project: train on the
first, then on the second with --from-delta. An interrupted run goes on where it stopped when the same
command is given again.
"""


_DEFAULTS = PersonaliseConfig()


def personalise(
    data: Annotated[Path, typer.Argument(metavar="DIR", help="The folder that `tailorbird mine` wrote.")],
    *,
    strategy: Annotated[
        str | None,
        typer.Option("--strategy", metavar="NAME", help=f"One of those listed below (default {_DEFAULTS.strategy})."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="DELTA", help="Folder for delta.safetensors and delta.json.")],
    base: BaseModel = DEFAULT_BASE,
    from_delta: Annotated[
        Path | None,
        typer.Option(
            "--from-delta", metavar="DELTA", help="Go on from this delta: an organisation's, then a project's."
        ),
    ] = None,
    epochs: Annotated[
        float | None, typer.Option("--epochs", help="Passes over the training pairs (default: the strategy's own).")
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option("--learning-rate", help="Peak rate (default: the strategy's own).")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option("--batch-size", help=f"Pairs in each step (default {_DEFAULTS.batch_size}).")
    ] = None,
    seed: Seed = None,
    config: ConfigFile = None,
    set_: Set = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train what one strategy trains on the project's pairs, and save only that: a delta."""
    settings = load_config(
        PersonaliseConfig,
        config,
        set_ or (),
        strategy=strategy,
        epochs=epochs,
        learning_rate=learning_rate,
        batch_size=batch_size,
        seed=seed,
    )
    require_there(data, from_delta)
    require_training_extra()
    from tailorbird.training.personalise import personalise as run

    def announce(estimate: "Estimate") -> None:
        if not quiet:
            free = "" if estimate.available_bytes is None else f" of {readable_bytes(estimate.available_bytes)}"
            print_warning(
                f"expected: about {readable_seconds(estimate.seconds)} and "
                f"{readable_bytes(estimate.memory_bytes)}{free} of memory"
            )

    with shown_progress(quiet=quiet) as progress:
        manifest = run(data, out, settings, base=base, start=from_delta, progress=progress, announce=announce)
    if json:
        print_json(manifest)
    else:
        _print(manifest, out)


def _print(manifest: DeltaManifest, out: Path) -> None:
    cost = manifest.cost
    print_line(
        f"{manifest.strategy}: {cost.trainable_parameters:,} of {cost.total_parameters:,} parameters trained, "
        f"{cost.steps} steps in {cost.train_seconds:.0f} s, {readable_bytes(cost.delta_bytes)} of delta"
    )
    losses = [point.validation_loss for point in manifest.curve if point.validation_loss is not None]
    if losses:
        print_line(f"validation loss: {losses[0]:.3f} before, {min(losses):.3f} at its best")
    cuts = manifest.truncation
    if cuts.inputs_cut or cuts.targets_cut:
        print_line(
            f"cut to the limits: {cuts.inputs_cut} of {cuts.pairs} inputs ({cuts.focal_methods_cut} in the focal "
            f"method itself), {cuts.targets_cut} tests"
        )
    print_line(str(out))
