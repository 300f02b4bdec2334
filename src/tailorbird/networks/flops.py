"""Floating-point operations of a training step, derived from the network's shapes (docs/flops.md has the derivation).

A product of (m, k) by (k, n) is 2mkn. Its backward pass costs as much again for each operand that needs a gradient.
What is not a matrix product (norms, activations, the optimiser) is left out, as torch's own counter does.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from torch import nn

from tailorbird.errors import BaseError
from tailorbird.networks.attention import Layout, pairs_of
from tailorbird.networks.batch import Batch
from tailorbird.networks.frontier import Frontier, trains
from tailorbird.networks.network import Network
from tailorbird.networks.parts import Attention, Block, Stack
from tailorbird.networks.segments import Segments


def training_flops(network: Network, batch: Batch, *, given: Frontier | None = None) -> int:
    """Forward and backward pass of ``batch``; ``given`` says what comes from a cache and is not computed."""
    given = given or Frontier(memory=False, blocks=0)
    parts, prompt = network.parts, network.prompt
    learns = prompt is not None and prompt.requires_grad
    count, memory = _Count(), _Flow(0, learns=False)
    if parts.encoder is not None and batch.source_segments is not None and not given.memory:
        memory = count.stack(parts.encoder, batch.source_segments, enters=_Flow(0, learns=learns))
    enters = _Flow(0, learns=learns and parts.encoder is None)
    source = _Source(batch.source_segments, batch.reads) if batch.source_segments is not None else None
    states = count.stack(parts.decoder, batch.segments, source, memory, enters, skipped=given.blocks)
    head = parts.head.weight
    products = 1 + states.learns + head.requires_grad
    personal: object = network.personal
    added = personal.step_flops() if isinstance(personal, CountsItself) else 0
    return memory.flops + states.flops + 2 * batch.targets.rows * head.numel() * products + added


@runtime_checkable
class CountsItself(Protocol):
    """A module of a strategy's own that does products outside the network's layers."""

    def step_flops(self) -> int:
        """FLOPs of its forward and backward pass in one step."""


def frozen_flops(
    network: Network, source: Segments | None, target: Segments | None, *, blocks: int, read: Segments | None = None
) -> int:
    """Forward pass of what a cache holds: encoding ``source``, and the decoder's first ``blocks`` over ``target``.

    ``read`` are the sources that those blocks attend to.
    """
    count, parts, total = _Count(), network.parts, 0
    if parts.encoder is not None and source is not None:
        total += count.stack(parts.encoder, source).flops
    if target is not None:
        nothing = _Flow(0, learns=False)
        beside = _Source(read, None) if read is not None else None
        total += count.stack(parts.decoder, target, beside, nothing, upto=blocks).flops
    return total


@dataclass(frozen=True, slots=True)
class _Source:
    """What the decoder attends to beside itself."""

    segments: Segments
    reads: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class _Flow:
    """FLOPs so far, and whether the states that came out need a gradient."""

    flops: int
    learns: bool


class _Count:
    def stack(
        self,
        stack: Stack,
        own: Segments,
        source: _Source | None = None,
        memory: _Flow | None = None,
        enters: _Flow | None = None,
        *,
        skipped: int = 0,
        upto: int | None = None,
    ) -> _Flow:
        flow = _Flow(0, learns=not skipped and (trains(*stack.inputs) or (enters is not None and enters.learns)))
        bias = stack.bias_module is not None and trains(stack.bias_module)
        for block in stack.blocks[skipped:upto]:
            flow = self._block(block, flow, own, source, memory, bias_trains=bias)
        return _Flow(flow.flops, flow.learns or trains(*stack.outputs))

    def _block(
        self,
        block: Block,
        flow: _Flow,
        own: Segments,
        source: _Source | None,
        memory: _Flow | None,
        *,
        bias_trains: bool,
    ) -> _Flow:
        flow = self._sublayer(
            block,
            block.attention_norm,
            flow,
            lambda given: self._attention(
                block.attention, given, given.learns, Layout(own, own, causal=True), bias_trains=bias_trains
            ),
        )
        if block.cross is not None and source is not None and memory is not None:
            cross, learns = block.cross, memory.learns
            layout = Layout(own, source.segments, causal=False, reads=source.reads)
            flow = self._sublayer(
                block,
                block.cross_norm,
                flow,
                lambda given: self._attention(cross, given, learns, layout, bias_trains=False),
            )
        return self._sublayer(block, block.feed_forward_norm, flow, lambda given: self._feed_forward(block, given, own))

    @staticmethod
    def _sublayer(block: Block, norm: object, flow: _Flow, sublayer: Callable[[_Flow], _Flow]) -> _Flow:
        """A sub-layer with its norm and the sum around it: a norm that trains makes what comes after it learn."""
        module = getattr(norm, "module", norm)  # A family may call its norm in a way of its own.
        trained = isinstance(module, nn.Module) and trains(module)
        found = sublayer(_Flow(flow.flops, flow.learns or (trained and block.norm_first)))
        return _Flow(found.flops, flow.learns or found.learns or (trained and not block.norm_first))

    @staticmethod
    def _feed_forward(block: Block, flow: _Flow, own: Segments) -> _Flow:
        total, between = flow.flops, flow.learns
        *first, (owner, last) = block.feed_forward_layers
        for module, name in first:
            found = _layer(getattr(module, name), own.rows, learns=flow.learns)
            total, between = total + found.flops, between or found.learns
        found = _layer(getattr(owner, last), own.rows, learns=between)
        return _Flow(total + found.flops, found.learns)

    def _attention(
        self,
        attention: Attention,
        flow: _Flow,
        memory_learns: bool,
        layout: Layout,
        *,
        bias_trains: bool,
    ) -> _Flow:
        module, queries, keys = attention.module, layout.queries, layout.keys
        query = _layer(getattr(module, attention.query), queries.rows, learns=flow.learns)
        total = flow.flops + query.flops
        key = value = query
        if attention.query != attention.key:
            key, value = (
                _layer(getattr(module, name), keys.rows, learns=memory_learns)
                for name in (attention.key, attention.value)
            )
            total += key.flops + value.flops
        prefix = attention.trains_prefix
        before = attention.prefix[0].shape[1] if attention.prefix is not None else 0
        # Causal or not, all pairs are computed.
        seen = pairs_of(layout, before, next(module.parameters()).device)
        product = 2 * attention.heads * seen * attention.width
        for_keys, for_values = key.learns or prefix, value.learns or prefix
        scores = query.learns or for_keys or bias_trains
        learns = scores or for_values
        if bias_trains or (attention.dropout and module.training):
            # No fused kernel does these: products one by one, as they are needed.
            total += product * (2 + for_values + scores + query.learns + for_keys)
        else:
            # A fused one computes the scores again, and all gradients or none.
            total += product * (7 if learns else 2)
        output = _layer(getattr(module, attention.output), queries.rows, learns=learns)
        return _Flow(total + output.flops, output.learns)


def _layer(layer: nn.Module, rows: int, *, learns: bool) -> _Flow:
    """A projection over ``rows`` rows, alone or with an adapter of PEFT's around it."""
    if hasattr(layer, "base_layer"):
        return _adapted(layer, rows, learns=learns)
    weight: Any = layer.weight
    flops = 2 * rows * int(weight.numel()) * (1 + int(learns) + int(weight.requires_grad))
    return _Flow(flops, learns or trains(layer))


