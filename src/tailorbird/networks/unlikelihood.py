"""A loss on repeating oneself, for small models that go round in circles."""

import torch

from tailorbird.networks.segments import Segments


def repetition_unlikelihood(logits: torch.Tensor, labels: torch.Tensor, targets: Segments) -> torch.Tensor:
    """Sum over target tokens of -sum log(1 - p(c)), c being the target's earlier tokens other than the right one.

    Token-level unlikelihood (Welleck et al., 2020, arXiv 1908.04319): what stands already is made less likely wherever
    it is wrong. ``logits`` (rows, vocabulary) and ``labels`` (rows,) of packed ``targets``.
    """
    total = logits.new_zeros(())
    for start, length in zip(targets.starts, targets.lengths, strict=True):
        rows = slice(start, start + length)
        total = total + _of_one(logits[rows], labels[rows])
    return total


def _of_one(logits: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    length = len(tokens)
    same = tokens[:, None] == tokens[None, :]  # (step, earlier)
    before = torch.ones(length, length, dtype=torch.bool, device=tokens.device).tril(-1)
    first = ~(same & before).any(dim=1)  # A token that occurs several times is one candidate.
    chances = logits.log_softmax(dim=-1)[:, tokens].exp()
    penalties = -torch.log1p(-chances.clamp(max=1 - 1e-5))
    return (penalties * (before & ~same & first[None, :])).sum()
