"""The columns of the comparison: what each is, which way is better, and how a value is written."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tailorbird.records import Metrics, Result
from tailorbird.report.differences import difference, interval
from tailorbird.report.units import number, percent, pf_days, scaled, seconds


@dataclass(frozen=True, slots=True)
class Column:
    """One figure of every row."""

    key: str
    """Its name in ``Metrics`` or ``Cost``, where it stands there."""
    title: str
    short: str
    """For terminals."""
    better: Literal["lower", "higher"]
    group: Literal["as_written", "with_observed_values", "quality", "cost"]
    text: Callable[[float], str]
    meaning: str
    hint: Callable[[Result], str] = lambda _: ""
    """What a tooltip adds."""
    of: Callable[[Result], float | None] | None = None
    """Where the figure stands, if in neither ``Metrics`` nor ``Cost``."""
    against: Callable[[Result, Result], str] = lambda _, __: ""
    """The difference to the base in words: the row's result, then the base's."""
    ranked: bool = True
    """Whether more or less of it is a merit by itself."""
    heading: str = ""
    """What to call it among the columns of its group, if not by its title."""

    @property
    def arrow(self) -> str:
        return "↓" if self.better == "lower" else "↑"

    def value(self, result: Result) -> float | None:
        """The figure, None where it does not apply."""
        if self.of is not None:
            return self.of(result)
        section = result.metrics if self.group == "quality" else result.cost
        found = getattr(section, self.key)
        return None if found is None else float(found)

    def beats(self, one: float, other: float) -> bool:
        return one < other if self.better == "lower" else one > other


def _share(result: Result) -> str:
    total = result.cost.total_parameters
    return f" ({percent(result.cost.trainable_parameters / total, 1)})" if total else ""


def _long_and_cut(metrics: Metrics) -> str:
    parts = []
    if metrics.loss_per_character_long is not None:
        long = number(metrics.loss_per_character_long, 3)
        parts.append(f"{long} for the {metrics.long_references} longer tests")
    if metrics.truncated_references:
        parts.append(f"{metrics.truncated_references} cut tests are in neither")
    return "; ".join(parts)


LOSS = Column(
    "test_loss",
    "Test loss",
    "loss",
    "lower",
    "quality",
    number,
    "How surprised the model is by the developers' own held-out tests: nats per token, given the method under test, at "
    "the checkpoint that the validation split chose. It says nothing of whether the model's own tests are any good.",
    against=lambda result, base: interval(difference(result, base, "loss"), 2),
)
BLEU = Column(
    "bleu4",
    "BLEU-4",
    "BLEU-4",
    "higher",
    "quality",
    lambda value: number(value, 1),
    "Overlap of the generated with the developers' tests in runs of one to four Java lexemes, 0 to 100. "
    "Differences below 2 points are not called differences.",
    against=lambda result, base: interval(difference(result, base, "bleu4"), 1),
)
EXACT = Column(
    "exact_match",
    "Exact",
    "exact",
    "higher",
    "quality",
    percent,
    "Share of generated tests with the same lexemes as the developers': layout and comments do not count.",
)
EDIT = Column(
    "edit_similarity",
    "Edit similarity",
    "edit sim.",
    "higher",
    "quality",
    percent,
    "How much of the developers' test would stay if the generated one were edited into it, in characters.",
)
SYNTAX = Column(
    "syntax_valid",
    "Parses",
    "parses",
    "higher",
    "quality",
    percent,
    "Share of generated tests that are one whole Java method.",
)
FLOPS = Column(
    "train_flops",
    "Compute",
    "compute",
    "lower",
    "cost",
    lambda value: scaled(value, "FLOP"),
    "Floating-point operations of all training steps as torch counts them; validation and generation are not in it.",
    hint=lambda result: f"{result.cost.train_flops:.3g} FLOP, {pf_days(result.cost.train_flops)}",
)
SECONDS = Column(
    "train_seconds",
    "Training",
    "training",
    "lower",
    "cost",
    seconds,
    "Wall time of training on the device named below.",
)
SIZE = Column(
    "delta_bytes",
    "Delta",
    "delta",
    "lower",
    "cost",
    lambda value: scaled(value, "B"),
    "Bytes on disk of what is stored for this project: only the tensors that changed.",
    hint=lambda result: f"{scaled(result.cost.stored_parameters, '')} stored values".replace("  ", " "),
)

COLUMNS = (
    LOSS,
    Column(
        "perplexity",
        "Perplexity",
        "perpl.",
        "lower",
        "quality",
        lambda value: number(value, 1 if value < 1000 else 0),
        "The same as a number of equally likely tokens: e to the power of the loss.",
    ),
    Column(
        "loss_per_character",
        "Per character",
        "/char",
        "lower",
        "quality",
        lambda value: number(value, 3),
        "The test loss in nats per character, over tests of at most 1,000 characters that were not cut: it compares "
        "models with different tokenizers and prompts. Longer tests repeat themselves and are easy, so they have a "
        "figure of their own (hold the pointer over this one).",
        hint=lambda result: _long_and_cut(result.metrics),
    ),
    Column(
        "input_gain",
        "Input gain",
        "gain",
        "higher",
        "quality",
        number,
        "How much the loss rises when each method is swapped for another's. Near 0, the model ignores the method it "
        "is asked to test, whatever its other figures.",
    ),
    BLEU,
    EXACT,
    EDIT,
    SYNTAX,
    Column(
        "calls_focal_method",
        "Calls method",
        "calls",
        "higher",
        "quality",
        percent,
        "Share of generated tests that call a method of the name of the one under test. With steering the decoder sees "
        "to it, with names and types alone where the model finds no way.",
        hint=lambda result: (
            f"{percent(result.metrics.completed)} with a statement that names and types ended"
            if result.metrics.completed
            else ""
        ),
    ),
    SECONDS,
    FLOPS,
    Column(
        "peak_memory_bytes",
        "Peak memory",
        "memory",
        "lower",
        "cost",
        lambda value: scaled(value, "B"),
        "Most memory held while training: of the whole process, or of the device where there is one.",
    ),
    Column(
        "trainable_parameters",
        "Trained",
        "trained",
        "lower",
        "cost",
        lambda value: scaled(value, ""),
        "Parameters that the optimiser updates, and their share of the base. A prefix trains more than it stores.",
        hint=lambda result: f"{result.cost.trainable_parameters:,} of {result.cost.total_parameters:,} parameters",
    ),
    SIZE,
)