def _adapted(layer: nn.Module, rows: int, *, learns: bool) -> _Flow:
    """A projection with PEFT's layer around it: IA3's vector, or LoRA's two factors, with DoRA's magnitude or not."""
    inner: nn.Module = layer.base_layer  # type: ignore[assignment]
    scale = _of_adapter(layer, "ia3_l")
    if scale is not None:
        # A vector on the input needs the gradient by that input, one on the output does not.
        on_input = bool(getattr(layer, "is_feedforward", False))
        base = _layer(inner, rows, learns=learns or (on_input and scale.requires_grad))
        return _Flow(base.flops, base.learns or scale.requires_grad)
    base = _layer(inner, rows, learns=learns)
    down, up = _of_adapter(layer, "lora_A"), _of_adapter(layer, "lora_B")
    if not isinstance(down, nn.Linear) or not isinstance(up, nn.Linear):
        raise BaseError(f"{type(layer).__name__} is an adapter whose FLOPs Tailorbird does not know.")
    first = _layer(down, rows, learns=learns)
    second = _layer(up, rows, learns=first.learns)
    flops = base.flops + first.flops + second.flops
    if _of_adapter(layer, "lora_magnitude_vector") is not None:
        # The norm of the adapted weight: both factors over an identity matrix, without a gradient.
        flops += 2 * down.in_features * (down.weight.numel() + up.weight.numel())
    return _Flow(flops, learns=True)


def _of_adapter(layer: nn.Module, name: str) -> Any:
    """The one adapter's part called ``name``, or None."""
    found = getattr(layer, name, None)
    return next(iter(found.values()), None) if found is not None and len(found) else None
