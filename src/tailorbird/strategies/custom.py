"""Custom fine-tuning: every parameter trains (Zlotchevski et al., FSE 2022)."""

from collections.abc import Mapping

import torch
from transformers import PreTrainedModel

from tailorbird.strategies.strategy import Prepared, Settings, Undo
from tailorbird.strategies.weights import replace_weights, train_only


class Custom:
    """The delta is the whole model: the most capacity, and the most to store."""

    name = "custom"
    defaults: Settings = {"learning_rate": 5e-4}

    def prepare(self, model: PreTrainedModel, settings: Settings) -> Prepared:  # noqa: ARG002 - the protocol's shape
        return train_only(model, (name for name, _ in model.named_parameters()))

    def apply(self, model: PreTrainedModel, tensors: Mapping[str, torch.Tensor], settings: Settings) -> Undo:  # noqa: ARG002
        return replace_weights(model, tensors)
