"""Our forward pass against the models' own: scores, losses and gradients, for every family."""

import pytest
import torch
from torch import nn

from tailorbird.base.load import Base
from tailorbird.errors import BaseError
from tailorbird.networks.agreement import require_agreement
from tailorbird.networks.batch import Encoded
from tailorbird.networks.network import Network, wire
from tests.models import FAMILIES, bart, base_of, encoded_texts, llama, small_base

EXAMPLES = [Encoded(example.source[at:], example.target[: 12 + at]) for at, example in enumerate(encoded_texts()[:5])]

every_family = pytest.mark.parametrize("family", list(FAMILIES))


def own_scores(base: Base, example: Encoded) -> torch.Tensor:
    """The model's own forward pass: scores at each target token."""
    start, source = base.network.parts.start, torch.tensor([example.source])
    if start is not None:
        inputs = torch.tensor([(start, *example.target[:-1])])
        return torch.as_tensor(base.model(input_ids=source, decoder_input_ids=inputs, use_cache=False).logits[0])
    joined = torch.tensor([(*example.source, *example.target[:-1])])
    scores = base.model(input_ids=joined, use_cache=False).logits[0]
    return torch.as_tensor(scores[len(example.source) - 1 :])


def own_loss(base: Base) -> torch.Tensor:
    parts = [
        nn.functional.cross_entropy(own_scores(base, one), torch.tensor(one.target), reduction="sum")
        for one in EXAMPLES
    ]
    return torch.stack(parts).sum()


@every_family
def test_scores_are_the_models_own(family: str) -> None:
    base = small_base(family)
    batch = base.network.batch(EXAMPLES)
    with torch.no_grad():
        ours = base.network.logits(batch)[: batch.targets.total].split(list(batch.targets.lengths))
        for example, scores in zip(EXAMPLES, ours, strict=True):
            expected = own_scores(base, example)
            # Rounding errors are as large as the largest scores make them: T5's reach 100, by either way.
            atol = 2e-4 + 2e-5 * float(expected.abs().max())
            torch.testing.assert_close(scores, expected, atol=atol, rtol=2e-4)


@every_family
def test_losses_and_gradients_are_the_models_own(family: str) -> None:
    base = small_base(family)
    expected = own_loss(base)
    expected.backward()
    named = dict(base.model.named_parameters())
    gradients = {name: parameter.grad for name, parameter in named.items()}
    base.model.zero_grad(set_to_none=True)
    batch = base.network.batch(EXAMPLES)
    objective, loss = base.network(batch)
    objective.backward()
    torch.testing.assert_close(loss, expected.detach(), atol=1e-3, rtol=3e-5)
    torch.testing.assert_close(base.network.losses(batch).sum(), expected.detach(), atol=1e-3, rtol=3e-5)
    assert set(gradients) == set(named)
    for name, parameter in named.items():
        wanted = gradients[name]
        assert wanted is not None
        assert parameter.grad is not None, name
        scale = float(wanted.abs().max())
        torch.testing.assert_close(parameter.grad, wanted, atol=1e-4 * scale + 1e-5, rtol=1e-3, msg=name)


@every_family
def test_an_examples_losses_are_the_same_in_any_company(family: str) -> None:
    network = small_base(family).network
    alone = torch.cat([network.losses(network.batch([example]))[: len(example.target)] for example in EXAMPLES])
    batch = network.batch(EXAMPLES)
    torch.testing.assert_close(network.losses(batch)[: batch.targets.total], alone, atol=1e-4, rtol=1e-4)


@every_family
def test_equal_sources_are_encoded_once_with_the_same_losses_and_gradients(family: str) -> None:
    first, second, third = EXAMPLES[:3]
    examples = [first, second, Encoded(first.source, third.target), Encoded(second.source, first.target), third]
    network = small_base(family).network
    found = []
    for shared in (False, True):
        batch = network.batch(examples, shared=shared)
        objective, _ = network(batch)
        parameters = list(network.model.parameters())
        found.append((network.losses(batch), torch.autograd.grad(objective, parameters, allow_unused=True)))
    (losses, gradients), (same_losses, same_gradients) = found
    if network.parts.encoder is not None:
        assert batch.source_segments is not None
        assert len(batch.source_segments.lengths) == 3
        assert (batch.reads, batch.firsts) == ((0, 1, 0, 1, 2), [0, 1, 4])
    torch.testing.assert_close(same_losses, losses, atol=1e-4, rtol=1e-4)
    for one, other in zip(same_gradients, gradients, strict=True):
        if other is not None:
            torch.testing.assert_close(one, other, atol=1e-4 * float(other.abs().max()) + 1e-5, rtol=1e-3)


@every_family
def test_dropout_is_on_in_training_alone(family: str) -> None:
    network = small_base(family).network
    batch = network.batch(EXAMPLES)
    still = network(batch)[1]
    assert torch.equal(network(batch)[1], still)
    if family in ("llama", "qwen2"):
        return  # They have none.
    network.train()
    assert not torch.equal(network(batch)[1], network(batch)[1])


def test_bias_on_the_scores_of_the_vocabulary_counts() -> None:
    model = bart()
    model.final_logits_bias[0, 7] = 3.0  # type: ignore[operator]
    base = base_of(model)
    batch = base.network.batch(EXAMPLES[:1])
    with torch.no_grad():
        torch.testing.assert_close(
            base.network.logits(batch)[: batch.targets.total], own_scores(base, EXAMPLES[0]), atol=2e-4, rtol=2e-4
        )


def test_unlikelihood_is_added_to_what_is_minimised_alone() -> None:
    network = small_base().network
    twice = [Encoded((5, 6, 7), (9, 10, 9, 10, 2))]
    plain, loss = network(network.batch(twice))
    more, same = network(network.batch(twice), None, 1.0)
    assert more > plain
    torch.testing.assert_close(same, loss)


def test_an_unknown_family_and_a_sliding_window_are_refused() -> None:
    model = bart()
    model.config.model_type = "bert"  # type: ignore[misc]
    with pytest.raises(BaseError, match="does not know the family bert: use one of bart"):
        wire(model)
    windowed = llama()
    windowed.config.layer_types = ["full_attention", "sliding_attention"]
    with pytest.raises(BaseError, match="sliding window"):
        wire(windowed)


def test_a_variant_that_computes_otherwise_is_refused() -> None:
    base = small_base()
    require_agreement(base.network, "mine")
    twisted = Network(base.model)
    twisted.parts.attentions["decoder-1"].scaling *= 2.0
    with pytest.raises(BaseError, match=r"--base mine: its own forward pass and Tailorbird's differ by .*%"):
        require_agreement(twisted, "mine")
