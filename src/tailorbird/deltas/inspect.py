"""What a delta changes, and how two of them differ."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import torch

from tailorbird.base.load import Base
from tailorbird.deltas.attach import attach_delta, parent_on
from tailorbird.deltas.store import Delta
from tailorbird.records import DeltaManifest

_NUMBER = re.compile(r"\.(\d+)\.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How far a part of the base moved, or how large what was added to it is."""

    part: str
    values: int
    norm: float
    """Of the change; where the base has no such values, of the values themselves."""
    relative: float | None
    """The norm as a share of that of the base's own values; None where the base has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Two deltas, tensor by tensor."""

    settings: dict[str, tuple[str, str]]
    """What differs of strategy, seed, base, data and settings: the first one's and the second one's."""
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    """Tensors that one of them has alone."""
    cosine: float | None
    """Of the two changes over all tensors that both have: 1 where they point the same way; None without any."""
    norm_ratio: float | None
    """Norm of the second change divided by that of the first."""


def changes(base: Base, delta: Delta) -> tuple[Change, ...]:
    """What ``delta`` changes of ``base``, by block or kind of part, the largest relative change first."""
    starts, tensors = _tensors(base, delta)
    sums: dict[str, list[float]] = {}
    for name, tensor in tensors.items():
        change, start = _change(name, tensor, starts)
        entry = sums.setdefault(_part(name), [0.0, 0.0, 0.0])
        entry[0] += tensor.numel()
        entry[1] += float(change.square().sum())
        entry[2] += start
    found = [
        Change(part=part, values=int(values), norm=change**0.5, relative=(change / start) ** 0.5 if start else None)
        for part, (values, change, start) in sums.items()
    ]
    return tuple(sorted(found, key=lambda one: (-(one.relative or 0.0), -one.norm, one.part)))


def difference(base: Base, first: Delta, second: Delta) -> Difference:
    """How ``second`` differs from ``first``, both of ``base``."""
    starts, one = _tensors(base, first)
    _, other = _tensors(base, second)
    shared = [name for name in one if name in other and one[name].shape == other[name].shape]
    product = norm = other_norm = 0.0
    for name in shared:
        (left, _), (right, _) = (_change(name, side[name], starts) for side in (one, other))
        product += float(left @ right)
        norm += float(left @ left)
        other_norm += float(right @ right)
    return Difference(
        settings=_settings(first.manifest, second.manifest),
        only_first=tuple(sorted(set(one) - set(shared))),
        only_second=tuple(sorted(set(other) - set(shared))),
        cosine=product / (norm * other_norm) ** 0.5 if norm and other_norm else None,
        norm_ratio=(other_norm / norm) ** 0.5 if norm else None,
    )


def _tensors(base: Base, delta: Delta) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """The base's parameters, with the delta's parents on it, and the delta's tensors."""
    attach_delta(base, delta)()  # Refuses one of another base.
    with parent_on(base, delta) as parameters:
        starts = {name: parameter.clone() for name, parameter in parameters.items()}
    return starts, delta.tensors(starts)


def _change(name: str, tensor: torch.Tensor, starts: Mapping[str, torch.Tensor]) -> tuple[torch.Tensor, float]:
    """How far ``tensor`` is from the base's own, flat, and the square of that one's norm; without one, from zero."""
    start = starts.get(name)
    if start is None or start.shape != tensor.shape:
        return tensor.double().flatten(), 0.0
    return (tensor.double() - start.double()).flatten(), float(start.double().square().sum())


def _part(name: str) -> str:
    """``model.decoder.layers.3.self_attn.q_proj.weight`` belongs to ``model.decoder.layers.3``."""
    found = _NUMBER.search(name)
    if found is not None:
        return name[: found.end() - 1]
    return name.rpartition(".")[0] or name


def _settings(first: DeltaManifest, second: DeltaManifest) -> dict[str, tuple[str, str]]:
    def said(manifest: DeltaManifest) -> Mapping[str, object]:
        return {
            "strategy": manifest.strategy,
            "seed": manifest.seed,
            "base": manifest.base_sha256[:12],
            "data": manifest.data_sha256[:12],
            "source": manifest.source.location,
            "packing": manifest.packing,
            "parent": manifest.parent_sha256[:12] or "none",
            **{f"settings.{key}": value for key, value in manifest.settings.items()},
        }

    one, other = said(first), said(second)
    return {
        key: (str(one.get(key, "none")), str(other.get(key, "none")))
        for key in [*one, *(key for key in other if key not in one)]
        if one.get(key) != other.get(key)
    }
