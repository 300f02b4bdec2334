"""What training costs: FLOPs as torch counts them, and peak memory."""

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


class FlopLedger:
    """Adds up the FLOPs of steps, counting each distinct shape of work once.

    torch's counter watches every operation of a counted step (forward and backward); further steps of the same shape
    cost the same and are only added. A multiply-add counts as two.
    """

    def __init__(self, counted: dict[str, int] | None = None, total: int = 0) -> None:
        self.counted = dict(counted or {})
        self.total = total

    def run(self, shape: str, work: Callable[[], T]) -> T:
        """Do ``work`` and add its FLOPs to the total; ``shape`` identifies work of equal cost."""
        if shape in self.counted:
            result = work()
        else:
            with FlopCounterMode(display=False) as counter:
                result = work()
            self.counted[shape] = int(counter.get_total_flops())
        self.total += self.counted[shape]
        return result


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
