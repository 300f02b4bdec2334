"""What a run will take, from a measured step: said before it starts, and refused where it does not fit."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from tailorbird.networks.batch import Encoded
from tailorbird.networks.flops import training_flops
from tailorbird.networks.frontier import Frontier
from tailorbird.networks.network import Network
from tailorbird.training.batches import micro_batches
from tailorbird.training.cost import peak_memory_bytes, reset_peak_memory
from tailorbird.training.device import autocast
from tailorbird.training.frozen import FrozenWork
from tailorbird.training.passes import pass_through

_STATE_BYTES = 16
"""For each value that trains: its gradient, AdamW's two moments and a copy of the best, in fp32."""

_MEMINFO = Path("/proc/meminfo")
_CGROUPS = (
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")),
    (Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"), Path("/sys/fs/cgroup/memory/memory.usage_in_bytes")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What training is expected to take."""

    seconds: float
    """Training steps and validations."""
    memory_bytes: int
    """At the peak: of the process, or of the device where there is one."""
    available_bytes: int | None
    """Free now, what the process holds already included; None where the system does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The run to be estimated."""

    network: Network
    trainable: int
    """Values that train."""
    examples_of: Callable[[int], Sequence[Encoded]]
    steps: int
    steps_per_epoch: int
    micro_tokens: int
    validation: Sequence[Encoded]
    validations: int
    bfloat16: bool
    frozen: FrozenWork | None
    unlikelihood: float = 0.0


class TooLargeError(Exception):
    """A run that does not fit into memory."""

    def __init__(self, *, needed: int | None, available: int, besides: int) -> None:
        super().__init__()
        self.needed, self.available = needed, available
        self.besides = besides
        """What it needs beside the state of the values that train."""

    def sentence(self, strategy: str, trainable: Mapping[str, int]) -> str:
        """What to tell the user; ``trainable`` has how many values each strategy trains."""
        gib = 1 << 30
        fitting = [name for name, count in trainable.items() if self.besides + _STATE_BYTES * count <= self.available]
        remedy = f"choose --strategy {' or '.join(fitting)}, or " if fitting else ""
        needed = "more" if self.needed is None else f"about {self.needed / gib:.1f} GiB of"
        return (
            f"--strategy {strategy} needs {needed} memory, and there are {self.available / gib:.1f} GiB: "
            f"{remedy}set a smaller micro_tokens or max_source_tokens."
        )


def estimate(work: Work) -> Estimate:
    """Measure some steps of ``work``, without changing a weight, and reckon up the whole.

    Raises TooLargeError where it will not fit into memory.
    """
    available, state = available_bytes(work.network.device), _STATE_BYTES * work.trainable
    if available is not None and state > available:
        raise TooLargeError(needed=state, available=available, besides=0)
    network = work.network
    epoch = [work.examples_of(step) for step in range(min(work.steps, work.steps_per_epoch))]
    shapes = [_flops(work, examples) for examples in epoch]
    typical = sorted(range(len(epoch)), key=lambda step: shapes[step])[len(epoch) // 2]
    largest = max(range(len(epoch)), key=lambda step: shapes[step])
    network.train()
    reset_peak_memory(network.device)
    try:
        _step(work, epoch[largest])  # The largest too: it says what memory it takes, and prepares the kernels.
        _step(work, epoch[typical])
        began = time.perf_counter()
        _step(work, epoch[typical])
        seconds = time.perf_counter() - began
    except torch.OutOfMemoryError as error:
        raise TooLargeError(needed=None, available=available or 0, besides=(available or 0) - state + 1) from error
    finally:
        network.zero_grad(set_to_none=True)
    peak = peak_memory_bytes(network.device)
    network.eval()
    began = time.perf_counter()
    some = list(work.validation[:8])
    with torch.no_grad(), autocast(network.device, bfloat16=work.bfloat16):
        network.losses(network.batch(some))
    validating = (time.perf_counter() - began) * len(work.validation) / len(some) * (work.validations + 1)
    per_flop = seconds / shapes[typical]
    found = Estimate(
        seconds=per_flop * sum(shapes) / len(shapes) * work.steps + validating,
        # Of the state the measured steps have held the gradient already.
        memory_bytes=peak + (_STATE_BYTES - 4) * work.trainable,
        available_bytes=available_bytes(network.device),
    )
    if found.available_bytes is not None and found.memory_bytes > found.available_bytes:
        raise TooLargeError(
            needed=found.memory_bytes, available=found.available_bytes, besides=found.memory_bytes - state
        )
    return found


def available_bytes(device: torch.device) -> int | None:
    """Memory that a run may come to hold, what this process holds already included; None where nothing says it."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return int(free) + int(torch.cuda.memory_reserved(device))
    held = _resident()
    found = []
    try:
        for line in _MEMINFO.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                found.append(int(line.split()[1]) * 1024 + held)
    except OSError:
        pass
    for limit, used in _CGROUPS:
        try:
            found.append(int(limit.read_text()) - int(used.read_text()) + held)
        except (OSError, ValueError):
            continue  # No such group, or one without a limit ("max").
    return min(found) if found else None


def _resident() -> int:
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
    except OSError:
        return 0


def _flops(work: Work, examples: Sequence[Encoded]) -> int:
    """Of a step once what is frozen has been computed."""
    given: Frontier | None = work.frozen.frontier if work.frozen is not None else None
    groups = micro_batches(examples, tokens=work.micro_tokens)
    return sum(training_flops(work.network, work.network.batch(group), given=given) for group in groups)


def _step(work: Work, examples: Sequence[Encoded]) -> None:
    """Forward and backward pass, as the loop does them."""
    network = work.network
    for group in micro_batches(examples, tokens=work.micro_tokens):
        pass_through(network, group, work.frozen, bfloat16=work.bfloat16, unlikelihood=work.unlikelihood)
    if network.device.type == "cuda":
        torch.cuda.synchronize(network.device)
