"""Packing: exactly the same, or nearly and no further off than it says."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tailorbird.deltas.packing import PACKINGS, fidelity, pack, unpack
from tailorbird.errors import DeltaError

SHAPES = arrays.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=6)
ANY = st.floats(width=32, allow_nan=True, allow_infinity=True, allow_subnormal=True)
PLAIN = st.floats(min_value=-100, max_value=100, width=32, allow_subnormal=False)


def pairs(elements: st.SearchStrategy[float]) -> st.SearchStrategy[tuple[torch.Tensor, torch.Tensor]]:
    """A tensor and the base's, of one shape."""
    return SHAPES.flatmap(
        lambda shape: st.tuples(
            *(arrays.arrays(np.float32, shape, elements=elements).map(torch.from_numpy) for _ in range(2))
        )
    )


@given(pairs(ANY))
def test_lossless_gives_every_bit_back(both: tuple[torch.Tensor, torch.Tensor]) -> None:
    tensor, base = both
    shapes = {"a": tuple(tensor.shape), "b": tuple(tensor.shape)}
    packed = pack({"a": tensor, "b": base}, "lossless", {"a": base})
    found = unpack(packed, shapes, "lossless", {"a": base})
    assert torch.equal(found["a"].view(torch.int32), tensor.view(torch.int32))
    assert torch.equal(found["b"].view(torch.int32), base.view(torch.int32))


@given(pairs(PLAIN))
def test_int8_is_off_by_half_a_step_of_its_row_at_most(both: tuple[torch.Tensor, torch.Tensor]) -> None:
    tensor, base = both
    packed = pack({"a": tensor}, "int8", {"a": base})
    found = unpack(packed, {"a": tuple(tensor.shape)}, "int8", {"a": base})["a"]
    change = (tensor - base).reshape(len(tensor), -1) if tensor.ndim > 1 else (tensor - base).reshape(1, -1)
    step = (change.abs().amax(dim=1, keepdim=True) / 127).expand_as(change).reshape(tensor.shape)
    assert bool(((found - tensor).abs() <= 0.5001 * step + 1e-4).all())


@given(pairs(PLAIN))
def test_float16_keeps_eleven_bits_of_the_difference(both: tuple[torch.Tensor, torch.Tensor]) -> None:
    tensor, base = both
    packed = pack({"a": tensor}, "float16", {"a": base})
    found = unpack(packed, {"a": tuple(tensor.shape)}, "float16", {"a": base})["a"]
    assert bool(((found - tensor).abs() <= (tensor - base).abs() * 2**-10 + 2e-5).all())


@settings(max_examples=10)
@given(st.integers(0, 2**32 - 1))
def test_small_changes_take_fewer_bytes_the_less_is_kept(seed: int) -> None:
    drawn = torch.Generator().manual_seed(seed)
    base = torch.randn(64, 64, generator=drawn)
    tensor = base + 1e-3 * torch.randn(64, 64, generator=drawn)
    sizes = {
        name: sum(part.numel() * part.itemsize for part in pack({"a": tensor}, name, {"a": base}).values())
        for name in PACKINGS
    }
    assert sizes["plain"] > sizes["lossless"] > sizes["float16"] > sizes["int8"]


def test_fidelity_is_relative_to_the_change() -> None:
    base, exact = {"a": torch.zeros(2, 2)}, {"a": torch.tensor([[3.0, 0.0], [0.0, 4.0]])}
    near = {"a": torch.tensor([[3.0, 0.0], [0.0, 3.5]])}
    found = fidelity(exact, near, base)
    assert (found.largest_error, found.relative_error) == (0.5, 0.1)
    assert fidelity(base, base, base).relative_error == 0.0


@pytest.mark.parametrize(
    ("packing", "change", "message"),
    [
        ("lossless", {"a": torch.zeros(3, dtype=torch.uint8)}, "a cannot be unpacked"),
        ("lossless", {}, "a cannot be unpacked"),
        ("zip", {}, "packed as zip, which is not known here: use a newer"),
    ],
)
def test_bytes_that_say_nothing_are_refused(packing: str, change: dict[str, torch.Tensor], message: str) -> None:
    with pytest.raises(DeltaError, match=message):
        unpack(change, {"a": (2, 2)}, packing, {})


def test_other_types_than_float32_are_refused() -> None:
    with pytest.raises(DeltaError, match=r"a is torch\.float64: only float32 can be packed"):
        pack({"a": torch.zeros(2, dtype=torch.float64)}, "int8", {})
