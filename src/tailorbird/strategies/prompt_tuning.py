"""Prompt tuning: the base is frozen, and learned vectors stand before every source (Lester et al., EMNLP 2021)."""

from collections.abc import Mapping

import torch
from torch import nn

from tailorbird.errors import DeltaError, UsageError
from tailorbird.networks.network import Network
from tailorbird.strategies.strategy import Prepared, Settings, Undo
from tailorbird.strategies.weights import freeze

_TENSOR = "prompt"


class PromptTuning:
    """``length`` vectors, begun as those of tokens drawn from the vocabulary: they take positions of the source's."""

    name = "prompt"
    mergeable = False
    defaults: Settings = {"learning_rate": 0.48, "epochs": 3.0, "length": 20}

    def prepare(self, network: Network, settings: Settings) -> Prepared:
        """The vectors train."""
        length = int(settings["length"])
        if length < 1:
            raise UsageError(f"length = {length}: a prompt has at least 1 vector.")
        if network.prompt is not None or network.personal is not None:
            raise UsageError("This base already has a prefix or a prompt on it: merge is not possible, train without.")
        thaw = freeze(network.model)
        stack = network.parts.encoder or network.parts.decoder
        drawn = torch.randint(0, network.parts.head.weight.shape[0], (length,))
        with torch.no_grad():
            vectors = stack.look_up(drawn.to(network.device)).detach().clone()
        holder = nn.Module()
        holder.prompt = parameter = nn.Parameter(vectors)
        network.personal = holder
        network.set_prompt(parameter)

        def undo() -> None:
            network.personal = None
            network.set_prompt(None)
            thaw()

        return Prepared({_TENSOR: parameter}, lambda: {_TENSOR: parameter.detach().clone()}, undo)

    def apply(self, network: Network, tensors: Mapping[str, torch.Tensor], settings: Settings) -> Undo:  # noqa: ARG002 - the protocol's shape
        """Put the vectors before every source."""
        width = network.parts.head.weight.shape[1]
        if set(tensors) != {_TENSOR} or tensors[_TENSOR].ndim != 2 or tensors[_TENSOR].shape[1] != width:
            found = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
            raise DeltaError(
                f"The prompt {found} is not one of {width} features, which this base has: it belongs to another base."
            )
        network.set_prompt(tensors[_TENSOR].to(network.device))
        return lambda: network.set_prompt(None)

    def merge(self, network: Network, tensors: Mapping[str, torch.Tensor], settings: Settings) -> Undo:  # noqa: ARG002 - the protocol's shape
        """Raises DeltaError: no weights of the base do what a prompt does."""
        raise DeltaError("A prompt is no change of the base's weights: it cannot be merged, only applied.")
