"""The strategies there are. Adding one is one line here."""

import math
from collections.abc import Iterable

from tailorbird.config import nearest_name
from tailorbird.errors import UsageError
from tailorbird.strategies.bitfit import BitFit
from tailorbird.strategies.custom import Custom
from tailorbird.strategies.dora import Dora
from tailorbird.strategies.embeddings_output import EmbeddingsOutput
from tailorbird.strategies.ia3 import Ia3
from tailorbird.strategies.last_decoder_block import LastDecoderBlock
from tailorbird.strategies.lora import Lora
from tailorbird.strategies.prefix import Prefix
from tailorbird.strategies.prompt_tuning import PromptTuning
from tailorbird.strategies.strategy import Settings, Strategy

_ALL: tuple[Strategy, ...] = (
    Custom(),
    EmbeddingsOutput(),
    LastDecoderBlock(),
    Prefix(),
    Lora(),
    Dora(),
    Ia3(),
    BitFit(),
    PromptTuning(),
)

_KINDS: dict[type, str] = {int: "a whole number", float: "a number", str: "a word", bool: "true or false"}
_TRAINING = ("learning_rate", "epochs")

STRATEGIES: dict[str, Strategy] = {strategy.name: strategy for strategy in _ALL}


def find_strategy(name: str) -> Strategy:
    """The strategy called ``name``; UsageError names the known ones otherwise."""
    if name not in STRATEGIES:
        raise UsageError(f"{name} is not a strategy: {_hint(name, STRATEGIES)}choose one of {', '.join(STRATEGIES)}.")
    return STRATEGIES[name]


def complete_settings(strategy: Strategy, given: Settings) -> dict[str, str | int | float | bool]:
    """The strategy's defaults with ``given`` on top; an unknown key, or a value that cannot be, is a UsageError."""
    settings = dict(strategy.defaults)
    for key, value in given.items():
        if key not in settings:
            raise UsageError(
                f"{key} is not a setting of {strategy.name}: {_hint(key, settings)}it has {', '.join(settings)}."
            )
        default = settings[key]
        if isinstance(default, float) and type(value) is int:
            value = float(value)
        if type(value) is not type(default):
            raise UsageError(f"{key} = {value!r}: {strategy.name} takes {_KINDS[type(default)]} there.")
        if key in _TRAINING and not 0 < float(value) < math.inf:
            raise UsageError(f"{key} = {value!r}: choose a number above 0.")
        settings[key] = value
    return settings


def _hint(given: str, known: Iterable[str]) -> str:
    nearest = nearest_name(given, known)
    return f"did you mean {nearest}? " if nearest else ""
