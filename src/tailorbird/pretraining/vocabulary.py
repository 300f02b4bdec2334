"""A base with another vocabulary: each new token begins as the mean of the old ones that spell it.

Fast vocabulary transfer (Gee et al., EMNLP 2022): the blocks keep what they learned, and the embeddings start near it.
"""

from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast


@torch.no_grad()
def move_vocabulary(model: PreTrainedModel, old: PreTrainedTokenizerFast, new: PreTrainedTokenizerFast) -> None:
    """Give ``model`` the tokens of ``new``, with embeddings made of those that it has for ``old``, in place.

    Both are byte-level; special tokens keep theirs. Embeddings and output layer are tied.
    """
    speller = old.backend_tokenizer.model
    base: Any = model  # transformers types its embeddings as plain modules
    before = base.get_input_embeddings().weight.detach().clone()
    bias = base.get_buffer("final_logits_bias").clone()
    special = set(new.all_special_tokens)
    rows = []
    for token, _ in sorted(new.get_vocab().items(), key=lambda one: one[1]):
        spelled = (
            [old.convert_tokens_to_ids(token)] if token in special else [one.id for one in speller.tokenize(token)]
        )
        rows.append(torch.tensor(spelled))
    base.resize_token_embeddings(len(rows), mean_resizing=False)
    base.get_input_embeddings().weight.copy_(torch.stack([before[row].mean(dim=0) for row in rows]))
    base.get_buffer("final_logits_bias").copy_(torch.stack([bias[0, row].mean() for row in rows])[None])
