"""What a strategy is. The training loop, generation and deltas know nothing beyond this."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import nn

from tailorbird.networks.network import Network

Settings = Mapping[str, str | int | float | bool]
Undo = Callable[[], None]
"""Takes a personalisation off again: the network is then the base, bit for bit."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A network made ready to be trained by a strategy."""

    parameters: dict[str, nn.Parameter]
    """What trains, by name. All else is frozen."""
    extract: Callable[[], dict[str, torch.Tensor]]
    """The delta's tensors, from the parameters as they now stand."""
    undo: Undo


class Strategy(Protocol):
    """One way of personalising. Implementations keep no state: the same object serves every network."""

    name: str
    defaults: Settings
    """Settings of the strategy itself and the training settings that suit it, each with its default."""

    mergeable: bool
    """Whether weights of the base can say what a delta does."""

    def prepare(self, network: Network, settings: Settings) -> Prepared:
        """Freeze what does not train, and add what does. Random draws use torch's current state.

        Raises UsageError where the base has nothing that the strategy could train, or a setting does not suit it.
        """

    def apply(self, network: Network, tensors: Mapping[str, torch.Tensor], settings: Settings) -> Undo:
        """Put a delta's tensors on the base. Raises DeltaError when they do not fit it."""

    def merge(self, network: Network, tensors: Mapping[str, torch.Tensor], settings: Settings) -> Undo:
        """The same by changing the base's own weights alone; DeltaError where no weights could say it."""
