"""A network read token by token: what earlier tokens left is kept, and a step computes one token of every row.

Rows are beams of sources: (sources, beams). A cache slot belongs to one beam of one step, for good. When a beam goes on
from another one's past, no slot moves: a mask says which slots each beam sees. Scores of all beams of a source are then
one matrix product, which reads each key once, and what beams share (a prefix, the source) is held once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from tailorbird.networks.batch import Encoded
from tailorbird.networks.network import Network, rotate
from tailorbird.networks.parts import Attention
from tailorbird.networks.segments import Segments

_HIDDEN = float("-inf")


@dataclass
class _Cache:
    """Keys and values of one attention: (sources, key heads, slots, width)."""

    keys: torch.Tensor
    values: torch.Tensor

    def select(self, rows: torch.Tensor) -> None:
        self.keys, self.values = self.keys[rows], self.values[rows]


class Stepper:
    """Reads the sources once; then each `step` takes the beams' last tokens and gives the scores of the next ones."""

    @torch.no_grad()
    def __init__(self, network: Network, sources: Sequence[tuple[int, ...]], *, beams: int, steps: int) -> None:
        self._network, self._beams, self._steps = network, beams, steps
        self._parts, self._device = network.parts, network.device
        self._step = 0
        batch = network.batch([Encoded(source, (0,)) for source in sources])
        if self._parts.encoder is not None:
            assert batch.source is not None
            assert batch.source_segments is not None
            memory = network.encode(batch.source, batch.source_segments)
            self._crosses = [
                _across(block.cross, memory, batch.source_segments)
                for block in self._parts.decoder.blocks
                if block.cross is not None
            ]
            self._cross_hidden: torch.Tensor | None = _hidden_ends(batch.source_segments, self._device)
            # What stands before the sources in cross-attention every beam sees.
            before = max(cross.keys.shape[2] for cross in self._crosses) - batch.source_segments.longest
            self._cross_hidden = nn.functional.pad(self._cross_hidden, (before, 0))
            read = None
            self._read_lengths = torch.zeros(len(sources), dtype=torch.long, device=self._device)
            shared = 0
        else:
            # The source is read as a batch is, all but its last token: that is the first step's input.
            read = batch.segments
            self._crosses, self._cross_hidden = [], None
            self._read_lengths = torch.tensor(batch.segments.lengths, device=self._device)
            shared = read.longest
        self._prefix = max(
            (0 if block.attention.prefix is None else block.attention.prefix[0].shape[1])
            for block in self._parts.decoder.blocks
        )
        self._shared = self._prefix + shared
        size = (len(sources), 1, beams, self._shared + steps * beams)
        self._hidden = torch.full(size, _HIDDEN, device=self._device)
        self._hidden[..., : self._prefix] = 0.0
        if read is not None:
            self._hidden[..., self._prefix : self._shared] = _hidden_ends(read, self._device)
        self._own = [self._new_cache(block.attention, len(sources)) for block in self._parts.decoder.blocks]
        self._bias = self._position_bias()
        if read is not None:
            self._first_states = self._read(batch.inputs, read)

    def _new_cache(self, attention: Attention, sources: int) -> _Cache:
        size = (sources, attention.key_heads, self._shared + self._steps * self._beams, attention.width)
        cache = _Cache(torch.zeros(size, device=self._device), torch.zeros(size, device=self._device))
        if attention.prefix is not None:
            for held, given in zip((cache.keys, cache.values), attention.prefix, strict=True):
                held[:, :, : self._prefix] = given
        return cache

    def _position_bias(self) -> torch.Tensor | None:
        """(steps, heads, slots) for T5: the bias of each step's query on each slot."""
        bias = self._parts.decoder.bias
        if bias is None:
            return None
        table = bias(self._steps, self._steps, 0).permute(1, 0, 2).repeat_interleave(self._beams, dim=2)
        return nn.functional.pad(table, (self._shared, 0))

    def _read(self, tokens: torch.Tensor, segments: Segments) -> torch.Tensor:
        """Fill the shared slots with the sources, (rows,); states at each one's last token, (sources, width)."""
        network, decoder = self._network, self._parts.decoder
        states = network.enter_tokens(tokens, segments)
        rotation = decoder.rotation(segments.positions(self._device)) if decoder.rotation is not None else None
        at = slice(self._prefix, self._shared)
        for block, cache in zip(decoder.blocks, self._own, strict=True):

            def attend(attention: Attention, hidden: torch.Tensor, cache: _Cache = cache) -> torch.Tensor:
                return network.attend_within(
                    attention, hidden, segments, rotation, keep=lambda k, v: _place(cache, at, segments, k, v)
                )

            states = block.run(states, attend, None)
        last = [start + length - 1 for start, length in zip(segments.starts, segments.lengths, strict=True)]
        return decoder.finish(states, False)[last]

    @property
    def first_scores(self) -> torch.Tensor | None:
        """Scores that reading the sources gave already, (sources, vocabulary); None where a start token is to come."""
        return None if self._parts.encoder is not None else self._scores(self._first_states)

    @torch.no_grad()
    def step(self, tokens: torch.Tensor) -> torch.Tensor:
        """Scores after ``tokens``, (sources, beams), in the beams' order: (sources, beams, vocabulary) in fp32."""
        decoder, at, beams = self._parts.decoder, self._step, self._beams
        sources = len(tokens)
        new = slice(self._shared + at * beams, self._shared + (at + 1) * beams)
        upto = new.stop
        hidden = None
        if beams > 1 or self._shared:
            own = torch.arange(beams, device=self._device)
            self._hidden[:, 0, own, new.start + own] = 0.0
            hidden = self._hidden[..., :upto]
        if self._bias is not None:
            bias = self._bias[at, :, :upto].unsqueeze(1)
            hidden = bias if hidden is None else hidden + bias
        positions = (self._read_lengths + at).repeat_interleave(beams)
        states = decoder.place(decoder.look_up(tokens.reshape(-1)), positions, False)
        rotation = decoder.rotation(positions) if decoder.rotation is not None else None
        for index, block in enumerate(decoder.blocks):
            cache = self._own[index]

            def attend_own(attention: Attention, flat: torch.Tensor, cache: _Cache = cache) -> torch.Tensor:
                query, key, value = attention.project(flat)
                if rotation is not None:
                    query, key = rotate(query, rotation), rotate(key, rotation)
                cache.keys[:, :, new] = key.unflatten(0, (sources, beams)).transpose(1, 2)
                cache.values[:, :, new] = value.unflatten(0, (sources, beams)).transpose(1, 2)
                return self._attended(attention, query, cache.keys[:, :, :upto], cache.values[:, :, :upto], hidden)

            def attend_source(attention: Attention, flat: torch.Tensor, index: int = index) -> torch.Tensor:
                cross = self._crosses[index]
                return self._attended(attention, attention.ask(flat), cross.keys, cross.values, self._cross_hidden)

            states = block.run(states, attend_own, attend_source if self._crosses else None)
        self._step += 1
        return self._scores(decoder.finish(states, False)).view(sources, beams, -1)

    def _attended(
        self,
        attention: Attention,
        query: torch.Tensor,
        keys: torch.Tensor,
        values: torch.Tensor,
        hidden: torch.Tensor | None,
    ) -> torch.Tensor:
        sources, beams = len(keys), self._beams
        # (sources, heads, beams, width)
        asked = query.mul(attention.scaling).unflatten(0, (sources, beams)).transpose(1, 2)
        shared = attention.heads // attention.key_heads
        if shared > 1:
            keys, values = keys.repeat_interleave(shared, dim=1), values.repeat_interleave(shared, dim=1)
        scores = torch.matmul(asked, keys.transpose(2, 3))
        if hidden is not None:
            scores += hidden
        attended = torch.matmul(scores.softmax(dim=-1), values)
        return attention.finish(attended.transpose(1, 2).reshape(sources * beams, attention.heads, attention.width))

    def _scores(self, states: torch.Tensor) -> torch.Tensor:
        head = self._parts.head
        states = states if head.scale == 1.0 else states * head.scale
        return nn.functional.linear(states, head.weight, head.bias).float()

    def follow(self, beams: torch.Tensor) -> None:
        """Let beam i of each source go on from the past of beam ``beams[source, i]``."""
        used = slice(self._shared, self._shared + self._step * self._beams)
        past = self._hidden[:, 0, :, used]
        self._hidden[:, 0, :, used] = past.gather(1, beams.unsqueeze(-1).expand(-1, -1, past.shape[2]))

    def keep(self, sources: torch.Tensor) -> None:
        """Go on with these sources alone, in this order; ``sources`` are indices."""
        for cache in (*self._own, *self._crosses):
            cache.select(sources)
        self._hidden, self._read_lengths = self._hidden[sources], self._read_lengths[sources]
        if self._cross_hidden is not None:
            self._cross_hidden = self._cross_hidden[sources]


def _across(attention: Attention, memory: torch.Tensor, segments: Segments) -> _Cache:
    keys, values = (segments.spread(part) for part in attention.remember(memory))
    if attention.prefix is not None:
        before = [part.to(keys.dtype).expand(len(keys), -1, -1, -1) for part in attention.prefix]
        keys, values = torch.cat([before[0], keys], dim=2), torch.cat([before[1], values], dim=2)
    return _Cache(keys, values)


def _hidden_ends(segments: Segments, device: torch.device) -> torch.Tensor:
    """Additive mask over sequences side by side, (sources, 1, 1, longest): what is behind each end is hidden."""
    lengths = torch.tensor(segments.lengths, device=device)
    beyond = torch.arange(segments.longest, device=device)[None] >= lengths[:, None]
    return torch.zeros(beyond.shape, device=device).masked_fill_(beyond, _HIDDEN)[:, None, None]


def _place(cache: _Cache, at: slice, segments: Segments, key: torch.Tensor, value: torch.Tensor) -> None:
    cache.keys[:, :, at] = segments.spread(key)
    cache.values[:, :, at] = segments.spread(value)
