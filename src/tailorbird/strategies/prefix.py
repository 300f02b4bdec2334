"""Prefix tuning: the base is frozen, and each block attends to learned keys and values too (Li and Liang, 2021).

While training, an embedding and a small MLP for each kind of attention produce them (reparametrisation); the delta
keeps only the keys and values. Prefixes stand in the encoder's and the decoder's self-attention, and in
cross-attention on demand.
"""

from collections.abc import Mapping

import torch
from torch import nn
from transformers import PreTrainedModel

from tailorbird.base.anatomy import attention_shape, cross_attentions, self_attentions
from tailorbird.errors import DeltaError, UsageError
from tailorbird.strategies.prefix_attention import NAME, clear_prefix, set_prefix
from tailorbird.strategies.strategy import Prepared, Settings, Undo


class Prefix:
    """``length`` positions in each attention; ``hidden`` features in the MLP; ``cross`` adds cross-attention."""

    name = "prefix"
    defaults: Settings = {"learning_rate": 5e-3, "length": 32, "hidden": 256, "cross": False, "reparametrise": True}

    def prepare(self, model: PreTrainedModel, settings: Settings) -> Prepared:
        if int(settings["length"]) < 1:
            raise UsageError(f"length = {settings['length']}: a prefix has at least 1 position.")
        places = _places(model, cross=bool(settings["cross"]))
        flags = {name: parameter.requires_grad for name, parameter in model.named_parameters()}
        model.requires_grad_(False)
        source = _Source(places, settings).to(next(model.parameters()).device)
        restore = _install(model)

        def refresh(*_: object) -> None:
            for name, (key, value) in source().items():
                set_prefix(places[name], key, value)

        hook = model.register_forward_pre_hook(refresh)

        def undo() -> None:
            hook.remove()
            _remove(places, restore)
            for name, parameter in model.named_parameters():
                parameter.requires_grad_(flags[name])

        return Prepared(dict(source.named_parameters()), source.tensors, undo)

    def apply(self, model: PreTrainedModel, tensors: Mapping[str, torch.Tensor], settings: Settings) -> Undo:
        places = _places(model, cross=bool(settings["cross"]))
        _check(places, tensors)
        restore = _install(model)
        device = next(model.parameters()).device
        for name, attention in places.items():
            set_prefix(attention, tensors[f"{name}.key"].to(device), tensors[f"{name}.value"].to(device))
        return lambda: _remove(places, restore)


class _Source(nn.Module):
    """Where keys and values come from while training."""

    def __init__(self, places: Mapping[str, nn.Module], settings: Settings) -> None:
        super().__init__()
        self._names = list(places)
        self._shapes = [attention_shape(attention) for attention in places.values()]
        length, hidden = int(settings["length"]), int(settings["hidden"])
        widths = [2 * heads * features for heads, features in self._shapes]
        kinds: dict[str, list[int]] = {}
        for index, name in enumerate(self._names):
            kinds.setdefault(name.rpartition("-")[0], []).append(index)
        self._kinds = kinds
        reparametrise = bool(settings["reparametrise"])
        self.start = nn.ParameterDict()
        self.mlp = nn.ModuleDict()
        for kind, indices in kinds.items():
            width = sum(widths[index] for index in indices)
            self.start[kind] = nn.Parameter(torch.randn(length, hidden if reparametrise else width) * 0.5)
            if reparametrise:
                self.mlp[kind] = nn.Sequential(nn.Linear(hidden, hidden), nn.Tanh(), nn.Linear(hidden, width))

    def forward(self) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
        prefixes: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}
        for kind, indices in self._kinds.items():
            start: torch.Tensor = self.start[kind]
            flat = self.mlp[kind](start) if kind in self.mlp else start
            parts = flat.split([2 * self._shapes[i][0] * self._shapes[i][1] for i in indices], dim=1)
            for index, part in zip(indices, parts, strict=True):
                heads, features = self._shapes[index]
                key, value = part.reshape(len(part), 2, heads, features).permute(1, 2, 0, 3)
                prefixes[self._names[index]] = (key, value)
        return prefixes

    @torch.no_grad()
    def tensors(self) -> dict[str, torch.Tensor]:
        """The delta: for each attention ``NAME.key`` and ``NAME.value``, (heads, length, head features)."""
        found: dict[str, torch.Tensor] = {}
        for name, (key, value) in self().items():
            found[f"{name}.key"], found[f"{name}.value"] = key.contiguous(), value.contiguous()
        return found


def _places(model: PreTrainedModel, *, cross: bool) -> dict[str, nn.Module]:
    kinds = {"encoder": self_attentions(model, "encoder"), "decoder": self_attentions(model, "decoder")}
    if cross:
        kinds["cross"] = cross_attentions(model)
    return {f"{kind}-{index}": module for kind, modules in kinds.items() for index, module in enumerate(modules)}


def _check(places: Mapping[str, nn.Module], tensors: Mapping[str, torch.Tensor]) -> None:
    wanted = {f"{name}.{half}" for name in places for half in ("key", "value")}
    if wanted != set(tensors):
        odd = sorted(wanted ^ set(tensors))[0]
        raise DeltaError(f"The prefix and this base's attentions differ at {odd}: the delta belongs to another base.")
    for name, attention in places.items():
        heads, features = attention_shape(attention)
        key, value = (tuple(tensors[f"{name}.{half}"].shape) for half in ("key", "value"))
        if key != value or len(key) != 3 or (key[0], key[2]) != (heads, features):
            raise DeltaError(
                f"The prefix {name} has keys of shape {key} and values of {value}, the base has {heads} heads of "
                f"{features} features: the delta belongs to another base."
            )


def _install(model: PreTrainedModel) -> Undo:
    before = str(model.config._attn_implementation)
    model.set_attn_implementation(NAME)
    return lambda: model.set_attn_implementation(before)


def _remove(places: Mapping[str, nn.Module], restore: Undo) -> None:
    for attention in places.values():
        clear_prefix(attention)
    restore()
