"""One forward pass for every family, over packed sequences."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn
from transformers import PreTrainedModel

from tailorbird.errors import BaseError
from tailorbird.networks import fused
from tailorbird.networks.attention import Layout, attend, takes_side_by_side
from tailorbird.networks.batch import Batch, Encoded, crossing_batch, joined_batch
from tailorbird.networks.cross_entropy import linear_cross_entropy, linear_losses
from tailorbird.networks.families import bart, gpt2, llama, t5
from tailorbird.networks.frontier import Frontier, find_frontier
from tailorbird.networks.parts import Attend, Attention, Parts, Rotation, Stack
from tailorbird.networks.segments import Segments
from tailorbird.networks.unlikelihood import repetition_unlikelihood

_WIRINGS: dict[str, Callable[[object], Parts]] = {
    kind: family.wire for family in (bart, t5, gpt2, llama) for kind in family.MODEL_TYPES
}

FAMILIES = tuple(_WIRINGS)
"""``model_type`` of each family that can be wired."""

Keep = Callable[[Attention, torch.Tensor, torch.Tensor], None]
"""Takes each self-attention's keys and values as they are attended to, (rows, key heads, width): to decode on from."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """What a batch's frozen part gives: computed once, it stands for that part from then on."""

    memory: torch.Tensor | None
    """The encoder's output, (source rows, width)."""
    states: torch.Tensor | None
    """The decoder's states after the first ``blocks`` blocks, (decoder rows, width)."""
    blocks: int


