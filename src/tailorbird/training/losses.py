"""Teacher-forced loss of each example, with its own input and with another's."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from tailorbird.training.batches import IGNORED, Batch, Encoded, collate
from tailorbird.training.device import autocast


@dataclass(frozen=True, slots=True)
class TargetLoss:
    """-log p of one target, summed over its tokens (nats)."""

    loss: float
    tokens: int


def batch_losses(model: nn.Module, batch: Batch) -> list[TargetLoss]:
    """Loss of each row of ``batch``, in the precision that the caller set, without dropout."""
    logits = model(
        input_ids=batch.input_ids, attention_mask=batch.attention_mask, labels=batch.labels, use_cache=False
    ).logits
    real = batch.labels != IGNORED
    each = nn.functional.cross_entropy(logits[real].float(), batch.labels[real], reduction="none")
    losses = each.new_zeros(len(batch.labels)).index_add(0, real.nonzero()[:, 0], each)
    tokens = real.sum(dim=1)
    return [TargetLoss(float(loss), int(count)) for loss, count in zip(losses, tokens, strict=True)]


@torch.no_grad()
def target_losses(model: nn.Module, examples: Sequence[Encoded], *, pad: int, batch_size: int = 8) -> list[TargetLoss]:
    """Loss of each example, in the given order; batches are formed by length."""
    model.eval()
    device = next(model.parameters()).device
    order = sorted(range(len(examples)), key=lambda index: (_length(examples[index]), index))
    losses: dict[int, TargetLoss] = {}
    for start in range(0, len(order), batch_size):
        indices = order[start : start + batch_size]
        batch = collate([examples[index] for index in indices], pad=pad).to(device)
        losses.update(zip(indices, batch_losses(model, batch), strict=True))
    return [losses[index] for index in range(len(examples))]


def _length(example: Encoded) -> int:
    return len(example.source) + len(example.target)


def mean_loss(losses: Sequence[TargetLoss]) -> float:
    """Nats per target token over all of ``losses``."""
    return sum(loss.loss for loss in losses) / max(1, sum(loss.tokens for loss in losses))


def with_other_inputs(examples: Sequence[Encoded]) -> list[Encoded]:
    """Each target with the input of the example half the list away: far from its own class when sorted by class.

    For a list of one there is no other input, and its own is kept: its gain is then 0.
    """
    shift = max(1, len(examples) // 2)
    return [
        Encoded(examples[(index + shift) % len(examples)].source, example.target)
        for index, example in enumerate(examples)
    ]


@dataclass(frozen=True, slots=True)
class Validation:
    """How a model does on held-out examples, in nats per target token."""

    loss: float
    input_gain: float | None = None
    """Loss with another example's input, minus ``loss``: near 0 the model ignores its input."""


def validate(
    model: nn.Module, examples: Sequence[Encoded], *, pad: int, bfloat16: bool = False, gain: bool = False
) -> Validation:
    """Loss over ``examples``, with input gain too where ``gain`` asks for that second pass."""
    with autocast(next(model.parameters()).device, bfloat16=bfloat16):
        loss = mean_loss(target_losses(model, examples, pad=pad))
        if not gain:
            return Validation(loss)
        return Validation(loss, mean_loss(target_losses(model, with_other_inputs(examples), pad=pad)) - loss)


def repetition_unlikelihood(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Mean over target tokens of -sum log(1 - p(c)), c being the target's earlier tokens other than the right one.

    Token-level unlikelihood (Welleck et al., 2020, arXiv 1908.04319): what stands already is made less likely wherever
    it is wrong, so that greedy outputs do not go round in circles. ``logits`` (batch, target, vocabulary), ``labels``
    (batch, target; -100 pads).
    """
    length = labels.shape[1]
    tokens = labels.clamp(min=0)
    same = tokens[:, :, None] == tokens[:, None, :]  # (batch, step, earlier)
    before = torch.ones(length, length, dtype=torch.bool, device=labels.device).tril(-1)
    first = ~(same & before).any(dim=2)  # A token that occurs several times is one candidate.
    real = labels != IGNORED
    candidate = before & ~same & first[:, None, :] & real[:, None, :] & real[:, :, None]
    chances = logits.float().log_softmax(dim=-1).gather(2, tokens[:, None, :].expand(-1, length, -1)).exp()
    penalties = -torch.log1p(-chances.clamp(max=1 - 1e-5))
    return (penalties * candidate).sum() / real.sum().clamp(min=1)
