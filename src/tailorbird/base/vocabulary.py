"""Whether tokenizer and model fit each other, and which ids are never written."""

from transformers import PreTrainedTokenizerBase

from tailorbird.errors import BaseError


def special_ids(tokenizer: PreTrainedTokenizerBase) -> set[int]:
    """Ids of the tokens that are no text."""
    marked = {number for number, token in tokenizer.added_tokens_decoder.items() if token.special}
    return marked | set(tokenizer.all_special_ids)


def require_vocabulary(tokenizer: PreTrainedTokenizerBase, rows: int, name: str) -> None:
    """BaseError where the tokenizer has ids beyond the model's ``rows`` of token embeddings."""
    largest, token = max((number, token) for token, number in tokenizer.get_vocab().items())
    if largest >= rows:
        raise BaseError(
            f"--base {name} has embeddings for {rows} tokens, but its tokenizer's token {token!r} has the id "
            f"{largest}: use the tokenizer that the model was trained with, or resize the model's embeddings."
        )


def end_with(tokenizer: PreTrainedTokenizerBase, end_token: str, name: str) -> bool:
    """Make ``end_token`` the tokenizer's end token, and say whether it was not before.

    BaseError where the tokenizer has no such token.
    """
    if end_token not in tokenizer.get_vocab():
        raise BaseError(
            f"--base {name}: {end_token!r} is no token of its tokenizer: name another end_token in its description."
        )
    if tokenizer.eos_token == end_token:
        return False
    tokenizer.eos_token = end_token
    return True


def unwritable(tokenizer: PreTrainedTokenizerBase, rows: int) -> tuple[int, ...]:
    """Which of a model's ``rows`` ids no candidate may have: those of no token, and special ones but the end token.

    Models are often padded to a round number of rows, and tokenizers have holes: what such an id scores is chance.
    """
    written = {number for token, number in tokenizer.get_vocab().items() if token} - special_ids(tokenizer)
    return tuple(number for number in range(rows) if number not in written and number != tokenizer.eos_token_id)
