"""Attention over packed sequences, with its gradient written out.

Autograd's own chain of products would keep scores, masked scores and weights until the backward pass; here the
weights alone are kept.
"""

from typing import Any, NamedTuple

import torch

from tailorbird.networks.segments import Segments


class Layout(NamedTuple):
    """Which queries see which keys."""

    queries: Segments
    keys: Segments
    causal: bool
    """A query sees keys up to its own position; queries and keys are then the same sequences."""


def attend(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    layout: Layout,
    *,
    scaling: float,
    bias: torch.Tensor | None = None,
    prefix: tuple[torch.Tensor, torch.Tensor] | None = None,
    dropout: float = 0.0,
) -> torch.Tensor:
    """Softmax attention within each sequence.

    query: (query rows, heads, features); key, value: (key rows, heads, features); bias: added to the scores, (heads,
    at least the longest query, at least the longest key), the same for every sequence; prefix: keys and values, each
    (heads, length, features), that every query sees and that have no bias. Returns (query rows, heads, features).
    """
    prefix_key, prefix_value = prefix if prefix is not None else (None, None)
    attended: torch.Tensor = _Attention.apply(
        query, key, value, bias, prefix_key, prefix_value, layout, scaling, dropout
    )
    return attended


class _Attention(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        bias: torch.Tensor | None,
        prefix_key: torch.Tensor | None,
        prefix_value: torch.Tensor | None,
        layout: Layout,
        scaling: float,
        dropout: float,
    ) -> torch.Tensor:
        queries = layout.queries.spread(query).mul_(scaling)
        keys, values = _spread(layout.keys, key, prefix_key), _spread(layout.keys, value, prefix_value)
        scores = torch.matmul(queries, keys.transpose(2, 3))
        _mask(scores, layout, bias, before=0 if prefix_key is None else prefix_key.shape[1])
        weights = scores.softmax(dim=-1)
        kept = torch.empty_like(weights).bernoulli_(1 - dropout).div_(1 - dropout) if dropout else None
        attended = torch.matmul(weights if kept is None else weights * kept, values)
        ctx.save_for_backward(queries, keys, values, weights, kept)
        ctx.layout, ctx.scaling = layout, scaling
        ctx.shared = [None if part is None else (part.shape, part.dtype) for part in (bias, prefix_key, prefix_value)]
        return layout.queries.gather(attended)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        queries, keys, values, weights, kept = ctx.saved_tensors
        bias, prefix_key, prefix_value = ctx.shared
        for_query, for_key, for_value, for_bias, for_prefix_key, for_prefix_value = ctx.needs_input_grad[:6]
        d_queries: Any = None
        d_keys: Any = None
        d_values: Any = None
        d_scores: Any = None
        d_attended = ctx.layout.queries.spread(gradient)
        if for_value or for_prefix_value:
            d_values = torch.matmul((weights if kept is None else weights * kept).transpose(2, 3), d_attended)
        if for_query or for_key or for_bias or for_prefix_key:
            d_weights = torch.matmul(d_attended, values.transpose(2, 3))
            d_weights = d_weights if kept is None else d_weights.mul_(kept)
            d_scores = torch.ops.aten._softmax_backward_data(d_weights, weights, -1, weights.dtype)
        if for_query:
            d_queries = torch.matmul(d_scores, keys).mul_(ctx.scaling)
        if for_key or for_prefix_key:
            d_keys = torch.matmul(d_scores.transpose(2, 3), queries)
        before = 0 if prefix_key is None else int(prefix_key[0][1])
        return (
            ctx.layout.queries.gather(d_queries) if for_query else None,
            ctx.layout.keys.gather(d_keys, before=before) if for_key else None,
            ctx.layout.keys.gather(d_values, before=before) if for_value else None,
            _bias_gradient(d_scores, bias, before) if for_bias else None,
            _prefix_gradient(d_keys, prefix_key) if for_prefix_key else None,
            _prefix_gradient(d_values, prefix_value) if for_prefix_value else None,
            None,
            None,
            None,
        )


def _spread(segments: Segments, packed: torch.Tensor, prefix: torch.Tensor | None) -> torch.Tensor:
    if prefix is None:
        return segments.spread(packed)
    spread = segments.spread(packed, before=prefix.shape[1])
    spread[:, :, : prefix.shape[1]] = prefix
    return spread


def _mask(scores: torch.Tensor, layout: Layout, bias: torch.Tensor | None, *, before: int) -> None:
    """Add bias, causality and the ends of the keys to ``scores`` (sequences, heads, queries, before + keys), in place.

    What stands before is a prefix: every query sees it, and it has no bias.
    """
    own = scores[..., before:]
    queries, keys = own.shape[2:]
    if bias is not None:
        own += bias[:, :queries, :keys]
    if layout.causal:
        # Keys beyond a sequence's end come after its last query: causality hides them too.
        own.masked_fill_(torch.ones(queries, keys, dtype=torch.bool, device=scores.device).triu_(1), float("-inf"))
    else:
        for index, length in enumerate(layout.keys.lengths):
            own[index, :, :, length:] = float("-inf")


def _bias_gradient(d_scores: torch.Tensor, like: tuple[torch.Size, torch.dtype], before: int) -> torch.Tensor:
    shape, kind = like
    own = d_scores[..., before:].sum(dim=0, dtype=torch.float32)
    whole = own.new_zeros(shape)
    whole[:, : own.shape[1], : own.shape[2]] = own
    return whole.to(kind)


def _prefix_gradient(gradients: torch.Tensor, like: tuple[torch.Size, torch.dtype]) -> torch.Tensor:
    shape, kind = like
    return gradients[:, :, : shape[1]].sum(dim=0, dtype=torch.float32).to(kind)
