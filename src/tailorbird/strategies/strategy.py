"""What a strategy is. The training loop, generation and deltas know nothing beyond this."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import nn
from transformers import PreTrainedModel

Settings = Mapping[str, str | int | float | bool]
Undo = Callable[[], None]
"""Takes a personalisation off again: the model is then the base, bit for bit."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A model made ready to be trained by a strategy."""

    parameters: dict[str, nn.Parameter]
    """What trains, by name. All else is frozen."""
    extract: Callable[[], dict[str, torch.Tensor]]
    """The delta's tensors, from the parameters as they now stand."""
    undo: Undo


class Strategy(Protocol):
    """One way of personalising. Implementations keep no state: the same object serves every model."""

    name: str
    defaults: Settings
    """Settings of the strategy itself and the training settings that suit it, each with its default."""

    def prepare(self, model: PreTrainedModel, settings: Settings) -> Prepared:
        """Freeze what does not train, and add what does. Random draws use torch's current state."""

    def apply(self, model: PreTrainedModel, tensors: Mapping[str, torch.Tensor], settings: Settings) -> Undo:
        """Put a delta's tensors on the base. Raises DeltaError when they do not fit it."""
