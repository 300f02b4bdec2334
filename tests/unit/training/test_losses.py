"""Teacher-forced losses against a cross entropy done by hand."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.networks.batch import Encoded
from tailorbird.training.losses import TargetLoss, Validation, mean_loss, target_losses, validate, with_other_inputs
from tests.models import FAMILIES, encoded_texts, small_base

EXAMPLES = encoded_texts()


def by_hand(family: str, example: Encoded) -> float:
    network = small_base(family).network
    with torch.no_grad():
        logits = network.logits(network.batch([example]))
    total = 0.0
    for position, token in enumerate(example.target):
        row = logits[position].double()
        total += float(row.exp().sum().log() - row[token])
    return total


@pytest.mark.parametrize("family", list(FAMILIES))
def test_the_loss_of_one_example_is_the_cross_entropy_by_hand(family: str) -> None:
    example = EXAMPLES[0]
    (found,) = target_losses(small_base(family).network, [example])
    assert found.loss == pytest.approx(by_hand(family, example), rel=1e-4)
    assert found.tokens == len(example.target)


@pytest.mark.parametrize("family", list(FAMILIES))
def test_losses_do_not_depend_on_batch_size_or_order(family: str) -> None:
    network = small_base(family).network
    whole = target_losses(network, EXAMPLES)
    single = target_losses(network, EXAMPLES, batch_size=1)
    backwards = target_losses(network, EXAMPLES[::-1], batch_size=7)[::-1]
    for one, other, third in zip(whole, single, backwards, strict=True):
        assert one.tokens == other.tokens == third.tokens
        assert [one.loss, third.loss] == pytest.approx([other.loss] * 2, rel=1e-4)


def test_dropout_is_off_even_on_a_model_in_training() -> None:
    network = small_base().network
    network.train()
    found = target_losses(network, EXAMPLES[:2])
    assert found == target_losses(small_base().network, EXAMPLES[:2])


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
    assert validate(small_base().network, EXAMPLES[:1], gain=True).input_gain == 0.0


def test_validation_is_the_mean_and_the_gain_the_difference() -> None:
    network = small_base().network
    found = validate(network, EXAMPLES, gain=True)
    own = mean_loss(target_losses(network, EXAMPLES))
    other = mean_loss(target_losses(network, with_other_inputs(EXAMPLES)))
    assert found.loss == own
    assert found.input_gain == pytest.approx(other - own)
    # The second pass is made only where it is asked for.
    assert validate(network, EXAMPLES) == Validation(own, None)
