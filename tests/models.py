"""Small randomly initialised models of each family, for tests that need a real forward pass and no download."""

import torch
from transformers import BartConfig, BartForConditionalGeneration, PreTrainedModel, T5Config, T5ForConditionalGeneration

from tailorbird.base.load import Base, tokenizer_sha256, weights_sha256
from tailorbird.base.tokenizer import train_tokenizer
from tailorbird.training.batches import Encoded

WIDTH, HEADS, BLOCKS, FFN = 32, 4, 2, 48

TEXTS = [
    f"@Test\npublic void test{name}() {{\n\tassertEquals({value}, new {name}().{call}({value}));\n}}"
    for value, (name, call) in enumerate(
        [("Counter", "count"), ("Parser", "parse"), ("Buffer", "size"), ("Encoder", "encode"), ("Clock", "now")] * 4
    )
]

_TOKENIZER = train_tokenizer(TEXTS, vocabulary_size=320)
VOCABULARY = len(_TOKENIZER)


def bart(*, tied: bool = True) -> PreTrainedModel:
    """A BART of 2 + 2 blocks; token embeddings and output layer tied, unless asked otherwise."""
    return BartForConditionalGeneration(
        BartConfig(
            vocab_size=VOCABULARY,
            d_model=WIDTH,
            encoder_layers=BLOCKS,
            decoder_layers=BLOCKS,
            encoder_attention_heads=HEADS,
            decoder_attention_heads=HEADS,
            encoder_ffn_dim=FFN,
            decoder_ffn_dim=FFN,
            max_position_embeddings=256,
            dropout=0.1,
            bos_token_id=0,
            pad_token_id=1,
            eos_token_id=2,
            decoder_start_token_id=2,
            forced_eos_token_id=None,
            init_std=0.3,
            tie_word_embeddings=tied,
        )
    )


def t5() -> PreTrainedModel:
    """A T5 of 2 + 2 blocks: relative positions, no biases, RMS norms."""
    model = T5ForConditionalGeneration(
        T5Config(
            vocab_size=VOCABULARY,
            d_model=WIDTH,
            d_kv=8,
            d_ff=FFN,
            num_layers=BLOCKS,
            num_decoder_layers=BLOCKS,
            num_heads=HEADS,
            dropout_rate=0.1,
            pad_token_id=1,
            eos_token_id=2,
            initializer_factor=2.0,
        )
    )
    model.config.decoder_start_token_id = model.generation_config.decoder_start_token_id = 1
    return model


FAMILIES = {"bart": bart, "t5": t5}


def small_base(family: str = "bart", *, seed: int = 0) -> Base:
    """A base of ``family`` with weights drawn from ``seed``."""
    torch.manual_seed(seed)
    model = FAMILIES[family]()
    model.set_attn_implementation("eager")
    model.eval()
    return Base(family, model, _TOKENIZER, weights_sha256(model), tokenizer_sha256(_TOKENIZER))


def encoded_texts() -> list[Encoded]:
    """20 examples: the text without its first line in, the whole text out."""
    return [
        Encoded(tuple(_TOKENIZER(text.partition("\n")[2])["input_ids"]), tuple(_TOKENIZER(text)["input_ids"]))
        for text in TEXTS
    ]
