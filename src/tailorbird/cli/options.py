"""Options that several commands share, each spelt once."""

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from tailorbird.errors import ToolMissingError
from tailorbird.storage import missing

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout, and nothing else there.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]
BaseModel = Annotated[
    str,
    typer.Option(
        "--base",
        metavar="BASE",
        help="A name that `tailorbird base list` has, or a BART, PLBART, T5, GPT-2, Llama or Qwen2 model: "
        "its folder, its .gguf file, or its Hugging Face id.",
    ),
]
ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Settings of this command as TOML; --set and the flags override it."),
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="One setting, its value as TOML; may be given several times."),
]
Seed = Annotated[int | None, typer.Option("--seed", help="Seed of all that is drawn by chance (default 0).")]


def require_there(*paths: Path | None) -> None:
    """Raise StorageError for the first of ``paths`` that is not there, before anything slow is imported for it."""
    for path in filter(None, paths):
        if not path.exists():
            raise missing(path)


def require_training_extra() -> None:
    """Raise ToolMissingError when the optional packages that run a model are not installed."""
    for package in ("torch", "transformers", "tokenizers", "safetensors"):
        if find_spec(package) is None:
            raise ToolMissingError(f"{package} is not installed: pip install 'tailorbird[train]'")
