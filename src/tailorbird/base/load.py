"""Loading a base: a Hugging Face model of a known family by id or folder. `tailorbird.bases` knows bases by name."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import torch
from huggingface_hub.utils import logging as hub_logging
from safetensors import SafetensorError
from torch import nn
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging as transformers_logging

from tailorbird.base.description import derive_description, read_description
from tailorbird.base.own import OWN_DESCRIPTION
from tailorbird.base.vocabulary import end_with, require_vocabulary, unwritable
from tailorbird.errors import BaseError, UsageError
from tailorbird.networks.agreement import require_agreement
from tailorbird.networks.network import FAMILIES, Network
from tailorbird.records import BaseDescription
from tailorbird.storage import sha256_bytes

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Base:
    """A base model in memory, with what identifies it."""

    name: str
    network: Network
    tokenizer: PreTrainedTokenizerBase
    sha256: str
    """Over names, shapes and bytes of all weights, and the configuration's shape-giving part."""
    tokenizer_sha256: str
    description: BaseDescription = OWN_DESCRIPTION

    @property
    def model(self) -> PreTrainedModel:
        """The Hugging Face model whose layers the network calls."""
        return self.network.model

    @property
    def end(self) -> int:
        """Id of the token that ends a test case."""
        return int(self.tokenizer.eos_token_id)

    def text(self, tokens: Sequence[int]) -> str:
        """What ``tokens`` say, character for character, without special tokens and without the end."""
        said = [token for token in tokens if token != self.end]
        return str(self.tokenizer.decode(said, skip_special_tokens=True, clean_up_tokenization_spaces=False))

    @property
    def max_positions(self) -> int | None:
        """Longest input the base can take; None where positions are relative, as in T5."""
        positions = getattr(self.model.config, "max_position_embeddings", None)
        return int(positions) if positions else None

    def limits(self, max_source: int | None, max_target: int | None) -> tuple[int, int]:
        """Longest source and longest target in tokens: as given, or the base's own.

        UsageError where they go beyond the base's positions.
        """
        source = self.description.max_source_tokens if max_source is None else max_source
        target = self.description.max_target_tokens if max_target is None else max_target
        self.require_positions(max_source=source, max_target=target)
        return source, target

    def target_room(self, max_source: int) -> int:
        """Most tokens that a target can have after a source of ``max_source`` tokens."""
        if self.max_positions is None:
            return 1 << 30
        prompt = 0 if self.network.prompt is None else len(self.network.prompt)
        joined = self.network.parts.encoder is None
        return self.max_positions - (max_source + prompt if joined else 0)

    def require_positions(self, *, max_source: int, max_target: int) -> None:
        """UsageError where limits in tokens go beyond the base's positions: torch would fail in the midst of work."""
        if self.network.prompt is not None:
            max_source += len(self.network.prompt)
        if self.network.parts.encoder is None and self.max_positions is not None:
            # One sequence holds both.
            if max_source + max_target > self.max_positions:
                raise UsageError(
                    f"max_source_tokens = {max_source} and max_target_tokens = {max_target}: the base {self.name} has "
                    f"{self.max_positions} positions for both together: choose less."
                )
            return
        for name, limit in (("max_source_tokens", max_source), ("max_target_tokens", max_target)):
            if self.max_positions is not None and limit > self.max_positions:
                raise UsageError(
                    f"{name} = {limit}: the base {self.name} has {self.max_positions} positions: choose no more."
                )


def load_base(
    place: str,
    *,
    name: str | None = None,
    description: BaseDescription | None = None,
    device: torch.device | None = None,
) -> Base:
    """Load a base in fp32 from a folder, or a Hugging Face model id, and call it ``name`` (else as it was given).

    Without a ``description`` its folder's own is taken (`tailorbird-base.json`), and without that one it is derived.
    Raises BaseError when the base is not there, is of no known family, has no end token, or has another tokenizer's
    embeddings.
    """
    name = name or place
    # Their warnings and retries would bury the one sentence that says what is wrong.
    transformers_logging.set_verbosity_error()
    hub_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    config = _load(name, lambda: AutoConfig.from_pretrained(place))
    if config.model_type not in FAMILIES:
        raise BaseError(
            f"--base {name} is a {config.model_type} model, whose layers Tailorbird does not know: "
            f"choose one of {', '.join(FAMILIES)}."
        )
    tokenizer = _load(name, lambda: AutoTokenizer.from_pretrained(place))
    model = _load_model(name, place, crossing=bool(config.is_encoder_decoder))
    embeddings: Any = model.get_input_embeddings()
    rows = int(embeddings.weight.shape[0])
    require_vocabulary(tokenizer, rows, name)
    described = description or read_description(Path(place))
    if described is None:
        described = _load(name, lambda: derive_description(name, place, tokenizer, config))
    tokenizer_hash = tokenizer_sha256(tokenizer)
    if end_with(tokenizer, described.end_token, name):
        # Targets end otherwise: for a delta that is another tokenizer.
        tokenizer_hash = sha256_bytes(f"{tokenizer_hash} {described.end_token}".encode())
    if device is not None:
        cast(nn.Module, model).to(device)
    network = Network(model)
    network.unwritable = unwritable(tokenizer, network.parts.head.weight.shape[0])
    require_agreement(network, name)
    return Base(name, network, tokenizer, weights_sha256(model), tokenizer_hash, described)


def _load_model(name: str, place: str, *, crossing: bool) -> PreTrainedModel:
    loader = AutoModelForSeq2SeqLM if crossing else AutoModelForCausalLM
    loaded: Any = _load(
        name,
        lambda: loader.from_pretrained(
            place,
            dtype=torch.float32,
            output_loading_info=True,
            ignore_mismatched_sizes=True,
        ),
    )
    model: PreTrainedModel = loaded[0]
    found = loaded[1]
    # transformers fills these at random and goes on: another model each time.
    unfit = {*found["missing_keys"], *(key for key, *_ in found["mismatched_keys"])}
    lacking = sorted(unfit & {key for key, _ in model.named_parameters()})
    if lacking:
        raise BaseError(
            f"--base {name} could not be loaded: {lacking[0]} is missing from its weights or has another shape than "
            "its config.json says; copy or download it again."
        )
    model.eval()
    return model


def _load(name: str, load: Callable[[], T]) -> T:
    try:
        return load()
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise BaseError(
            f"--base {name} could not be loaded ({reason}): give a folder with a Hugging Face model, "
            "a model id that this machine can reach, or a name that `tailorbird base list` has."
        ) from error


def weights_sha256(model: nn.Module) -> str:
    """SHA-256 over the names, shapes, types and bytes of a model's parameters and buffers, in order of name."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.detach().to("cpu").contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def tokenizer_sha256(tokenizer: PreTrainedTokenizerBase) -> str:
    """SHA-256 over what a tokenizer does: its backend's own JSON where there is one, else its vocabulary."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    content = backend.to_str() if backend is not None else json.dumps(tokenizer.get_vocab(), sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()
