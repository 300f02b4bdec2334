"""A smaller copy of a delta, with what it lost measured."""

from dataclasses import replace
from pathlib import Path

from tailorbird.base.load import Base
from tailorbird.deltas.attach import attach_delta, parent_on
from tailorbird.deltas.packing import LOSSY, Packing
from tailorbird.deltas.store import PARENT, load_delta, save_delta
from tailorbird.errors import UsageError
from tailorbird.records import DeltaManifest


def repack_delta(folder: Path, out: Path, packing: Packing, base: Base) -> DeltaManifest:
    """Write the delta in ``folder`` to ``out``, packed as ``packing``; what a lossy one lost the caller measures."""
    if out.resolve() == folder.resolve():
        raise UsageError(f"--out {out} is the delta itself: give another folder.")
    delta = load_delta(folder)
    if delta.manifest.packing in LOSSY and delta.manifest.packing != packing:
        raise UsageError(
            f"{folder} is packed as {delta.manifest.packing} already, and what that lost is gone: "
            "start from the delta that it was made of."
        )
    attach_delta(base, delta)()  # Refuses one of another base before anything is written.
    parent = folder / PARENT if delta.parent is not None else None
    with parent_on(base, delta) as starts:
        return save_delta(out, delta.tensors(starts), delta.manifest, packing=packing, base=starts, parent=parent)


def with_losses(manifest: DeltaManifest, before: float, after: float) -> DeltaManifest:
    """``manifest`` with the validation losses of the delta as it was and as it is packed now."""
    return replace(manifest, packing_loss=(before, after))
