"""IA3: learned factors on keys, values and the feed-forward's inner activations (Liu et al., NeurIPS 2022), by PEFT."""

from peft import IA3Config

from tailorbird.networks.network import Network
from tailorbird.strategies.adapters import Adapter, feed_forward, full_names, transposed
from tailorbird.strategies.strategy import Settings


class Ia3(Adapter):
    """One vector for each of those; where one projection gives query, key and value, it is on all three."""

    name = "ia3"
    defaults: Settings = {"learning_rate": 8e-2, "epochs": 3.0}

    def configuration(self, network: Network, settings: Settings) -> IA3Config:  # noqa: ARG002 - the protocol's shape
        """PEFT's configuration."""
        inner = feed_forward(network, last=True)
        targets = [*full_names(network, network.parts.attentions.values(), "key", "value"), *inner]
        return IA3Config(target_modules=targets, feedforward_modules=inner, fan_in_fan_out=transposed(network, targets))
