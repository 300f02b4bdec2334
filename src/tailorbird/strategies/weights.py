"""Strategies that train some of the base's own parameters: what they have in common."""

from collections.abc import Iterable, Mapping

import torch
from torch import nn

from tailorbird.errors import DeltaError
from tailorbird.strategies.strategy import Prepared, Undo


def train_only(model: nn.Module, names: Iterable[str]) -> Prepared:
    """Train exactly the parameters called ``names``; the delta is their values."""
    wanted = set(names)
    named = dict(model.named_parameters())
    trained = {name: parameter for name, parameter in named.items() if name in wanted}
    undo = _remember(trained, {name: parameter.requires_grad for name, parameter in named.items()}, named)
    for name, parameter in named.items():
        parameter.requires_grad_(name in wanted)

    def extract() -> dict[str, torch.Tensor]:
        return {name: parameter.detach().clone() for name, parameter in trained.items()}

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
    undo = _remember(replaced, {}, named)
    with torch.no_grad():
        for name, parameter in replaced.items():
            parameter.copy_(tensors[name])
    return undo


def _remember(
    parameters: Mapping[str, nn.Parameter], trainable: Mapping[str, bool], named: Mapping[str, nn.Parameter]
) -> Undo:
    originals = {name: parameter.detach().clone() for name, parameter in parameters.items()}

    def undo() -> None:
        with torch.no_grad():
            for name, original in originals.items():
                parameters[name].copy_(original)
        for name, flag in trainable.items():
            named[name].requires_grad_(flag)

    return undo
