"""Deltas on a base: put on and taken off, or worked into its weights."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from tailorbird.base.load import Base
from tailorbird.deltas.store import Delta
from tailorbird.errors import DeltaError
from tailorbird.records import DeltaManifest
from tailorbird.strategies.registry import STRATEGIES
from tailorbird.strategies.strategy import Undo


def attach_delta(base: Base, delta: Delta) -> Undo:
    """Put a loaded delta on ``base``; DeltaError says what does not match, and the base is then untouched.

    What it was trained on goes first: worked into the weights where these can say it, else put on.
    """
    return _put(base, delta, merge=False)


def merge_delta(base: Base, delta: Delta) -> Undo:
    """Work a loaded delta into ``base``'s own weights; DeltaError where no weights could say it."""
    return _put(base, delta, merge=True)


def parameters_of(base: Base) -> dict[str, torch.Tensor]:
    """The base's parameters by name, as they stand."""
    return {name: parameter.detach() for name, parameter in base.model.named_parameters()}


def mergeable(manifest: DeltaManifest) -> bool:
    """Whether the weights of a base can say what the delta does; one of an unknown strategy is refused elsewhere."""
    strategy = STRATEGIES.get(manifest.strategy)
    return strategy is None or strategy.mergeable


@contextmanager
def parent_on(base: Base, delta: Delta) -> Iterator[dict[str, torch.Tensor]]:
    """The base's parameters with what ``delta`` was trained on in them: where its tensors start from."""
    undo = _put_parent(base, delta, merge=False)
    try:
        yield parameters_of(base)
    finally:
        undo()


def _put(base: Base, delta: Delta, *, merge: bool) -> Undo:
    manifest = delta.manifest
    _require_fit(base, manifest)
    undo_parent = _put_parent(base, delta, merge=merge)
    try:
        strategy = STRATEGIES[manifest.strategy]
        put = strategy.merge if merge else strategy.apply
        undo = put(base.network, delta.tensors(parameters_of(base)), manifest.settings)
    except DeltaError:
        undo_parent()
        raise

    def undo_all() -> None:
        undo()
        undo_parent()

    return undo_all


def _put_parent(base: Base, delta: Delta, *, merge: bool) -> Undo:
    if delta.parent is None:
        return lambda: None
    return _put(base, delta.parent, merge=merge or mergeable(delta.parent.manifest))


def _require_fit(base: Base, manifest: DeltaManifest) -> None:
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
