"""The tiny base's shape, untrained."""

import torch

from tailorbird.base.architecture import new_tiny_model


def test_the_seed_decides_the_weights_and_not_the_positions() -> None:
    one, same, other = (new_tiny_model(vocabulary_size=300, seed=seed, width=64, blocks=1) for seed in (0, 0, 1))
    for (name, tensor), (_, equal), (_, differing) in zip(
        one.named_parameters(), same.named_parameters(), other.named_parameters(), strict=True
    ):
        assert torch.equal(tensor, equal)
        drawn = tensor.dim() > 1 and "embed_positions" not in name
        assert torch.equal(tensor, differing) is not drawn, name


def test_positions_tell_how_far_apart_two_tokens_are() -> None:
    model = new_tiny_model(vocabulary_size=300, seed=0, width=64, blocks=1)
    for half in (model.model.encoder, model.model.decoder):
        positions = half.embed_positions.weight.detach()
        products = positions @ positions.T
        for distance in (0, 1, 7, 100):
            along = products.diagonal(distance)
            torch.testing.assert_close(along, along[0].expand_as(along), rtol=1e-3, atol=1e-3)
        near, far = products[0, 1], products[0, 20]
        assert products[0, 0] > near > far
        assert torch.allclose(positions.square().mean(), torch.tensor(0.125), atol=1e-3)
