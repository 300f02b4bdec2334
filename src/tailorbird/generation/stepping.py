"""A network read token by token: what earlier tokens left is kept, and a step computes some tokens of every source.

These are either the beams' next tokens, or one sequence's next ones, of which all but the first are a guess.

Beams: a cache slot belongs to one beam of one step, for good. When a beam goes on from another one's past, no slot
moves: a mask says which slots each beam sees. Scores of all beams of a source are then one matrix product, which reads
each key once, and what beams share (a prefix, the source) is held once.

Guesses: a slot belongs to a position of the sequence. Those of wrong guesses are written over.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from tailorbird.networks.batch import Batch, Encoded
from tailorbird.networks.network import Network, rotate
from tailorbird.networks.parts import Attention
from tailorbird.networks.segments import Segments

_HIDDEN = float("-inf")


@dataclass
class _Cache:
    """Keys and values of one attention: (sources, key heads, slots, width), or with beams before the slots."""

    keys: torch.Tensor
    values: torch.Tensor

    def select(self, rows: torch.Tensor) -> None:
        self.keys, self.values = self.keys[rows], self.values[rows]


class Stepper:
    """Reads the sources once; then each `step` takes the beams' last tokens and gives the scores of the next ones.

    With ``guesses`` there is one sequence for each source, a step takes its last token and up to so many more, and a
    source may take the place of one that is done (`admit`), if none is longer than ``longest`` tokens.
    """

    @torch.no_grad()
    def __init__(
        self,
        network: Network,
        sources: Sequence[tuple[int, ...]],
        *,
        steps: int,
        beams: int = 1,
        guesses: int = 0,
        longest: int = 0,
    ) -> None:
        if beams > 1 and guesses:
            raise ValueError("beams and guesses do not go together")
        self._network, self._beams, self._steps = network, beams, steps + guesses
        self._parts, self._device = network.parts, network.device
        self._unwritable = torch.tensor(network.unwritable, dtype=torch.long, device=self._device)
        self._step = 0
        self._written = torch.zeros(len(sources), dtype=torch.long, device=self._device)
        """Tokens of each sequence that were right."""
        self._read_lengths = torch.zeros(len(sources), dtype=torch.long, device=self._device)
        """Tokens that the decoder read of each source."""
        blocks = self._parts.decoder.blocks
        prompt = 0 if network.prompt is None else len(network.prompt)
        room = Segments((prompt + max(longest, *(len(source) for source in sources)),)).longest
        crossing = self._parts.encoder is not None
        self._prefix = _longest_prefix(block.attention for block in blocks)
        self._shared = self._prefix + (0 if crossing else room)
        self._read_keys = [self._new_cache(block.attention, len(sources), self._shared) for block in blocks]
        """Of each block what all beams of a source see: a prefix, and what the decoder read of the source."""
        self._own = [self._new_own(block.attention, len(sources)) for block in blocks]
        """Of each block what each beam has written."""
        kind = self._parts.head.weight.dtype
        self._hidden = torch.full((len(sources), 1, 1, self._shared), _HIDDEN, device=self._device, dtype=kind)
        self._hidden[..., : self._prefix] = 0.0
        self._asking = [block.cross for block in blocks if block.cross is not None] if crossing else []
        self._before = _longest_prefix(self._asking)
        size = self._before + room
        self._crosses = [self._new_cache(cross, len(sources), size) for cross in self._asking]
        self._cross_hidden: torch.Tensor | None = None
        if crossing:
            # What stands before the sources in cross-attention every beam sees.
            self._cross_hidden = torch.zeros(len(sources), 1, 1, self._before + room, device=self._device, dtype=kind)
        self._bias = self._position_bias()
        self.first_scores = self.admit(torch.arange(len(sources), device=self._device), sources)
        """Scores that reading the sources gave already, (sources, vocabulary); None where a start token is to come."""

    @torch.no_grad()
    def admit(self, rows: torch.Tensor, sources: Sequence[tuple[int, ...]]) -> torch.Tensor | None:
        """Read ``sources``, which take the places ``rows`` from now on; their `first_scores`."""
        batch = self._network.batch([Encoded(source, (0,)) for source in sources])
        self._written[rows] = 0
        if self._cross_hidden is None:
            # The source is read as a batch is, all but its last token: that is the first step's input.
            self._read_lengths[rows] = torch.tensor(batch.segments.lengths, device=self._device)
            self._hide(self._hidden, rows, self._prefix, batch.segments)
            return self._scores(self._read(batch, rows))
        assert batch.source is not None
        assert batch.source_segments is not None
        memory = self._network.encode(batch.source, batch.source_segments)
        at = slice(self._before, self._before + batch.source_segments.longest)
        for cross, cache in zip(self._asking, self._crosses, strict=True):
            for held, given in zip((cache.keys, cache.values), cross.remember(memory), strict=True):
                held[rows, :, at] = batch.source_segments.spread(given).to(held.dtype)
        self._hide(self._cross_hidden, rows, self._before, batch.source_segments)
        return None

    @staticmethod
    def _hide(hidden: torch.Tensor, rows: torch.Tensor, before: int, segments: Segments) -> None:
        """Hide all slots of ``rows`` from ``before`` on but those of their sources."""
        lengths = torch.tensor(segments.lengths, device=hidden.device)
        beyond = torch.arange(hidden.shape[-1] - before, device=hidden.device)[None] >= lengths[:, None]
        ends = torch.zeros(beyond.shape, device=hidden.device, dtype=hidden.dtype).masked_fill_(beyond, _HIDDEN)
        hidden[rows, :, :, before:] = ends[:, None, None]

    def _new_cache(self, attention: Attention, sources: int, slots: int) -> _Cache:
        size = (sources, attention.key_heads, slots, attention.width)
        kind = self._parts.head.weight.dtype
        keys, values = (torch.zeros(size, device=self._device, dtype=kind) for _ in range(2))
        cache = _Cache(keys, values)
        if attention.prefix is not None:
            for held, given in zip((cache.keys, cache.values), attention.prefix, strict=True):
                held[:, :, : given.shape[1]] = given
        return cache

    def _new_own(self, attention: Attention, sources: int) -> _Cache:
        size = (sources, attention.key_heads, self._beams, self._steps, attention.width)
        kind = self._parts.head.weight.dtype
        return _Cache(*(torch.zeros(size, device=self._device, dtype=kind) for _ in range(2)))

    def _position_bias(self) -> torch.Tensor | None:
        """(steps, heads, steps) for T5: the bias of each step's query on what was written."""
        bias = self._parts.decoder.bias
        return None if bias is None else bias(self._steps, self._steps, 0).permute(1, 0, 2)

    def _read(self, batch: Batch, rows: torch.Tensor) -> torch.Tensor:
        """Fill the shared slots of ``rows`` with their sources; states at each one's last token, (rows, width)."""
        network, decoder, segments = self._network, self._parts.decoder, batch.segments
        at = slice(self._prefix, self._prefix + segments.longest)
        caches = {block.attention.name: cache for block, cache in zip(decoder.blocks, self._read_keys, strict=True)}

        def keep(attention: Attention, key: torch.Tensor, value: torch.Tensor) -> None:
            cache = caches[attention.name]
            cache.keys[rows, :, at], cache.values[rows, :, at] = segments.spread(key), segments.spread(value)

        states = network.decode(network.enter(batch), batch, None, keep=keep)
        last = [start + length - 1 for start, length in zip(segments.starts, segments.lengths, strict=True)]
        return decoder.finish(states, False)[last]

    @torch.no_grad()
    def step(self, tokens: torch.Tensor, going: torch.Tensor | None = None) -> torch.Tensor:
        """Scores after ``tokens``, (sources, beams), in the beams' order: (sources, beams, vocabulary).

        With ``going``, (sources, beams) of truth values, only of those beams: (beams that go on, vocabulary).
        """
        at, beams = self._step, self._beams
        # (heads, 1, steps so far): the same for all sources and beams.
        hidden = None if self._bias is None else self._bias[at, :, None, : at + 1]
        self._step += 1
        if going is not None and not bool(going.all()):
            rows, places = going.nonzero().unbind(1)
            seats, positions = _Seats(len(tokens), beams, 1, (rows, places)), self._read_lengths[rows] + at
            return self._pass(tokens[rows, places], positions, seats, at, at + 1, hidden)
        positions = (self._read_lengths + at).repeat_interleave(beams)
        scores = self._pass(tokens.reshape(-1), positions, _Seats(len(tokens), beams, 1), at, at + 1, hidden)
        return scores if going is not None else scores.view(len(tokens), beams, -1)

    @torch.no_grad()
    def try_on(self, tokens: Sequence[Sequence[int]]) -> torch.Tensor:
        """Scores after each of each source's ``tokens``: its last token, and guesses of those after it; or none.

        (tokens of all sources one after another, vocabulary). `accept` says how many were right.
        """
        device, width = self._device, max(len(row) for row in tokens)
        counts = torch.tensor([len(row) for row in tokens], device=device)
        rows, places = (torch.arange(width, device=device) < counts[:, None]).nonzero().unbind(1)
        seats = _Seats(len(tokens), 1, width, (rows, places))
        # A sequence that is done stays within its slots, wherever its last guesses ended.
        written = self._written.clamp(max=self._steps - width)
        own = written[:, None] + torch.arange(width, device=device)
        upto = int(written.max()) + width
        beyond = torch.arange(upto, device=device) > own[:, None, :, None]
        hidden = torch.zeros(beyond.shape, device=device).masked_fill_(beyond, _HIDDEN)
        if self._bias is not None:
            # (sources, heads, tokens, slots), each query's row of the table.
            hidden = hidden + self._bias[own, :, :upto].transpose(1, 2)
        flat = torch.tensor([token for row in tokens for token in row], device=device)
        at = own[rows, places]
        positions = at + self._read_lengths.repeat_interleave(counts)
        return self._pass(flat, positions, seats, at, upto, hidden)

    def accept(self, counts: torch.Tensor) -> None:
        """Of the tokens of the last `try_on` the first ``counts``, (sources,), were right."""
        self._written += counts

    def _pass(
        self,
        tokens: torch.Tensor,
        positions: torch.Tensor,
        seats: "_Seats",
        slots: int | torch.Tensor,
        upto: int,
        hidden: torch.Tensor | None,
    ) -> torch.Tensor:
        """Scores after ``tokens``, (rows, vocabulary).

        tokens, positions: (rows,); ``slots`` is where their keys go: the same for all beams, or (rows,); hidden: what
        is added to the attention scores of the first ``upto`` of them.
        """
        decoder = self._parts.decoder
        states = decoder.place(decoder.look_up(tokens), positions, False)
        rotation = decoder.rotation(positions) if decoder.rotation is not None else None
        for index, block in enumerate(decoder.blocks):
            read, own = self._read_keys[index] if self._shared else None, self._own[index]

            def attend_own(
                attention: Attention, flat: torch.Tensor, read: _Cache | None = read, own: _Cache = own
            ) -> torch.Tensor:
                query, key, value = attention.project(flat)
                if rotation is not None:
                    query, key = rotate(query, rotation), rotate(key, rotation)
                for held, fresh in ((own.keys, key), (own.values, value)):
                    if isinstance(slots, int):
                        held[:, :, :, slots] = seats.seat(fresh)
                    else:
                        assert seats.taken is not None
                        held[seats.taken[0], :, 0, slots] = fresh
                written = _Cache(own.keys[:, :, :, :upto], own.values[:, :, :, :upto])
                return _attended(attention, query, read, self._hidden, written, hidden, seats)

            def attend_source(attention: Attention, flat: torch.Tensor, index: int = index) -> torch.Tensor:
                query = attention.ask(flat)
                return _attended(attention, query, self._crosses[index], self._cross_hidden, None, None, seats)

            states = block.run(states, attend_own, attend_source if self._crosses else None)
        return self._scores(decoder.finish(states, False))

    def _scores(self, states: torch.Tensor) -> torch.Tensor:
        head = self._parts.head
        states = states if head.scale == 1.0 else states * head.scale
        scores = nn.functional.linear(states, head.weight, head.bias)
        # Here, so that no way of decoding ever sees them.
        return scores.index_fill_(-1, self._unwritable, _HIDDEN) if len(self._unwritable) else scores

    def follow(self, beams: torch.Tensor) -> None:
        """Let beam i of each source go on from the past of beam ``beams[source, i]``."""
        rows = torch.arange(len(beams), device=beams.device)[:, None]
        for cache in self._own:
            for held in (cache.keys, cache.values):
                past = held[:, :, :, : self._step]
                past.copy_(past.transpose(1, 2)[rows, beams].transpose(1, 2))

    def keep(self, sources: torch.Tensor) -> None:
        """Go on with these sources alone, in this order; ``sources`` are indices."""
        for cache in (*self._read_keys, *self._own, *self._crosses):
            cache.select(sources)
        self._hidden, self._read_lengths = self._hidden[sources], self._read_lengths[sources]
        self._written = self._written[sources]
        if self._cross_hidden is not None:
            self._cross_hidden = self._cross_hidden[sources]


