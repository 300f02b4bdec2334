"""How many examples a second each strategy trains on, and in how much memory, against the stock route.

    python benchmarks/training.py [SOURCE | --data DIR] [--strategies custom ...] [--epochs 3] [--json]

The stock route is Hugging Face's Seq2SeqTrainer in its faster precision here (measured first) with batches grouped
by length, parameters frozen by hand for L-EO and L-LDB, and PEFT for the prefix, which it puts into the decoder's
attention to itself: ours then stands there too. Same base, pairs, batch size, steps, rates and optimiser. Both sides
run as processes of their own and take turns of some steps each, so that a noisy machine troubles both alike; a ratio is
that of the examples per second over the whole. For L-LDB there are two: after the first epoch, when all that is frozen
has been computed, and over all epochs. Peak memory is the growth of the process over what it held before training.

Beside the ratios: validation losses of both, and what share of the machine's own rate of matrix products (the best of
fp32 and bf16, measured in between) a training step reaches, with what takes the rest, from torch's profiler.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

RATES = {"custom": 5e-4, "l-eo": 2e-3, "l-ldb": 4e-3, "prefix": 5e-3}
BATCH, SOURCE_TOKENS, TARGET_TOKENS, SEED = 8, 384, 256, 0
PREFIX = {"length": 32, "hidden": 256, "attentions": "decoder"}
TURN = 10
"""Steps that one side takes before the other's turn."""

ANSWERS: TextIO = sys.stdout


# --- What each side does, in its own process ---------------------------------------------------------------------


class Turns:
    """Waits for its turn on standard input; says on standard output how long each took."""

    def __init__(self) -> None:
        self.began, self.count = 0.0, 0

    def wait(self) -> None:
        """Until the parent says to go on."""
        if sys.stdin.readline().strip() != "go":
            sys.exit(0)
        self.began = time.perf_counter()

    def step_done(self, *, last: bool) -> None:
        """One more step is done; at the end of a turn, say so and wait for the next."""
        self.count += 1
        if self.count % TURN == 0 or last:
            say({"step": self.count, "seconds": time.perf_counter() - self.began, "last": last})
            if not last:
                self.wait()


def say(record: dict[str, Any]) -> None:
    """To the parent: what libraries print goes elsewhere."""
    ANSWERS.write(json.dumps(record) + "\n")
    ANSWERS.flush()


def examples(data: Path) -> tuple[list[Any], list[Any], Any]:
    """Encoded training and validation pairs, and the base."""
    from tailorbird.base.prompts import encode_pair
    from tailorbird.bases.open import open_base
    from tailorbird.mining.dataset import load_data
    from tailorbird.networks.batch import Encoded

    base, mined = open_base("tiny"), load_data(data)

    def encoded(split: str) -> list[Any]:
        pairs = [pair for pair in mined.split(split) if pair.test.assertions]
        prompts = [encode_pair(base.tokenizer, p, max_source=SOURCE_TOKENS, max_target=TARGET_TOKENS) for p in pairs]
        return [Encoded(prompt.source, prompt.target) for prompt in prompts]

    return encoded("train"), encoded("validation"), base


def resident() -> int:
    """Bytes that this process holds now."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise OSError("no VmRSS")


def ours(strategy: str, data: Path, epochs: int, frozen: bool) -> None:
    """Tailorbird's side."""
    import torch

    from tailorbird.strategies.registry import complete_settings, find_strategy
    from tailorbird.training.batches import EpochOrder, attention_length
    from tailorbird.training.cost import peak_memory_bytes
    from tailorbird.training.device import use_bfloat16
    from tailorbird.training.frozen import FrozenWork
    from tailorbird.training.loop import LoopSettings, train
    from tailorbird.training.losses import validate

    training, validation, base = examples(data)
    found = find_strategy(strategy)
    settings = complete_settings(found, PREFIX if strategy == "prefix" else {})
    torch.manual_seed(SEED)
    prepared = found.prepare(base.network, settings)
    order = EpochOrder([attention_length(example) for example in training], batch_size=BATCH, seed=SEED)
    steps = epochs * order.steps_per_epoch
    bfloat16 = use_bfloat16("auto", base.network.device)
    turns, before = Turns(), resident()
    with tempfile.TemporaryDirectory() as folder:
        work = FrozenWork.of_network(base.network, Path(folder), bfloat16=bfloat16) if frozen else None

        def after_step() -> bool:
            turns.step_done(last=turns.count + 1 == steps)
            return False

        def batch(step: int) -> list[Any]:
            if step == 0:
                say({"ready": True, "steps_per_epoch": order.steps_per_epoch, "examples": len(training)})
                turns.wait()
            return [training[index] for index in order(step)]

        outcome = train(
            base.network,
            prepared.parameters,
            batch,
            LoopSettings(
                steps=steps,
                learning_rate=RATES[strategy],
                warmup_steps=round(0.05 * steps),
                bfloat16=bfloat16,
                mean_target_tokens=sum(len(example.target) for example in training) / len(training),
                keep_best=False,
                fingerprint="benchmark",
            ),
            frozen=work,
            should_stop=after_step,
        )
        peak = peak_memory_bytes(base.network.device) - before
        loss = validate(base.network, validation).loss
        rest = profile(base, prepared, training, order, work, bfloat16)
    say({"loss": loss, "peak": peak, "flops": outcome.flops, "steps": steps, "profile": rest})


