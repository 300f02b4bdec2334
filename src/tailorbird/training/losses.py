"""Teacher-forced loss of each example, with its own input and with another's."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from tailorbird.networks.batch import Encoded
from tailorbird.networks.network import Network
from tailorbird.training.batches import attention_length
from tailorbird.training.device import autocast
from tailorbird.training.frozen import FrozenWork


@dataclass(frozen=True, slots=True)
class TargetLoss:
    """-log p of one target, summed over its tokens (nats)."""

    loss: float
    tokens: int


@torch.no_grad()
def target_losses(
    network: Network, examples: Sequence[Encoded], *, batch_size: int = 8, frozen: FrozenWork | None = None
) -> list[TargetLoss]:
    """Loss of each example, in the given order and the precision that the caller set; batches are formed by length."""
    network.eval()
    order = sorted(range(len(examples)), key=lambda index: (attention_length(examples[index]), index))
    losses: dict[int, TargetLoss] = {}
    for start in range(0, len(order), batch_size):
        indices = order[start : start + batch_size]
        some = [examples[index] for index in indices]
        batch = network.batch(some, shared=True)
        each = network.losses(batch, frozen.of(some, batch) if frozen is not None else None)
        sums = [float(part.sum()) for part in each[: batch.targets.total].split(list(batch.targets.lengths))]
        losses.update(
            (index, TargetLoss(loss, len(examples[index].target))) for index, loss in zip(indices, sums, strict=True)
        )
    return [losses[index] for index in range(len(examples))]


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
    network: Network,
    examples: Sequence[Encoded],
    *,
    bfloat16: bool = False,
    gain: bool = False,
    frozen: FrozenWork | None = None,
) -> Validation:
    """Loss over ``examples``, with input gain too where ``gain`` asks for that second pass."""
    with autocast(network.device, bfloat16=bfloat16):
        loss = mean_loss(target_losses(network, examples, frozen=frozen))
        if not gain:
            return Validation(loss)
        return Validation(loss, mean_loss(target_losses(network, with_other_inputs(examples))) - loss)
