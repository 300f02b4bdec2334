"""L-LDB: only the last decoder block trains (Zlotchevski et al., FSE 2022).

The backward pass ends at that block, which is what makes it cheap; output layer and final norms stay frozen. Of a
decoder-only base it is the last block.
"""

from tailorbird.errors import UsageError
from tailorbird.networks.network import Network
from tailorbird.strategies.strategy import Prepared, Settings
from tailorbird.strategies.weights import OwnWeights, names_of, train_only


class LastDecoderBlock(OwnWeights):
    """``blocks`` (default 1) says how many of the last decoder blocks train."""

    name = "l-ldb"
    defaults: Settings = {"learning_rate": 4e-3, "epochs": 3.0, "blocks": 1}

    def prepare(self, network: Network, settings: Settings) -> Prepared:
        """The last ``blocks`` blocks train."""
        decoder, count = network.parts.decoder.blocks, int(settings["blocks"])
        if not 1 <= count <= len(decoder):
            raise UsageError(f"blocks = {count}: this base has {len(decoder)} decoder blocks, choose 1 to that.")
        return train_only(network.model, names_of(network.model, (block.module for block in decoder[-count:])))
