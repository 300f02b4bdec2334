"""What the strategies that PEFT implements have in common: it puts its own layers around the base's projections.

The layers take part in our forward pass because that calls every projection by its name. A delta holds PEFT's own
tensors under PEFT's own names, so that its exports are what PEFT reads.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from peft import PeftConfig, get_peft_model_state_dict, inject_adapter_in_model, set_peft_model_state_dict
from torch import nn
from transformers.pytorch_utils import Conv1D

from tailorbird.errors import DeltaError, UsageError
from tailorbird.networks import fused
from tailorbird.networks.network import Network
from tailorbird.networks.parts import Attention
from tailorbird.strategies.strategy import Prepared, Settings, Undo
from tailorbird.strategies.weights import freeze, replace_weights

_ADAPTER = "default"


class Adapter:
    """A strategy of PEFT's; which one, its configuration says."""

    mergeable = True

    def configuration(self, network: Network, settings: Settings) -> PeftConfig:
        """PEFT's configuration for ``network``, with the full names of the projections that get a layer."""
        raise NotImplementedError

    def prepare(self, network: Network, settings: Settings) -> Prepared:
        """The added layers train."""
        thaw = freeze(network.model)
        try:
            take_off = _put_on(network.model, self.configuration(network, settings))
        except Exception:
            thaw()
            raise
        trained = {name: parameter for name, parameter in network.model.named_parameters() if parameter.requires_grad}

        def undo() -> None:
            take_off()
            thaw()

        return Prepared(trained, lambda: _tensors(network.model), undo)

    def apply(self, network: Network, tensors: Mapping[str, torch.Tensor], settings: Settings) -> Undo:
        """Put the layers around the projections, with the delta's tensors in them."""
        model = network.model
        flags = [(parameter, parameter.requires_grad) for parameter in model.parameters()]
        # PEFT draws the layers' first values, which the delta's replace: the caller's random state is not its to use.
        with torch.random.fork_rng(devices=[]):
            take_off = _put_on(model, self.configuration(network, settings))

        def undo() -> None:
            take_off()
            for parameter, flag in flags:
                parameter.requires_grad_(flag)

        try:
            _fill(model, tensors)
        except DeltaError:
            undo()
            raise
        model.eval()
        return undo

    def merge(self, network: Network, tensors: Mapping[str, torch.Tensor], settings: Settings) -> Undo:
        """Work the layers into the projections' own weights."""
        undo = self.apply(network, tensors, settings)
        owners = {id(parameter): name for name, parameter in _plain_names(network.model)}
        merged: dict[str, torch.Tensor] = {}
        try:
            for _, _, layer in _layers(network.model):
                inner = layer.base_layer
                originals = [(parameter, parameter.detach().clone()) for parameter in inner.parameters()]
                layer.merge(safe_merge=True)
                for parameter, original in originals:
                    if not torch.equal(parameter, original):
                        merged[owners[id(parameter)]] = parameter.detach().clone()
                    with torch.no_grad():
                        parameter.copy_(original)
                layer.merged_adapters.clear()
        finally:
            undo()
        return replace_weights(network.model, merged)


def projections(network: Network, wanted: str) -> list[str]:
    """Full names of the projections that ``wanted`` says: ``query+value``, ``attention`` (all four), or ``all``."""
    model = network.model
    names = {id(module): name for name, module in model.named_modules()}
    found: list[str] = []
    for attention in network.parts.attentions.values():
        roles = {
            "query+value": (attention.query, attention.value),
            "attention": (attention.query, attention.key, attention.value, attention.output),
            "all": (attention.query, attention.key, attention.value, attention.output),
        }
        if wanted not in roles:
            raise UsageError(f"targets = {wanted!r}: choose one of {', '.join(roles)}.")
        found += [f"{names[id(attention.module)]}.{role}" for role in roles[wanted]]
    if wanted == "all":
        found += feed_forward(network)
    return list(dict.fromkeys(found))


