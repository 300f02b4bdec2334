"""Attention against its definition, one query at a time, both ways of computing it."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.networks.attention import Layout, attend
from tailorbird.networks.segments import Segments

HEADS, WIDTH, PREFIX = 2, 4, 3
both_ways = pytest.mark.parametrize("side_by_side", [False, True])


def defined(
    tensors: list[torch.Tensor],
    layout: Layout,
    bias: torch.Tensor | None,
    prefix: tuple[torch.Tensor, torch.Tensor] | None,
) -> torch.Tensor:
    query, key, value = tensors
    rows = []
    for number, (start, length) in enumerate(zip(layout.queries.starts, layout.queries.lengths, strict=True)):
        read = number if layout.reads is None else layout.reads[number]
        first, count = layout.keys.starts[read], layout.keys.lengths[read]
        for at in range(length):
            seen = at + 1 if layout.causal else count
            keys, values = key[first : first + seen], value[first : first + seen]
            scores = torch.einsum("hf,khf->hk", query[start + at], keys) / math.sqrt(WIDTH)
            if bias is not None:
                scores = scores + bias[:, at, :seen]
            if prefix is not None:
                own = torch.einsum("hf,hkf->hk", query[start + at], prefix[0]) / math.sqrt(WIDTH)
                scores = torch.cat([own, scores], dim=1)
                values = torch.cat([prefix[1].transpose(0, 1), values])
            rows.append(torch.einsum("hk,khf->hf", scores.softmax(dim=1), values))
    return torch.stack(rows)


LENGTHS = st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), min_size=1, max_size=4)


@both_ways
@given(lengths=LENGTHS, causal=st.booleans(), biased=st.booleans(), prefixed=st.booleans(), kept=st.integers(0, 3))
def test_values_and_gradients_are_those_of_the_definition(
    side_by_side: bool, lengths: list[tuple[int, int]], causal: bool, biased: bool, prefixed: bool, kept: int
) -> None:
    queries = Segments(tuple(one for one, _ in lengths))
    # With some kept, all queries share the first sequences of keys.
    reads = tuple(at % kept for at in range(len(lengths))) if kept and not causal and kept < len(lengths) else None
    keys = queries if causal else Segments(tuple(other for _, other in lengths)[: kept if reads else None])
    layout = Layout(queries, keys, causal, reads)
    torch.manual_seed(len(lengths))

    def drawn(*size: int) -> torch.Tensor:
        return torch.randn(*size, dtype=torch.float64, requires_grad=True)

    tensors = [drawn(part.rows, HEADS, WIDTH) for part in (queries, keys, keys)]
    bias = drawn(HEADS, queries.longest, keys.longest) if biased else None
    prefix = (drawn(HEADS, PREFIX, WIDTH), drawn(HEADS, PREFIX, WIDTH)) if prefixed else None
    leaves = [*tensors, *([bias] if bias is not None else []), *(prefix or ())]
    expected = defined(tensors, layout, bias, prefix)
    weight = torch.randn_like(expected)
    wanted = torch.autograd.grad((expected * weight).sum(), leaves)
    query, key, value = tensors
    scaling = 1 / math.sqrt(WIDTH)
    found = attend(query, key, value, layout, scaling=scaling, bias=bias, prefix=prefix, side_by_side=side_by_side)
    assert found.shape == (queries.rows, HEADS, WIDTH)
    torch.testing.assert_close(found[: queries.total], expected, atol=1e-6, rtol=1e-6)
    assert not found[queries.total :].any()
    gradients = torch.autograd.grad((found[: queries.total] * weight).sum(), leaves)
    for one, other in zip(gradients, wanted, strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-6)


def test_in_bfloat16_it_is_computed_in_full_precision() -> None:
    segments = Segments((20, 7))
    layout = Layout(segments, segments, causal=False)
    torch.manual_seed(0)
    query, key, value = (torch.randn(segments.rows, HEADS, WIDTH).bfloat16() for _ in range(3))
    with torch.autocast("cpu", torch.bfloat16):
        found = attend(query, key, value, layout, scaling=0.5)
    assert found.dtype == torch.bfloat16
    exact = attend(query.float(), key.float(), value.float(), layout, scaling=0.5)
    assert torch.equal(found, exact.bfloat16())
