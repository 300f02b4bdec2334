"""BART and PLBART: learned positions with an offset of 2, norms after each sub-layer."""

from functools import partial
from typing import Any

import torch
from torch import nn

from tailorbird.networks.parts import Attention, Block, Head, Parts, Stack

MODEL_TYPES = ("bart", "plbart")


def wire(model: Any) -> Parts:
    """The parts of a ``BartForConditionalGeneration`` or ``PLBartForConditionalGeneration``."""
    core = model.model
    return Parts(
        encoder=_stack(core.encoder, "encoder"),
        decoder=_stack(core.decoder, "decoder"),
        # A buffer of zeros in nearly every model: not worth a pass over the logits.
        head=Head(module=model.lm_head, bias=model.final_logits_bias[0] if model.final_logits_bias.any() else None),
        start=int(model.config.decoder_start_token_id),
    )


def _stack(stack: Any, name: str) -> Stack:
    def place(vectors: torch.Tensor, positions: torch.Tensor, noisy: bool) -> torch.Tensor:
        learned = nn.functional.embedding(positions + stack.embed_positions.offset, stack.embed_positions.weight)
        states = stack.layernorm_embedding(vectors + learned)
        return nn.functional.dropout(states, stack.dropout, noisy)

    return Stack(
        look_up=stack.embed_tokens,
        place=place,
        blocks=tuple(_block(layer, f"{name}-{index}", f"cross-{index}") for index, layer in enumerate(stack.layers)),
        finish=lambda states, _: states,
        tokens=stack.embed_tokens,
        inputs=(stack.embed_tokens, stack.embed_positions, stack.layernorm_embedding),
    )


def _block(layer: Any, name: str, cross_name: str) -> Block:
    crossing = hasattr(layer, "encoder_attn")
    return Block(
        module=layer,
        attention=_attention(layer.self_attn, name),
        attention_norm=layer.self_attn_layer_norm,
        cross=_attention(layer.encoder_attn, cross_name) if crossing else None,
        cross_norm=layer.encoder_attn_layer_norm if crossing else None,
        feed_forward=partial(_feed_forward, layer),
        feed_forward_norm=layer.final_layer_norm,
        feed_forward_layers=((layer, "fc1"), (layer, "fc2")),
        norm_first=False,
        dropout=layer.dropout,
    )


def _attention(attention: Any, name: str) -> Attention:
    return Attention(
        name=name,
        module=attention,
        heads=attention.num_heads,
        key_heads=attention.num_heads,
        width=attention.head_dim,
        scaling=attention.scaling,
        dropout=attention.dropout,
        query="q_proj",
        key="k_proj",
        value="v_proj",
        output="out_proj",
    )


def _feed_forward(layer: Any, states: torch.Tensor) -> torch.Tensor:
    states = nn.functional.dropout(layer.activation_fn(layer.fc1(states)), layer.activation_dropout, layer.training)
    output: torch.Tensor = layer.fc2(states)
    return output
