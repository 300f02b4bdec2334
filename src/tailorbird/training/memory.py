"""How the C library hands out memory: a training step asks for the same large blocks again and again."""

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_LARGEST = (1 << 31) - 1


def keep_freed_memory() -> bool:
    """Let glibc keep freed blocks for the next request; whether that was possible (Linux with glibc).

    By default it maps each large block anew, and the kernel clears its pages anew: a tensor of some megabytes then
    costs 3 to 5 times as much to fill.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        adjust = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return False  # musl, or another system's library.
    # Above this size blocks are mapped; glibc takes no more than half of an address's range, and 1 GiB is plenty.
    return bool(adjust(_MMAP_THRESHOLD, 1 << 30)) and bool(adjust(_TRIM_THRESHOLD, _LARGEST))


def give_back_freed_memory() -> None:
    """Return what is kept to the system: after training, or before its peak is measured."""
    if sys.platform.startswith("linux"):
        try:
            ctypes.CDLL("libc.so.6").malloc_trim(0)
        except (OSError, AttributeError):
            return
