"""One micro-batch forward and backward: the loop's, and the one that an estimate measures."""

from collections.abc import Sequence

from torch import nn

from tailorbird.networks.batch import Encoded
from tailorbird.networks.flops import training_flops
from tailorbird.networks.network import Network
from tailorbird.training.device import autocast
from tailorbird.training.frozen import FrozenWork


def pass_through(
    network: Network,
    examples: Sequence[Encoded],
    frozen: FrozenWork | None,
    *,
    bfloat16: bool,
    unlikelihood: float = 0.0,
    scale: float = 1.0,
    wrapped: nn.Module | None = None,
) -> tuple[float, int]:
    """Add the gradients of ``scale`` times the objective of ``examples``; their summed loss, and the FLOPs spent.

    ``wrapped`` is called in the network's place where several processes train.
    """
    batch, given, states, spent = network.batch(examples, shared=True), None, None, 0
    if frozen is not None:
        before = frozen.flops
        states, given = frozen.of(examples, batch), frozen.frontier
        spent = frozen.flops - before
    forward = network if wrapped is None else wrapped
    with autocast(network.device, bfloat16=bfloat16):
        objective, loss = forward(batch, states, unlikelihood)
    (objective * scale).backward()
    return float(loss), spent + training_flops(network, batch, given=given)
