"""FLOPs as derived against those that torch's counter sees, for every strategy on every family."""

import pytest
import torch

from tailorbird.networks.batch import Batch, Encoded
from tailorbird.networks.flops import training_flops
from tailorbird.networks.network import Network
from tailorbird.strategies.registry import complete_settings, find_strategy
from tailorbird.training.cost import measured_flops
from tests.models import BLOCKS, FFN, VOCABULARY, WIDTH, encoded_texts, small_base
from tests.unit.strategies.cases import every_case, prepare

EXAMPLES = [Encoded(example.source[at:], example.target[: 12 + at]) for at, example in enumerate(encoded_texts()[:5])]


def objective(network: Network, batch: Batch) -> torch.Tensor:
    value: torch.Tensor = network(batch)[0]
    return value


@every_case
@pytest.mark.parametrize("shared", [False, True])
def test_derived_and_counted_flops_agree(family: str, strategy: str, shared: bool) -> None:
    base = small_base(family)
    prepare(base, strategy, family)
    base.network.train()
    examples = [*EXAMPLES, Encoded(EXAMPLES[0].source, EXAMPLES[1].target)] if shared else EXAMPLES
    batch = base.network.batch(examples, shared=shared)
    _, counted = measured_flops(lambda: objective(base.network, batch).backward())
    assert training_flops(base.network, batch) == pytest.approx(counted, rel=0.005)


@pytest.mark.parametrize("attentions", ["encoder", "decoder", "cross", "decoder+cross"])
def test_a_prefix_costs_what_its_attentions_need(attentions: str) -> None:
    network = small_base().network
    strategy = find_strategy("prefix")
    settings = complete_settings(strategy, {"attentions": attentions, "reparametrise": False, "length": 5})
    strategy.prepare(network, settings)
    batch = network.batch(EXAMPLES)
    _, counted = measured_flops(lambda: objective(network, batch).backward())
    assert training_flops(network, batch) == pytest.approx(counted, rel=0.005)


def test_a_forward_pass_equals_a_count_by_hand() -> None:
    network = small_base("gpt2").network
    network.requires_grad_(False)
    batch = network.batch([Encoded((5,) * 30, (6,) * 34)])
    rows, read, targets = 64, 63, 64  # 63 tokens are read, 34 predicted; rows are rounded up, lengths are not.
    projections = 2 * rows * (4 * WIDTH * WIDTH + 2 * WIDTH * FFN)
    attention = 2 * 2 * read * read * WIDTH
    assert training_flops(network, batch) == BLOCKS * (projections + attention) + 2 * targets * WIDTH * VOCABULARY


def test_a_backward_pass_through_two_layers_counts_each_product() -> None:
    first, second = torch.nn.Linear(8, 5), torch.nn.Linear(5, 2)
    _, counted = measured_flops(lambda: second(first(torch.ones(3, 8))).sum().backward())
    # Forward of both, weight gradients of both, and the gradient of what is between them.
    assert counted == 2 * 3 * (2 * 8 * 5 + 3 * 5 * 2)
