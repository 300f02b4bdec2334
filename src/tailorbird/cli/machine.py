"""What this machine has: packages, processor, memory and disk. Nothing here imports what it looks for."""

import os
import platform
import shutil
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tailorbird.programs import output_of

_BF16_FLAGS = ("avx512_bf16", "amx_bf16", "bf16")


def package_version(name: str) -> str | None:
    """The installed version of a Python package, or None; the package itself is not imported."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def gpus() -> tuple[str, ...]:
    """Names of the NVIDIA GPUs, as their driver's own tool lists them."""
    if shutil.which("nvidia-smi") is None:
        return ()
    lines = output_of("nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader").splitlines()
    return tuple(line.strip() for line in lines if line.strip())


def bf16_units() -> tuple[str, ...]:
    """The processor's flags for bf16 arithmetic; empty where it has none or does not say."""
    if sys.platform == "darwin":
        answer = output_of("sysctl", "-n", "hw.optional.arm.FEAT_BF16").strip()
        return ("FEAT_BF16",) if answer == "1" else ()
    flags: set[str] = set()
    for line in _lines(Path("/proc/cpuinfo")):
        if line.startswith(("flags", "Features")):
            flags |= set(line.partition(":")[2].split())
    return tuple(flag for flag in _BF16_FLAGS if flag in flags)


def processor() -> str:
    """The processor's name."""
    names = [line.partition(":")[2].strip() for line in _lines(Path("/proc/cpuinfo")) if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def usable_cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes of main memory; ``available`` is None where the system does not say."""

    total: int
    available: int | None


def memory() -> Memory:
    """Main memory, as the system counts it (a container's own limit is not seen)."""
    sizes = {}
    for line in _lines(Path("/proc/meminfo")):
        name, _, rest = line.partition(":")
        sizes[name] = int(rest.split()[0]) * 1024
    if "MemTotal" in sizes:
        return Memory(sizes["MemTotal"], sizes.get("MemAvailable"))
    return Memory(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), None)


def free_disk(folder: Path) -> int:
    """Free bytes on the disk that ``folder`` is on, or would be on once made."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def folder_bytes(folder: Path) -> int:
    """Bytes of all files under ``folder``; 0 when it does not exist."""
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            path = Path(root, name)
            if not path.is_symlink():
                total += path.stat().st_size
    return total


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(errors="replace").splitlines()
    except OSError:
        return []
