"""Batches are a pure function of the step."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.networks.batch import Encoded
from tailorbird.training.batches import EpochOrder, SharedOrder, attention_length, micro_batches

LENGTHS = st.lists(st.integers(1, 400), min_size=1, max_size=200)
BATCH_SIZES = st.integers(1, 12)
SEEDS = st.integers(0, 2**32)
IDS = st.lists(st.integers(0, 300), min_size=1, max_size=40).map(tuple)


@given(LENGTHS, BATCH_SIZES, SEEDS, st.integers(0, 3))
def test_each_epoch_visits_each_example_exactly_once(
    lengths: list[int], batch_size: int, seed: int, epoch: int
) -> None:
    order = EpochOrder(lengths, batch_size=batch_size, seed=seed)
    first = epoch * order.steps_per_epoch
    batches = [order(step) for step in range(first, first + order.steps_per_epoch)]
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    assert all(1 <= len(batch) <= batch_size for batch in batches)


@given(LENGTHS, BATCH_SIZES, SEEDS, st.lists(st.integers(0, 60), min_size=1, max_size=12))
def test_a_batch_depends_on_its_step_alone(lengths: list[int], batch_size: int, seed: int, steps: list[int]) -> None:
    order = EpochOrder(lengths, batch_size=batch_size, seed=seed)
    asked = {step: order(step) for step in steps}
    for step in reversed(steps):
        assert EpochOrder(lengths, batch_size=batch_size, seed=seed)(step) == asked[step] == order(step)


FEW_SOURCES = st.lists(
    st.builds(lambda source, length: Encoded((source,) * 9, (1,) * length), st.integers(0, 9), st.integers(1, 30)),
    min_size=1,
    max_size=90,
)


@given(FEW_SOURCES, BATCH_SIZES, SEEDS, st.integers(0, 2))
def test_shared_order_visits_each_example_once_and_depends_on_the_step_alone(
    examples: list[Encoded], batch_size: int, seed: int, epoch: int
) -> None:
    order = SharedOrder(examples, batch_size=batch_size, seed=seed)
    first = epoch * order.steps_per_epoch
    batches = [order(step) for step in range(first, first + order.steps_per_epoch)]
    assert sorted(index for batch in batches for index in batch) == list(range(len(examples)))
    assert all(len(batch) <= batch_size for batch in batches)
    again = SharedOrder(examples, batch_size=batch_size, seed=seed)
    assert [again(step) for step in range(first, first + order.steps_per_epoch)] == batches


def test_examples_of_one_source_are_together_but_do_not_fill_a_batch() -> None:
    examples = [Encoded((number // 4,), (1,) * (number % 5 + 1)) for number in range(160)]
    order = SharedOrder(examples, batch_size=8, seed=0)
    for step in range(2 * order.steps_per_epoch):
        batch = [examples[index] for index in order(step)]
        assert len(batch) == 8
        assert len({example.source for example in batch}) == 2
    assert order(0) != order(order.steps_per_epoch)
    many = SharedOrder([Encoded((1,), (1,))] * 24, batch_size=8, seed=0)
    assert [len(many(step)) for step in range(3)] == [8, 8, 8]


def test_batches_of_shared_sources_hold_about_as_many_tokens_each() -> None:
    examples = [Encoded((number // 2,) * (number % 37), (1,) * (number % 11 + 1)) for number in range(400)]
    order = SharedOrder(examples, batch_size=8, seed=0)
    sums = [
        sum(len(examples[index].source) + len(examples[index].target) for index in order(step))
        for step in range(order.steps_per_epoch)
    ]
    assert max(sums) < 1.5 * sum(sums) / len(sums)


def test_epochs_and_seeds_differ() -> None:
    order = EpochOrder(list(range(1, 41)), batch_size=4, seed=0)
    other = EpochOrder(list(range(1, 41)), batch_size=4, seed=1)
    steps = range(order.steps_per_epoch)
    assert [order(step) for step in steps] != [order(step + order.steps_per_epoch) for step in steps]
    assert [order(step) for step in steps] != [other(step) for step in steps]


def test_every_batch_gets_some_of_each_length() -> None:
    lengths = [(7 * index) % 40 + 1 for index in range(40)]
    order = EpochOrder(lengths, batch_size=4, seed=0)
    for step in range(2 * order.steps_per_epoch):
        found = sorted(lengths[index] for index in order(step))
        assert [(length - 1) // 10 for length in found] == [0, 1, 2, 3]


@given(LENGTHS, BATCH_SIZES, SEEDS)
def test_batches_differ_by_no_more_than_the_longest_example(lengths: list[int], batch_size: int, seed: int) -> None:
    lengths = lengths[: 32 * batch_size]
    order = EpochOrder(lengths, batch_size=batch_size, seed=seed)
    sums = [sum(lengths[index] for index in order(step)) for step in range(order.steps_per_epoch)]
    assert max(sums) - min(sums) <= max(lengths)


@pytest.mark.parametrize(("lengths", "batch_size"), [([], 4), ([1], 0)])
def test_nothing_to_order_is_refused(lengths: list[int], batch_size: int) -> None:
    with pytest.raises(ValueError, match="at least one example"):
        EpochOrder(lengths, batch_size=batch_size, seed=0)
    with pytest.raises(ValueError, match="at least one example"):
        SharedOrder([Encoded((1,) * length, (1,)) for length in lengths], batch_size=batch_size, seed=0)


@given(st.lists(st.builds(Encoded, IDS, IDS), min_size=1, max_size=6), st.integers(1, 200))
def test_micro_batches_hold_everything_in_order_within_their_budget(examples: list[Encoded], tokens: int) -> None:
    groups = micro_batches(examples, tokens=tokens)
    assert [example for group in groups for example in group] == examples
    for group in groups:
        assert len(group) == 1 or sum(len(one.source) + len(one.target) for one in group) <= tokens


def test_targets_decide_the_order_and_sources_among_equal_ones() -> None:
    short, long = Encoded((1,) * 9, (1,) * 3), Encoded((1,), (1,) * 4)
    assert attention_length(short) < attention_length(long)
    assert attention_length(Encoded((1,) * 8, (1,) * 3)) < attention_length(short)
