"""What is known about a base besides its weights: read from its folder, or derived where nobody wrote it down."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from transformers import GenerationConfig, PreTrainedConfig, PreTrainedTokenizerBase

from tailorbird.base.own import READER_OF_FILES
from tailorbird.base.vocabulary import special_ids
from tailorbird.errors import BaseError, StorageError
from tailorbird.records import DESCRIPTION_FILE, BaseDescription
from tailorbird.storage import read_json


def read_description(folder: Path) -> BaseDescription | None:
    """What ``folder`` says of its base; None where it says nothing."""
    path = folder / DESCRIPTION_FILE
    if not path.is_file():
        return None
    try:
        return read_json(path, BaseDescription)
    except StorageError as error:
        raise BaseError(
            f'{path} does not describe a base ({error.__cause__}): it needs at least {{"end_token": "</s>"}}, with the '
            "base's own end token."
        ) from error


def derive_description(
    name: str, place: str, tokenizer: PreTrainedTokenizerBase, config: PreTrainedConfig
) -> BaseDescription:
    """What a base is taken for that comes without a description: its own end token, prompt and limits of its kind.

    The end token is the last one that ``generation_config.json`` or ``config.json`` in ``place`` names as
    ``eos_token_id``, and else the tokenizer's. Raises BaseError where none of these is a special token there.
    """
    special = special_ids(tokenizer)
    for number in _named_ends(place, tokenizer):
        unknown = number == tokenizer.unk_token_id != tokenizer.eos_token_id
        # An ordinary token, or the one for what is not known, would end a test in its midst.
        if number in special and not unknown:
            kind = BaseDescription(end_token="") if config.is_encoder_decoder else READER_OF_FILES
            return replace(_within_positions(kind, config), end_token=str(tokenizer.convert_ids_to_tokens(number)))
    raise BaseError(
        f"--base {name} does not say which token ends a text: write {DESCRIPTION_FILE} into a copy of its folder, with "
        '{"end_token": "</s>"} or whatever its tokenizer has.'
    )


def _within_positions(kind: BaseDescription, config: PreTrainedConfig) -> BaseDescription:
    """``kind`` with no limit beyond the model's positions, which a decoder needs for source and target together."""
    positions = getattr(config, "max_position_embeddings", None)
    if not positions:
        return kind
    target = min(kind.max_target_tokens, positions if config.is_encoder_decoder else positions // 2)
    source = min(kind.max_source_tokens, positions if config.is_encoder_decoder else positions - target)
    return replace(kind, max_source_tokens=source, max_target_tokens=target)


def _named_ends(place: str, tokenizer: PreTrainedTokenizerBase) -> Iterator[int]:
    try:
        generation = GenerationConfig.from_pretrained(place).eos_token_id
    except OSError:  # Most older models have no such file.
        generation = None
    # As written: a configuration that is silent has its class's default, which may be any token.
    configured = PreTrainedConfig.get_config_dict(place)[0].get("eos_token_id")
    for named in (generation, configured, tokenizer.eos_token_id):
        if isinstance(named, list | tuple):
            named = named[-1] if named else None
        if named is not None:
            yield int(named)
