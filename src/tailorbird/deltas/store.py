"""Deltas on disk: ``delta.safetensors`` and ``delta.json``, verified before they touch a base.

A delta that was trained on top of another one holds that one in its folder ``parent``: it is whole by itself.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from tailorbird.deltas.packing import Packing, Tensors, pack, unpack
from tailorbird.errors import DeltaError, StorageError
from tailorbird.records import FORMAT_VERSION, DeltaManifest
from tailorbird.storage import atomic_file, read_bytes, read_json, sha256_bytes, write_json

TENSORS = "delta.safetensors"
MANIFEST = "delta.json"
PARENT = "parent"


@dataclass(frozen=True, slots=True)
class Delta:
    """A delta in memory, verified in itself but not yet against a base."""

    manifest: DeltaManifest
    packed: dict[str, torch.Tensor]
    parent: "Delta | None" = None

    def tensors(self, base: Tensors) -> dict[str, torch.Tensor]:
        """Its tensors; ``base`` has the parameters of the base by name, with the parent on it where there is one."""
        return unpack(self.packed, self.manifest.tensors, self.manifest.packing, base)


def save_delta(
    folder: Path,
    tensors: Mapping[str, torch.Tensor],
    manifest: DeltaManifest,
    *,
    packing: Packing = "plain",
    base: Tensors | None = None,
    parent: Path | None = None,
) -> DeltaManifest:
    """Write a delta; the manifest comes back with the tensors' names, shapes, bytes and hash filled in.

    ``base`` has the parameters that differences are taken from, where ``packing`` takes them. The manifest is written
    last: a run killed in between leaves tensors that no manifest vouches for.
    """
    packed = pack(tensors, packing, base or {})
    # Sorted, so that equal tensors give equal bytes; cloned, because tied tensors share memory.
    data = save({name: packed[name].detach().to("cpu").clone().contiguous() for name in sorted(packed)})
    if parent is not None:
        _copy_parent(parent, folder / PARENT)
    with atomic_file(folder / TENSORS) as file:
        file.write(data)
    complete = replace(
        manifest,
        tensors_sha256=sha256_bytes(data),
        tensors={name: tuple(tensors[name].shape) for name in sorted(tensors)},
        packing=packing,
        cost=replace(manifest.cost, delta_bytes=len(data)),
    )
    write_json(folder / MANIFEST, complete)
    return complete


def load_delta(folder: Path) -> Delta:
    """Read a delta and verify its own integrity: format version, hash, names and shapes, and its parent's."""
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
        packed = load(data)
    except (SafetensorError, ValueError) as error:
        raise DeltaError(f"{path} is not a safetensors file ({error}): personalise again.") from error
    plain = manifest.packing == "plain"
    shapes = {name: tuple(tensor.shape) for name, tensor in packed.items()}
    if shapes != manifest.tensors if plain else not set(manifest.tensors) <= set(packed):
        raise DeltaError(f"{path} holds other tensors than {MANIFEST} lists: personalise again.")
    parent = load_delta(folder / PARENT) if manifest.parent_sha256 else None
    if parent is not None and parent.manifest.tensors_sha256 != manifest.parent_sha256:
        raise DeltaError(
            f"{folder / PARENT} is not the delta that {folder} was trained on: copy the whole folder again."
        )
    return Delta(manifest, packed, parent)


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


def _copy_parent(source: Path, target: Path) -> None:
    if source.resolve() == target.resolve():
        return
    if target.exists():
        shutil.rmtree(target)
    target.mkdir(parents=True)
    for name in (TENSORS, MANIFEST):
        shutil.copyfile(source / name, target / name)
    if (source / PARENT).exists():
        _copy_parent(source / PARENT, target / PARENT)
