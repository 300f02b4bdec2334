"""One run on several processes: GPUs of a machine, or machines, as accelerate's or torch's launcher starts them.

accelerate says who there is and keeps gradients equal; precision and batches are ours, the same however many there are.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

import torch
from accelerate import Accelerator
from torch import nn

from tailorbird.errors import UsageError

T = TypeVar("T")


class Processes:
    """The processes that train together; usually this one alone."""

    def __init__(self, device: torch.device) -> None:
        self._accelerator = Accelerator(cpu=device.type == "cpu", mixed_precision="no")
        self.rank = self._accelerator.process_index
        self.count = self._accelerator.num_processes

    @property
    def first(self) -> bool:
        """Whether this is the one that writes files and shows progress."""
        return bool(self._accelerator.is_main_process)

    def wrap(self, network: nn.Module) -> nn.Module:
        """``network`` so that a backward pass leaves the mean of all processes' gradients."""
        if self.count == 1:
            return network
        wrapped: nn.Module = self._accelerator.prepare_model(network)
        return wrapped

    def share(self, examples: Sequence[T]) -> Sequence[T]:
        """This process's part of a batch; UsageError where there is not one example for each."""
        if len(examples) < self.count:
            raise UsageError(
                f"A batch of {len(examples)} examples cannot be shared by {self.count} processes: "
                "give a larger batch_size, or start fewer."
            )
        return examples[self.rank :: self.count]

    def apart(self, wrapped: nn.Module, *, last: bool) -> AbstractContextManager[None]:
        """Around the passes of a micro-batch: gradients are exchanged with the last one alone."""
        if self.count == 1 or last:
            return nullcontext()
        apart: AbstractContextManager[None] = self._accelerator.no_sync(wrapped)
        return apart

    def total(self, value: float) -> float:
        """Sum of ``value`` over all processes."""
        if self.count == 1:
            return value
        held = torch.tensor(value, dtype=torch.float64 if self._accelerator.device.type == "cpu" else torch.float32)
        return float(self._accelerator.reduce(held.to(self._accelerator.device), reduction="sum"))

    def wait(self) -> None:
        """Until all have come here."""
        self._accelerator.wait_for_everyone()
