"""Custom fine-tuning: every parameter trains (Zlotchevski et al., FSE 2022)."""

from tailorbird.networks.network import Network
from tailorbird.strategies.strategy import Prepared, Settings
from tailorbird.strategies.weights import OwnWeights, train_only


class Custom(OwnWeights):
    """The delta is the whole model: the most capacity, and the most to store."""

    name = "custom"
    defaults: Settings = {"learning_rate": 5e-4, "epochs": 3.0}

    def prepare(self, network: Network, settings: Settings) -> Prepared:  # noqa: ARG002 - the protocol's shape
        """Everything trains."""
        return train_only(network.model, (name for name, _ in network.model.named_parameters()))
