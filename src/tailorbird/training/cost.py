"""What training costs, as the machine sees it: FLOPs as torch counts them, and peak memory."""

import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch
from torch.utils.flop_counter import FlopCounterMode

T = TypeVar("T")

_STATUS = Path("/proc/self/status")
_CLEAR_REFS = Path("/proc/self/clear_refs")


def measured_flops(work: Callable[[], T]) -> tuple[T, int]:
    """Do ``work``, and the FLOPs that torch's counter saw: every matrix product, forward and backward."""
    with FlopCounterMode(display=False) as counter:
        result = work()
    return result, int(counter.get_total_flops())


def reset_peak_memory(device: torch.device) -> None:
    """Start a new measurement of peak memory, where the system allows it."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        return
    try:
        _CLEAR_REFS.write_text("5")  # Linux: resets this process's VmHWM
    except OSError:
        return  # Elsewhere the peak is that of the whole process so far: an upper bound.


def peak_memory_bytes(device: torch.device) -> int:
    """Peak bytes since `reset_peak_memory`: of the device, or resident in the process."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    try:
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
