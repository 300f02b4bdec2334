"""What a network is made of: a family's own layers, by the part they play.

Layers are called, never copied: what replaces one (a low-rank adapter around a projection) takes part at once.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

Transform = Callable[[torch.Tensor], torch.Tensor]
Rotation = tuple[torch.Tensor, torch.Tensor]
"""Cosines and sines of rotary positions, each (rows, features)."""


@dataclass(slots=True, kw_only=True)
class Attention:
    """One attention of a block. Its projections are found by name at each call: an adapter may stand around one."""

    name: str
    """``encoder-0``, ``decoder-3``, ``cross-3``: the same on every base of one shape."""
    module: nn.Module
    heads: int
    key_heads: int
    """Fewer than ``heads`` where several query heads share one of the keys' (grouped queries)."""
    width: int
    """Features of a head."""
    scaling: float
    dropout: float
    query: str
    key: str
    value: str
    output: str
    prefix: tuple[torch.Tensor, torch.Tensor] | None = None
    """Learned keys and values, each (key heads, length, width), that every query sees before its own sequence."""
    trains_prefix: bool = False

    def project(self, hidden: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Queries (rows, heads, width), and keys and values (rows, key heads, width), of one sequence."""
        if self.query == self.key:  # One projection gives all three, as in GPT-2.
            query, key, value = self.layer(self.query)(hidden).chunk(3, dim=1)
            return self.split(query), self.split(key, self.key_heads), self.split(value, self.key_heads)
        return self.ask(hidden), *self.remember(hidden)

    def ask(self, hidden: torch.Tensor) -> torch.Tensor:
        """Queries of ``hidden``, (rows, heads, width)."""
        return self.split(self.layer(self.query)(hidden))

    def remember(self, memory: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Keys and values of ``memory``, each (rows, key heads, width)."""
        key, value = self.layer(self.key)(memory), self.layer(self.value)(memory)
        return self.split(key, self.key_heads), self.split(value, self.key_heads)

    def finish(self, attended: torch.Tensor) -> torch.Tensor:
        """From (rows, heads, width) to the block's width."""
        return self.layer(self.output)(attended.flatten(1))

    def layer(self, name: str) -> Transform:
        """The projection ``name``, with whatever stands around it now."""
        found: Transform = getattr(self.module, name)
        return found

    def split(self, flat: torch.Tensor, heads: int | None = None) -> torch.Tensor:
        """(rows, heads x width) as (rows, heads, width)."""
        parted: torch.Tensor = flat.unflatten(1, (heads or self.heads, self.width))
        return parted


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One transformer block: attention to itself, to the encoder's output where there is one, and a feed-forward."""

    module: nn.Module
    attention: Attention
    attention_norm: Transform
    cross: Attention | None = None
    cross_norm: Transform | None = None
    feed_forward: Transform
    feed_forward_norm: Transform
    feed_forward_layers: tuple[tuple[nn.Module, str], ...]
    """Owner and name of each projection of the feed-forward, in order; the last reads what the others give."""
    norm_first: bool
    """Whether a sub-layer reads normalised states (T5, GPT-2, Llama), or its sum is normalised (BART)."""
    dropout: float

    def run(self, hidden: torch.Tensor, attend: "Attend", cross_attend: "Attend | None") -> torch.Tensor:
        """The block's output; how queries find their keys is the caller's: packed, or from a cache."""
        hidden = self._add(hidden, self.attention_norm, lambda states: attend(self.attention, states))
        if self.cross is not None and self.cross_norm is not None and cross_attend is not None:
            cross = self.cross
            hidden = self._add(hidden, self.cross_norm, lambda states: cross_attend(cross, states))
        return self._add(hidden, self.feed_forward_norm, self.feed_forward)

    def _add(self, hidden: torch.Tensor, norm: Transform, sublayer: Transform) -> torch.Tensor:
        if self.norm_first:
            return hidden + self._drop(sublayer(norm(hidden)))
        return norm(hidden + self._drop(sublayer(hidden)))

    def _drop(self, states: torch.Tensor) -> torch.Tensor:
        return nn.functional.dropout(states, self.dropout) if self.dropout and self.module.training else states


Attend = Callable[[Attention, torch.Tensor], torch.Tensor]
"""From an attention and its input states, (rows, width of the model), to its output of the same shape."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """An encoder or a decoder."""

    look_up: Transform
    """Token ids, (rows,), to their vectors, (rows, width of the model)."""
    place: Callable[[torch.Tensor, torch.Tensor, bool], torch.Tensor]
    """Vectors, their positions, (rows,), and whether dropout is on, to the first block's input."""
    blocks: tuple[Block, ...]
    finish: Callable[[torch.Tensor, bool], torch.Tensor]
    """After the last block: its states, and whether dropout is on."""
    tokens: nn.Module
    """The token embeddings."""
    inputs: tuple[nn.Module, ...]
    """Modules that ``look_up`` and ``place`` use."""
    outputs: tuple[nn.Module, ...] = ()
    """Modules that ``finish`` uses."""
    bias: Callable[[int, int, int], torch.Tensor] | None = None
    """Relative positions' part of the scores: (heads, queries, keys) for so many queries, the first at the third
    argument's position, and so many keys."""
    bias_module: nn.Module | None = None
    """What ``bias`` reads."""
    rotation: Callable[[torch.Tensor], Rotation] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The output layer: its weight (vocabulary, width), its bias, and what the states are multiplied with before."""

    module: nn.Module
    bias: torch.Tensor | None = None
    scale: float = 1.0

    @property
    def weight(self) -> torch.Tensor:
        """Read anew each time: a strategy may have put another in its place."""
        weight = self.module.weight
        assert isinstance(weight, torch.Tensor)
        return weight


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A whole network; without an encoder the source stands before the target in the decoder."""

    encoder: Stack | None
    decoder: Stack
    head: Head
    start: int | None = None
    """The decoder's first input where there is an encoder."""

    @property
    def attentions(self) -> dict[str, Attention]:
        """Every attention by name: the encoder's, the decoder's, then the cross-attentions."""
        stacks = [stack for stack in (self.encoder, self.decoder) if stack is not None]
        found = [block.attention for stack in stacks for block in stack.blocks]
        found += [block.cross for block in self.decoder.blocks if block.cross is not None]
        return {attention.name: attention for attention in found}
