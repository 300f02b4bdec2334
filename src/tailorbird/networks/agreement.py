"""Whether our wiring of a base gives what the base's own forward pass gives."""

import torch

from tailorbird.errors import BaseError
from tailorbird.networks.batch import Encoded
from tailorbird.networks.network import Network

_TOLERANCE = 1e-3
"""Largest difference of two scores, as a share of the largest score: products in another order differ far less."""

_LENGTHS = ((5, 7), (9, 3))


@torch.no_grad()
def require_agreement(network: Network, name: str) -> None:
    """BaseError where the scores of a few tokens differ: a variant of a known family whose layers work otherwise."""
    vocabulary = network.parts.head.weight.shape[0]
    examples = [
        Encoded(
            tuple((11 + 7 * at) % vocabulary for at in range(source)),
            tuple((13 + 5 * at) % vocabulary for at in range(target)),
        )
        for source, target in _LENGTHS
    ]
    batch = network.batch(examples)
    ours = network.logits(batch)[: batch.targets.total].split(list(batch.targets.lengths))
    for example, mine in zip(examples, ours, strict=True):
        theirs = _own(network, example)
        apart = float((mine - theirs).abs().max() / theirs.abs().max().clamp(min=1e-6))
        if not apart <= _TOLERANCE:
            raise BaseError(
                f"--base {name}: its own forward pass and Tailorbird's differ by {apart:.1%} of the largest score: "
                "it is a variant of its family that is not known here; choose another base."
            )


def _own(network: Network, example: Encoded) -> torch.Tensor:
    """Scores at each target token from the model itself, (target tokens, vocabulary)."""
    model, device, start = network.model, network.device, network.parts.start
    source = torch.tensor([example.source], device=device)
    if start is not None:
        target = torch.tensor([(start, *example.target[:-1])], device=device)
        scores: torch.Tensor = model(input_ids=source, decoder_input_ids=target, use_cache=False).logits[0]
        return scores
    joined = torch.tensor([(*example.source, *example.target[:-1])], device=device)
    scores = model(input_ids=joined, use_cache=False).logits[0]
    return scores[len(example.source) - 1 :]
