"""The embedded base's shape: BART's, at about 10M parameters."""

import torch
from transformers import BartConfig, BartForConditionalGeneration

MAX_POSITIONS = 1024


def embedded_config(*, vocabulary_size: int = 8192, width: int = 256, blocks: int = 4) -> BartConfig:
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


def new_embedded_model(
    *, vocabulary_size: int, seed: int, width: int = 256, blocks: int = 4
) -> BartForConditionalGeneration:
    """An untrained model of the embedded shape, its weights drawn from ``seed``."""
    torch.manual_seed(seed)
    model = BartForConditionalGeneration(embedded_config(vocabulary_size=vocabulary_size, width=width, blocks=blocks))
    model.set_attn_implementation("eager")
    return model
