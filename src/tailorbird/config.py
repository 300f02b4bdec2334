"""One small configuration for each stage, and one strict loader for all of them.

Values come from the class's defaults, then a TOML file, then ``--set key=value``, then the command's own flags; each
overrides the one before. A key that is not known, or a value of another type, is a UsageError that says where it stood.
Configurations stop at the door: the stages' components take flat, named arguments.
"""

import difflib
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeAlias, TypeVar, cast, get_args, get_type_hints

import msgspec

from tailorbird.errors import UsageError
from tailorbird.records import Constraint, Decoding, Precision

T = TypeVar("T")

Scalar: TypeAlias = str | int | float | bool
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=1)]
Seed: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]
Positive: TypeAlias = Annotated[float, msgspec.Meta(gt=0)]
Share: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=1)]
SandboxKind: TypeAlias = Literal["auto", "bubblewrap", "unshare", "user", "none"]
Heuristics: TypeAlias = Literal["tailorbird", "methods2test"]
OptimiserName: TypeAlias = Literal["adamw", "muon"]

DEFAULT_CONTEXT = "fm_fc_ms_ff+skeleton+neighbour"
"""What the tiny base was trained to read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MineConfig:
    """`tailorbird mine`."""

    seed: Seed = 0
    """Draws the split."""
    heuristics: Heuristics = "tailorbird"
    """How focal methods are found; ``methods2test`` are the published heuristics, to compare with."""
    context: str = DEFAULT_CONTEXT
    """What a model is shown of each focal method: fm, fm_fc, fm_fc_co, fm_fc_ms or fm_fc_ms_ff; ``+skeleton`` adds the
    test class's own fields, set-up and helpers, ``+neighbour`` the most similar training pair."""
    older: str | None = None
    """A time split: train on this SOURCE, an older version of the project, and test on tests added since."""
    since: str | None = None
    """A time split by the project's own git history: a commit, a tag, or a date (YYYY-MM-DD)."""
    max_similarity: Share | None = None
    """Fail where a test pair is more similar to a training pair than this (Jaccard, 0 to 1)."""
    min_confidence: Share = 0.0
    """Leave out pairs whose focal method is less certain (0 to 1): fewer pairs, more of them right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonaliseConfig:
    """`tailorbird personalise`: how to train. What a strategy alone knows stands in ``settings``."""

    strategy: str = "custom"
    epochs: Positive | None = None
    """Passes over the training pairs; a fraction is rounded up to a whole number of steps. None takes the strategy's
    own default."""
    learning_rate: Positive | None = None
    """None takes the strategy's own default."""
    batch_size: Count = 8
    seed: Seed = 0
    warmup_share: Share = 0.05
    """Share of the steps, at the start, over which the rate rises."""
    weight_decay: Annotated[float, msgspec.Meta(ge=0)] = 0.01
    validations: Count = 6
    """Points on the learning curve beyond the first."""
    validation_pairs: Count | None = None
    """How many pairs of the validation split to validate on, always the same ones; None takes all of them."""
    patience: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Stop after so many points in a row without a new best; 0 takes all epochs. The best one is kept either way."""
    micro_tokens: Count = 16384
    """Tokens that are computed at once: a larger batch is done in parts, with the same result in less memory."""
    unlikelihood: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    """Weight of a loss on repeating oneself (Welleck et al., 2020)."""
    frozen_gib: Annotated[float, msgspec.Meta(ge=0)] = 2.0
    """Room on disk, while training, for what the strategy never changes and is computed once; 0 computes it anew."""
    unasserted: bool = False
    """Train on test cases that assert nothing too."""
    neighbour_share: Share = 0.5
    """Share of the pairs that are shown with their neighbour, so that the model does with and without one."""
    precision: Precision = "auto"
    max_source_tokens: Count | None = None
    """Longest input; None takes the base's own limit."""
    max_target_tokens: Count | None = None
    """Longest test; None takes the base's own limit."""
    settings: dict[str, Scalar] = field(default_factory=dict)
    """The strategy's own settings, such as ``settings.length`` of prefix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerateConfig:
    """`tailorbird generate`."""

    split: Literal["train", "validation", "test"] = "test"
    decoding: Decoding | None = None
    """How tokens are chosen. None takes the base's own, as for every setting of decoding that has no default here."""
    constraint: Constraint | None = None
    """What may be written: anything (``none``), what Java's grammar allows, so that each candidate is one whole method
    (``grammar``), or with it only names that are in scope, values whose types fit, and plain statements that lead to a
    call of the focal method and to an assertion (``guided``)."""
    beams: Count = 4
    """Width of the beam; used by beam search alone."""
    candidates: Count = 1
    """Candidates for each focal method."""
    temperature: Positive | None = None
    top_p: Annotated[float, msgspec.Meta(gt=0, le=1)] | None = None
    no_repeat_ngram: Annotated[int, msgspec.Meta(ge=0)] | None = None
    """No run of so many tokens is written twice in one candidate; 0 allows every repetition."""
    neighbour: bool = True
    """Show each pair's neighbour, a test of a similar method: that is retrieval, and is reported as such."""
    precision: Precision | None = None
    """Of the weights while candidates are written and losses are taken; ``auto`` takes bfloat16 where it is faster."""
    limit: Count | None = None
    """Only the first so many pairs of the split."""
    methods: Count | None = None
    """Only so many focal methods, drawn by the data set's seed, with one pair of each."""
    seed: Seed = 0
    batch_size: Count = 8
    max_source_tokens: Count | None = None
    max_target_tokens: Count | None = None
    """Longest candidate. Losses of references are taken over whole tests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareConfig:
    """`tailorbird compare`: every stage in one go, each strategy with the same of everything but its own settings."""

    strategies: tuple[str, ...] = ("custom", "l-eo", "l-ldb", "prefix")
    seed: Seed = 0
    """The seed of every stage."""
    epochs: Positive | None = None
    """Passes over the training pairs, the same number for each strategy; None takes the smallest number among the
    strategies' own defaults on this base."""
    batch_size: Count = 8
    validations: Count = 6
    validation_pairs: Count | None = None
    """As in `PersonaliseConfig`."""
    precision: Precision = "auto"
    decoding: Decoding | None = None
    """How tokens are chosen; None takes the base's own, as below."""
    constraint: Constraint | None = None
    """What may be written, as in `GenerateConfig`."""
    beams: Count = 4
    """Width of the beam; used by beam search alone."""
    candidates: Count = 1
    """For each focal method; useful@k and pass@k are given for each k of 1, 5 and 10 up to it."""
    temperature: Positive | None = None
    top_p: Annotated[float, msgspec.Meta(gt=0, le=1)] | None = None
    no_repeat_ngram: Annotated[int, msgspec.Meta(ge=0)] | None = None
    """No run of so many tokens is written twice in one candidate; 0 allows every repetition."""
    neighbour: Literal["both", "with", "without"] = "both"
    """Whether a model is shown each pair's neighbour, a test of a similar method: that is retrieval. ``both`` gives
    each model two rows, the second called ``NAME+neighbour``."""
    limit: Count | None = None
    """Generate for only the first so many test pairs."""
    methods: Count | None = None
    """Generate for only so many focal methods, drawn by the seed, with one pair of each."""
    execute: bool = True
    """Execute the candidates, where there are a JDK, a sandbox and a build; where not, the comparison goes without."""
    generation_batch_size: Count = 16
    context: str = DEFAULT_CONTEXT
    """What a model is shown of each focal method, as in `MineConfig`."""
    older: str | None = None
    """A time split, as in `MineConfig`: the base is scored on older tests as well as on those added since."""
    since: str | None = None
    """A time split by git history, as in `MineConfig`."""
    max_source_tokens: Count | None = None
    max_target_tokens: Count | None = None
    settings: dict[str, dict[str, Scalar]] = field(default_factory=dict)
    """For each strategy its own settings, such as ``settings.prefix.length``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecuteConfig:
    """`tailorbird execute`: how candidates are run."""

    deadline_seconds: Positive = 5.0
    """For one candidate."""
    reruns: Annotated[int, msgspec.Meta(ge=0)] = 3
    """How often a passing candidate is run again, to find the flaky ones."""
    added_coverage: bool = True
    """Run the project's own tests of a focal class too, to say what a candidate covers that they do not."""
    confirm: bool = False
    """Write what passes into a copy of the tree and run the project's own ``mvn test`` there, outside the sandbox."""
    workers: Count | None = None
    """JVMs at a time; None takes one for each processor."""
    heap_mb: Count = 768
    """Heap of each JVM."""
    mutants: Annotated[int, msgspec.Meta(ge=0)] = 100
    """Most mutants of a focal method that a passing candidate meets; of more so many are drawn. 0 is without."""
    repair_imports: bool = True
    """Import what a candidate that does not compile lacks, where one match is best, and judge it a second time."""
    observed_values: bool = True
    """Give a candidate that fails at an expected literal the value that the run gave, and judge it a second time."""
    sandbox: SandboxKind = "auto"
    """What keeps candidates from the machine; ``auto`` is the strongest that works."""
    classpath: str | None = None
    """Of a project that something else has built: a file with the class path of its tests."""
    classes: str | None = None
    """And the folder of its production classes."""
    seed: Seed = 0
    """Draws the order of the reruns, and the mutants."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PretrainConfig:
    """`tailorbird pretrain`: the recipe of the tiny base."""

    seed: Seed = 0
    hours: Positive | None = None
    """Pause after so many hours; the same command goes on. None trains until the recipe is complete."""
    vocabulary_size: Annotated[int, msgspec.Meta(ge=512)] = 8192
    new_vocabulary: bool = False
    """Where training goes on from a base: with a vocabulary of the corpus's own, to which its embeddings move."""
    width: Annotated[int, msgspec.Meta(ge=64, multiple_of=64)] = 256
    """Features, a multiple of 64: each head has so many."""
    blocks: Count = 4
    denoising_steps: Annotated[int, msgspec.Meta(ge=0)] = 2400
    """0 leaves the first stage out: where training goes on from a base that has had it."""
    denoising_batch_size: Count = 8
    denoising_tokens: Count = 128
    """Longest snippet of the first stage, in tokens: short ones teach reading soonest."""
    denoising_learning_rate: Positive = 1e-3
    broken_off: Share = 0.5
    """Share of denoised methods that break off somewhere and are to be gone on with; the others have spans masked."""
    pair_steps: Count = 4800
    pair_batch_size: Count = 8
    pair_learning_rate: Positive = 1e-3
    pair_decay_share: Share = 0.7
    """Share of the second stage's steps, at the end, over which the rate falls to 0."""
    unlikelihood: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    """Weight in the second stage of a loss on repeating what stands already where that is wrong; 0 is without."""
    denoise_every: Annotated[int, msgspec.Meta(ge=0)] = 4
    """In the second stage every so many steps denoise still; 0 never does."""
    lone_tests: bool = True
    """Train the second stage on test cases without a focal method too, from the outline of their class."""
    renamed: Share = 0.5
    """Share of the second stage's examples whose own words are swapped for others, so that words are copied from the
    input and not known by heart."""
    context: str = DEFAULT_CONTEXT
    """What the second stage shows of a pair besides its test: the levels of `MineConfig`."""
    max_source_tokens: Count = 512
    shared_sources: bool = False
    """Put the second stage's examples of equal sources into the same batches: a step then encodes fewer of them."""
    max_target_tokens: Count = 256
    """Pairs with a longer test case are left out: a cut one would teach unfinished tests."""
    validations: Count = 7
    """Points on each stage's curve."""
    optimiser: OptimiserName = "adamw"
    """``muon`` takes orthogonal steps in the blocks' matrices, and AdamW's in all else. New bases were
    measured with it at rates of 2e-3."""
    precision: Precision = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class TestWritingConfig:
    """`tailorbird stage`: the test-writing stage of a base."""

    __test__ = False  # pytest: this is no test class

    pairs: Count = 6000
    """Pairs of the corpus to train on; the first of them are those of a smaller number."""
    pairs_per_class: Count = 8
    """At most so many of one focal class."""
    held_out: Count = 64
    """Pairs of held-out projects that the learning curve is measured on."""
    training: PersonaliseConfig = PersonaliseConfig(
        strategy="lora",
        epochs=1.0,
        learning_rate=5e-4,
        batch_size=16,
        validations=12,
        max_source_tokens=768,
        max_target_tokens=256,
        settings={"rank": 16, "alpha": 32},
    )
    """How to train: the settings of `PersonaliseConfig`."""


