"""What a base writes for held-out pairs: losses alone do not say whether its outputs are tests at all."""

from collections.abc import Sequence
from dataclasses import dataclass

from tailorbird.base.load import Base
from tailorbird.generation.decode import Decoding, decode_batch, to_text
from tailorbird.metrics.structure import syntax_valid
from tailorbird.networks.batch import Encoded
from tailorbird.progress import Progress

_BATCH = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class GreedyCheck:
    """Greedy outputs for the second stage's held-out pairs."""

    outputs: int
    syntax_valid: float
    """Share that the parser accepts as one whole method."""
    finished: float
    """Share that ended by themselves, before the limit."""


def greedy_check(base: Base, examples: Sequence[Encoded], *, max_tokens: int, progress: Progress) -> GreedyCheck:
    """Decode each of ``examples`` (at least one) greedily and count what came out."""
    valid = finished = 0
    decoding = Decoding(max_tokens=max_tokens)
    progress.start("greedy outputs of held-out pairs", len(examples))
    for start in range(0, len(examples), _BATCH):
        sources = [example.source for example in examples[start : start + _BATCH]]
        for (decoded,) in decode_batch(base, sources, decoding, seed=0):
            valid += syntax_valid(to_text(base, decoded))
            finished += decoded.finished
        progress.update(start + len(sources))
    progress.finish()
    count = len(examples)
    return GreedyCheck(outputs=count, syntax_valid=valid / count, finished=finished / count)
