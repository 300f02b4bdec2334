"""The trained base as a Hugging Face folder: half-precision weights, tokenizer, configuration, model card."""

import copy
from collections.abc import Container, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import torch
from safetensors.torch import save
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from tailorbird.base.own import OWN_DESCRIPTION
from tailorbird.base.tokenizer import save_tokenizer
from tailorbird.config import PretrainConfig
from tailorbird.pretraining.check import GreedyCheck
from tailorbird.pretraining.corpus import Corpus
from tailorbird.records import DESCRIPTION_FILE, Provenance
from tailorbird.storage import atomic_file, write_json
from tailorbird.training.loop import Outcome

RECORD = "pretraining.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class StageReport:
    """How one stage of pre-training went."""

    name: str
    outcome: Outcome
    steps_planned: int

    @property
    def complete(self) -> bool:
        """Whether it has not been paused."""
        return self.outcome.steps == self.steps_planned


@dataclass(frozen=True, slots=True, kw_only=True)
class PretrainingReport:
    """``pretraining.json`` in a base's folder: the recipe, its curves, and what it cost."""

    tailorbird: str
    config: dict[str, Any]
    """`PretrainConfig` as it was then: a setting that came later is not among an older run's."""
    corpus: Corpus
    stages: tuple[StageReport, ...]
    device: str
    greedy: GreedyCheck | None = None
    """None until the second stage is complete."""
    started_from: str | None = None
    """SHA-256 of the weights that training went on from; None where it began anew."""
    earlier: tuple["PretrainingReport", ...] = ()
    """How those came about, the oldest first."""

    def difference(self, config: PretrainConfig, free: Container[str] = ()) -> str | None:
        """The first setting but the ``free`` ones that ``config`` has otherwise, in words; None where there is none."""
        wanted = msgspec.to_builtins(config)
        for key, value in self.config.items():
            if key not in free and wanted.get(key, value) != value:
                return f"was trained with {key} = {value}, not {wanted[key]}"
        return None


def export_base(
    out: Path, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, report: PretrainingReport
) -> None:
    """Write everything that `load_base` needs to ``out``, the weights last and atomically."""
    out.mkdir(parents=True, exist_ok=True)
    save_tokenizer(tokenizer, out)
    settings = copy.deepcopy(model.config)
    settings.dtype = torch.float16
    settings.architectures = [type(model).__name__]
    settings.save_pretrained(str(out))
    model.generation_config.save_pretrained(str(out))
    write_json(out / RECORD, report)
    write_json(out / DESCRIPTION_FILE, OWN_DESCRIPTION)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    with atomic_file(out / "README.md") as file:
        file.write(model_card(report, parameters).encode())
    # Named parameters list a tied one once; half precision costs no quality here and halves the package.
    named = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    tensors = {name: tensor.detach().to("cpu", torch.float16).contiguous() for name, tensor in named.items()}
    with atomic_file(out / "model.safetensors") as file:
        file.write(save(tensors, metadata={"format": "pt"}))


