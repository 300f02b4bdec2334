"""Training on two processes gives what training on one gives."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tailorbird.errors import UsageError
from tailorbird.training.processes import Processes

SCRIPT = """
import sys
from pathlib import Path
import torch
from safetensors.torch import save_file
from tailorbird.training.batches import EpochOrder
from tailorbird.training.loop import LoopSettings, train
from tailorbird.training.losses import validate
from tests.models import encoded_texts, small_base
from tests.unit.strategies.cases import prepare

strategy, out = sys.argv[1], Path(sys.argv[2])
torch.set_num_threads(1)
examples = encoded_texts()
base = small_base("qwen2")  # No dropout: processes draw their own.
prepared = prepare(base, strategy, "qwen2")
order = EpochOrder([len(example.target) for example in examples], batch_size=5, seed=0)
outcome = train(
    base.network,
    prepared.parameters,
    lambda step: [examples[index] for index in order(step)],
    LoopSettings(steps=6, learning_rate=0.01, warmup_steps=1, evaluate_every=3, micro_tokens=100, fingerprint="x"),
    evaluate=lambda: validate(base.network, examples[:5]),
    checkpoint=out / "checkpoint.safetensors",
)
rank = __import__("os").environ.get("RANK", "alone")
tensors = prepared.extract() | {"losses": torch.tensor([point.validation_loss for point in outcome.curve])}
tensors["flops"] = torch.tensor(outcome.flops)
save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, out / f"{rank}.safetensors")
"""


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["custom", "prefix", "lora"])
def test_two_processes_train_as_one_does(strategy: str, tmp_path: Path) -> None:
    script = tmp_path / "run.py"
    script.write_text(SCRIPT)
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    for number, command in enumerate(([sys.executable], launcher)):
        (tmp_path / str(number)).mkdir()
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(["src", "."]), "OMP_NUM_THREADS": "1"}
        environment |= {"ACCELERATE_USE_CPU": "true"}
        subprocess.run(
            [*command, str(script), strategy, str(tmp_path / str(number))],
            check=True,
            env=environment,
            cwd=Path(__file__).parents[3],
            capture_output=True,
            timeout=300,
        )
    alone = load_file(tmp_path / "0" / "alone.safetensors")
    first, second = (load_file(tmp_path / "1" / f"{rank}.safetensors") for rank in (0, 1))
    assert set(alone) == set(first)
    for name, tensor in alone.items():
        assert torch.equal(first[name], second[name]), name
        if name != "flops":
            torch.testing.assert_close(first[name], tensor, atol=2e-4, rtol=2e-3, msg=name)
    assert (tmp_path / "1" / "checkpoint.safetensors").exists()


def test_alone_a_process_has_the_whole_batch() -> None:
    alone = Processes(torch.device("cpu"))
    assert (alone.rank, alone.count, alone.first) == (0, 1, True)
    assert alone.share([1, 2, 3]) == [1, 2, 3]
    assert alone.total(2.5) == 2.5
    network = torch.nn.Linear(1, 1)
    assert alone.wrap(network) is network


def test_more_processes_than_examples_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    several = Processes(torch.device("cpu"))
    several.count = 4
    with pytest.raises(UsageError, match="A batch of 3 examples cannot be shared by 4 processes"):
        several.share([1, 2, 3])