def load_config(kind: type[T], toml: Path | None = None, overrides: Sequence[str] = (), **flags: object) -> T:
    """A ``kind`` from its defaults, ``toml``, ``overrides`` (``key=value``, dots reach into tables) and ``flags``.

    Values of overrides are read as TOML, and as plain text where they are not TOML. A flag that is None was not given.
    """
    given = _nested_defaults(kind)
    layers: list[tuple[str, dict[str, object]]] = []
    if toml is not None:
        layers.append((f"in {toml}", _read_toml(toml)))
    layers += [(f"in --set {override}", _parse_override(override)) for override in overrides]
    layers.append(("on the command line", {name: value for name, value in flags.items() if value is not None}))
    for origin, layer in layers:
        check_keys(kind, layer, origin)
        given = _merged(given, layer)
        # Checked layer by layer, so that the message can say which one holds the wrong value.
        config = _converted(kind, given, origin)
    return config


def _nested_defaults(kind: type) -> dict[str, object]:
    """The defaults of tables within ``kind``: a key that is given there leaves the table's other ones as they are."""
    return {
        one.name: asdict(one.default)
        for one in fields(kind)
        if is_dataclass(one.default) and not isinstance(one.default, type)
    }


def nearest_name(given: str, known: Iterable[str]) -> str | None:
    """The one of ``known`` that a misspelt ``given`` most likely means; None where none is near."""
    return next(iter(difflib.get_close_matches(given, list(known), n=1, cutoff=0.5)), None)