def feed_forward(network: Network, *, last: bool = False) -> list[str]:
    """Full names of the feed-forward projections, or of the ``last`` one of each block alone."""
    names = {id(module): name for name, module in network.model.named_modules()}
    stacks = [stack for stack in (network.parts.encoder, network.parts.decoder) if stack is not None]
    layers = [
        block.feed_forward_layers[-1:] if last else block.feed_forward_layers
        for stack in stacks
        for block in stack.blocks
    ]
    return [f"{names[id(owner)]}.{name}" for block in layers for owner, name in block]


def full_names(network: Network, attentions: Iterable[Attention], *roles: str) -> list[str]:
    """Full names of the projections in ``roles`` (``key``, ``value``...) of each attention."""
    names = {id(module): name for name, module in network.model.named_modules()}
    found = [f"{names[id(one.module)]}.{getattr(one, role)}" for one in attentions for role in roles]
    return list(dict.fromkeys(found))


def transposed(network: Network, names: Iterable[str]) -> bool:
    """Whether the projections keep their weights as (in, out), as GPT-2's do."""
    return any(isinstance(network.model.get_submodule(name), Conv1D) for name in names)


def _put_on(model: nn.Module, configuration: PeftConfig) -> Undo:
    before = {name: model.get_submodule(name) for name in configuration.target_modules}  # type: ignore[attr-defined]
    training = {module: module.training for module in model.modules()}

    def take_off() -> None:
        for name, module in before.items():
            parent, _, child = name.rpartition(".")
            setattr(model.get_submodule(parent), child, module)
        for name in ("peft_config", "_hf_peft_config_loaded"):
            model.__dict__.pop(name, None)
        for module, mode in training.items():
            module.training = mode

    inject_adapter_in_model(configuration, model, adapter_name=_ADAPTER)
    for name in before:
        _train_faster(model.get_submodule(name))
    return take_off


def _train_faster(layer: Any) -> None:
    """Let a LoRA layer around a frozen projection train in few passes over memory, where it is trained in bf16.

    PEFT's own forward casts activations to fp32 and back around each adapter. It is called in all other cases.
    """
    if not hasattr(layer, "lora_A") or layer.lora_variant or not isinstance(layer.lora_dropout[_ADAPTER], nn.Identity):
        return
    inner: Any = layer.base_layer
    if type(inner) is not nn.Linear or getattr(inner, "bias", None) is not None:
        return
    own = layer.forward
    frozen: list[torch.Tensor] = []

    def forward(states: torch.Tensor, *given: Any, **named: Any) -> torch.Tensor:
        if not fused.applies(states) or inner.weight.requires_grad or layer.merged or layer.disable_adapters:
            return own(states, *given, **named)  # type: ignore[no-any-return]
        if not frozen:
            frozen.append(inner.weight.detach().to(states.dtype))
        return fused.low_rank_product(
            states,
            frozen[0],
            layer.lora_A[_ADAPTER].weight,
            layer.lora_B[_ADAPTER].weight,
            float(layer.scaling[_ADAPTER]),
        )

    layer.forward = forward


def _tensors(model: nn.Module) -> dict[str, torch.Tensor]:
    found = get_peft_model_state_dict(model, adapter_name=_ADAPTER)
    return {name: tensor.detach().clone() for name, tensor in found.items()}


def _fill(model: nn.Module, tensors: Mapping[str, torch.Tensor]) -> None:
    wanted = {name: tuple(tensor.shape) for name, tensor in _tensors(model).items()}
    given = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    if wanted != given:
        odd = sorted(set(wanted.items()) ^ set(given.items()))[0][0]
        raise DeltaError(f"The delta and this base's layers differ at {odd}: the delta belongs to another base.")
    set_peft_model_state_dict(model, dict(tensors), adapter_name=_ADAPTER)


def _layers(model: nn.Module) -> list[tuple[str, nn.Module, Any]]:
    return [(name, module, module) for name, module in model.named_modules() if hasattr(module, "base_layer")]


def _plain_names(model: nn.Module) -> list[tuple[str, nn.Parameter]]:
    """Parameters with the names they have without PEFT's layers around them."""
    return [(name.replace(".base_layer.", "."), parameter) for name, parameter in model.named_parameters()]
