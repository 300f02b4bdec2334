"""Trees of sequences: nothing is lost, and what is computed from a tree is what each sequence gives alone."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.networks.batch import Encoded, joined_batch
from tailorbird.networks.network import Network
from tailorbird.networks.prefix_tree import build_prefix_tree
from tests.models import CROSSING, VOCABULARY, small_base
from tests.unit.strategies.cases import every_case, prepare

SEQUENCES = st.lists(st.lists(st.integers(0, 1), min_size=1, max_size=12).map(tuple), min_size=1, max_size=10)


@given(SEQUENCES, st.integers(1, 5))
def test_each_sequence_is_the_parts_on_its_way(sequences: list[tuple[int, ...]], least: int) -> None:
    tree = build_prefix_tree(sequences, least=least)
    for sequence, leaf in zip(sequences, tree.leaves, strict=True):
        way = (*tree.before[leaf], leaf)
        assert tuple(token for part in way for token in tree.parts[part]) == sequence
    assert all(tree.parts)


@given(SEQUENCES)
def test_shared_beginnings_are_held_once(sequences: list[tuple[int, ...]]) -> None:
    tree = build_prefix_tree(sequences, least=1)
    beginnings = {sequence[:end] for sequence in sequences for end in range(1, len(sequence) + 1)}
    assert sum(len(part) for part in tree.parts) == len(beginnings)


def test_short_shared_beginnings_are_not_worth_a_part() -> None:
    tree = build_prefix_tree([(1, 2, 3), (1, 2, 4)], least=3)
    assert tree.parts == ((1, 2, 3), (1, 2, 4))


def examples() -> list[Encoded]:
    """Three classes of 20 tokens, two methods of 18 each, two tests of each method; and one example alone."""
    random = torch.Generator().manual_seed(0)

    def draw(count: int) -> tuple[int, ...]:
        return tuple(torch.randint(5, VOCABULARY, (count,), generator=random).tolist())

    found = [Encoded(draw(9), draw(4))]
    for _ in range(3):
        owner = draw(20)
        for _ in range(2):
            source = (*owner, *draw(18))
            found += [Encoded(source, draw(6)), Encoded(source, draw(3))]
    return [found[at] for at in torch.randperm(len(found), generator=random).tolist()]


def test_a_tree_has_fewer_rows_and_the_same_labels() -> None:
    alone, shared = joined_batch(examples()), joined_batch(examples(), shared=True)
    assert shared.segments.total < 0.6 * alone.segments.total
    assert torch.equal(alone.labels, shared.labels)
    assert alone.rows is not None
    assert shared.rows is not None
    places, deep = (one.segments.positions(torch.device("cpu")) for one in (alone, shared))
    count = alone.targets.total
    assert torch.equal(alone.inputs[alone.rows][:count], shared.inputs[shared.rows][:count])
    assert torch.equal(places[alone.rows][:count], deep[shared.rows][:count])


@every_case
def test_losses_and_gradients_of_a_tree_are_those_of_its_sequences(family: str, strategy: str) -> None:
    if family in CROSSING:
        pytest.skip("an encoder-decoder encodes each distinct source once: test_network.py")
    base = small_base(family)
    torch.manual_seed(1)
    prepared = prepare(base, strategy, family)
    base.network.eval()
    (alone, expected_of), (shared, found_of) = (
        _step(base.network, prepared.parameters, shared=asked) for asked in (False, True)
    )
    assert shared == pytest.approx(alone, rel=1e-5)
    for name, expected in expected_of.items():
        scale = float(expected.abs().max())
        torch.testing.assert_close(found_of[name], expected, atol=1e-5 * scale + 1e-7, rtol=1e-4)


def _step(
    network: Network, parameters: dict[str, torch.nn.Parameter], *, shared: bool
) -> tuple[float, dict[str, torch.Tensor]]:
    network.zero_grad(set_to_none=True)
    objective, loss = network(network.batch(examples(), shared=shared))
    objective.backward()
    return float(loss), {name: one.grad.clone() for name, one in parameters.items() if one.grad is not None}
