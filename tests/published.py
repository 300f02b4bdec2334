"""Tokenizers shaped as they are published with models of each family, trained here on a few lines: no download.

What they have that our own has not: tokens added before, after or nothing at all; ids with holes; digits one by one;
byte fall-back; added tokens that are ordinary text.
"""

import json
from collections.abc import Callable
from functools import cache

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from tests.models import TEXTS

_SIZE = 340


def _byte_level(first: list[str], splits: pre_tokenizers.PreTokenizer | None = None) -> Tokenizer:
    """BPE over bytes, with the special tokens ``first`` at the beginning of the vocabulary."""
    tokenizer = Tokenizer(models.BPE())
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=not isinstance(splits, pre_tokenizers.Split))
    tokenizer.pre_tokenizer = level if splits is None else pre_tokenizers.Sequence([splits, level])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=_SIZE,
        special_tokens=first,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    return tokenizer


def _added(tokenizer: Tokenizer, template: str, *named: str) -> None:
    """Let ``tokenizer`` put the special tokens ``named`` around each text, as ``template`` has them."""
    tokenizer.post_processor = processors.TemplateProcessing(
        single=template, special_tokens=[(name, tokenizer.token_to_id(name)) for name in named]
    )


def bart() -> PreTrainedTokenizerFast:
    """RoBERTa's way, which CodeT5 has too: a start token before and an end token behind."""
    tokenizer = _byte_level(["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    _added(tokenizer, "<s> $A </s>", "<s>", "</s>")
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        mask_token=AddedToken("<mask>", lstrip=True, special=True),
    )


def plbart() -> PreTrainedTokenizerFast:
    """The language behind the end token."""
    tokenizer = _byte_level(["<s>", "<pad>", "</s>", "<unk>"])
    tokenizer.add_special_tokens(["__java__", "__python__"])
    _added(tokenizer, "$A </s> __java__", "</s>", "__java__")
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>", unk_token="<unk>"
    )


def t5() -> PreTrainedTokenizerFast:
    """Pieces with their probabilities, an end token behind, and sentinels; line breaks are lost."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Replace(Regex(r"\s+"), " ")
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    first = ["<pad>", "</s>", "<unk>"]
    tokenizer.train_from_iterator(
        TEXTS,
        trainers.UnigramTrainer(vocab_size=_SIZE, special_tokens=first, unk_token="<unk>", show_progress=False),
    )
    # The trainer takes the first special token for the unknown one.
    trained = json.loads(tokenizer.to_str())
    trained["model"]["unk_id"] = first.index("<unk>")
    tokenizer = Tokenizer.from_str(json.dumps(trained))
    sentinels = [f"<extra_id_{number}>" for number in range(3)]
    tokenizer.add_special_tokens(sentinels)
    _added(tokenizer, "$A </s>", "</s>")
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        extra_special_tokens=sentinels,
    )


def gpt2() -> PreTrainedTokenizerFast:
    """Nothing is added; one token is start, end and unknown, the last of the vocabulary."""
    tokenizer = _byte_level([])
    tokenizer.add_special_tokens(["<|endoftext|>"])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<|endoftext|>", eos_token="<|endoftext|>", unk_token="<|endoftext|>"
    )


def llama() -> PreTrainedTokenizerFast:
    """A start token before; blanks are letters; digits one by one; what is not known falls back to its bytes."""
    known = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    characters = sorted({character for text in TEXTS for character in text.replace(" ", "▁")} - {"\n", "\t"})
    vocabulary = {token: number for number, token in enumerate([*known, *characters, "▁▁", "as", "ass"])}
    merges = [("▁", "▁"), ("a", "s"), ("as", "s")]
    tokenizer = Tokenizer(
        models.BPE(vocab=vocabulary, merges=merges, unk_token="<unk>", byte_fallback=True, fuse_unk=True)
    )
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>"])
    _added(tokenizer, "<s> $A", "<s>")
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", unk_token="<unk>", legacy=False
    )


def smollm() -> PreTrainedTokenizerFast:
    """A chat model's: special tokens first, digits one by one, nothing added."""
    splits = pre_tokenizers.Digits(individual_digits=True)
    tokenizer = _byte_level(["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<repo_name>"], splits)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<|im_start|>",
        eos_token="<|im_end|>",
        pad_token="<|im_end|>",
        unk_token="<|endoftext|>",
    )


def qwen2() -> PreTrainedTokenizerFast:
    """Special tokens and ordinary added ones behind the vocabulary; digits one by one; nothing added."""
    splits = pre_tokenizers.Split(Regex(r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+|\s+"), "isolated")
    tokenizer = _byte_level([], splits)
    tokenizer.add_special_tokens(["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    tokenizer.add_tokens([AddedToken("<tool_call>", special=False, normalized=False)])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|endoftext|>", pad_token="<|endoftext|>")


_SHAPES: dict[str, Callable[[], PreTrainedTokenizerFast]] = {
    "bart": bart,
    "plbart": plbart,
    "t5": t5,
    "gpt2": gpt2,
    "llama": llama,
    "smollm": smollm,
    "qwen2": qwen2,
}

SHAPES = tuple(_SHAPES)
LOSSLESS = tuple(shape for shape in SHAPES if shape != "t5")
"""Those that give back every text."""


@cache
def tokenizer(shape: str) -> PreTrainedTokenizerFast:
    """The tokenizer of that shape, made once."""
    return _SHAPES[shape]()
