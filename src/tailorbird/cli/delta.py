"""`tailorbird delta`: what a delta holds, how two differ, and what can be made of one."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from tailorbird.cli.options import Json, require_there, require_training_extra
from tailorbird.cli.output import print_json, print_line, readable_bytes
from tailorbird.records import DeltaManifest

EXAMPLES = """\b
Examples:
  tailorbird delta inspect deltas/custom
  tailorbird delta diff deltas/custom deltas/l-ldb
  tailorbird delta merge deltas/custom --out model
  tailorbird delta export deltas/lora --out adapter
  tailorbird delta compress deltas/custom --packing int8 --data data --out deltas/custom-int8
"""

app = typer.Typer(no_args_is_help=True, epilog=EXAMPLES)

_Folder = Annotated[Path, typer.Argument(metavar="DELTA", help="A folder that `tailorbird personalise --out` wrote.")]
_Base = Annotated[
    str | None, typer.Option("--base", metavar="BASE", help="The base it was trained on (default: as it says itself).")
]
_Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder to write.")]


@app.command("inspect")
def inspect(folder: _Folder, *, base: _Base = None, json: Json = False) -> None:
    """Say what a delta is, what it cost, and which parts of the base it changes how much."""
    require_there(folder)
    require_training_extra()
    from tailorbird.bases.open import open_base
    from tailorbird.deltas.inspect import changes
    from tailorbird.deltas.store import load_delta

    delta = load_delta(folder)
    found = changes(open_base(base or delta.manifest.base_name), delta)
    if json:
        print_json({"manifest": delta.manifest, "changes": found})
        return
    _describe(delta.manifest)
    for change in found:
        share = "" if change.relative is None else f", {change.relative:.2%} of the base's own"
        print_line(f"  {change.part}: {change.values:,} values, norm {change.norm:.3g}{share}")


@app.command("diff")
def diff(
    first: _Folder,
    second: Annotated[Path, typer.Argument(metavar="DELTA", help="Another one, of the same base.")],
    *,
    base: _Base = None,
    json: Json = False,
) -> None:
    """Say how two deltas of one base differ: in what made them, and in where they move it."""
    require_there(first, second)
    require_training_extra()
    from tailorbird.bases.open import open_base
    from tailorbird.deltas.inspect import difference
    from tailorbird.deltas.store import load_delta

    one, other = load_delta(first), load_delta(second)
    found = difference(open_base(base or one.manifest.base_name), one, other)
    if json:
        print_json(found)
        return
    for key, (left, right) in found.settings.items():
        print_line(f"{key}: {left} | {right}")
    for folder, names in ((first, found.only_first), (second, found.only_second)):
        if names:
            print_line(f"only in {folder}: {len(names)} tensors, such as {names[0]}")
    if found.cosine is None or found.norm_ratio is None:
        print_line("they change nothing in common")
    else:
        print_line(f"what both change: cosine {found.cosine:.3f}, the second {found.norm_ratio:.2f} times as far")


@app.command("merge")
def merge(folder: _Folder, *, out: _Out, base: _Base = None) -> None:
    """Work a delta into the base's weights, and write an ordinary Hugging Face folder: a base like any other."""
    require_there(folder)
    require_training_extra()
    from tailorbird.bases.open import open_base
    from tailorbird.deltas.export import export_model
    from tailorbird.deltas.store import load_delta

    delta = load_delta(folder)
    export_model(open_base(base or delta.manifest.base_name), delta, out)
    print_line(str(out))


@app.command("export")
def export(folder: _Folder, *, out: _Out, base: _Base = None) -> None:
    """Write a LoRA, DoRA or IA3 delta as PEFT reads it."""
    require_there(folder)
    require_training_extra()
    from tailorbird.bases.open import open_base
    from tailorbird.deltas.export import export_adapter
    from tailorbird.deltas.store import load_delta

    delta = load_delta(folder)
    export_adapter(open_base(base or delta.manifest.base_name), delta, out)
    print_line(str(out))


@app.command("compress")
def compress(
    folder: _Folder,
    *,
    out: _Out,
    packing: Annotated[
        Literal["plain", "lossless", "float16", "int8"],
        typer.Option("--packing", help="plain values, or differences to the base: exact, in half precision, in bytes."),
    ] = "int8",
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", metavar="DATA", help="Mined data, to measure what float16 or int8 loses: these need it."
        ),
    ] = None,
    base: _Base = None,
    json: Json = False,
) -> None:
    """Pack a delta in fewer bytes, and say what that lost."""
    require_there(folder, data)
    require_training_extra()
    from tailorbird.bases.open import open_base
    from tailorbird.deltas.store import load_delta
    from tailorbird.mining.dataset import load_data
    from tailorbird.training.repacking import compress_delta

    before = load_delta(folder).manifest
    mined = load_data(data) if data is not None else None
    manifest = compress_delta(folder, out, packing, open_base(base or before.base_name), mined)
    if json:
        print_json(manifest)
        return
    print_line(
        f"{readable_bytes(manifest.cost.delta_bytes)}, "
        f"{manifest.cost.delta_bytes / before.cost.delta_bytes:.1%} of {readable_bytes(before.cost.delta_bytes)}"
    )
    if manifest.packing_loss is not None:
        was, now = manifest.packing_loss
        print_line(f"validation loss: {was:.4f} before, {now:.4f} after")
    print_line(str(out))


def _describe(manifest: DeltaManifest) -> None:
    cost = manifest.cost
    print_line(f"{manifest.strategy} of {manifest.base_name} ({manifest.base_sha256[:12]}), seed {manifest.seed}")
    print_line(f"trained on {manifest.source.location} ({manifest.data_sha256[:12]})")
    if manifest.parent_sha256:
        print_line(f"upon another delta ({manifest.parent_sha256[:12]})")
    print_line(
        f"{cost.trainable_parameters:,} of {cost.total_parameters:,} parameters trained in {cost.steps} steps and "
        f"{cost.train_seconds:.0f} s, {cost.train_flops / 1e12:.2f} TFLOP, {readable_bytes(cost.peak_memory_bytes)} at "
        "the peak"
    )
    print_line(f"{len(manifest.tensors)} tensors, {readable_bytes(cost.delta_bytes)}, {manifest.packing}")
    losses = [point.validation_loss for point in manifest.curve if point.validation_loss is not None]
    if losses:
        print_line(f"validation loss: {losses[0]:.3f} before, {min(losses):.3f} at its best")
    if manifest.packing_loss is not None:
        was, now = manifest.packing_loss
        print_line(f"what packing lost: {was:.4f} before, {now:.4f} after")
