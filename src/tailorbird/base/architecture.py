"""The tiny base's shape: BART's, at about 10M parameters."""

import torch
from transformers import BartConfig, BartForConditionalGeneration

MAX_POSITIONS = 1024

_AMPLITUDE = 0.5
"""Of the positions at the start: their root mean square is then that of the scaled token embeddings."""


def tiny_config(*, vocabulary_size: int = 8192, width: int = 256, blocks: int = 4) -> BartConfig:
    """Configuration of a small BART: ``blocks`` encoder and ``blocks`` decoder blocks of ``width`` features.

    With the defaults: 9.99M parameters, of which 2.10M are token embeddings (tied with the output layer).
    """
    return BartConfig(
        vocab_size=vocabulary_size,
        d_model=width,
        encoder_layers=blocks,
        decoder_layers=blocks,
        encoder_attention_heads=width // 64,
        decoder_attention_heads=width // 64,
        encoder_ffn_dim=4 * width,
        decoder_ffn_dim=4 * width,
        max_position_embeddings=MAX_POSITIONS,
        dropout=0.0,
        attention_dropout=0.0,
        activation_dropout=0.0,
        scale_embedding=True,
        bos_token_id=0,
        pad_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=2,
        forced_eos_token_id=None,
        tie_word_embeddings=True,
    )


def new_tiny_model(
    *, vocabulary_size: int, seed: int, width: int = 256, blocks: int = 4
) -> BartForConditionalGeneration:
    """An untrained model of the tiny shape, its weights drawn from ``seed`` and its positions sinusoids.

    BART draws its learned positions too. Started as sinusoids they tell attention from the first step on which token is
    the next one, which copying needs: at equal seconds the input gain was more than twice that of drawn ones.
    """
    torch.manual_seed(seed)
    model = BartForConditionalGeneration(tiny_config(vocabulary_size=vocabulary_size, width=width, blocks=blocks))
    for half in (model.model.encoder, model.model.decoder):
        positions = half.embed_positions.weight
        positions.data.copy_(_AMPLITUDE * _sinusoids(*positions.shape))
    model.set_attn_implementation("eager")
    return model


def _sinusoids(count: int, width: int) -> torch.Tensor:
    """Positions of the first Transformer (Vaswani et al., 2017), sines before cosines; (count, width)."""
    angles = torch.arange(count)[:, None] / 10_000 ** (torch.arange(0, width, 2) / width)
    return torch.cat([angles.sin(), angles.cos()], dim=1)
