"""Llama- and Qwen2-shaped models: rotary positions, grouped queries, RMS norms before each sub-layer."""

from dataclasses import dataclass
from typing import Any

import torch

from tailorbird.errors import BaseError
from tailorbird.networks import fused
from tailorbird.networks.parts import Attention, Block, Head, Parts, Rotation, Stack, Transform

MODEL_TYPES = ("llama", "qwen2")


def wire(model: Any) -> Parts:
    """The parts of a ``LlamaForCausalLM`` or ``Qwen2ForCausalLM``."""
    core = model.model
    if set(getattr(model.config, "layer_types", None) or ("full_attention",)) != {"full_attention"}:
        raise BaseError("This base attends within a sliding window in some blocks, which Tailorbird does not know.")

    def rotation(positions: torch.Tensor) -> Rotation:
        cosines, sines = core.rotary_emb(core.embed_tokens.weight.new_zeros(1), positions[None])
        return cosines[0], sines[0]

    decoder = Stack(
        look_up=core.embed_tokens,
        place=lambda vectors, *_: vectors,
        blocks=tuple(_block(layer, f"decoder-{index}") for index, layer in enumerate(core.layers)),
        finish=lambda states, _: _Norm(core.norm)(states),
        tokens=core.embed_tokens,
        inputs=(core.embed_tokens,),
        outputs=(core.norm,),
        rotation=rotation,
    )
    return Parts(encoder=None, decoder=decoder, head=Head(module=model.lm_head))


def _block(layer: Any, name: str) -> Block:
    return Block(
        module=layer,
        attention=_attention(layer.self_attn, name),
        attention_norm=_Norm(layer.input_layernorm),
        feed_forward=_feed_forward(layer.mlp),
        feed_forward_norm=_Norm(layer.post_attention_layernorm),
        feed_forward_layers=tuple((layer.mlp, name) for name in ("gate_proj", "up_proj", "down_proj")),
        norm_first=True,
        dropout=0.0,
    )


@dataclass(frozen=True, slots=True)
class _Norm:
    """A family's norm, in few passes where it is trained through in bf16."""

    module: Any

    def __call__(self, states: torch.Tensor) -> torch.Tensor:
        if not fused.applies(states):
            return self.module(states)  # type: ignore[no-any-return]
        return fused.rms_norm(states, self.module.weight, self.module.variance_epsilon)


def _feed_forward(mlp: Any) -> Transform:
    """The same for a gated feed-forward; its projections are found at each call: an adapter may stand around one."""

    def feed_forward(states: torch.Tensor) -> torch.Tensor:
        gate, up = mlp.gate_proj(states), mlp.up_proj(states)
        # A configuration may name another activation than Llama's own.
        stands_in = fused.applies(gate) and mlp.config.hidden_act == "silu"
        middle = fused.gated(gate, up) if stands_in else mlp.act_fn(gate) * up
        return mlp.down_proj(middle)  # type: ignore[no-any-return]

    return feed_forward


def _attention(attention: Any, name: str) -> Attention:
    config = attention.config
    return Attention(
        name=name,
        module=attention,
        heads=config.num_attention_heads,
        key_heads=config.num_key_value_heads,
        width=attention.head_dim,
        scaling=attention.scaling,
        dropout=attention.attention_dropout,
        query="q_proj",
        key="k_proj",
        value="v_proj",
        output="o_proj",
    )
