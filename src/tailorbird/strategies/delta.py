"""Deltas on disk: ``delta.safetensors`` and ``delta.json``, verified before they touch a base."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from tailorbird.base.load import Base
from tailorbird.errors import DeltaError, StorageError
from tailorbird.records import FORMAT_VERSION, DeltaManifest
from tailorbird.storage import atomic_file, read_bytes, read_json, sha256_bytes, write_json
from tailorbird.strategies.registry import STRATEGIES
from tailorbird.strategies.strategy import Undo

TENSORS = "delta.safetensors"
MANIFEST = "delta.json"


def save_delta(folder: Path, tensors: Mapping[str, torch.Tensor], manifest: DeltaManifest) -> DeltaManifest:
    """Write a delta; the manifest comes back with the tensors' names, shapes, bytes and hash filled in.

    The manifest is written last: a run killed in between leaves tensors that no manifest vouches for.
    """
    # Sorted, so that equal tensors give equal bytes; cloned, because tied tensors share memory.
    data = save({name: tensors[name].detach().to("cpu").clone().contiguous() for name in sorted(tensors)})
    with atomic_file(folder / TENSORS) as file:
        file.write(data)
    complete = replace(
        manifest,
        tensors_sha256=sha256_bytes(data),
        tensors={name: tuple(tensors[name].shape) for name in sorted(tensors)},
        cost=replace(manifest.cost, delta_bytes=len(data)),
    )
    write_json(folder / MANIFEST, complete)
    return complete


def load_delta(folder: Path) -> tuple[DeltaManifest, dict[str, torch.Tensor]]:
    """Read a delta and verify its own integrity: format version, hash, names and shapes."""
    manifest = read_manifest(folder)
    path = folder / TENSORS
    try:
        data = read_bytes(path)
    except StorageError as error:
        raise DeltaError(str(error)) from error
    if sha256_bytes(data) != manifest.tensors_sha256:
        raise DeltaError(
            f"{path} ({len(data):,} bytes) does not match the hash in {MANIFEST}: it is truncated or altered; "
            "copy it again or personalise again."
        )
    try:
        tensors = load(data)
    except (SafetensorError, ValueError) as error:
        raise DeltaError(f"{path} is not a safetensors file ({error}): personalise again.") from error
    if {name: tuple(tensor.shape) for name, tensor in tensors.items()} != manifest.tensors:
        raise DeltaError(f"{path} holds other tensors than {MANIFEST} lists: personalise again.")
    return manifest, tensors


def read_manifest(folder: Path) -> DeltaManifest:
    """Read ``delta.json`` alone."""
    path = folder / MANIFEST
    if not folder.is_dir():
        raise DeltaError(f"{folder} is not a folder: give the folder that `tailorbird personalise --out` wrote.")
    try:
        manifest = read_json(path, DeltaManifest)
    except StorageError as error:
        raise DeltaError(str(error)) from error
    if manifest.format_version != FORMAT_VERSION:
        raise DeltaError(
            f"{path} has format version {manifest.format_version}, this Tailorbird reads {FORMAT_VERSION}: "
            "personalise again, or use the version that wrote it."
        )
    return manifest


def attach_delta(base: Base, manifest: DeltaManifest, tensors: Mapping[str, torch.Tensor]) -> Undo:
    """Put a loaded delta on ``base``; DeltaError says what does not match, and the base is then untouched."""
    if manifest.strategy not in STRATEGIES:
        raise DeltaError(f"The delta's strategy {manifest.strategy} is not known here: use a newer Tailorbird.")
    if manifest.base_sha256 != base.sha256:
        raise DeltaError(
            f"The delta was trained on base {manifest.base_name} ({manifest.base_sha256[:12]}), but this base is "
            f"{base.name} ({base.sha256[:12]}): give the first one as --base, or personalise again."
        )
    if manifest.tokenizer_sha256 != base.tokenizer_sha256:
        raise DeltaError(
            f"The delta's tokenizer ({manifest.tokenizer_sha256[:12]}) is not this base's "
            f"({base.tokenizer_sha256[:12]}): use the base with the tokenizer that it was trained with."
        )
    return STRATEGIES[manifest.strategy].apply(base.network, tensors, manifest.settings)
