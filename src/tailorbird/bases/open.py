"""Opening a base by its name, its folder, its GGUF file, or its Hugging Face id."""

from dataclasses import replace

import torch

from tailorbird.base.load import Base, load_base
from tailorbird.bases.catalogue import (
    DEFAULT_BASE,
    CatalogueEntry,
    find_entry,
    folder_of,
    get_entry,
    require_here,
    stage_folder,
)
from tailorbird.bases.gguf import converted, gguf_in
from tailorbird.deltas.attach import merge_delta
from tailorbird.deltas.store import load_delta
from tailorbird.storage import sha256_bytes


def open_base(name: str = DEFAULT_BASE, *, device: torch.device | None = None) -> Base:
    """Load the base ``name`` in fp32.

    A name of the catalogue comes first, then a GGUF file or a folder with one, then what Hugging Face's transformers
    loads: a folder or a model id. Raises BaseError where it is not there or does not suit.
    """
    entry = find_entry(name)
    if entry is not None:
        return _open_entry(entry, device)
    file = gguf_in(name)
    if file is not None:
        return load_base(str(converted(file, name)), name=name, device=device)
    return load_base(name, device=device)


def _open_entry(entry: CatalogueEntry, device: torch.device | None) -> Base:
    require_here(entry)
    if entry.stage_of:
        return _merged(entry, _open_entry(get_entry(entry.stage_of), device))
    # The catalogue knows better than what was written beside the weights when they were converted.
    return load_base(str(folder_of(entry)), name=entry.name, description=entry.description, device=device)


def _merged(entry: CatalogueEntry, base: Base) -> Base:
    """``base`` with the stage of ``entry`` worked into its weights."""
    delta = load_delta(stage_folder(entry))
    merge_delta(base, delta)
    # Of what it is made of, not of the sums: these differ in their last bits from machine to machine.
    sha256 = sha256_bytes(f"{base.sha256} {delta.manifest.tensors_sha256}".encode())
    return replace(base, name=entry.name, sha256=sha256, description=entry.description)
