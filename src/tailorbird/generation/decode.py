"""From prompts to candidate texts: greedy, beam and sampling, through transformers' ``generate``."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from transformers import GenerationConfig, PreTrainedModel

from tailorbird.base.load import Base
from tailorbird.errors import UsageError
from tailorbird.training.batches import Encoded, collate
from tailorbird.training.losses import target_losses

METHODS = ("greedy", "beam", "sample")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoding:
    """How to decode. ``candidates`` come back for each prompt, best (or first drawn) first."""

    method: str = "greedy"
    candidates: int = 1
    beams: int = 4
    temperature: float = 1.0
    top_p: float = 1.0
    max_tokens: int = 256
    no_repeat_ngram: int = 0
    """No run of so many tokens is written twice in one candidate; 0 allows every repeat."""

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise UsageError(f"decoding = {self.method}: choose one of {', '.join(METHODS)}.")
        if self.candidates < 1 or self.max_tokens < 1 or self.no_repeat_ngram < 0:
            raise UsageError("candidates and max_tokens must be at least 1, and no_repeat_ngram at least 0.")
        if self.method == "greedy" and self.candidates > 1:
            raise UsageError(
                f"greedy decoding gives 1 candidate, {self.candidates} were asked for: choose beam or sample."
            )
        if self.method == "beam" and self.beams < max(2, self.candidates):
            raise UsageError(
                f"beam search with {self.beams} beams cannot give {self.candidates} candidates: "
                f"use at least {max(2, self.candidates)} beams."
            )
        if self.method == "sample" and not (self.temperature > 0 and 0 < self.top_p <= 1):
            raise UsageError("sampling needs temperature > 0 and 0 < top_p <= 1.")


@dataclass(frozen=True, slots=True)
class Decoded:
    """One decoded sequence. ``tokens`` end with the end token where ``finished``."""

    tokens: tuple[int, ...]
    log_probability: float
    finished: bool


@torch.no_grad()
def decode_batch(
    base: Base, sources: Sequence[tuple[int, ...]], decoding: Decoding, *, seed: int
) -> list[list[Decoded]]:
    """Candidates for each of ``sources``.

    Log-probabilities are the model's own, whatever the temperature, and come from one teacher-forced pass over the
    finished sequences: it costs one step, and no logits of all steps need to be kept.
    """
    model = base.model
    batch = collate([Encoded(source, (0,)) for source in sources], pad=base.pad).to(next(model.parameters()).device)
    torch.manual_seed(seed)
    config = _config(model, decoding)
    with _without_own_settings(model):
        sequences = model.generate(  # type: ignore[operator]  # added to the class at import time
            input_ids=batch.input_ids, attention_mask=batch.attention_mask, generation_config=config
        ).tolist()
    # The first token is the decoder's start, which is no output.
    targets = [_until_end(sequence[1:], base) for sequence in sequences]
    repeated = [source for source in sources for _ in range(decoding.candidates)]
    losses = target_losses(model, [Encoded(s, t[0]) for s, t in zip(repeated, targets, strict=True)], pad=base.pad)
    decoded = [Decoded(tokens, -loss.loss, done) for (tokens, done), loss in zip(targets, losses, strict=True)]
    return [decoded[at : at + decoding.candidates] for at in range(0, len(decoded), decoding.candidates)]


@contextmanager
def _without_own_settings(model: PreTrainedModel) -> Iterator[None]:
    """Without what a base ships as its own (repeat penalties, forced tokens): `generate` would add it unasked."""
    own = model.generation_config
    model.generation_config = GenerationConfig()
    try:
        yield
    finally:
        model.generation_config = own


def _config(model: PreTrainedModel, decoding: Decoding) -> GenerationConfig:
    own = model.generation_config
    sampling = {"do_sample": True, "temperature": decoding.temperature, "top_p": decoding.top_p, "top_k": 0}
    return GenerationConfig(
        max_new_tokens=decoding.max_tokens,
        num_beams=decoding.beams if decoding.method == "beam" else 1,
        num_return_sequences=decoding.candidates,
        no_repeat_ngram_size=decoding.no_repeat_ngram,
        pad_token_id=own.pad_token_id,
        eos_token_id=own.eos_token_id,
        bos_token_id=own.bos_token_id,
        decoder_start_token_id=own.decoder_start_token_id,
        **(sampling if decoding.method == "sample" else {"do_sample": False}),
    )


def _until_end(sequence: list[int], base: Base) -> tuple[tuple[int, ...], bool]:
    end = base.tokenizer.eos_token_id
    if end in sequence:
        return tuple(sequence[: sequence.index(end) + 1]), True
    return tuple(sequence), False


def to_text(base: Base, decoded: Decoded) -> str:
    """The candidate's text, special tokens left out."""
    return str(base.tokenizer.decode(list(decoded.tokens), skip_special_tokens=True)).strip()