def _read_toml(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"--config {path} could not be read ({error.strerror}): give an existing TOML file."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"--config {path} is not valid TOML ({error}).") from error


def _parse_override(override: str) -> dict[str, object]:
    key, equals, text = override.partition("=")
    names = [name.strip() for name in key.split(".")]
    if not equals or not all(names):
        raise UsageError(f"--set {override} is not of the form key=value.")
    value: object
    try:
        value = tomllib.loads(f"value = {text.strip()}")["value"]
    except tomllib.TOMLDecodeError:
        value = text.strip()
    for name in reversed(names):
        value = {name: value}
    return cast(dict[str, object], value)


def _merged(old: Mapping[str, object], new: Mapping[str, object]) -> dict[str, object]:
    merged = dict(old)
    for key, value in new.items():
        before = merged.get(key)
        merged[key] = _merged(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return merged


def check_keys(kind: type, given: Mapping[str, object], origin: str, prefix: str = "") -> None:
    """UsageError for a key of ``given`` that is no field of ``kind``: what it is in, and the nearest name."""
    types = get_type_hints(kind)
    for key, value in given.items():
        if key not in types:
            nearest = nearest_name(key, types)
            remedy = f"did you mean {prefix}{nearest}?" if nearest else f"there are {', '.join(_names(kind))}."
            raise UsageError(f"{prefix}{key} ({origin}) is not a setting here: {remedy}")
        if isinstance(value, Mapping) and is_dataclass(types[key]):
            check_keys(types[key], value, origin, f"{prefix}{key}.")


def _names(kind: type) -> Iterator[str]:
    return (part.name for part in fields(kind))


def _converted(kind: type[T], given: Mapping[str, object], origin: str) -> T:
    try:
        return msgspec.convert(given, type=kind)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at ")
        reason = reason.replace("`array`", "a list such as ['a', 'b']").replace("`object`", "a table")
        where = place.strip("`").removeprefix("$.") or "the file"
        wanted = get_type_hints(kind).get(where)
        choices = ("true", "false") if wanted is bool else get_args(wanted)
        remedy = f" Choose one of {', '.join(choices)}." if choices and all(isinstance(c, str) for c in choices) else ""
        raise UsageError(
            f"{where} ({origin}) has a value that does not fit: {reason[0].lower()}{reason[1:]}.{remedy}"
        ) from error
