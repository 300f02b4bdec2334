"""Cross-entropy of an output layer without its logits: rows are done in chunks, gradients in the same sweep.

Logits of a whole batch are the largest tensor of a step (tokens x vocabulary, in several copies). A chunk's are gone
before the next one's come (the idea of Liger's fused linear cross-entropy, arXiv 2410.10989).
"""

from typing import Any

import torch
from torch import nn

from tailorbird.networks.batch import IGNORED

_CHUNK_BYTES = 16 << 20  # Of fp32 logits: smaller chunks stay in a cache, but sum the weight's gradient more often.
_GPU_CHUNK_BYTES = 256 << 20  # There it takes large products to be busy.


def linear_cross_entropy(
    hidden: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, labels: torch.Tensor
) -> torch.Tensor:
    """Sum over rows of -log softmax(hidden @ weight.T + bias)[label], in fp32.

    hidden: (rows, features); weight: (vocabulary, features), cast to hidden's type for the products; bias:
    (vocabulary,) or None; labels: (rows,), -100 where a row does not count. Scalar.
    """
    kind = hidden.device.type
    if torch.is_autocast_enabled(kind):
        # The last norm of some families gives fp32 under autocast, and the products are in the other type then.
        hidden = hidden.to(torch.get_autocast_dtype(kind))
    loss: torch.Tensor = _LinearCrossEntropy.apply(hidden, weight, bias, labels)
    return loss


def linear_losses(
    hidden: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, labels: torch.Tensor
) -> torch.Tensor:
    """The same for each row, (rows,), without gradients; 0 where a row does not count."""
    losses = hidden.new_empty(len(hidden), dtype=torch.float32)
    weight = weight.detach().to(hidden.dtype)
    for rows in _chunks(hidden, weight.shape[0]):
        logits = _logits(hidden[rows], weight, bias)
        losses[rows] = nn.functional.cross_entropy(logits, labels[rows], reduction="none", ignore_index=IGNORED)
    return losses


class _LinearCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, hidden: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, labels: torch.Tensor
    ) -> torch.Tensor:
        want_hidden, want_weight, want_bias = ctx.needs_input_grad[:3]
        used = weight.detach().to(hidden.dtype)
        d_hidden = torch.empty_like(hidden) if want_hidden else None
        d_weight = torch.zeros_like(weight, dtype=torch.float32) if want_weight else None
        d_bias = torch.zeros_like(bias, dtype=torch.float32) if want_bias and bias is not None else None
        total = hidden.new_zeros((), dtype=torch.float32)
        for rows in _chunks(hidden, weight.shape[0]):
            logits = nn.functional.linear(hidden[rows], used)
            loss, d_logits = _chunk(logits if bias is None else logits + bias.to(logits.dtype), labels[rows])
            total += loss
            if d_bias is not None:
                d_bias += d_logits.sum(dim=0, dtype=torch.float32)
            if d_hidden is not None:
                torch.mm(d_logits, used, out=d_hidden[rows])
            if d_weight is not None:
                if d_weight.dtype == d_logits.dtype:
                    # Not addmm_, which torch's counter of FLOPs does not know.
                    torch.addmm(d_weight, d_logits.T, hidden[rows], out=d_weight)
                else:
                    d_weight += d_logits.T @ hidden[rows]
        ctx.save_for_backward(d_hidden, d_weight, d_bias)
        ctx.types = (weight.dtype, None if bias is None else bias.dtype)
        return total

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        d_hidden, d_weight, d_bias = ctx.saved_tensors
        weight_type, bias_type = ctx.types
        return (
            None if d_hidden is None else d_hidden.mul_(gradient),
            None if d_weight is None else d_weight.mul_(gradient).to(weight_type),
            None if d_bias is None else d_bias.mul_(gradient).to(bias_type),
            None,
        )


def _logits(hidden: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    logits = nn.functional.linear(hidden, weight).float()
    return logits if bias is None else logits + bias


def _chunk(logits: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Summed loss of ``logits`` (rows, vocabulary), and its gradient by them: chances less one at the label.

    In bf16 too: chances keep their relative precision there, and what is left for all but the label, which vanishes as
    a model grows sure, is summed over the others instead of subtracted from one.
    """
    counted = labels != IGNORED
    rows, targets = torch.arange(len(labels), device=labels.device), labels.clamp(min=0)
    chances = logits.softmax(dim=1)
    right = chances[rows, targets].float()
    chances[rows, targets] = 0.0  # By index: scatter_ would copy all of them.
    others = _row_sums(chances)
    # Each from the side on which it is precise.
    losses = torch.where(right < 0.5, -right.log(), -torch.log1p(-others.clamp(max=0.75)))
    vanished = right == 0
    if vanished.any():
        losses[vanished] = nn.functional.cross_entropy(logits[vanished].float(), targets[vanished], reduction="none")
    chances[rows, targets] = -others.to(chances.dtype)
    if labels[-1] == IGNORED:  # Filler stands at the end.
        chances[~counted] = 0.0
    return losses[counted].sum(), chances


def _row_sums(chances: torch.Tensor) -> torch.Tensor:
    """Sums of the rows in fp32. In parts: a sum that changes type would first copy everything into that type."""
    parts = next(count for count in (64, 32, 16, 8, 4, 2, 1) if chances.shape[1] % count == 0)
    if parts < 16 or chances.dtype == torch.float32:
        return chances.sum(dim=1, dtype=torch.float32)
    return chances.view(len(chances), parts, -1).sum(dim=2).float().sum(dim=1)


def _chunks(hidden: torch.Tensor, vocabulary: int) -> list[slice]:
    rows, room = len(hidden), _CHUNK_BYTES if hidden.device.type == "cpu" else _GPU_CHUNK_BYTES
    # A multiple of the packed rows' own, so that few shapes occur.
    size = max(64, room // (4 * vocabulary) // 64 * 64)
    return [slice(start, min(start + size, rows)) for start in range(0, rows, size)]
