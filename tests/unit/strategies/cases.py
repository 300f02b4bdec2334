"""Every strategy on every family that has something for it to train, small enough to train in a test."""

import pytest
import torch

from tailorbird.base.load import Base
from tailorbird.strategies.registry import STRATEGIES, complete_settings, find_strategy
from tailorbird.strategies.strategy import Prepared
from tests.models import CROSSING, FAMILIES, trainable

CASES = [(family, strategy) for family in FAMILIES for strategy in STRATEGIES if trainable(family, strategy)]

every_case = pytest.mark.parametrize(("family", "strategy"), CASES)

_SMALL: dict[str, dict[str, str | int | float | bool]] = {
    "prefix": {"length": 3, "hidden": 16},
    "prompt": {"length": 3},
    "lora": {"rank": 2},
    "dora": {"rank": 2},
}


def settings_of(strategy: str, family: str = "bart") -> dict[str, str | int | float | bool]:
    """Small settings; a prefix stands in every attention that the family has."""
    small = dict(_SMALL.get(strategy, {}))
    if strategy == "prefix":
        small["attentions"] = "encoder+decoder+cross" if family in CROSSING else "decoder"
    return complete_settings(find_strategy(strategy), small)


def prepare(base: Base, strategy: str, family: str = "bart", *, seed: int = 7) -> Prepared:
    """``base`` made ready, the strategy's own weights drawn from ``seed``."""
    torch.manual_seed(seed)
    return find_strategy(strategy).prepare(base.network, settings_of(strategy, family))