def profile(base: Any, prepared: Any, training: list[Any], order: Any, work: Any, bfloat16: bool) -> dict[str, float]:
    """Shares of a training step's processor time by kind of operation, over some steps."""
    import torch
    from torch.profiler import ProfilerActivity

    from tailorbird.training.memory import keep_freed_memory
    from tailorbird.training.passes import pass_through

    kinds = {
        "attention": ("scaled_dot_product",),
        "matrix products": ("mm", "addmm", "bmm", "baddbmm"),
        "softmax, norms and activations": ("softmax", "layer_norm", "gelu", "relu", "silu", "nll"),
        "copies": ("copy_", "clone", "cat", "fill_", "zero_", "index_select", "gather", "scatter_"),
        "optimiser": ("_fused_adamw_", "_foreach", "linalg_vector_norm"),
    }
    network = base.network
    network.train()
    optimiser = torch.optim.AdamW(list(prepared.parameters.values()), lr=0.0, fused=True)

    def step(number: int) -> None:
        pass_through(network, [training[index] for index in order(number)], work, bfloat16=bfloat16)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)

    # What training held is given back by now: without these the kernel's clearing of pages would be measured.
    keep_freed_memory()
    for number in range(3):
        step(number)
    with torch.profiler.profile(activities=[ProfilerActivity.CPU]) as profiler:
        began = time.perf_counter()
        for number in range(6):
            step(number)
        whole = time.perf_counter() - began
    shares = dict.fromkeys([*kinds, "other operations"], 0.0)
    for event in profiler.key_averages():
        if not event.key.startswith("aten::"):
            continue
        name = event.key.removeprefix("aten::")
        kind = next((kind for kind, parts in kinds.items() if any(part in name for part in parts)), "other operations")
        if kind == "matrix products" and name not in kinds[kind]:
            kind = "other operations"
        shares[kind] += event.self_cpu_time_total / 1e6 / whole
    return {**shares, "Python and autograd": max(0.0, 1 - sum(shares.values()))}


