"""What the loss on repeating oneself counts."""

import math

import pytest
import torch

from tailorbird.networks.segments import Segments
from tailorbird.networks.unlikelihood import repetition_unlikelihood


def test_unlikelihood_counts_wrong_repeats_alone() -> None:
    labels, targets = torch.tensor([5, 6, 5, 7, 8]), Segments((4, 1))
    logits = torch.randn(5, 10, generator=torch.Generator().manual_seed(0))
    chances = logits.softmax(dim=-1)

    def missed(step: int, token: int) -> float:
        return -math.log(1 - float(chances[step, token]))

    # Step 1 may not say 5; step 2 may say 5, being right, but not 6; step 3 neither, and 5 counts once.
    expected = missed(1, 5) + missed(2, 6) + missed(3, 5) + missed(3, 6)
    assert float(repetition_unlikelihood(logits, labels, targets)) == pytest.approx(expected, rel=1e-5)


def test_unlikelihood_teaches_not_to_go_round() -> None:
    logits, labels, targets = torch.zeros(3, 4, requires_grad=True), torch.tensor([1, 2, 3]), Segments((3,))
    (gradient,) = torch.autograd.grad(repetition_unlikelihood(logits, labels, targets), [logits])
    assert gradient[0].abs().max() == 0
    assert gradient[2, 1] > 0
    assert gradient[2, 2] > 0
    assert gradient[2, 3] < 0
    certain = torch.full((3, 4), -50.0)
    certain[:, 1] = 50.0
    assert torch.isfinite(repetition_unlikelihood(certain, labels, targets))
