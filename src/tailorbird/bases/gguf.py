"""GGUF files, llama.cpp's format, as ordinary Hugging Face folders in the user's cache."""

import shutil
from collections.abc import Callable
from contextlib import redirect_stderr
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any, TypeVar

import torch
from tokenizers import pre_tokenizers
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging as transformers_logging

from tailorbird.base.load import Base, load_base
from tailorbird.bases.building import publish, scratch_beside
from tailorbird.bases.catalogue import bases_cache
from tailorbird.errors import BaseError, ToolMissingError
from tailorbird.networks.network import FAMILIES
from tailorbird.records import DESCRIPTION_FILE, BaseDescription
from tailorbird.storage import sha256_file, write_json

SUFFIX = ".gguf"

_EXACT = {0: torch.float32, 1: torch.float16}
"""By ``general.file_type``: files that are not quantised keep their precision."""
_DIGITS_ALONE = ("smollm", "starcoder", "refact", "command-r", "codeshell")
"""By ``tokenizer.ggml.pre``: tokenizers that split numbers into digits first, which transformers does not restore."""

T = TypeVar("T")


def gguf_in(place: str) -> Path | None:
    """The GGUF file that ``place`` names: the file itself, or the only one in a folder without another model.

    BaseError where a folder has several.
    """
    path = Path(place).expanduser()
    if path.suffix.lower() == SUFFIX and path.is_file():
        return path
    if not path.is_dir() or (path / "config.json").exists():
        return None
    found = sorted(one for one in path.iterdir() if one.suffix.lower() == SUFFIX)
    if len(found) > 1:
        raise BaseError(f"{place} holds {len(found)} GGUF files: give one of them, such as --base {found[0]}.")
    return found[0] if found else None


def converted(file: Path, name: str) -> Path:
    """The folder that ``file`` was converted into: now, or when it was first used. Its key is the file's SHA-256."""
    target = bases_cache() / "gguf" / sha256_file(file)[:32]
    if not target.is_dir():
        with scratch_beside(target) as scratch:
            convert(file, scratch / "base", name=name)
            publish(scratch / "base", target)
    return target


def convert(file: Path, folder: Path, *, name: str, description: BaseDescription | None = None) -> Base:
    """Write the model in ``file`` as a Hugging Face ``folder``; the base, loaded from there as a check.

    Raises BaseError where it is of no family that is known here, or cannot be read.
    """
    if find_spec("gguf") is None:
        raise ToolMissingError("gguf is not installed: pip install 'tailorbird[train]'")
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    place, options = str(file.parent), {"gguf_file": file.name}
    config = _read(file, lambda: AutoConfig.from_pretrained(place, **options))
    if config.model_type not in FAMILIES:
        raise BaseError(
            f"{file} is a {config.model_type} model, whose layers Tailorbird does not know: "
            f"choose one of {', '.join(FAMILIES)}."
        )
    kind, split = _read(file, lambda: _metadata(file))
    loader: Any = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
    model = _read(file, lambda: loader.from_pretrained(place, dtype=_EXACT.get(kind, torch.bfloat16), **options))
    tokenizer = _read(file, lambda: AutoTokenizer.from_pretrained(place, **options))
    if split in _DIGITS_ALONE:
        _split_digits(tokenizer)
    _save(model, tokenizer, folder)
    if description is not None:
        write_json(folder / DESCRIPTION_FILE, description)
    return load_base(str(folder), name=name)


def _metadata(file: Path) -> tuple[int, str]:
    """How the weights are stored, and how the tokenizer splits texts; -1 and "" where the file does not say."""
    from gguf import GGUFReader

    fields = GGUFReader(file).fields
    kind, split = fields.get("general.file_type"), fields.get("tokenizer.ggml.pre")
    return (-1 if kind is None else int(kind.contents())), ("" if split is None else str(split.contents()))


def _split_digits(tokenizer: PreTrainedTokenizerBase) -> None:
    backend: Any = tokenizer.backend_tokenizer
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    backend.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), level])


def _save(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    # The weights are ordinary ones now; with these left in place, save_pretrained refuses.
    for owner, names in ((model.config, ("quantization_config",)), (model, ("hf_quantizer", "quantization_method"))):
        for name in names:
            if name in vars(owner):
                delattr(owner, name)
    model.config.name_or_path = ""
    model.save_pretrained(str(folder))
    tokenizer.save_pretrained(str(folder))
    for path in folder.iterdir():
        # safetensors makes files that their owner alone can read.
        shutil.copymode(folder / "config.json", path)


def _read(file: Path, read: Callable[[], T]) -> T:
    try:
        # Its bar of tensors is shown wherever standard error goes.
        with redirect_stderr(StringIO()):
            return read()
    except Exception as error:  # Readers of untrusted bytes fail in many ways.
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise BaseError(f"{file} could not be read as a GGUF file ({reason}): download or copy it again.") from error
