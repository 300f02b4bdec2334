"""Strategies that train some of the base's own parameters: what they have in common."""

from collections.abc import Iterable, Mapping

import torch
from torch import nn

from tailorbird.errors import DeltaError
from tailorbird.networks.network import Network
from tailorbird.strategies.strategy import Prepared, Settings, Undo


class OwnWeights:
    """The delta is the new values of base parameters, so putting it on and merging it are one."""

    mergeable = True

    def apply(self, network: Network, tensors: Mapping[str, torch.Tensor], settings: Settings) -> Undo:  # noqa: ARG002 - the protocol's shape
        """Put ``tensors`` in the place of the parameters of the same names."""
        return replace_weights(network.model, tensors)

    def merge(self, network: Network, tensors: Mapping[str, torch.Tensor], settings: Settings) -> Undo:
        """The same."""
        return self.apply(network, tensors, settings)


def names_of(model: nn.Module, modules: Iterable[nn.Module]) -> list[str]:
    """Names in ``model`` of all parameters of ``modules``; a tied parameter is named once, as in the model."""
    wanted = {id(parameter) for module in modules for parameter in module.parameters()}
    return [name for name, parameter in model.named_parameters() if id(parameter) in wanted]


def train_only(model: nn.Module, names: Iterable[str]) -> Prepared:
    """Train exactly the parameters called ``names``; the delta is their values."""
    wanted = set(names)
    named = dict(model.named_parameters())
    trained = {name: parameter for name, parameter in named.items() if name in wanted}
    restore, unfreeze = remember(trained), freeze(model)
    for parameter in trained.values():
        parameter.requires_grad_(True)

    def extract() -> dict[str, torch.Tensor]:
        return {name: parameter.detach().clone() for name, parameter in trained.items()}

    def undo() -> None:
        restore()
        unfreeze()

    return Prepared(trained, extract, undo)


def replace_weights(model: nn.Module, tensors: Mapping[str, torch.Tensor]) -> Undo:
    """Put ``tensors`` in the place of the parameters of the same names."""
    named = dict(model.named_parameters())
    for name, tensor in tensors.items():
        if name not in named:
            raise DeltaError(f"The delta's tensor {name} is not in this base: it belongs to another base.")
        if named[name].shape != tensor.shape:
            raise DeltaError(
                f"The delta's tensor {name} has shape {tuple(tensor.shape)}, the base's has "
                f"{tuple(named[name].shape)}: it belongs to another base."
            )
    replaced = {name: named[name] for name in tensors}
    undo = remember(replaced)
    with torch.no_grad():
        for name, parameter in replaced.items():
            parameter.copy_(tensors[name])
    return undo


def freeze(model: nn.Module) -> Undo:
    """Let no parameter of ``model`` train; undone, each does as before."""
    flags = [(parameter, parameter.requires_grad) for parameter in model.parameters()]
    model.requires_grad_(False)

    def undo() -> None:
        for parameter, flag in flags:
            parameter.requires_grad_(flag)

    return undo


def remember(parameters: Mapping[str, nn.Parameter]) -> Undo:
    """Keep the values of ``parameters``; undone, they have them again."""
    originals = {name: parameter.detach().clone() for name, parameter in parameters.items()}

    def undo() -> None:
        with torch.no_grad():
            for name, original in originals.items():
                parameters[name].copy_(original)

    return undo
