"""The base that pre-training goes on from: its weights, shape and tokenizer, and how it came about."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from transformers import PreTrainedModel, PreTrainedTokenizerFast

from tailorbird.base.load import Base
from tailorbird.bases.catalogue import find_entry, folder_of
from tailorbird.bases.open import open_base
from tailorbird.config import PretrainConfig
from tailorbird.errors import UsageError
from tailorbird.pretraining.export import RECORD, PretrainingReport
from tailorbird.pretraining.stages import END, MASK, PAD
from tailorbird.storage import read_json


@dataclass(frozen=True, slots=True)
class Ancestor:
    """A base that pre-training made, to go on from."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerFast
    sha256: str
    """Of the weights."""
    reports: tuple[PretrainingReport, ...]
    """Its own pre-training and, before that, those of the bases that it went on from; the oldest first."""

    def shape(self, config: PretrainConfig) -> PretrainConfig:
        """``config`` with the shape that this base has, and UsageError where its positions are too few."""
        settings = self.model.config
        for name in ("max_source_tokens", "max_target_tokens", "denoising_tokens"):
            if getattr(config, name) > settings.max_position_embeddings:
                raise UsageError(
                    f"{name} = {getattr(config, name)}: the base to go on from has "
                    f"{settings.max_position_embeddings} positions: choose no more."
                )
        fixed = {"width": int(settings.d_model), "blocks": int(settings.encoder_layers)}
        fixed |= {} if config.new_vocabulary else {"vocabulary_size": int(settings.vocab_size)}
        for name, value in fixed.items():
            asked = getattr(config, name)
            if asked not in {value, getattr(PretrainConfig(), name)}:
                raise UsageError(f"{name} = {asked}: the base to go on from has {value}, which stays: leave it out.")
        return replace(
            config,
            vocabulary_size=config.vocabulary_size if config.new_vocabulary else int(settings.vocab_size),
            width=int(settings.d_model),
            blocks=int(settings.encoder_layers),
        )


def load_ancestor(name: str) -> Ancestor:
    """Load base ``name`` (a name such as ``tiny``, or a folder) to go on from.

    UsageError when `tailorbird pretrain` did not make it: its tokens and its history would be other ones.
    """
    entry = find_entry(name)
    folder = folder_of(entry) if entry is not None else Path(name)
    base = open_base(name) if (folder / RECORD).exists() else None
    if base is None or _special_tokens(base) != (PAD, END, MASK):
        raise UsageError(
            f"--from {name} is no base of `tailorbird pretrain` (its folder would hold {RECORD}): "
            "give one, or leave --from out to begin anew."
        )
    report = read_json(folder / RECORD, PretrainingReport)
    tokenizer = cast(PreTrainedTokenizerFast, base.tokenizer)
    return Ancestor(base.model, tokenizer, base.sha256, (*report.earlier, replace(report, earlier=())))


def _special_tokens(base: Base) -> tuple[int | None, ...]:
    return base.tokenizer.pad_token_id, base.tokenizer.eos_token_id, base.tokenizer.mask_token_id
