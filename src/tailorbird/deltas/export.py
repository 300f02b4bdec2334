"""Deltas for others: as PEFT reads them, or worked into an ordinary Hugging Face folder."""

from pathlib import Path

from peft import get_peft_model_state_dict
from safetensors.torch import save_file

from tailorbird.base.load import Base
from tailorbird.deltas.attach import attach_delta, merge_delta, mergeable
from tailorbird.deltas.store import Delta
from tailorbird.errors import DeltaError
from tailorbird.strategies.adapters import Adapter
from tailorbird.strategies.registry import STRATEGIES

_PEFT_PREFIX = "base_model.model."


def export_model(base: Base, delta: Delta, folder: Path) -> None:
    """Write ``base`` with ``delta`` worked into its weights, and the tokenizer, as a Hugging Face folder."""
    if not mergeable(delta.manifest):
        raise DeltaError(
            f"A {delta.manifest.strategy} is no change of the base's weights: it cannot be merged; "
            "generate with --delta instead."
        )
    undo = merge_delta(base, delta)
    try:
        base.model.save_pretrained(str(folder))
        base.tokenizer.save_pretrained(str(folder))
    finally:
        undo()


def export_adapter(base: Base, delta: Delta, folder: Path) -> None:
    """Write a LoRA, DoRA or IA3 delta as PEFT's ``adapter_model.safetensors`` and ``adapter_config.json``."""
    strategy = STRATEGIES[delta.manifest.strategy]
    if not isinstance(strategy, Adapter):
        adapters = ", ".join(name for name, one in STRATEGIES.items() if isinstance(one, Adapter))
        raise DeltaError(
            f"A {delta.manifest.strategy} delta is none of PEFT's adapters ({adapters}): merge it into a model instead."
        )
    if delta.parent is not None:
        raise DeltaError("The delta stands upon another one, which PEFT's format cannot say: merge it into a model.")
    configuration = strategy.configuration(base.network, delta.manifest.settings)
    configuration.base_model_name_or_path = base.name
    configuration.inference_mode = True
    undo = attach_delta(base, delta)
    try:
        tensors = get_peft_model_state_dict(base.model, adapter_name="default")
        folder.mkdir(parents=True, exist_ok=True)
        kept = {_PEFT_PREFIX + name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}
        save_file(kept, folder / "adapter_model.safetensors", metadata={"format": "pt"})
        configuration.save_pretrained(str(folder))
    finally:
        undo()
