"""GPT-2: learned positions, one projection for query, key and value, norms before each sub-layer."""

from typing import Any

import torch
from torch import nn

from tailorbird.networks.parts import Attention, Block, Head, Parts, Stack

MODEL_TYPES = ("gpt2",)


def wire(model: Any) -> Parts:
    """The parts of a ``GPT2LMHeadModel``."""
    core = model.transformer

    def place(vectors: torch.Tensor, positions: torch.Tensor, noisy: bool) -> torch.Tensor:
        return nn.functional.dropout(vectors + core.wpe(positions), core.drop.p, noisy)

    decoder = Stack(
        look_up=core.wte,
        place=place,
        blocks=tuple(_block(block, f"decoder-{index}") for index, block in enumerate(core.h)),
        finish=lambda states, _: core.ln_f(states),
        tokens=core.wte,
        inputs=(core.wte, core.wpe),
        outputs=(core.ln_f,),
    )
    return Parts(encoder=None, decoder=decoder, head=Head(module=model.lm_head))


def _block(block: Any, name: str) -> Block:
    return Block(
        module=block,
        attention=_attention(block.attn, name),
        attention_norm=block.ln_1,
        feed_forward=lambda states: _feed_forward(block.mlp, states),
        feed_forward_norm=block.ln_2,
        feed_forward_layers=((block.mlp, "c_fc"), (block.mlp, "c_proj")),
        norm_first=True,
        dropout=block.mlp.dropout.p,
    )


def _feed_forward(mlp: Any, states: torch.Tensor) -> torch.Tensor:
    output: torch.Tensor = mlp.c_proj(mlp.act(mlp.c_fc(states)))  # Its dropout is the block's.
    return output


def _attention(attention: Any, name: str) -> Attention:
    return Attention(
        name=name,
        module=attention,
        heads=attention.num_heads,
        key_heads=attention.num_heads,
        width=attention.head_dim,
        scaling=attention.scaling,
        dropout=attention.attn_dropout.p,
        query="c_attn",
        key="c_attn",
        value="c_attn",
        output="c_proj",
    )
