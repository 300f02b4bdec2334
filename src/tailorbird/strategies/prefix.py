"""Prefix tuning: the base is frozen, and each block attends to learned keys and values too (Li and Liang, 2021).

While training, an embedding and a small MLP for each kind of attention produce them (reparametrisation); the delta
keeps only the keys and values.
"""

from collections.abc import Mapping

import torch
from torch import nn

from tailorbird.errors import DeltaError, UsageError
from tailorbird.networks.network import Network
from tailorbird.networks.parts import Attention
from tailorbird.strategies.strategy import Prepared, Settings, Undo
from tailorbird.strategies.weights import freeze

KINDS = ("encoder", "decoder", "cross")


class Prefix:
    """``length`` positions in each attention of the kinds that ``attentions`` joins by a plus.

    ``encoder`` and ``decoder`` are the blocks' attention to themselves, ``cross`` the decoder's to the encoder.
    ``reparametrise`` puts the MLP, of ``hidden`` features, between what trains and the prefix.
    """

    name = "prefix"
    mergeable = False
    defaults: Settings = {
        "learning_rate": 5e-3,
        "epochs": 6.0,
        "length": 32,
        "hidden": 256,
        "attentions": "encoder+decoder",
        "reparametrise": True,
    }

    def prepare(self, network: Network, settings: Settings) -> Prepared:
        """The prefix's source trains."""
        if int(settings["length"]) < 1:
            raise UsageError(f"length = {settings['length']}: a prefix has at least 1 position.")
        if network.personal is not None:
            raise UsageError("This base already has a prefix or a prompt on it: merge is not possible, train without.")
        attentions = _chosen(network, str(settings["attentions"]))
        thaw = freeze(network.model)
        source = _Source(attentions, settings).to(network.device)
        network.personal = source
        for attention in attentions.values():
            attention.trains_prefix = True

        def refresh() -> None:
            for name, pair in source().items():
                attentions[name].prefix = pair

        network.before = refresh

        def undo() -> None:
            network.before = network.personal = None
            _clear(attentions)
            thaw()

        refresh()
        return Prepared(dict(source.named_parameters()), source.tensors, undo)

    def apply(self, network: Network, tensors: Mapping[str, torch.Tensor], settings: Settings) -> Undo:  # noqa: ARG002 - the protocol's shape
        """Put the prefix before the attentions that ``tensors`` names."""
        attentions = _named(network, tensors)
        for name, attention in attentions.items():
            key, value = (tensors[f"{name}.{half}"].to(network.device) for half in ("key", "value"))
            attention.prefix = (key, value)
        return lambda: _clear(attentions)

    def merge(self, network: Network, tensors: Mapping[str, torch.Tensor], settings: Settings) -> Undo:  # noqa: ARG002 - the protocol's shape
        """Raises DeltaError: no weights of the base do what a prefix does."""
        raise DeltaError("A prefix is no change of the base's weights: it cannot be merged, only applied.")


class _Source(nn.Module):
    """Where keys and values come from while training."""

    def __init__(self, attentions: Mapping[str, Attention], settings: Settings) -> None:
        super().__init__()
        self._names = list(attentions)
        self._shapes = [(attention.key_heads, attention.width) for attention in attentions.values()]
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
        """The delta: for each attention ``NAME.key`` and ``NAME.value``, (key heads, length, head features)."""
        found: dict[str, torch.Tensor] = {}
        for name, (key, value) in self().items():
            found[f"{name}.key"], found[f"{name}.value"] = key.contiguous(), value.contiguous()
        return found

    def step_flops(self) -> int:
        """Each layer's product, and its gradients by input and weight."""
        total = 0
        for kind, mlp in self.mlp.items():
            layers = [layer for layer in mlp.children() if isinstance(layer, nn.Linear)]
            total += sum(6 * len(self.start[kind]) * layer.weight.numel() for layer in layers)
        return total


def _chosen(network: Network, kinds: str) -> dict[str, Attention]:
    wanted = kinds.split("+")
    there = network.parts.attentions
    has = [kind for kind in KINDS if f"{kind}-0" in there]
    # A decoder-only base has but one kind, and the default means whatever self-attention there is.
    wanted = [kind for kind in wanted if kind != "encoder"] if "encoder" not in has and "decoder" in wanted else wanted
    odd = [kind for kind in wanted if kind not in has]
    if odd or not wanted:
        raise UsageError(f"attentions = {kinds!r}: join some of {', '.join(has)} by a plus.")
    return {name: attention for name, attention in there.items() if name.rpartition("-")[0] in wanted}


def _named(network: Network, tensors: Mapping[str, torch.Tensor]) -> dict[str, Attention]:
    there = network.parts.attentions
    names = sorted({name.rpartition(".")[0] for name in tensors if name.rpartition(".")[0] in there})
    wanted = {f"{name}.{half}" for name in names for half in ("key", "value")}
    if wanted != set(tensors):
        odd = sorted(wanted ^ set(tensors))[0]
        raise DeltaError(f"The prefix and this base's attentions differ at {odd}: the delta belongs to another base.")
    for name in names:
        attention = there[name]
        key, value = (tuple(tensors[f"{name}.{half}"].shape) for half in ("key", "value"))
        if key != value or len(key) != 3 or (key[0], key[2]) != (attention.key_heads, attention.width):
            raise DeltaError(
                f"The prefix {name} has keys of shape {key} and values of {value}, the base has "
                f"{attention.key_heads} heads of {attention.width} features: the delta belongs to another base."
            )
    return {name: there[name] for name in names}


def _clear(attentions: Mapping[str, Attention]) -> None:
    for attention in attentions.values():
        attention.prefix, attention.trains_prefix = None, False