def model_card(report: PretrainingReport, parameters: int) -> str:
    """The card in Hugging Face's form: data, recipe, compute, scores on held-out pairs, limits."""
    corpus, config = report.corpus, report.config
    runs = (*report.earlier, report)
    sources = [part.source for run in runs for part in run.corpus.parts]
    licences = sorted({source.licence or "not declared" for source in sources})
    devices = ", then ".join(dict.fromkeys(run.device for run in runs))
    taught = _sources(corpus, held_out=False)
    lines = [
        "---",
        # Weights are as free as what they are made of: only where all of it says so.
        f"license: {'other' if 'not declared' in licences else 'apache-2.0'}",
        "language: java",
        "pipeline_tag: text-generation",
        "---",
        "",
        "# A base for Tailorbird",
        "",
        f"A BART-shaped encoder-decoder of {parameters / 1e6:.2f}M parameters ({config['blocks']} + "
        f"{config['blocks']} blocks of {config['width']} features, byte-level BPE of {config['vocabulary_size']:,}) "
        "that reads a Java method inside its class and writes a JUnit test. It is small so that everything runs on two "
        "cores: a starting point for personalisation, not a test generator to be used as it is.",
        "",
        "## Data",
        "",
        f"{corpus.snippets:,} methods ({corpus.snippet_tokens / 1e6:.1f}M tokens) for denoising, {corpus.pairs:,} "
        f"pairs of focal method and test case and {corpus.lone_tests:,} test cases without a focal method, from "
        f"{len(taught)} sources ({_names(taught)}) with "
        f"{sum(part.bytes for part in corpus.parts if not part.held_out) / 1e6:.1f} MB of Java; "
        f"{_held_out(corpus)} Licences: {', '.join(licences)}. `{RECORD}` lists each source with its checksums.",
        *_earlier_lines(report),
        *_overlap_lines(corpus),
        "",
        "## Recipe and compute",
        "",
        "| stage | steps | planned | examples | hours | PFLOP | validation loss | input gain |",
        "|---|---|---|---|---|---|---|---|",
        *(_stage_row(stage) for run in runs for stage in run.stages),
        "",
        f"On {devices}. Loss and input gain are in nats per target token, on at most 128 held-out examples of each "
        "stage; input gain is the loss with another example's input minus the loss with the own one.",
        "",
        *_greedy_lines(report),
        "## Limits",
        "",
        f"Inputs up to {config['max_source_tokens']} tokens and outputs up to {config['max_target_tokens']} were "
        "trained. Outputs may call methods that do not exist; nothing guarantees that they compile. "
        "Only Java and JUnit were seen.",
        "",
        f"Made by `tailorbird pretrain`; `{RECORD}` has the settings"
        + (" of each run, which went on from the one before it with `--from`." if report.earlier else "."),
    ]
    return "\n".join(lines) + "\n"


def _names(sources: Iterable[Provenance]) -> str:
    """Groups of artifacts, and other sources by their own names."""
    return ", ".join(sorted({one.location.split(":")[0] if one.kind == "maven" else one.location for one in sources}))


def _sources(corpus: Corpus, *, held_out: bool) -> list[Provenance]:
    return [part.source for part in corpus.parts if part.held_out is held_out]


def _held_out(corpus: Corpus) -> str:
    held_out = _sources(corpus, held_out=True)
    if not held_out:
        return "No source is held out; some pairs of each are."
    return f"{corpus.held_out_pairs:,} pairs of {len(held_out)} others ({_names(held_out)}) are held out."


def _earlier_lines(report: PretrainingReport) -> list[str]:
    """What the runs before this one read besides."""
    now = {source.location for source in _sources(report.corpus, held_out=False)}
    before = {one.location: one for run in report.earlier for one in _sources(run.corpus, held_out=False)}
    other = [source for location, source in before.items() if location not in now]
    lines = [f"Runs before this one read {len(other)} other sources too ({_names(other)})."] if other else []
    unchecked = sum(not run.corpus.overlap for run in report.earlier)
    if unchecked and report.corpus.overlap:
        lines.append(
            f"The first {unchecked} runs were made before copies of the studies' methods were looked for, and may have "
            "seen some."
        )
    return ["", " ".join(lines)] if lines else []


def _greedy_lines(report: PretrainingReport) -> list[str]:
    found = report.greedy
    if found is None:
        return []
    whose = (
        "They are of artifacts that were held out whole."
        if _sources(report.corpus, held_out=True)
        else "They are of the corpus's own projects; on others it does worse."
    )
    return [
        f"Written greedily for {found.outputs} held-out pairs: {found.syntax_valid:.0%} parse as one whole method, "
        f"{found.finished:.0%} end before the limit. {whose}",
        "",
    ]


def _overlap_lines(corpus: Corpus) -> list[str]:
    if not corpus.overlap:
        return []
    removed = sum(one.removed for one in corpus.overlap)
    return [
        "",
        f"Nothing in what the last run read is like a method of the {len(corpus.overlap)} projects that studies "
        "personalise to (Jaccard similarity of shingles of five lexemes below 0.7): "
        f"{removed:,} methods, pairs and test cases were taken out "
        f"for that, and `{RECORD}` says how many for each project.",
    ]


def _stage_row(stage: StageReport) -> str:
    outcome = stage.outcome
    last = outcome.curve[-1]
    return (
        f"| {stage.name} | {outcome.steps:,} | {stage.steps_planned:,} | {outcome.examples:,} | "
        f"{outcome.seconds / 3600:.2f} | {outcome.flops / 1e15:.1f} | "
        f"{last.validation_loss:.3f} | {last.input_gain:.3f} |"
    )
