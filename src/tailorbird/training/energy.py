"""Energy, where the machine reports it: Intel's and AMD's package counters (RAPL), NVIDIA's through NVML."""

from pathlib import Path
from typing import Protocol

import torch

_POWERCAP = Path("/sys/class/powercap")


class Meter(Protocol):
    """A counter of joules that only rises."""

    def joules(self) -> float:
        """Joules since some fixed moment."""


def find_meter(device: torch.device, *, powercap: Path = _POWERCAP) -> Meter | None:
    """The meter of what computes: the GPU's own, or the processor packages'; None where none can be read."""
    if device.type == "cuda":
        return _GpuMeter.find(device)
    return _PackageMeter.find(powercap)


class _PackageMeter:
    def __init__(self, packages: list[Path]) -> None:
        self._packages = packages
        self._ranges = [int((package / "max_energy_range_uj").read_text()) for package in packages]
        self._last = self._read()
        self._total = 0.0

    @classmethod
    def find(cls, powercap: Path) -> "_PackageMeter | None":
        # intel-rapl:0 is a package, intel-rapl:0:1 a part of it.
        packages = sorted(path for path in powercap.glob("intel-rapl:*") if path.name.count(":") == 1)
        try:
            return cls(packages) if packages else None
        except (OSError, ValueError):
            return None  # Most systems let only root read them.

    def _read(self) -> list[int]:
        return [int((package / "energy_uj").read_text()) for package in self._packages]

    def joules(self) -> float:
        now = self._read()
        for new, old, span in zip(now, self._last, self._ranges, strict=True):
            self._total += (new - old if new >= old else new - old + span) / 1e6  # The counter wraps.
        self._last = now
        return self._total


class _GpuMeter:
    def __init__(self, nvml: object, handle: object) -> None:
        self._nvml, self._handle = nvml, handle

    @classmethod
    def find(cls, device: torch.device) -> "_GpuMeter | None":
        try:
            import pynvml  # type: ignore[import-not-found,unused-ignore]

            pynvml.nvmlInit()
            meter = cls(
                pynvml, pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{torch.cuda.get_device_properties(device).uuid}")
            )
            meter.joules()
        except Exception:
            return None
        return meter

    def joules(self) -> float:
        return float(self._nvml.nvmlDeviceGetTotalEnergyConsumption(self._handle)) / 1e3  # type: ignore[attr-defined]
