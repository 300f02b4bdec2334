"""L-LDB: only the last decoder block trains (Zlotchevski et al., FSE 2022).

The backward pass ends at that block, which is what makes it cheap; output layer and final norms stay frozen.
"""

from collections.abc import Mapping

import torch
from transformers import PreTrainedModel

from tailorbird.base.anatomy import blocks, parameter_names
from tailorbird.errors import UsageError
from tailorbird.strategies.strategy import Prepared, Settings, Undo
from tailorbird.strategies.weights import replace_weights, train_only


class LastDecoderBlock:
    """``blocks`` (default 1) says how many of the last decoder blocks train."""

    name = "l-ldb"
    defaults: Settings = {"learning_rate": 2e-3, "blocks": 1}

    def prepare(self, model: PreTrainedModel, settings: Settings) -> Prepared:
        decoder = blocks(model, "decoder")
        count = int(settings["blocks"])
        if not 1 <= count <= len(decoder):
            raise UsageError(f"blocks = {count}: this base has {len(decoder)} decoder blocks, choose 1 to that.")
        return train_only(model, parameter_names(model, list(decoder[-count:])))

    def apply(self, model: PreTrainedModel, tensors: Mapping[str, torch.Tensor], settings: Settings) -> Undo:  # noqa: ARG002
        return replace_weights(model, tensors)
