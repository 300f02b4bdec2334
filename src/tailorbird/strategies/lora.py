"""LoRA: beside each chosen projection a product of two thin matrices trains (Hu et al., ICLR 2022), by PEFT."""

from peft import LoraConfig

from tailorbird.errors import UsageError
from tailorbird.networks.network import Network
from tailorbird.strategies.adapters import Adapter, projections, transposed
from tailorbird.strategies.strategy import Settings


class Lora(Adapter):
    """``rank`` of the matrices, ``alpha`` their scale times rank; ``targets``: query+value, attention or all."""

    name = "lora"
    defaults: Settings = {
        "learning_rate": 5e-3,
        "epochs": 6.0,
        "rank": 8,
        "alpha": 16,
        "dropout": 0.0,
        "targets": "all",
    }
    magnitude = False

    def configuration(self, network: Network, settings: Settings) -> LoraConfig:
        """PEFT's configuration."""
        rank, dropout = int(settings["rank"]), float(settings["dropout"])
        if rank < 1:
            raise UsageError(f"rank = {rank}: choose at least 1.")
        if not 0 <= dropout < 1:
            raise UsageError(f"dropout = {dropout}: choose 0 or more, and less than 1.")
        targets = projections(network, str(settings["targets"]))
        return LoraConfig(
            r=rank,
            lora_alpha=int(settings["alpha"]),
            lora_dropout=dropout,
            target_modules=targets,
            fan_in_fan_out=transposed(network, targets),
            use_dora=self.magnitude,
        )
