"""BitFit: only the biases train (Ben Zaken et al., ACL 2022): those of projections and of norms."""

from tailorbird.errors import UsageError
from tailorbird.networks.network import Network
from tailorbird.strategies.strategy import Prepared, Settings
from tailorbird.strategies.weights import OwnWeights, train_only


class BitFit(OwnWeights):
    """The least that can move in every block. Bases without biases, such as T5 and Llama, have nothing to train."""

    name = "bitfit"
    defaults: Settings = {"learning_rate": 2e-2, "epochs": 3.0}

    def prepare(self, network: Network, settings: Settings) -> Prepared:  # noqa: ARG002 - the protocol's shape
        """Every bias trains."""
        names = [name for name, _ in network.model.named_parameters() if name.endswith(".bias")]
        if not names:
            raise UsageError("bitfit trains biases, and this base has none: choose another strategy, such as ia3.")
        return train_only(network.model, names)