class Network(nn.Module):
    """A Hugging Face model's layers in our own wiring; the model's parameters are the network's."""

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        self.model = model
        self.parts = wire(model)
        self.personal: nn.Module | None = None
        """What a strategy adds and trains: here, so that whoever wraps the network finds its parameters."""
        self.before: Callable[[], None] | None = None
        """Called before each pass over a batch: puts what ``personal`` gives in its place."""
        self.unwritable: tuple[int, ...] = ()
        """Ids that no candidate may have: no token of the tokenizer's, or a special one."""
        self._prompt: list[torch.Tensor] = []  # In a list, a parameter is not registered here a second time.
        self._resting = Frontier(memory=False, blocks=0)
        self.training = model.training

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.parts.head.weight.device

    @property
    def prompt(self) -> torch.Tensor | None:
        """Learned vectors that stand before every source, (length, width)."""
        return self._prompt[0] if self._prompt else None

    def set_prompt(self, vectors: torch.Tensor | None) -> None:
        """Put ``vectors`` before every source, or nothing."""
        self._prompt = [] if vectors is None else [vectors]

    def batch(self, examples: Sequence[Encoded], *, shared: bool = False) -> Batch:
        """``examples`` packed as this network reads them; where there is a prompt, with room for it.

        ``shared`` encodes equal sources once; a decoder alone reads equal beginnings of its sources once, where
        sequences are attended to one by one (on a CPU) and none of its blocks is frozen.
        """
        if self.prompt is not None:
            room = (0,) * len(self.prompt)
            examples = [Encoded((*room, *example.source), example.target) for example in examples]
        start = self.parts.start
        if start is None:
            # States of frozen blocks are kept for each whole example, whether they come from a cache or not.
            trees = shared and not self._resting.blocks and not takes_side_by_side(self.device)
            return joined_batch(examples, shared=trees).to(self.device)
        return crossing_batch(examples, start=start, shared=shared).to(self.device)

    def forward(
        self, batch: Batch, frozen: Frozen | None = None, unlikelihood: float = 0.0
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """What to minimise, and -log p of the batch's targets, both summed over their tokens: scalars in fp32.

        They differ by ``unlikelihood`` times `repetition_unlikelihood`, which needs all logits in memory.
        """
        states = self.target_states(batch, frozen)
        head = self.parts.head
        if not unlikelihood:
            loss = linear_cross_entropy(states, head.weight, head.bias, batch.labels)
            return loss, loss.detach()
        logits = nn.functional.linear(states, head.weight, head.bias).float()
        loss = nn.functional.cross_entropy(logits, batch.labels, reduction="sum")
        return loss + unlikelihood * repetition_unlikelihood(logits, batch.labels, batch.targets), loss.detach()

    @torch.no_grad()
    def losses(self, batch: Batch, frozen: Frozen | None = None) -> torch.Tensor:
        """-log p of each target token, (target rows,), in fp32."""
        head = self.parts.head
        return linear_losses(self.target_states(batch, frozen), head.weight, head.bias, batch.labels)

    def logits(self, batch: Batch) -> torch.Tensor:
        """Scores of the whole vocabulary at each target token: (target rows, vocabulary)."""
        head = self.parts.head
        return nn.functional.linear(self.target_states(batch), head.weight, head.bias)

    def target_states(self, batch: Batch, frozen: Frozen | None = None) -> torch.Tensor:
        """What the output layer reads for each target token: (target rows, width)."""
        if self.before is not None:
            self.before()
        memory = frozen.memory if frozen is not None else None
        if memory is None and batch.source is not None and batch.source_segments is not None:
            memory = self.encode(batch.source, batch.source_segments)
        if frozen is not None and frozen.states is not None:
            states = self.decode(frozen.states, batch, memory, slice(frozen.blocks, None))
        else:
            states = self.decode(self.enter(batch), batch, memory)
        states = self.parts.decoder.finish(states, self.training)
        states = states if batch.rows is None else states[batch.rows]
        return states if self.parts.head.scale == 1.0 else states * self.parts.head.scale

    def encode(self, source: torch.Tensor, segments: Segments) -> torch.Tensor:
        """The encoder's output for packed sources: (source rows, width)."""
        encoder = self.parts.encoder
        if encoder is None:
            raise BaseError("This base has no encoder.")
        attend_own = _within(encoder, Layout(segments, segments, causal=False), source.device)
        noisy = self.training and not self._resting.memory
        states = _enter(encoder, source, segments, noisy=noisy, prompt=self.prompt)
        for block in encoder.blocks:
            states = block.run(states, attend_own, None)
        return encoder.finish(states, noisy)

    def enter(self, batch: Batch) -> torch.Tensor:
        """What the decoder's first block reads: (decoder rows, width)."""
        noisy = self.training and not self._resting.blocks
        prompt = self.prompt if self.parts.encoder is None else None
        return _enter(self.parts.decoder, batch.inputs, batch.segments, noisy=noisy, prompt=prompt)

    def decode(
        self,
        states: torch.Tensor,
        batch: Batch,
        memory: torch.Tensor | None,
        which: slice = slice(None),
        keep: Keep | None = None,
    ) -> torch.Tensor:
        """``states`` after the decoder's blocks ``which``: (decoder rows, width); ``keep`` is handed what they saw."""
        decoder = self.parts.decoder
        attend_own = _within(decoder, Layout(batch.segments, batch.segments, causal=True), states.device, keep)
        attend_source = None
        if memory is not None and batch.source_segments is not None:
            layout = Layout(batch.segments, batch.source_segments, causal=False, reads=batch.reads)
            attend_source = _across(memory, layout)
        for block in decoder.blocks[which]:
            states = block.run(states, attend_own, attend_source)
        return states

    def frontier(self) -> Frontier:
        """What of the network is frozen now."""
        return find_frontier(self.parts, prompt=self.prompt is not None and self.prompt.requires_grad)

    def train(self, mode: bool = True) -> "Network":
        """Dropout on or off; what is frozen rests without it in either case.

        Noise in what does not learn teaches nothing, and without it what is frozen gives the same every time.
        """
        super().train(mode)
        self._resting = self.frontier()
        if mode:
            if self._resting.memory and self.parts.encoder is not None:
                for block in self.parts.encoder.blocks:
                    block.module.eval()
            for block in self.parts.decoder.blocks[: self._resting.blocks]:
                block.module.eval()
        return self


def wire(model: PreTrainedModel) -> Parts:
    """The parts of ``model``; BaseError where its family is not known here."""
    kind = str(model.config.model_type)
    if kind not in _WIRINGS:
        raise BaseError(f"Tailorbird does not know the family {kind}: use one of {', '.join(_WIRINGS)}.")
    return _WIRINGS[kind](model)


def _enter(
    stack: Stack, tokens: torch.Tensor, segments: Segments, *, noisy: bool, prompt: torch.Tensor | None
) -> torch.Tensor:
    vectors = stack.look_up(tokens)
    if prompt is not None:
        # Every source begins with room for the prompt; in a tree that is in the roots.
        roots = [start for start, first in zip(segments.starts, segments.lengths_before, strict=True) if not first]
        places = torch.tensor([start + at for start in roots for at in range(len(prompt))])
        repeated = prompt.to(vectors.dtype).repeat(len(roots), 1)
        vectors = vectors.index_copy(0, places.to(tokens.device), repeated)
    states = stack.place(vectors, segments.positions(tokens.device), noisy)
    # Under autocast the states go through the network in its type: half the memory to move.
    kind = states.device.type
    return states.to(torch.get_autocast_dtype(kind)) if torch.is_autocast_enabled(kind) else states


def _within(stack: Stack, layout: Layout, device: torch.device, keep: Keep | None = None) -> Attend:
    """Self-attention of ``stack`` over packed sequences."""
    longest = layout.queries.longest
    bias = stack.bias(longest, longest, 0) if stack.bias is not None else None
    rotation = stack.rotation(layout.queries.positions(device)) if stack.rotation is not None else None

    def attend_own(attention: Attention, states: torch.Tensor) -> torch.Tensor:
        query, key, value = attention.project(states)
        if rotation is not None:
            query, key = rotate(query, rotation), rotate(key, rotation)
        if keep is not None:
            keep(attention, key, value)
        return _attended(attention, query, key, value, layout, bias)

    return attend_own


def _across(memory: torch.Tensor, layout: Layout) -> Attend:
    """Attention from packed targets to their own sources."""

    def attend_source(attention: Attention, states: torch.Tensor) -> torch.Tensor:
        return _attended(attention, attention.ask(states), *attention.remember(memory), layout, None)

    return attend_source


def _attended(
    attention: Attention,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    layout: Layout,
    bias: torch.Tensor | None,
) -> torch.Tensor:
    shared = attention.heads // attention.key_heads
    prefix = attention.prefix
    if shared > 1:
        key, value = key.repeat_interleave(shared, dim=1), value.repeat_interleave(shared, dim=1)
        if prefix is not None:
            prefix = (prefix[0].repeat_interleave(shared, dim=0), prefix[1].repeat_interleave(shared, dim=0))
    attended = attend(
        query,
        key,
        value,
        layout,
        scaling=attention.scaling,
        bias=bias,
        prefix=prefix,
        dropout=attention.dropout if attention.module.training else 0.0,
    )
    return attention.finish(attended)


def rotate(states: torch.Tensor, rotation: Rotation) -> torch.Tensor:
    """Rotary positions on (tokens, heads, features), halves paired as Llama does."""
    if fused.applies(states):
        return fused.rotated(states, *rotation)
    cosines, sines = (part.to(states.dtype).unsqueeze(1) for part in rotation)
    first, second = states.chunk(2, dim=-1)
    return states * cosines + torch.cat([-second, first], dim=-1) * sines
