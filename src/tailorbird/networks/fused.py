"""Elementwise work of a block in few passes over memory, for training in bf16.

On a processor the matrix products of a block are a fifth of a step in bf16: the rest are passes over activations, in
casts and temporary tensors of norms, gates, rotations and low-rank adapters. Each function here keeps only what its
gradient needs and writes its result once. In fp32 the families' own layers are called: there the products dominate,
and results stay those of the layers, bit for bit.
"""

from typing import Any

import torch
from torch import nn


def applies(states: torch.Tensor) -> bool:
    """Whether ``states`` are trained on in bf16, so that the functions of this module stand in."""
    return states.dtype == torch.bfloat16 and torch.is_grad_enabled()


def rms_norm(states: torch.Tensor, weight: torch.Tensor, epsilon: float) -> torch.Tensor:
    """Root-mean-square norm of each row of ``states`` (rows, width) in bf16, times ``weight`` (width,)."""
    found: torch.Tensor = _RmsNorm.apply(states, weight, epsilon)
    return found


def gated(gate: torch.Tensor, up: torch.Tensor) -> torch.Tensor:
    """``silu(gate) * up``, both (rows, width): the middle of Llama's feed-forward."""
    found: torch.Tensor = _Gated.apply(gate, up)
    return found


def rotated(states: torch.Tensor, cosines: torch.Tensor, sines: torch.Tensor) -> torch.Tensor:
    """Rotary positions on ``states`` (rows, heads, features); cosines and sines (rows, features). In fp32."""
    found: torch.Tensor = _Rotated.apply(states, cosines, sines)
    return found


def low_rank_product(
    states: torch.Tensor, weight: torch.Tensor, down: torch.Tensor, up: torch.Tensor, scale: float
) -> torch.Tensor:
    """``states @ (weight + scale * up @ down).T`` without the sum: a projection with a LoRA adapter.

    states: (rows, in) and weight: (out, in), frozen, both in bf16; down: (rank, in), up: (out, rank).
    """
    found: torch.Tensor = _LowRankProduct.apply(states, weight, down, up, scale)
    return found


class _RmsNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, states: torch.Tensor, weight: torch.Tensor, epsilon: float) -> torch.Tensor:
        wide = states.float()
        factor = wide.square().mean(dim=1, keepdim=True).add_(epsilon).rsqrt_()
        ctx.save_for_backward(states, factor, weight)
        return wide.mul_(factor).mul_(weight.detach().float()).to(states.dtype)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        states, factor, weight = ctx.saved_tensors
        normal = states.float().mul_(factor)
        wide = gradient.float()
        d_weight = (wide * normal).sum(dim=0).to(weight.dtype) if ctx.needs_input_grad[1] else None
        wide.mul_(weight.detach().float())
        along = (wide * normal).mean(dim=1, keepdim=True)
        d_states = wide.sub_(normal.mul_(along)).mul_(factor).to(states.dtype)
        return d_states, d_weight, None


class _Gated(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, gate: torch.Tensor, up: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(gate, up)
        return nn.functional.silu(gate).mul_(up)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        gate, up = ctx.saved_tensors
        d_up = nn.functional.silu(gate).mul_(gradient)
        return torch.ops.aten.silu_backward(gradient * up, gate), d_up


class _Rotated(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, states: torch.Tensor, cosines: torch.Tensor, sines: torch.Tensor) -> torch.Tensor:
        half = states.shape[2] // 2
        # Both halves of the features turn by the same angles.
        ctx.angles = cosines[:, None, :half].float(), sines[:, None, :half].float()
        ctx.kind = states.dtype
        return _turn(states, *ctx.angles)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        cosines, sines = ctx.angles
        return _turn(gradient, cosines, -sines).to(ctx.kind), None, None


def _turn(states: torch.Tensor, cosines: torch.Tensor, sines: torch.Tensor) -> torch.Tensor:
    first, second = states.float().chunk(2, dim=2)
    turned = states.new_empty(states.shape, dtype=torch.float32)
    left, right = turned.chunk(2, dim=2)
    torch.mul(first, cosines, out=left).addcmul_(second, sines, value=-1)
    torch.mul(second, cosines, out=right).addcmul_(first, sines)
    return turned


class _LowRankProduct(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, states: torch.Tensor, weight: torch.Tensor, down: torch.Tensor, up: torch.Tensor, scale: float
    ) -> torch.Tensor:
        kind = weight.dtype
        states = states.to(kind)
        down_half, up_half = down.detach().to(kind), up.detach().to(kind).mul_(scale)
        narrow = states @ down_half.T
        product = states @ weight.T
        # Not addmm_, which torch's counter of FLOPs does not know.
        torch.addmm(product, narrow, up_half.T, out=product)
        ctx.save_for_backward(states, narrow, weight, down_half, up_half)
        ctx.scale, ctx.kinds = scale, (down.dtype, up.dtype)
        return product

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        states, narrow, weight, down, up = ctx.saved_tensors
        gradient = gradient.to(weight.dtype)
        d_narrow = gradient @ up
        d_down = (d_narrow.T @ states).to(ctx.kinds[0])
        d_up = (gradient.T @ narrow).to(ctx.kinds[1]).mul_(ctx.scale)
        d_states = None
        if ctx.needs_input_grad[0]:
            d_states = gradient @ weight
            torch.addmm(d_states, d_narrow, down, out=d_states)
        return d_states, None, d_down, d_up, None
