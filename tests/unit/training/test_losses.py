"""Teacher-forced losses against a cross entropy done by hand."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.training.batches import IGNORED, Encoded, collate
from tailorbird.training.losses import (
    TargetLoss,
    Validation,
    mean_loss,
    repetition_unlikelihood,
    target_losses,
    validate,
    with_other_inputs,
)
from tests.models import FAMILIES, encoded_texts, small_base

EXAMPLES = encoded_texts()


def by_hand(family: str, example: Encoded) -> float:
    base = small_base(family)
    batch = collate([example], pad=1)
    with torch.no_grad():
        logits = base.model(input_ids=batch.input_ids, attention_mask=batch.attention_mask, labels=batch.labels).logits[
            0
        ]
    total = 0.0
    for position, token in enumerate(example.target):
        row = logits[position].double()
        total += float(row.exp().sum().log() - row[token])
    return total


@pytest.mark.parametrize("family", list(FAMILIES))
def test_the_loss_of_one_example_is_the_cross_entropy_by_hand(family: str) -> None:
    example = EXAMPLES[0]
    (found,) = target_losses(small_base(family).model, [example], pad=1)
    assert found.loss == pytest.approx(by_hand(family, example), rel=1e-4)
    assert found.tokens == len(example.target)


@pytest.mark.parametrize("family", list(FAMILIES))
def test_losses_do_not_depend_on_batch_size_or_order(family: str) -> None:
    model = small_base(family).model
    whole = target_losses(model, EXAMPLES, pad=1)
    single = target_losses(model, EXAMPLES, pad=1, batch_size=1)
    backwards = target_losses(model, EXAMPLES[::-1], pad=1, batch_size=7)[::-1]
    for one, other, third in zip(whole, single, backwards, strict=True):
        assert one.tokens == other.tokens == third.tokens
        assert [one.loss, third.loss] == pytest.approx([other.loss] * 2, rel=1e-4)


def test_dropout_is_off_even_on_a_model_in_training() -> None:
    model = small_base().model
    model.train()
    found = target_losses(model, EXAMPLES[:2], pad=1)
    assert found == target_losses(small_base().model, EXAMPLES[:2], pad=1)


def test_the_mean_is_per_token_not_per_example() -> None:
    assert mean_loss([TargetLoss(2.0, 1), TargetLoss(4.0, 11)]) == 0.5
    assert mean_loss([]) == 0.0


@given(st.integers(2, 50))
def test_no_example_of_several_gets_its_own_input(count: int) -> None:
    examples = [Encoded((index,), (index,)) for index in range(count)]
    others = with_other_inputs(examples)
    assert [other.target for other in others] == [example.target for example in examples]
    assert all(other.source != example.source for other, example in zip(others, examples, strict=True))
    assert {other.source for other in others} == {example.source for example in examples}


def test_a_single_example_keeps_its_input_and_has_no_gain() -> None:
    assert with_other_inputs(EXAMPLES[:1]) == EXAMPLES[:1]
    assert validate(small_base().model, EXAMPLES[:1], pad=1, gain=True).input_gain == 0.0


def test_validation_is_the_mean_and_the_gain_the_difference() -> None:
    model = small_base().model
    found = validate(model, EXAMPLES, pad=1, gain=True)
    own = mean_loss(target_losses(model, EXAMPLES, pad=1))
    other = mean_loss(target_losses(model, with_other_inputs(EXAMPLES), pad=1))
    assert found.loss == own
    assert found.input_gain == pytest.approx(other - own)
    # The second pass is made only where it is asked for.
    assert validate(model, EXAMPLES, pad=1) == Validation(own, None)


def test_unlikelihood_counts_wrong_repeats_alone() -> None:
    labels = torch.tensor([[5, 6, 5, 7], [8, IGNORED, IGNORED, IGNORED]])
    logits = torch.randn(2, 4, 10, generator=torch.Generator().manual_seed(0))
    chances = logits.softmax(dim=-1)

    def missed(row: int, step: int, token: int) -> float:
        return -math.log(1 - float(chances[row, step, token]))

    # Step 1 may not say 5; step 2 may say 5, being right, but not 6; step 3 neither, and 5 counts once.
    expected = missed(0, 1, 5) + missed(0, 2, 6) + missed(0, 3, 5) + missed(0, 3, 6)
    assert float(repetition_unlikelihood(logits, labels)) == pytest.approx(expected / 5, rel=1e-5)


def test_unlikelihood_teaches_not_to_go_round() -> None:
    logits = torch.zeros(1, 3, 4, requires_grad=True)
    (gradient,) = torch.autograd.grad(repetition_unlikelihood(logits, torch.tensor([[1, 2, 3]])), [logits])
    assert gradient[0, 0].abs().max() == 0
    assert gradient[0, 2, 1] > 0
    assert gradient[0, 2, 2] > 0
    assert gradient[0, 2, 3] < 0
    certain = torch.full((1, 3, 4), -50.0)
    certain[:, :, 1] = 50.0
    assert torch.isfinite(repetition_unlikelihood(certain, torch.tensor([[1, 2, 3]])))
