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
    reads: tuple[int, ...] | None = None
    """The sequence of keys that each sequence of queries sees; None where they go together in order."""

    @property
    def read(self) -> list[int]:
        """For each sequence of queries, how many keys it sees."""
        lengths = self.keys.lengths
        return list(lengths) if self.reads is None else [lengths[number] for number in self.reads]


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
    side_by_side: bool | None = None,
) -> torch.Tensor:
    """Softmax attention within each sequence.

    query: (query rows, heads, features); key, value: (key rows, heads, features); bias: added to the scores, (heads,
    at least the longest query, at least the longest key), the same for every sequence; prefix: keys and values, each
    (heads, length, features), that every query sees and that have no bias. Returns (query rows, heads, features).
    ``side_by_side`` takes all sequences in one call, each as long as the longest; None does where the device likes it.
    """
    kind, device = value.dtype, query.device
    together = takes_side_by_side(device) if side_by_side is None else side_by_side
    # On a processor a product in bf16 has a kernel prepared for each new shape, and there every length is one.
    inner = torch.float32 if device.type == "cpu" and kind == torch.bfloat16 else kind
    if together and layout.keys.before:
        raise ValueError("Parts of a tree are attended to one by one")
    front = max(layout.keys.lengths_before)
    mask = _mask(layout, bias, front + (0 if prefix is None else prefix[0].shape[1]), inner, device, together=together)
    attended = []
    with torch.autocast(device.type, enabled=False):
        for queries, keys, values in zip(
            _parts(query.to(inner), layout.queries, together=together),
            _seen(key.to(inner), layout, together=together),
            _seen(value.to(inner), layout, together=together),
            strict=True,
        ):
            if prefix is not None:
                keys, values = _after(prefix[0], keys), _after(prefix[1], values)
            own = None if mask is None else _cut(mask, queries.shape[2], keys.shape[2], layout)
            found = scaled_dot_product_attention(
                queries,
                keys,
                values,
                attn_mask=own,
                dropout_p=dropout,
                is_causal=layout.causal and own is None,
                scale=scaling,
            )
            attended.append(found)
    if together:
        return layout.queries.gather(attended[0]).to(kind)
    filler = value.new_zeros(layout.queries.rows - layout.queries.total, *query.shape[1:], dtype=inner)
    return torch.cat([*(one[0].transpose(0, 1) for one in attended), filler]).to(kind)


def takes_side_by_side(device: torch.device) -> bool:
    """Whether ``device`` takes all sequences in one call, rather than one by one."""
    return device.type != "cpu"


def pairs_of(layout: Layout, before: int, device: torch.device) -> int:
    """Queries times keys that are computed in each head, with ``before`` keys of a prefix."""
    queries, keys = layout.queries, layout.keys
    if takes_side_by_side(device):
        return len(queries.lengths) * queries.longest * (before + keys.longest)
    return sum(
        own * (before + earlier + read)
        for own, earlier, read in zip(queries.lengths, _lengths_before(layout), layout.read, strict=True)
    )


def _parts(packed: torch.Tensor, segments: Segments, *, together: bool) -> list[torch.Tensor]:
    """What goes into one call each, (sequences, heads, length, features): all sequences, or views of one."""
    if together:
        return [segments.spread(packed)]
    *parts, _ = packed.split([*segments.lengths, segments.rows - segments.total])
    return [part.transpose(0, 1).unsqueeze(0) for part in parts]


def _seen(packed: torch.Tensor, layout: Layout, *, together: bool) -> list[torch.Tensor]:
    """Keys or values as the sequences of queries see them: some more than once, and in a tree after earlier parts."""
    parts, reads = _parts(packed, layout.keys, together=together), layout.reads
    if layout.keys.before:
        return [
            torch.cat([*(parts[part] for part in earlier), own], dim=2) if earlier else own
            for earlier, own in zip(layout.keys.before, parts, strict=True)
        ]
    if reads is None:
        return parts
    if together:
        return [parts[0].index_select(0, torch.tensor(reads, device=parts[0].device))]
    return [parts[number] for number in reads]


def _lengths_before(layout: Layout) -> tuple[int, ...]:
    return layout.keys.lengths_before if layout.keys.before else (0,) * len(layout.read)


def _cut(mask: torch.Tensor, queries: int, keys: int, layout: Layout) -> torch.Tensor:
    """The part of the common mask that one sequence needs."""
    if not layout.causal:
        return mask[:, :, :queries, :keys]
    # What stands before a sequence is seen whole: causality begins with its own keys, which end the row.
    end = mask.shape[3] - layout.keys.longest + queries
    return mask[:, :, :queries, end - keys : end]


def _after(learned: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
    """Keys or values with a prefix's before them."""
    return torch.cat([learned.to(own.dtype).expand(len(own), -1, -1, -1), own], dim=2)


def _mask(
    layout: Layout,
    bias: torch.Tensor | None,
    before: int,
    kind: torch.dtype,
    device: torch.device,
    *,
    together: bool,
) -> torch.Tensor | None:
    """What is added to scores, (sequences or 1, heads or 1, longest query, before + longest key).

    None where nothing is, or causality alone, which the kernels know by themselves.
    """
    queries, keys = layout.queries.longest, layout.keys.longest
    # Causality hides by itself what is behind an end from all queries before it.
    ends = together and not layout.causal
    if bias is None and not ends and not (layout.causal and before):
        return None
    mask = torch.zeros(1, 1, queries, keys, dtype=kind, device=device)
    if bias is not None:
        mask = mask + bias[:, :queries, :keys].to(kind)
    if layout.causal:
        mask = mask + torch.full((queries, keys), float("-inf"), dtype=kind, device=device).triu_(1)
    if ends:
        behind = torch.arange(keys, device=device) >= torch.tensor(layout.read, device=device)[:, None]
        mask = mask + mask.new_zeros(behind.shape).masked_fill_(behind, float("-inf"))[:, None, None]
    return pad(mask, (before, 0))
