"""Fused passes give what the layers give, in bf16, and the same gradients."""

from collections.abc import Callable

import pytest
import torch
from torch import nn
from transformers.models.llama.modeling_llama import LlamaRMSNorm, apply_rotary_pos_emb

from tailorbird.networks import fused

ROWS, WIDTH = 48, 64


def draw(*shape: int, seed: int, scale: float = 1.0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)) * scale


def compare(ours: Callable[..., torch.Tensor], reference: Callable[..., torch.Tensor], *given: torch.Tensor) -> None:
    """``ours`` on bf16 copies of ``given`` against ``reference`` in fp32 on the same values: results and gradients."""
    halves = [one.to(torch.bfloat16).requires_grad_() for one in given]
    wholes = [one.detach().float().requires_grad_() for one in halves]
    found, expected = ours(*halves), reference(*wholes)
    weights = draw(*expected.shape, seed=99)
    (found.float() * weights).sum().backward()
    (expected * weights).sum().backward()
    close(found.float(), expected)
    for half, whole in zip(halves, wholes, strict=True):
        assert half.grad is not None
        assert whole.grad is not None
        close(half.grad.float(), whole.grad)


def close(found: torch.Tensor, expected: torch.Tensor) -> None:
    """Within the precision of bf16, 8 bits, over the whole tensor."""
    found, expected = found.detach(), expected.detach()
    assert float((found - expected).norm() / expected.norm()) < 0.01


def test_the_norm_is_llamas() -> None:
    norm = LlamaRMSNorm(WIDTH, eps=1e-5)
    compare(
        lambda states, weight: fused.rms_norm(states, weight, 1e-5),
        lambda states, weight: torch.func.functional_call(norm, {"weight": weight}, states),
        draw(ROWS, WIDTH, seed=1, scale=3.0),
        draw(WIDTH, seed=2) + 1.0,
    )


def test_the_gate_is_llamas() -> None:
    compare(
        fused.gated,
        lambda gate, up: nn.functional.silu(gate) * up,
        draw(ROWS, WIDTH, seed=1, scale=2.0),
        draw(ROWS, WIDTH, seed=2),
    )


def test_rotary_positions_are_llamas() -> None:
    angles = draw(ROWS, WIDTH // 2, seed=3).repeat(1, 2)
    cosines, sines = angles.cos(), angles.sin()

    def reference(states: torch.Tensor) -> torch.Tensor:
        heads = states.transpose(0, 1)[None]
        turned, _ = apply_rotary_pos_emb(heads, heads, cosines[None], sines[None])
        return torch.as_tensor(turned[0].transpose(0, 1))

    compare(lambda states: fused.rotated(states, cosines, sines), reference, draw(ROWS, 3, WIDTH, seed=4))


def test_a_projection_with_an_adapter_is_the_sum_of_both() -> None:
    weight = draw(WIDTH, 32, seed=5, scale=0.2).to(torch.bfloat16)
    compare(
        lambda states, down, up: fused.low_rank_product(states, weight, down, up, 2.0),
        lambda states, down, up: states @ (weight.float() + 2.0 * up @ down).T,
        draw(ROWS, 32, seed=6),
        draw(4, 32, seed=7, scale=0.3),
        draw(WIDTH, 4, seed=8, scale=0.3),
    )


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
def test_they_stand_in_for_training_in_bf16_alone(kind: torch.dtype) -> None:
    states = torch.zeros(1, dtype=kind)
    assert fused.applies(states) == (kind == torch.bfloat16)
    with torch.no_grad():
        assert not fused.applies(states)
