"""DoRA: LoRA for the direction of each projection, and a vector for its magnitude (Liu et al., ICML 2024), by PEFT."""

from tailorbird.strategies.lora import Lora


class Dora(Lora):
    """LoRA's settings."""

    name = "dora"
    magnitude = True
