"""T5 and CodeT5: relative position biases that the first block holds for all, RMS norms before each sub-layer."""

from typing import Any

import torch
from torch import nn

from tailorbird.networks.parts import Attention, Block, Head, Parts, Stack

MODEL_TYPES = ("t5",)


def wire(model: Any) -> Parts:
    """The parts of a ``T5ForConditionalGeneration``."""
    scale = model.model_dim**-0.5 if model.config.scale_decoder_outputs else 1.0
    return Parts(
        encoder=_stack(model.encoder, "encoder"),
        decoder=_stack(model.decoder, "decoder"),
        head=Head(module=model.lm_head, scale=scale),
        start=int(model.config.decoder_start_token_id),
    )


def _stack(stack: Any, name: str) -> Stack:
    relative = stack.block[0].layer[0].SelfAttention

    def bias(queries: int, keys: int, offset: int) -> torch.Tensor:
        values: torch.Tensor = relative.compute_bias(queries, keys, past_seen_tokens=offset)
        return values[0]

    def finish(states: torch.Tensor, noisy: bool) -> torch.Tensor:
        return nn.functional.dropout(stack.final_layer_norm(states), stack.dropout.p, noisy)

    return Stack(
        look_up=stack.embed_tokens,
        place=lambda vectors, _, noisy: nn.functional.dropout(vectors, stack.dropout.p, noisy),
        blocks=tuple(_block(block, f"{name}-{index}", f"cross-{index}") for index, block in enumerate(stack.block)),
        finish=finish,
        tokens=stack.embed_tokens,
        inputs=(stack.embed_tokens, relative.relative_attention_bias),
        outputs=(stack.final_layer_norm,),
        bias=bias,
        bias_module=relative.relative_attention_bias,
    )


def _block(block: Any, name: str, cross_name: str) -> Block:
    own, *middle, last = block.layer
    cross = middle[0] if middle else None
    return Block(
        module=block,
        attention=_attention(own.SelfAttention, name),
        attention_norm=own.layer_norm,
        cross=_attention(cross.EncDecAttention, cross_name) if cross is not None else None,
        cross_norm=cross.layer_norm if cross is not None else None,
        feed_forward=last.DenseReluDense,
        feed_forward_norm=last.layer_norm,
        feed_forward_layers=tuple((last.DenseReluDense, name) for name in _feed_forward_names(last.DenseReluDense)),
        norm_first=True,
        dropout=own.dropout.p,
    )


def _feed_forward_names(layer: Any) -> tuple[str, ...]:
    return ("wi_0", "wi_1", "wo") if hasattr(layer, "wi_0") else ("wi", "wo")


def _attention(attention: Any, name: str) -> Attention:
    return Attention(
        name=name,
        module=attention,
        heads=attention.n_heads,
        key_heads=attention.n_heads,
        width=attention.key_value_proj_dim,
        scaling=attention.scaling,
        dropout=attention.dropout,
        query="q",
        key="k",
        value="v",
        output="o",
    )
