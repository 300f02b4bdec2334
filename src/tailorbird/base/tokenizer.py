"""The tiny base's tokenizer: byte-level BPE over Java in canonical layout (`tailorbird.java_text`)."""

from collections.abc import Iterable
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

SPECIAL_TOKENS = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
"""In BART's order, so that BART's own token ids hold: pad 1, end 2."""

# A line break with its tabs is one piece, so that a new line costs one token; digits go in groups of three at most, so
# that long literals do not fill the vocabulary; runs of punctuation such as `();` may merge, names never with them.
# Names are cut into their words (`test`, `Encode`): a word is spelled alike wherever it stands, and can be copied.
_PIECES = (
    r"\n\t*| ?\p{Lu}+(?!\p{Ll})| ?\p{Lu}?\p{Ll}+| ?\p{L}+| ?[_$]+"
    r"| ?\p{N}{1,3}| ?[^\s\p{L}\p{N}_$]+|\s+"
)


def train_tokenizer(texts: Iterable[str], *, vocabulary_size: int = 8192) -> PreTrainedTokenizerFast:
    """Train the BPE on ``texts``; special tokens included, the result has at most ``vocabulary_size`` entries."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PIECES), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary_size,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    # No start token: on the target side it would be a free token, and lower every loss per token.
    end = SPECIAL_TOKENS.index("</s>")
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", end)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
        mask_token="<mask>",
        clean_up_tokenization_spaces=False,
    )


def save_tokenizer(tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Write the tokenizer beside the weights, in Hugging Face's own format."""
    tokenizer.save_pretrained(str(folder))
