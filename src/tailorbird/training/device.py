"""The device that a run uses, and how results name it."""

import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from importlib.metadata import version
from pathlib import Path

import torch
from torch import nn

from tailorbird.errors import UsageError

_REPORTED = ("torch", "transformers", "tokenizers", "safetensors", "peft")


def choose_device() -> torch.device:
    """A GPU where torch sees one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def use_bfloat16(precision: str, device: torch.device) -> bool:
    """Whether ``precision`` (``auto``, ``float32``, ``bfloat16``) means bf16 here; auto takes what is faster."""
    if precision not in ("auto", "float32", "bfloat16"):
        raise UsageError(f"precision = {precision}: choose auto, float32 or bfloat16.")
    if precision != "auto":
        return precision == "bfloat16"
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    # Without units for it bf16 is emulated, and slower whatever a noisy moment says.
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()) and _bfloat16_gain() > 1.2


@cache
def _bfloat16_gain() -> float:
    """How many times as fast a product of two matrices is in bf16, by a measurement of some 20 ms."""

    def seconds(kind: torch.dtype) -> float:
        left, right = torch.ones(512, 1024, dtype=kind), torch.ones(1024, 1024, dtype=kind)
        left @ right  # The first one prepares the kernel.
        best = float("inf")
        for _ in range(5):
            started = time.perf_counter()
            left @ right
            best = min(best, time.perf_counter() - started)
        return best

    return seconds(torch.float32) / seconds(torch.bfloat16)


def autocast(device: torch.device, *, bfloat16: bool) -> "torch.autocast | nullcontext[None]":
    """Mixed precision for forward passes, or nothing."""
    return torch.autocast(device.type, torch.bfloat16) if bfloat16 else nullcontext()


@contextmanager
def in_precision(network: nn.Module, *, bfloat16: bool) -> Iterator[None]:
    """Hold the weights of ``network`` in bf16 for a while, where that is asked for; afterwards they are as before."""
    whole = {name: one.data for name, one in network.named_parameters() if one.dtype == torch.float32}
    if bfloat16:
        for name, one in network.named_parameters():
            if name in whole:
                one.data = one.data.to(torch.bfloat16)
    try:
        yield
    finally:
        for name, one in network.named_parameters():
            if name in whole:
                one.data = whole[name]


def describe_device(device: torch.device) -> str:
    """Name of the device, with the number of threads on a CPU."""
    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    return f"{_processor()} ({torch.get_num_threads()} threads)"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def versions() -> dict[str, str]:
    """Versions of what computes, for results and deltas."""
    return {"python": platform.python_version(), **{name: version(name) for name in _REPORTED}}
