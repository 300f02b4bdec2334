"""What each part of the base's recipe is worth: small bases, which differ in one setting each.

    python benchmarks/ablation.py --out results/ablation [NAME ...] [--denoising 900] [--pairs 1500] [--width 128]
        [--blocks 2] [--seeds 1] [--json]

Every base is trained as `tailorbird pretrain` trains it, on the artifacts of ``ablation.toml``, for the same number of
steps, and measured on families that none of them saw: loss per token and per character, and input gain. What is there
from an earlier run is not done again, and a run that was cut off goes on.
"""

import argparse
import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from tailorbird.bases.open import open_base
from tailorbird.config import DEFAULT_CONTEXT, PretrainConfig
from tailorbird.pretraining.export import RECORD, PretrainingReport
from tailorbird.pretraining.pretrain import pretrain
from tailorbird.pretraining.stages import pair_store
from tailorbird.storage import read_json, sha256_bytes

HERE = Path(__file__).parent
VARIANTS: dict[str, dict[str, Any]] = {
    "recipe": {},
    "without denoising": {"denoising_steps": 1, "denoise_every": 0},
    "fm": {"context": "fm"},
    "fm_fc": {"context": "fm_fc"},
    "fm_fc_ms_ff": {"context": "fm_fc_ms_ff"},
    "+skeleton": {"context": "fm_fc_ms_ff+skeleton"},
    "+neighbour": {"context": "fm_fc_ms_ff+neighbour"},
    "vocabulary 4096": {"vocabulary_size": 4096},
    "vocabulary 16384": {"vocabulary_size": 16384},
    "own words": {"renamed": 0.0},
    "without lone tests": {"lone_tests": False},
    "muon": {"optimiser": "muon", "pair_learning_rate": 2e-3, "denoising_learning_rate": 2e-3},
    "shared sources": {"shared_sources": True},
}
"""By the name of what is changed; ``recipe`` changes nothing."""


def run(name: str, seed: int, out: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Train one variant, or go on with it, and read what came of it."""
    config = replace(
        PretrainConfig(
            seed=seed,
            width=arguments.width,
            blocks=arguments.blocks,
            denoising_steps=arguments.denoising,
            pair_steps=arguments.pairs,
            pair_decay_share=0.5,
            max_target_tokens=192,
            validations=3,
        ),
        **VARIANTS[name],
    )
    if config.denoising_steps == 1:  # Equal steps in all.
        config = replace(config, pair_steps=arguments.pairs + arguments.denoising)
    folder = out / f"{name.replace(' ', '-')}-{seed}"
    _check_settings(folder, config)
    if not (folder / RECORD).exists() or _report(folder)["greedy"] is None:
        _borrow_corpus(folder, config, out / "corpora")
        pretrain(folder, config, corpus=HERE / "ablation.toml")
        _lend_corpus(folder, config, out / "corpora")
    report = _report(folder)
    last = report["stages"][-1]["outcome"]["curve"][-1]
    return {
        "loss": last["validation_loss"],
        "loss_per_character": last["validation_loss"] * _tokens_per_character(folder, report),
        "input_gain": last["input_gain"],
        "parses": report["greedy"]["syntax_valid"],
        "seconds": sum(stage["outcome"]["seconds"] for stage in report["stages"]),
        "flops": sum(stage["outcome"]["flops"] for stage in report["stages"]),
        "parameters": sum(one.numel() for one in open_base(str(folder)).model.parameters()),
    }


def _check_settings(folder: Path, config: PretrainConfig) -> None:
    """Leave where a finished run in ``folder`` was made with other settings: its figures would be taken for these."""
    if not (folder / RECORD).exists():
        return
    difference = read_json(folder / RECORD, PretrainingReport).difference(config)
    if difference is not None:
        sys.exit(f"{folder} {difference}: choose another --out, or remove it.")


def _report(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / RECORD).read_text()))


def _tokens_per_character(folder: Path, report: dict[str, Any]) -> float:
    """Over all held-out tests: the bases of different vocabularies count them in different tokens."""
    tokenizer = open_base(str(folder)).tokenizer
    examples = pair_store(folder / "work" / "corpus" / "pairs")
    targets = [examples[report["corpus"]["pairs"] + at].target for at in range(report["corpus"]["held_out_pairs"])]
    characters = sum(len(tokenizer.decode(list(one), skip_special_tokens=True)) for one in targets)
    return sum(map(len, targets)) / characters


def _key(config: PretrainConfig) -> str:
    parts = (config.context, config.vocabulary_size, config.max_source_tokens, config.max_target_tokens)
    return sha256_bytes(repr(parts).encode())[:12]


def _borrow_corpus(folder: Path, config: PretrainConfig, corpora: Path) -> None:
    """The corpus of an earlier variant, where it is the same: its fingerprint is looked at anyway."""
    if (corpora / _key(config)).exists() and not (folder / "work" / "corpus").exists():
        shutil.copytree(corpora / _key(config), folder / "work" / "corpus")


def _lend_corpus(folder: Path, config: PretrainConfig, corpora: Path) -> None:
    if not (corpora / _key(config)).exists():
        shutil.copytree(folder / "work" / "corpus", corpora / _key(config))


def main() -> None:
    """All variants, one after another."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = ", ".join(map(repr, VARIANTS))
    parser.add_argument(
        "names", nargs="*", default=list(VARIANTS), metavar="NAME", help=f"of {known}; all of them by default"
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--denoising", type=int, default=900, help="steps of the first stage")
    parser.add_argument("--pairs", type=int, default=1500, help="steps of the second stage")
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--blocks", type=int, default=2)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.names if name not in VARIANTS]:
        parser.error(f"there is no variant {unknown[0]!r}: choose among {known}.")
    found = {}
    for name in arguments.names:
        for seed in range(arguments.seeds):
            found[f"{name}, seed {seed}"] = one = run(name, seed, arguments.out, arguments)
            sys.stderr.write(f"{name}, seed {seed}: {json.dumps(one)}\n")
    settings = {key: value for key, value in vars(arguments).items() if key not in {"names", "out", "json"}}
    summary = {"settings": settings, "default_context": DEFAULT_CONTEXT, "found": found}
    (arguments.out / "summary.json").write_text(json.dumps(summary, indent=1) + "\n")
    if arguments.json:
        sys.stdout.write(json.dumps(summary) + "\n")
        return
    for name, one in found.items():
        sys.stdout.write(
            f"{name:28} loss {one['loss']:.3f}, per character {one['loss_per_character']:.3f}, "
            f"gain {one['input_gain']:.2f}, {one['parses']:.0%} parse, {one['seconds']:.0f} s\n"
        )


if __name__ == "__main__":
    main()
