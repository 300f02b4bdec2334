"""Attention over packed sequences by torch's fused kernels.

A fused kernel keeps no scores (sequences x heads x queries x keys would be a batch's largest tensors by far, and each
pass over them goes to memory and back), and computes them again in its backward pass. A processor takes one sequence
at a time, at its own length; a GPU, for which each alone is too little, all side by side.
"""

from typing import NamedTuple

import torch
from torch.nn.functional import pad, scaled_dot_product_attention

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
    if query.device.type != "cpu":
        return attend_side_by_side(
            query, key, value, layout, scaling=scaling, bias=bias, prefix=prefix, dropout=dropout
        )
    kind = query.dtype
    # On a processor a product in bf16 has a kernel prepared for each new shape, and here every length is one.
    inner = torch.float32 if kind == torch.bfloat16 else kind
    before = 0 if prefix is None else prefix[0].shape[1]
    mask = _mask(layout, bias, before, inner, query.device)
    attended = []
    with torch.autocast(query.device.type, enabled=False):
        learned = None if prefix is None else [part.to(inner).unsqueeze(0) for part in prefix]
        for at, (queries, keys, values) in enumerate(
            zip(
                _sequences(query.to(inner), layout.queries),
                _sequences(key.to(inner), layout.keys),
                _sequences(value.to(inner), layout.keys),
                strict=True,
            )
        ):
            if learned is not None:
                keys, values = torch.cat([learned[0], keys], dim=2), torch.cat([learned[1], values], dim=2)
            own = None if mask is None else mask[:, : layout.queries.lengths[at], : before + layout.keys.lengths[at]]
            found = scaled_dot_product_attention(
                queries,
                keys,
                values,
                attn_mask=None if own is None else own.unsqueeze(0),
                dropout_p=dropout,
                is_causal=layout.causal and own is None,
                scale=scaling,
            )
            attended.append(found[0].transpose(0, 1))
    filler = layout.queries.rows - layout.queries.total
    return torch.cat([*attended, query.new_zeros(filler, *query.shape[1:], dtype=inner)]).to(kind)


def attend_side_by_side(
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
    """What `attend` gives, with all sequences as long as the longest one, in one call."""
    queries, keys, values = layout.queries.spread(query), layout.keys.spread(key), layout.keys.spread(value)
    before = 0
    if prefix is not None:
        before = prefix[0].shape[1]
        keys, values = (
            torch.cat([part.to(own.dtype).expand(len(own), -1, -1, -1), own], dim=2)
            for part, own in zip(prefix, (keys, values), strict=True)
        )
    mask = _mask(layout, bias, before, query.dtype, query.device)
    if mask is not None:
        mask = mask[:, : layout.queries.longest, : before + layout.keys.longest].unsqueeze(0)
    if not layout.causal:
        # Causality hides by itself what is behind an end from all queries before it.
        ends = torch.tensor(layout.keys.lengths, device=query.device)
        behind = torch.arange(layout.keys.longest, device=query.device) >= ends[:, None]
        hidden = torch.zeros(behind.shape, dtype=query.dtype, device=query.device).masked_fill_(behind, float("-inf"))
        hidden = pad(hidden, (before, 0))[:, None, None]
        mask = hidden.expand(-1, -1, layout.queries.longest, -1) if mask is None else mask + hidden
    found = scaled_dot_product_attention(
        queries,
        keys,
        values,
        attn_mask=mask,
        dropout_p=dropout,
        is_causal=layout.causal and mask is None,
        scale=scaling,
    )
    return layout.queries.gather(found)


def pairs_of(layout: Layout, before: int, device: torch.device) -> int:
    """Queries times keys that are computed in each head, with ``before`` keys of a prefix."""
    queries, keys = layout.queries, layout.keys
    if device.type != "cpu":
        return len(queries.lengths) * queries.longest * (before + keys.longest)
    return sum(own * (before + read) for own, read in zip(queries.lengths, keys.lengths, strict=True))


def _sequences(packed: torch.Tensor, segments: Segments) -> list[torch.Tensor]:
    """Views of each sequence, (1, heads, length, features)."""
    *parts, _ = packed.split([*segments.lengths, segments.rows - segments.total])
    return [part.transpose(0, 1).unsqueeze(0) for part in parts]


def _mask(
    layout: Layout, bias: torch.Tensor | None, before: int, kind: torch.dtype, device: torch.device
) -> torch.Tensor | None:
    """What is added to scores, (heads or 1, longest query, before + longest key).

    None where nothing is, or causality alone, which the kernels know by themselves.
    """
    if bias is None and not (layout.causal and before):
        return None
    mask = None if bias is None else bias.to(kind)
    if layout.causal:
        longest = layout.queries.longest
        later = torch.full((1, longest, longest), float("-inf"), dtype=kind, device=device).triu_(1)
        mask = later if mask is None else mask[:, :longest, :longest] + later
    return None if mask is None else pad(mask, (before, 0))
