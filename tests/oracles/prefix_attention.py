"""Prefixes another way: behind transformers' attention interface, in the models' own forward pass and ``generate``.

The prefix is seen by every query but never enters the cache: positions are those of the base, and beams, batches and
cached steps need no special care.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import eager_mask

from tailorbird.networks.network import Network

NAME = "tailorbird_prefix"


@contextmanager
def with_prefix(network: Network) -> Iterator[None]:
    """The network's model with the prefixes that its attentions now have."""
    before = str(network.model.config._attn_implementation)
    network.model.set_attn_implementation(NAME)
    for attention in network.parts.attentions.values():
        if attention.prefix is not None:
            # Plain attributes: the prefix must not appear among the base's parameters, nor in its state dict.
            for name, half in zip(("prefix_key", "prefix_value"), attention.prefix, strict=True):
                object.__setattr__(attention.module, name, half)
    try:
        yield
    finally:
        for attention in network.parts.attentions.values():
            for name in ("prefix_key", "prefix_value"):
                attention.module.__dict__.pop(name, None)
        network.model.set_attn_implementation(before)


def attend(
    module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    position_bias: torch.Tensor | None = None,
    **_: object,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Softmax attention over the prefix and then the sequence.

    query: (batch, heads, q, features); key, value: (batch, heads, k, features); attention_mask: additive,
    (batch, 1, q, k) or None; position_bias (T5): additive, (1, heads, q, k). Returns (batch, q, heads, features) and
    the weights (batch, heads, q, prefix + k). A prefix position is never masked and has no position bias.
    """
    bias = _sum(attention_mask, position_bias)
    prefix_key: torch.Tensor | None = getattr(module, "prefix_key", None)
    if prefix_key is not None:
        batch, length = key.shape[0], prefix_key.shape[1]
        key = torch.cat([prefix_key.to(key.dtype).expand(batch, -1, -1, -1), key], dim=2)
        prefix_value: torch.Tensor = getattr(module, "prefix_value")  # noqa: B009 - not declared on any module
        value = torch.cat([prefix_value.to(value.dtype).expand(batch, -1, -1, -1), value], dim=2)
        bias = nn.functional.pad(bias, (length, 0)) if bias is not None else None
    scores = torch.matmul(query, key.transpose(2, 3)) * (query.size(-1) ** -0.5 if scaling is None else scaling)
    if bias is not None:
        scores = scores + bias
    weights = nn.functional.dropout(nn.functional.softmax(scores, dim=-1), p=dropout, training=module.training)
    return torch.matmul(weights, value).transpose(1, 2).contiguous(), weights


def _sum(mask: torch.Tensor | None, bias: torch.Tensor | None) -> torch.Tensor | None:
    if mask is None or bias is None:
        return mask if bias is None else bias
    return mask + bias


AttentionInterface.register(NAME, attend)
# eager_mask always gives an explicit mask: the prefix is put in front of it, and no kernel guesses causality.
AttentionMaskInterface.register(NAME, eager_mask)
