"""L-EO: only the token embeddings and the output (softmax) layer train (Zlotchevski et al., FSE 2022).

Where a base ties the two, as BART does, that is one matrix. Position embeddings stay frozen: the arithmetic on the
paper's base (12.7% of its parameters) fits token embeddings alone.
"""

from collections.abc import Mapping

import torch
from transformers import PreTrainedModel

from tailorbird.base.anatomy import parameter_names
from tailorbird.errors import BaseError
from tailorbird.strategies.strategy import Prepared, Settings, Undo
from tailorbird.strategies.weights import replace_weights, train_only


class EmbeddingsOutput:
    """The vocabulary's vectors move, what is computed with them does not."""

    name = "l-eo"
    defaults: Settings = {"learning_rate": 2e-3}

    def prepare(self, model: PreTrainedModel, settings: Settings) -> Prepared:  # noqa: ARG002 - the protocol's shape
        # Each stack's own: where a base does not tie them, encoder and decoder have embeddings of their own.
        layers = [getattr(model, f"get_{part}")().get_input_embeddings() for part in ("encoder", "decoder")]
        layers.append(model.get_output_embeddings())
        if any(layer is None for layer in layers):
            raise BaseError(f"{type(model).__name__} does not name its embeddings and output layer: L-EO needs both.")
        return train_only(model, parameter_names(model, layers))

    def apply(self, model: PreTrainedModel, tensors: Mapping[str, torch.Tensor], settings: Settings) -> Undo:  # noqa: ARG002
        return replace_weights(model, tensors)
