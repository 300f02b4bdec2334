"""Small randomly initialised models of each family, for tests that need a real forward pass and no download."""

from collections.abc import Callable
from typing import Any

import torch
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    PLBartConfig,
    PLBartForConditionalGeneration,
    PreTrainedModel,
    Qwen2Config,
    Qwen2ForCausalLM,
    T5Config,
    T5ForConditionalGeneration,
)

from tailorbird.base.load import Base, tokenizer_sha256, weights_sha256
from tailorbird.base.tokenizer import train_tokenizer
from tailorbird.networks.batch import Encoded
from tailorbird.networks.network import Network

WIDTH, HEADS, BLOCKS, FFN = 32, 4, 2, 48

TEXTS = [
    f"@Test\npublic void test{name}() {{\n\tassertEquals({value}, new {name}().{call}({value}));\n}}"
    for value, (name, call) in enumerate(
        [("Counter", "count"), ("Parser", "parse"), ("Buffer", "size"), ("Encoder", "encode"), ("Clock", "now")] * 4
    )
]

_TOKENIZER = train_tokenizer(TEXTS, vocabulary_size=320)
VOCABULARY = len(_TOKENIZER)

_BART: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "d_model": WIDTH,
    "encoder_layers": BLOCKS,
    "decoder_layers": BLOCKS,
    "encoder_attention_heads": HEADS,
    "decoder_attention_heads": HEADS,
    "encoder_ffn_dim": FFN,
    "decoder_ffn_dim": FFN,
    "max_position_embeddings": 256,
    "dropout": 0.1,
    "bos_token_id": 0,
    "pad_token_id": 1,
    "eos_token_id": 2,
    "decoder_start_token_id": 2,
    "forced_eos_token_id": None,
    "init_std": 0.3,
}


def bart(*, tied: bool = True) -> PreTrainedModel:
    """A BART of 2 + 2 blocks; token embeddings and output layer tied, unless asked otherwise."""
    return BartForConditionalGeneration(BartConfig(**_BART, tie_word_embeddings=tied))


def plbart() -> PreTrainedModel:
    """A PLBART: BART's layers under another name, with scaled embeddings."""
    return PLBartForConditionalGeneration(PLBartConfig(**_BART, scale_embedding=True))


def t5(*, gated: bool = False) -> PreTrainedModel:
    """A T5 of 2 + 2 blocks: relative positions, no biases, RMS norms; a feed-forward of two or three projections."""
    tied: dict[str, Any] = {"tie_word_embeddings": not gated}
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
            feed_forward_proj="gated-gelu" if gated else "relu",
            **tied,
        )
    )
    model.config.decoder_start_token_id = model.generation_config.decoder_start_token_id = 1
    return model


def gpt2() -> PreTrainedModel:
    """A GPT-2 of 2 blocks."""
    return GPT2LMHeadModel(
        GPT2Config(
            vocab_size=VOCABULARY,
            n_embd=WIDTH,
            n_layer=BLOCKS,
            n_head=HEADS,
            n_inner=FFN,
            n_positions=256,
            bos_token_id=0,
            eos_token_id=2,
            pad_token_id=1,
            initializer_range=0.3,
        )
    )


_LLAMA: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": WIDTH,
    "intermediate_size": FFN,
    "num_hidden_layers": BLOCKS,
    "num_attention_heads": HEADS,
    "num_key_value_heads": HEADS // 2,
    "max_position_embeddings": 256,
    "bos_token_id": 0,
    "eos_token_id": 2,
    "pad_token_id": 1,
    "initializer_range": 0.3,
}


def llama() -> PreTrainedModel:
    """A Llama of 2 blocks, two query heads for each of the keys'."""
    return LlamaForCausalLM(LlamaConfig(**_LLAMA))


def qwen2() -> PreTrainedModel:
    """A Qwen2 of 2 blocks: Llama's, with biases on query, key and value, and tied embeddings."""
    return Qwen2ForCausalLM(Qwen2Config(**_LLAMA, tie_word_embeddings=True))


FAMILIES: dict[str, Callable[[], PreTrainedModel]] = {
    "bart": bart,
    "plbart": plbart,
    "t5": t5,
    "t5-gated": lambda: t5(gated=True),
    "gpt2": gpt2,
    "llama": llama,
    "qwen2": qwen2,
}

CROSSING = ("bart", "plbart", "t5", "t5-gated")
"""Those with an encoder."""

BIASED = ("bart", "plbart", "gpt2", "qwen2")
"""Those with biases."""


def trainable(family: str, strategy: str) -> bool:
    """Whether ``strategy`` has something to train on ``family``."""
    return strategy != "bitfit" or family in BIASED


def small_base(family: str = "bart", *, seed: int = 0) -> Base:
    """A base of ``family`` with weights drawn from ``seed``."""
    torch.manual_seed(seed)
    return base_of(FAMILIES[family](), family)


def base_of(model: PreTrainedModel, name: str = "small") -> Base:
    """``model`` as a base."""
    model.set_attn_implementation("eager")
    model.eval()
    return Base(name, Network(model), _TOKENIZER, weights_sha256(model), tokenizer_sha256(_TOKENIZER))


def encoded_texts() -> list[Encoded]:
    """20 examples: the text without its first line in, the whole text out."""
    return [
        Encoded(tuple(_TOKENIZER(text.partition("\n")[2])["input_ids"]), tuple(_TOKENIZER(text)["input_ids"]))
        for text in TEXTS
    ]