def stock(strategy: str, data: Path, epochs: int, bfloat16: bool, limit: int | None) -> None:
    """The stock route's side."""
    import logging
    import warnings

    import torch
    from torch.utils.data import Dataset
    from transformers import (
        AutoModelForSeq2SeqLM,
        DataCollatorForSeq2Seq,
        Seq2SeqTrainer,
        Seq2SeqTrainingArguments,
        TrainerCallback,
    )

    from tailorbird.bases.catalogue import folder_of, get_entry
    from tailorbird.training.cost import peak_memory_bytes, reset_peak_memory

    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    training, validation, base = examples(data)
    base.network.model = None  # type: ignore[assignment]  # The stock route has its own.
    model: Any = AutoModelForSeq2SeqLM.from_pretrained(str(folder_of(get_entry("tiny"))), dtype=torch.float32)
    torch.manual_seed(SEED)
    if strategy == "l-eo":
        model.requires_grad_(False)
        model.get_input_embeddings().weight.requires_grad_(True)
    elif strategy == "l-ldb":
        model.requires_grad_(False)
        model.get_decoder().layers[-1].requires_grad_(True)
    elif strategy == "prefix":
        from peft import PrefixTuningConfig, TaskType, get_peft_model

        model = get_peft_model(
            model,
            PrefixTuningConfig(
                task_type=TaskType.SEQ_2_SEQ_LM,
                num_virtual_tokens=PREFIX["length"],
                prefix_projection=True,
                encoder_hidden_size=PREFIX["hidden"],
            ),
        )

    class Pairs(Dataset[dict[str, list[int]]]):
        def __init__(self, kept: list[Any]) -> None:
            self.kept = kept

        def __len__(self) -> int:
            return len(self.kept)

        def __getitem__(self, index: int) -> dict[str, list[int]]:
            one = self.kept[index]
            return {
                "input_ids": list(one.source),
                "attention_mask": [1] * len(one.source),
                "labels": list(one.target),
            }

    turns = Turns()
    per_epoch = -(-len(training) // BATCH)
    steps = limit or epochs * per_epoch
    memory: dict[str, int] = {}

    class Callback(TrainerCallback):  # type: ignore[misc]
        def on_train_begin(self, *_: object, **__: object) -> None:
            memory["before"] = resident()
            reset_peak_memory(torch.device("cpu"))
            say({"ready": True, "steps_per_epoch": per_epoch, "examples": len(training)})
            turns.wait()

        def on_step_end(self, *_: object, **__: object) -> None:
            turns.step_done(last=turns.count + 1 == steps)

    with tempfile.TemporaryDirectory() as folder:
        Seq2SeqTrainer(
            model=model,
            args=Seq2SeqTrainingArguments(
                output_dir=folder,
                per_device_train_batch_size=BATCH,
                max_steps=steps,
                learning_rate=RATES[strategy],
                warmup_steps=round(0.05 * steps),
                weight_decay=0.01,
                adam_beta2=0.98,
                max_grad_norm=1.0,
                bf16=bfloat16,
                use_cpu=True,
                train_sampling_strategy="group_by_length",
                logging_strategy="no",
                save_strategy="no",
                report_to=[],
                disable_tqdm=True,
                seed=SEED,
            ),
            train_dataset=Pairs(training),
            data_collator=DataCollatorForSeq2Seq(base.tokenizer, model=None),
            callbacks=[Callback()],
        ).train()
    peak = peak_memory_bytes(torch.device("cpu")) - memory["before"]
    model.eval()
    loss = tokens = 0.0
    with torch.no_grad():
        for one in validation:
            ids, labels = torch.tensor([one.source]), torch.tensor([one.target])
            found = model(input_ids=ids, attention_mask=torch.ones_like(ids), labels=labels)
            loss, tokens = loss + float(found.loss) * len(one.target), tokens + len(one.target)
    say({"loss": loss / tokens, "peak": peak})


# --- The duel ----------------------------------------------------------------------------------------------------


class Side:
    """One side's process."""

    def __init__(self, *arguments: str) -> None:
        # Turns are taken: each side may have the whole machine in its own.
        self.process = subprocess.Popen(
            [sys.executable, __file__, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1"},
        )
        self.turns: list[dict[str, Any]] = []
        self.ready = self._read()

    def _read(self) -> dict[str, Any]:
        stream: TextIO = self.process.stdout  # type: ignore[assignment]
        line = stream.readline()
        if not line:
            raise SystemExit("A side of the benchmark failed: see above.")
        return dict(json.loads(line))

    @property
    def over(self) -> bool:
        """Whether the last step was taken."""
        return bool(self.turns) and bool(self.turns[-1]["last"])

    def take_turn(self) -> None:
        """Let it take some steps, and wait for them."""
        stream: TextIO = self.process.stdin  # type: ignore[assignment]
        stream.write("go\n")
        stream.flush()
        self.turns.append(self._read())

    def finish(self) -> dict[str, Any]:
        """What it says at the end."""
        found = self._read()
        self.process.wait()
        return found

    def rate(self, *, after_step: int = 0) -> float:
        """Steps a second of the turns that began at ``after_step`` or later."""
        starts = [0, *(turn["step"] for turn in self.turns)]
        counted = [
            (turn["step"] - at, turn["seconds"])
            for at, turn in zip(starts, self.turns, strict=False)
            if at >= after_step
        ]
        return float(sum(steps for steps, _ in counted) / sum(seconds for _, seconds in counted))


@dataclass(frozen=True)
class Found:
    """What a duel showed."""

    ratio: float
    ratio_after_first_epoch: float
    ours: float
    stock: float
    memory_ratio: float
    loss: float
    stock_loss: float
    matmul_share: float
    rest: dict[str, float]


def duel(strategy: str, data: Path, epochs: int, bfloat16: bool) -> Found:
    """Both sides, turn by turn."""
    mine = Side("--worker", "ours", "--strategies", strategy, "--data", str(data), "--epochs", str(epochs))
    theirs = Side(
        *("--worker", "stock", "--strategies", strategy, "--data", str(data), "--epochs", str(epochs)),
        *(("--bfloat16",) if bfloat16 else ()),
    )
    matmul = []
    while not (mine.over and theirs.over):
        for side in (mine, theirs):
            if not side.over:
                side.take_turn()
        matmul.append(matmul_rate())
    after, stock_after = mine.finish(), theirs.finish()
    first = int(mine.ready["steps_per_epoch"])
    seconds = sum(turn["seconds"] for turn in mine.turns)
    return Found(
        ratio=mine.rate() / theirs.rate(),
        ratio_after_first_epoch=mine.rate(after_step=first if epochs > 1 else 0) / theirs.rate(),
        ours=mine.rate() * BATCH,
        stock=theirs.rate() * BATCH,
        memory_ratio=after["peak"] / stock_after["peak"],
        loss=after["loss"],
        stock_loss=stock_after["loss"],
        matmul_share=after["flops"] / seconds / sorted(matmul)[len(matmul) // 2],
        rest=after["profile"],
    )


def matmul_rate() -> float:
    """FLOP/s of the machine's own products, in the faster of fp32 and bf16."""
    import torch

    best = 0.0
    for kind in (torch.float32, torch.bfloat16):
        left, right = torch.ones(1024, 1024, dtype=kind), torch.ones(1024, 1024, dtype=kind)
        left @ right
        for _ in range(4):
            began = time.perf_counter()
            left @ right
            best = max(best, 2 * 1024**3 / (time.perf_counter() - began))
    return best


def faster_in_bfloat16(data: Path) -> bool:
    """Whether the stock route takes its steps faster in bf16 here."""
    seconds = {}
    for kind in ("float32", "bfloat16"):
        side = Side(
            *("--worker", "stock", "--strategies", "custom", "--data", str(data), "--limit", str(2 * TURN)),
            *(("--bfloat16",) if kind == "bfloat16" else ()),
        )
        while not side.over:
            side.take_turn()
        side.finish()
        seconds[kind] = side.turns[-1]["seconds"]
    return seconds["bfloat16"] < seconds["float32"]


def main() -> None:
    """Run the duels, or one side of one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", nargs="?", default="commons-codec:commons-codec:1.16.0")
    parser.add_argument("--data", type=Path, help="A folder that `tailorbird mine` wrote, in place of SOURCE.")
    parser.add_argument("--strategies", nargs="+", default=list(RATES), choices=list(RATES))
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--worker", choices=("ours", "stock"), help=argparse.SUPPRESS)
    parser.add_argument("--bfloat16", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--limit", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--no-frozen", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        sys.stdout = sys.stderr
    if arguments.worker == "ours":
        return ours(arguments.strategies[0], arguments.data, arguments.epochs, not arguments.no_frozen)
    if arguments.worker == "stock":
        return stock(arguments.strategies[0], arguments.data, arguments.epochs, arguments.bfloat16, arguments.limit)
    with tempfile.TemporaryDirectory() as folder:
        data = arguments.data
        if data is None:
            from tailorbird.config import MineConfig
            from tailorbird.mining.pipeline import mine

            data = Path(folder)
            mine(arguments.source, data, MineConfig())
        bfloat16 = faster_in_bfloat16(data)
        found = {strategy: duel(strategy, data, arguments.epochs, bfloat16) for strategy in arguments.strategies}
    result: dict[str, Any] = {"stock_precision": "bfloat16" if bfloat16 else "float32"}
    for strategy, one in found.items():
        key = strategy.replace("-", "_")
        if strategy == "l-ldb":
            result[f"{key}_ratio"] = one.ratio_after_first_epoch
            result[f"{key}_three_epochs_ratio"] = one.ratio
        else:
            result[f"{key}_ratio"] = one.ratio
        result |= {
            f"{key}_examples_per_second": one.ours,
            f"{key}_stock_examples_per_second": one.stock,
            f"{key}_memory_ratio": one.memory_ratio,
            f"{key}_validation_loss": one.loss,
            f"{key}_stock_validation_loss": one.stock_loss,
            f"{key}_matmul_share": one.matmul_share,
            f"{key}_time": one.rest,
        }
    write = sys.stdout.write
    if arguments.json:
        write(json.dumps(result) + "\n")
        return None
    for name, value in result.items():
        write(f"{name}: {value:.3f}\n" if isinstance(value, float) else f"{name}: {value}\n")
    return None


if __name__ == "__main__":
    main()