@dataclass(frozen=True, slots=True)
class _Seats:
    """Which token of which source each row is: rows are packed, attention needs them side by side."""

    sources: int
    beams: int
    each: int
    """Tokens of each beam."""
    taken: tuple[torch.Tensor, torch.Tensor] | None = None
    """Source and place of each row, (rows,) each; None where every place is taken, in order."""

    @property
    def width(self) -> int:
        """Places of one source."""
        return self.beams * self.each

    def seat(self, rows: torch.Tensor) -> torch.Tensor:
        """(rows, heads, features) as (sources, heads, width, features); zeros where nobody sits."""
        if self.taken is None:
            return rows.view(self.sources, self.width, *rows.shape[1:]).transpose(1, 2)
        seated = rows.new_zeros(self.sources, self.width, *rows.shape[1:])
        seated[self.taken] = rows
        return seated.transpose(1, 2)

    def rows(self, seated: torch.Tensor) -> torch.Tensor:
        """The way back."""
        seated = seated.transpose(1, 2)
        return seated.flatten(0, 1) if self.taken is None else seated[self.taken]


def _attended(
    attention: Attention,
    query: torch.Tensor,
    read: _Cache | None,
    read_hidden: torch.Tensor | None,
    own: _Cache | None,
    own_hidden: torch.Tensor | None,
    seats: _Seats,
) -> torch.Tensor:
    """From queries, (rows, heads, features), to the attention's output, (rows, width of the model).

    ``read`` is what all beams of a source see, (sources, key heads, slots, features), and ``own`` what each beam has
    written, (sources, key heads, beams, slots, features). What is added to the scores has the shape (sources, heads,
    places, slots), or one that spreads to it.
    """
    shared = attention.heads // attention.key_heads
    # Heads that share a key stand side by side with the places: no key is copied for them.
    asked = seats.seat(query.mul(attention.scaling)).unflatten(1, (attention.key_heads, shared))
    found = []
    if read is not None:
        scores = torch.matmul(asked.flatten(2, 3), read.keys.transpose(2, 3)).unflatten(2, (shared, seats.width))
        found.append(_added(scores, read_hidden, attention, shared))
    if own is not None:
        scores = torch.matmul(_by_beam(asked, seats), own.keys.transpose(3, 4))
        found.append(_added(_by_head(scores, shared, seats), own_hidden, attention, shared))
    chances = torch.cat(found, dim=-1).softmax(dim=-1)
    answer = torch.zeros((), device=query.device, dtype=query.dtype)
    if read is not None:
        on_read = chances[..., : read.keys.shape[2]].flatten(2, 3)
        answer = torch.matmul(on_read, read.values).unflatten(2, (shared, seats.width))
    if own is not None:
        on_own = _by_beam(chances[..., chances.shape[-1] - own.keys.shape[3] :], seats)
        answer = answer + _by_head(torch.matmul(on_own, own.values), shared, seats)
    return attention.finish(seats.rows(answer.flatten(1, 2)))


def _added(scores: torch.Tensor, hidden: torch.Tensor | None, attention: Attention, shared: int) -> torch.Tensor:
    """``scores``, (sources, key heads, heads of each, places, slots), with what hides some added."""
    if hidden is None:
        return scores
    by_head = hidden.shape[-3] > 1
    hidden = hidden.to(scores.dtype)
    return scores.add_(hidden.unflatten(-3, (attention.key_heads, shared)) if by_head else hidden.unsqueeze(-3))


def _by_beam(asked: torch.Tensor, seats: _Seats) -> torch.Tensor:
    """(sources, key heads, heads, places, n) as (sources, key heads, beams, heads x tokens of a beam, n)."""
    by_beam: torch.Tensor = asked.unflatten(3, (seats.beams, seats.each)).transpose(2, 3)
    return by_beam.flatten(3, 4)


def _by_head(found: torch.Tensor, shared: int, seats: _Seats) -> torch.Tensor:
    """The way back."""
    by_head: torch.Tensor = found.unflatten(3, (shared, seats.each)).transpose(2, 3)
    return by_head.flatten(3, 4)


def _longest_prefix(attentions: Iterable[Attention]) -> int:
    return max((0 if one.prefix is None else one.prefix[0].shape[1] for one in attentions), default=0)
