"""How the tensors of a delta are packed: exactly, or nearly, in fewer bytes.

What own-weight strategies store is new values of the base's parameters, and these differ little from the old ones. So
the difference is stored: as integers of the values' bit patterns (lossless), in half precision (float16), or as one
scale for each row and a signed byte for each value (int8). The bytes are put in order of significance, where the high
ones are nearly all equal, and deflated.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from tailorbird.errors import DeltaError

Packing: TypeAlias = Literal["plain", "lossless", "float16", "int8"]
PACKINGS = get_args(Packing)
LOSSY = ("float16", "int8")

_LEVEL = 6
_SCALE = "#scale"
"""Ends the name of what holds the scales of an int8 tensor's rows."""

Tensors = Mapping[str, torch.Tensor]


def pack(tensors: Tensors, packing: Packing, base: Tensors) -> dict[str, torch.Tensor]:
    """``tensors`` as they are stored; ``base`` has the base's parameters by name, from which differences are taken.

    Where the base has none of that name and shape, the difference is to zero.
    """
    if packing == "plain":
        return dict(tensors)
    packed: dict[str, torch.Tensor] = {}
    for name, tensor in tensors.items():
        if tensor.dtype != torch.float32:
            raise DeltaError(f"The delta's tensor {name} is {tensor.dtype}: only float32 can be packed as {packing}.")
        value, start = _array(tensor), _start(name, tensor, base)
        if packing == "lossless":
            packed[name] = _deflated(_zigzag(value.view(np.int32), start.view(np.int32)))
        elif packing == "float16":
            packed[name] = _deflated((value - start).astype(np.float16))
        else:
            difference = value - start
            rows = difference.reshape(len(difference), -1) if difference.ndim > 1 else difference.reshape(1, -1)
            scale = np.abs(rows).max(axis=1, keepdims=True).astype(np.float32) / 127
            quantised = np.rint(rows / np.where(scale == 0, 1, scale)).astype(np.int8)
            packed[name], packed[name + _SCALE] = _deflated(quantised), torch.from_numpy(scale.ravel().copy())
    return packed


def unpack(
    packed: Tensors, shapes: Mapping[str, tuple[int, ...]], packing: str, base: Tensors
) -> dict[str, torch.Tensor]:
    """The tensors that `pack` was given, or nearly; ``shapes`` are theirs. DeltaError where the bytes disagree."""
    if packing == "plain":
        return dict(packed)
    if packing not in PACKINGS:
        raise DeltaError(f"The delta is packed as {packing}, which is not known here: use a newer Tailorbird.")
    found: dict[str, torch.Tensor] = {}
    for name, shape in shapes.items():
        try:
            found[name] = _unpacked(packed, name, shape, cast(Packing, packing), base)
        except (KeyError, ValueError, zlib.error) as error:
            raise DeltaError(f"The delta's tensor {name} cannot be unpacked ({error}): personalise again.") from error
    return found


def _unpacked(packed: Tensors, name: str, shape: tuple[int, ...], packing: Packing, base: Tensors) -> torch.Tensor:
    start = _start(name, torch.empty(shape, device="meta"), base)
    if packing == "lossless":
        zigzag: Any = _inflated(packed[name], np.uint32, shape)
        value = _unzigzag(zigzag, start.view(np.int32)).view(np.float32)
    elif packing == "float16":
        value = start + _inflated(packed[name], np.float16, shape).astype(np.float32)
    else:
        scale = _array(packed[name + _SCALE])[:, None]
        quantised = _inflated(packed[name], np.int8, (len(scale), -1)).astype(np.float32)
        value = start + (quantised * scale).reshape(shape)
    return torch.from_numpy(np.ascontiguousarray(value).reshape(shape))


@dataclass(frozen=True, slots=True)
class Fidelity:
    """How near unpacked tensors are to what was packed."""

    largest_error: float
    """Largest difference of two values."""
    relative_error: float
    """Norm of the difference, as a share of the norm of what the delta changes."""


def fidelity(exact: Tensors, near: Tensors, base: Tensors) -> Fidelity:
    """Compare ``near`` with ``exact``, both of the same names and shapes."""
    error = change = largest = 0.0
    for name, tensor in exact.items():
        apart = near[name].double() - tensor.double()
        start = torch.from_numpy(_start(name, tensor, base)).reshape(tensor.shape).double()
        largest = max(largest, float(apart.abs().max()))
        error += float(apart.square().sum())
        change += float((tensor.double() - start).square().sum())
    return Fidelity(largest, (error / change) ** 0.5 if change else 0.0)


def _array(tensor: torch.Tensor) -> NDArray[np.float32]:
    found: NDArray[np.float32] = tensor.detach().to("cpu").contiguous().numpy()
    return found


def _start(name: str, tensor: torch.Tensor, base: Tensors) -> NDArray[np.float32]:
    own = base.get(name)
    if own is None or own.shape != tensor.shape or own.dtype != torch.float32:
        return np.zeros(tuple(tensor.shape), dtype=np.float32)
    return _array(own)


def _zigzag(value: NDArray[np.int32], start: NDArray[np.int32]) -> NDArray[np.uint32]:
    with np.errstate(over="ignore"):
        difference = value - start  # Wraps, and wraps back.
    return ((difference << 1) ^ (difference >> 31)).view(np.uint32)


def _unzigzag(zigzag: NDArray[np.uint32], start: NDArray[np.int32]) -> NDArray[np.int32]:
    difference = (zigzag >> 1).view(np.int32) ^ -(zigzag & 1).view(np.int32)
    with np.errstate(over="ignore"):
        return start + difference


def _deflated(array: NDArray[np.generic]) -> torch.Tensor:
    # Bytes of one significance together.
    planes = np.ascontiguousarray(array).view(np.uint8).reshape(-1, array.dtype.itemsize).T
    return torch.from_numpy(
        np.frombuffer(zlib.compress(np.ascontiguousarray(planes).tobytes(), _LEVEL), np.uint8).copy()
    )


def _inflated(packed: torch.Tensor, kind: type[np.generic], shape: tuple[int, ...]) -> NDArray[np.generic]:
    size = np.dtype(kind).itemsize
    raw = np.frombuffer(zlib.decompress(packed.numpy().tobytes()), np.uint8).reshape(size, -1)
    return np.ascontiguousarray(raw.T).view(kind).reshape(shape)
