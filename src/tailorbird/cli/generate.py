"""`tailorbird generate`."""

from pathlib import Path
from typing import Annotated, Literal

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
from tailorbird.cli.output import print_json, print_line
from tailorbird.cli.progress import shown_progress
from tailorbird.config import GenerateConfig, load_config
from tailorbird.errors import UsageError
from tailorbird.records import GenerationHeader

EXAMPLES = """\b
Examples:
  tailorbird generate data --delta deltas/custom --split test --out candidates/custom.jsonl
  tailorbird generate data --split test --out candidates/base.jsonl
  tailorbird generate data --delta deltas/prefix --out candidates/prefix.jsonl --decoding beam --beams 4
  tailorbird generate data --delta deltas/custom --out ten.jsonl --decoding sample -n 10 --top-p 0.95
  tailorbird generate data --reference no-model --out candidates/no-model.jsonl

\b
Without --delta the unpersonalised base writes the tests. With --reference no model writes any, so that there is
something to hold models against: developers (the held-out tests themselves), no-model (the method called with
simple values) or retrieval-copy (the test of the most similar training method).
"""


_DEFAULTS = GenerateConfig()
_OWN = "default: the base's own"


def generate(
    data: Annotated[Path, typer.Argument(metavar="DIR", help="The folder that `tailorbird mine` wrote.")],
    *,
    delta: Annotated[
        Path | None, typer.Option("--delta", metavar="DELTA", help="The folder that `tailorbird personalise` wrote.")
    ] = None,
    base: BaseModel = DEFAULT_BASE,
    reference: Annotated[
        str | None,
        typer.Option("--reference", metavar="NAME", help="Without a model: developers, no-model or retrieval-copy."),
    ] = None,
    split: Annotated[
        Literal["train", "validation", "test"] | None,
        typer.Option("--split", help=f"Which pairs (default {_DEFAULTS.split})."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The candidates file to write (JSON lines).")],
    decoding: Annotated[
        Literal["greedy", "beam", "sample"] | None,
        typer.Option("--decoding", help=f"How to choose tokens ({_OWN})."),
    ] = None,
    constraint: Annotated[
        Literal["none", "grammar", "guided"] | None,
        typer.Option(
            "--constraint",
            help="What may be written: anything, what Java's grammar allows, or only names in scope, fitting types "
            f"and statements that lead to the focal method too ({_OWN}).",
        ),
    ] = None,
    beams: Annotated[
        int | None, typer.Option("--beams", help=f"Width of the beam, for --decoding beam (default {_DEFAULTS.beams}).")
    ] = None,
    candidates: Annotated[
        int | None,
        typer.Option("--candidates", "-n", help=f"Candidates for each focal method (default {_DEFAULTS.candidates})."),
    ] = None,
    temperature: Annotated[float | None, typer.Option("--temperature", help=f"For --decoding sample ({_OWN}).")] = None,
    top_p: Annotated[float | None, typer.Option("--top-p", help=f"Nucleus, for --decoding sample ({_OWN}).")] = None,
    max_tokens: Annotated[
        int | None,
        typer.Option("--max-tokens", help=f"Longest candidate, in tokens ({_OWN})."),
    ] = None,
    no_repeat_ngram: Annotated[
        int | None,
        typer.Option(
            "--no-repeat-ngram",
            help=f"Write no run of so many tokens twice; 0 allows it ({_OWN}).",
        ),
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", help="Only the first so many pairs of the split.")] = None,
    methods: Annotated[
        int | None, typer.Option("--methods", help="Only so many focal methods, drawn at random, one pair of each.")
    ] = None,
    seed: Seed = None,
    batch_size: Annotated[
        int | None,
        typer.Option("--batch-size", help=f"Focal methods decoded together (default {_DEFAULTS.batch_size})."),
    ] = None,
    config: ConfigFile = None,
    set_: Set = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write tests for focal methods the model was not trained on, and take the loss of the developers' own."""
    settings = load_config(
        GenerateConfig,
        config,
        set_ or (),
        split=split,
        decoding=decoding,
        constraint=constraint,
        beams=beams,
        candidates=candidates,
        temperature=temperature,
        top_p=top_p,
        max_target_tokens=max_tokens,
        no_repeat_ngram=no_repeat_ngram,
        limit=limit,
        methods=methods,
        seed=seed,
        batch_size=batch_size,
    )
    require_there(data, delta)
    if out.is_dir():
        raise UsageError(f"--out {out} is a folder: give the name of a file.")
    if reference is not None:
        if delta is not None:
            raise UsageError(f"--reference {reference} needs no model: leave --delta {delta} out.")
        header = _reference(reference, data, out, settings, candidates)
    else:
        require_training_extra()
        from tailorbird.generation.generate import generate as run

        with shown_progress(quiet=quiet) as progress:
            header = run(data, out, settings, base=base, delta=delta, progress=progress)
    if json:
        print_json(header)
        return
    print_line(
        f"{header.strategy}, {header.decoding}: {header.generated_tokens} tokens in {header.generate_seconds:.1f} s"
    )
    print_line(str(out))


def _reference(name: str, data: Path, out: Path, settings: GenerateConfig, candidates: int | None) -> GenerationHeader:
    from tailorbird.generation.references import SAMPLES, write_reference
    from tailorbird.mining.dataset import load_data

    return write_reference(
        name,
        load_data(data),
        out,
        split=settings.split,
        limit=settings.limit,
        methods=settings.methods,
        samples=SAMPLES if candidates is None else candidates,
    )
