"""Where learning begins: all before it gives the same in every epoch, and is computed once."""

from dataclasses import dataclass

from torch import nn

from tailorbird.networks.parts import Attention, Block, Parts


@dataclass(frozen=True, slots=True)
class Frontier:
    """What never changes while a strategy trains."""

    memory: bool
    """The encoder's output."""
    blocks: int
    """The decoder's embeddings and its first so many blocks; 0 where not even the embeddings rest."""

    def __bool__(self) -> bool:
        return self.memory or self.blocks > 0


def find_frontier(parts: Parts, *, prompt: bool = False) -> Frontier:
    """What of ``parts`` is frozen, from which parameters require gradients and which prefixes train.

    ``prompt`` says that learned vectors stand before the source: then nothing that reads it is frozen.
    """
    encoder, decoder = parts.encoder, parts.decoder
    if prompt:
        return Frontier(memory=False, blocks=0)
    memory = encoder is not None and not (
        trains(*encoder.inputs, *encoder.outputs) or any(block_trains(block) for block in encoder.blocks)
    )
    blocks = 0
    # With an encoder that learns, every block that looks at it gives something else each time.
    if not trains(*decoder.inputs) and (encoder is None or memory):
        while blocks < len(decoder.blocks) and not block_trains(decoder.blocks[blocks]):
            blocks += 1
    return Frontier(memory, blocks)


def trains(*modules: nn.Module) -> bool:
    """Whether any parameter of ``modules`` requires a gradient."""
    return any(parameter.requires_grad for module in modules for parameter in module.parameters())


def block_trains(block: Block) -> bool:
    """Whether anything in ``block`` learns, prefixes included."""
    return trains(block.module) or any(attention.trains_prefix for attention in attentions_of(block))


def attentions_of(block: Block) -> tuple[Attention, ...]:
    """A block's attention to itself, and across where there is one."""
    return (block.attention,) if block.cross is None else (block.attention, block.cross)
