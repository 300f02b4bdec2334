"""Everything a killed run needs to go on as if it had never stopped, in one safetensors file.

Random state is not part of it: each step draws from its own seed.
"""

from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from tailorbird.errors import StorageError
from tailorbird.records import CurvePoint
from tailorbird.storage import atomic_file


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The part of a run's state that is not tensors."""

    fingerprint: str
    """Hash of all that determines the run: a checkpoint of another run is not resumed."""
    step: int
    seconds: float
    examples: int
    flops: int
    counted_flops: int
    """Of the first steps, as derived from the shapes."""
    measured_flops: int
    """Of the same steps, as torch's counter saw them."""
    joules: float | None
    curve: tuple[CurvePoint, ...]
    best_loss: float | None
    validations_since_best: int
    recent_loss: float | None
    peak_memory_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A run between two steps."""

    ledger: Ledger
    parameters: dict[str, torch.Tensor]
    first_moments: dict[str, torch.Tensor]
    second_moments: dict[str, torch.Tensor]
    best: dict[str, torch.Tensor] = field(default_factory=dict)


_GROUPS = ("parameters", "first_moments", "second_moments", "best")


def save_snapshot(path: Path, snapshot: Snapshot) -> None:
    """Write ``snapshot`` atomically: a kill leaves the previous checkpoint."""
    tensors = {f"{group}/{name}": tensor for group in _GROUPS for name, tensor in getattr(snapshot, group).items()}
    # Tied and sliced tensors share memory, which safetensors refuses; a copy of each does not.
    tensors = {name: tensor.detach().to("cpu").clone().contiguous() for name, tensor in tensors.items()}
    ledger = msgspec.json.encode(snapshot.ledger).decode()
    with atomic_file(path) as file:
        file.write(save(tensors, metadata={"ledger": ledger}))


def load_snapshot(path: Path) -> Snapshot | None:
    """The snapshot at ``path``; None where there is no checkpoint."""
    if not path.exists():
        return None
    groups: dict[str, dict[str, torch.Tensor]] = {group: {} for group in _GROUPS}
    try:
        with safe_open(str(path), framework="pt") as file:
            ledger = msgspec.json.decode(file.metadata()["ledger"], type=Ledger)
            for key in file.keys():  # noqa: SIM118 - not a dictionary
                group, _, name = key.partition("/")
                groups[group][name] = file.get_tensor(key)
    except (SafetensorError, msgspec.DecodeError, KeyError, OSError) as error:
        raise StorageError(f"{path} is not a usable checkpoint ({error}): delete it to start again.") from error
    return Snapshot(ledger, **groups)
