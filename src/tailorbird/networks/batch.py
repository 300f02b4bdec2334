"""A batch of examples without padding, as a network reads it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from tailorbird.networks.prefix_tree import build_prefix_tree
from tailorbird.networks.segments import Segments, pack

IGNORED = -100
"""Label where no loss is taken (torch's cross-entropy default)."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """One example as token ids; ``target`` ends with the end token unless it was cut."""

    source: tuple[int, ...]
    target: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """Packed examples."""

    source: torch.Tensor | None
    """(source rows,); None where there is no encoder."""
    source_segments: Segments | None
    inputs: torch.Tensor
    """What the decoder reads, (decoder rows,)."""
    segments: Segments
    rows: torch.Tensor | None
    """Which of the decoder's outputs have a label, (target rows,); None for all of them, in order."""
    labels: torch.Tensor
    """(target rows,); -100 in the filler behind the targets."""
    targets: Segments
    """Lengths of the targets."""
    reads: tuple[int, ...] | None = None
    """The source that each target belongs to, where some share one; None where each has its own, in their order."""

    @property
    def firsts(self) -> list[int]:
        """For each source the first example that has it."""
        reads = self.reads if self.reads is not None else range(len(self.segments.lengths))
        return [at for at, number in enumerate(reads) if number not in reads[:at]]

    def to(self, device: torch.device) -> "Batch":
        """The same batch on another device."""
        return replace(
            self,
            source=None if self.source is None else self.source.to(device),
            inputs=self.inputs.to(device),
            rows=None if self.rows is None else self.rows.to(device),
            labels=self.labels.to(device),
        )


def crossing_batch(examples: Sequence[Encoded], *, start: int, shared: bool = False) -> Batch:
    """For an encoder-decoder: the source is encoded; the decoder reads ``start`` and the target less its last token.

    ``shared`` takes equal sources once, for all of their targets.
    """
    numbers: dict[tuple[int, ...], int] = {}
    for example in examples if shared else ():
        numbers.setdefault(example.source, len(numbers))
    reads = tuple(numbers[example.source] for example in examples) if shared and len(numbers) < len(examples) else None
    source, source_segments = pack([example.source for example in examples] if reads is None else list(numbers))
    inputs, segments = pack([(start, *example.target[:-1]) for example in examples])
    labels, _ = pack([example.target for example in examples], fill=IGNORED)
    return Batch(source, source_segments, inputs, segments, None, labels, segments, reads)


def joined_batch(examples: Sequence[Encoded], *, shared: bool = False) -> Batch:
    """For a decoder alone: source and target in one sequence, with labels where the target is predicted.

    ``shared`` computes what sources have in common at their beginning once: the batch is a tree of parts.
    """
    sequences = [(*example.source, *example.target[:-1]) for example in examples]
    tree = build_prefix_tree(sequences) if shared else None
    if tree is None:
        inputs, segments = pack(sequences)
    else:
        inputs, segments = pack(tree.parts, before=tree.before)
    labels, targets = pack([example.target for example in examples], fill=IGNORED)
    rows: list[int] = []
    for number, example in enumerate(examples):
        way = (number,) if tree is None else (*tree.before[tree.leaves[number]], tree.leaves[number])
        own = [
            row for part in way for row in range(segments.starts[part], segments.starts[part] + segments.lengths[part])
        ]
        rows += own[len(example.source) - 1 :]
    rows += [0] * (targets.rows - targets.total)
    return Batch(None, None, inputs, segments, torch.tensor(rows), labels, targets)
