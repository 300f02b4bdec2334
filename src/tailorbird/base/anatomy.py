"""Where the parts are that strategies speak of, in an encoder-decoder model of Hugging Face's."""

from collections.abc import Iterator

from torch import nn

from tailorbird.errors import BaseError

_BLOCK_LISTS = ("layers", "block")  # BART's and PLBART's name, T5's name
_SELF_ATTENTIONS = ("self_attn", "SelfAttention")
_CROSS_ATTENTIONS = ("encoder_attn", "EncDecAttention")


def blocks(model: nn.Module, part: str) -> nn.ModuleList:
    """The transformer blocks of ``part`` (``encoder`` or ``decoder``), lowest first."""
    stack: nn.Module = getattr(model, f"get_{part}")()
    for name in _BLOCK_LISTS:
        found = getattr(stack, name, None)
        if isinstance(found, nn.ModuleList):
            return found
    raise BaseError(
        f"The {part} of {type(model).__name__} has no list of blocks that Tailorbird knows: "
        "use a BART-, PLBART- or T5-shaped base."
    )


def self_attentions(model: nn.Module, part: str) -> list[nn.Module]:
    """Self-attention module of each block of ``part``."""
    return [_attention(block, _SELF_ATTENTIONS) for block in blocks(model, part)]


def cross_attentions(model: nn.Module) -> list[nn.Module]:
    """Cross-attention module of each decoder block."""
    return [_attention(block, _CROSS_ATTENTIONS) for block in blocks(model, "decoder")]


def _attention(block: nn.Module, names: tuple[str, ...]) -> nn.Module:
    modules: list[tuple[str, nn.Module]] = list(block.named_modules())
    for module_name, module in modules:
        if module_name.rpartition(".")[2] in names:
            return module
    raise BaseError(f"{type(block).__name__} has none of {', '.join(names)}: this family's attention is not known.")


def attention_shape(attention: nn.Module) -> tuple[int, int]:
    """(heads, features of a head) of an attention module."""
    heads = getattr(attention, "num_heads", None) or getattr(attention, "n_heads", None)
    width = getattr(attention, "head_dim", None) or getattr(attention, "key_value_proj_dim", None)
    if not isinstance(heads, int) or not isinstance(width, int):
        raise BaseError(f"{type(attention).__name__} does not say its heads and their width.")
    return heads, width


def parameter_names(model: nn.Module, modules: Iterator[nn.Module] | list[nn.Module]) -> list[str]:
    """Names in ``model`` of all parameters of ``modules``; a tied parameter is named once, as in the model."""
    wanted = {id(parameter) for module in modules for parameter in module.parameters()}
    return [name for name, parameter in model.named_parameters() if id(parameter) in wanted]
