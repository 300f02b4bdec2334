"""L-EO: only the token embeddings and the output (softmax) layer train (Zlotchevski et al., FSE 2022).

Where a base ties the two, as BART does, that is one matrix. Position embeddings stay frozen: the arithmetic on the
paper's base (12.7% of its parameters) fits token embeddings alone.
"""

from tailorbird.networks.network import Network
from tailorbird.strategies.strategy import Prepared, Settings
from tailorbird.strategies.weights import OwnWeights, names_of, train_only


class EmbeddingsOutput(OwnWeights):
    """The vocabulary's vectors move, what is computed with them does not."""

    name = "l-eo"
    defaults: Settings = {"learning_rate": 2e-3, "epochs": 3.0}

    def prepare(self, network: Network, settings: Settings) -> Prepared:  # noqa: ARG002 - the protocol's shape
        """The vectors train: each stack's own, where a base does not tie them."""
        stacks = [stack for stack in (network.parts.encoder, network.parts.decoder) if stack is not None]
        layers = [stack.tokens for stack in stacks]
        return train_only(network.model, names_of(network.model, [*layers, network.parts.head.module]))
