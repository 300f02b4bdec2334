"""The test-writing stage, end to end, at a size that takes seconds."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.config import PersonaliseConfig, TestWritingConfig
from tailorbird.deltas.store import load_delta
from tailorbird.errors import DataError
from tailorbird.pretraining.corpus import CorpusList
from tailorbird.pretraining.test_writing import choose_pairs, train_test_writing
from tests import builders
from tests.models import small_base

FIXTURES = Path(__file__).parents[2] / "fixtures"
LISTED = CorpusList(
    coordinates=(str((FIXTURES / "junit5-parcel").resolve()),), held_out=(str((FIXTURES / "junit4-ledger").resolve()),)
)
CONFIG = TestWritingConfig(
    pairs=6,
    held_out=3,
    training=PersonaliseConfig(
        strategy="lora",
        epochs=1.0,
        batch_size=3,
        validations=1,
        precision="float32",
        max_source_tokens=100,
        max_target_tokens=150,
        settings={"rank": 2, "alpha": 4},
    ),
)


def test_a_stage_is_a_delta_and_is_not_trained_twice(tmp_path: Path) -> None:
    base = small_base("llama")
    manifest = train_test_writing(base, tmp_path / "stage", LISTED, CONFIG)
    assert (manifest.strategy, manifest.cost.examples) == ("lora", 6)
    assert len(manifest.curve) == 2
    assert load_delta(tmp_path / "stage").manifest == manifest
    tensors = (tmp_path / "stage/delta.safetensors").stat().st_mtime_ns
    assert train_test_writing(base, tmp_path / "stage", LISTED, CONFIG) == manifest
    assert (tmp_path / "stage/delta.safetensors").stat().st_mtime_ns == tensors
    # More pairs are another stage.
    assert train_test_writing(base, tmp_path / "stage", LISTED, replace(CONFIG, pairs=7)) != manifest


def test_what_a_study_is_measured_on_stays_out(tmp_path: Path) -> None:
    base = small_base("llama")
    with pytest.raises(DataError, match="The corpus has 0 pairs to train on"):
        train_test_writing(base, tmp_path / "stage", replace(LISTED, studies=LISTED.coordinates), CONFIG)


PAIRS = [
    replace(builders.pair(number), id=f"{number:016x}", focal=builders.focal(class_name=f"C{number % 7}"))
    for number in range(40)
]


@given(st.integers(1, 50), st.integers(1, 9), st.integers(0, 5))
def test_a_smaller_choice_begins_a_larger_one(count: int, per_class: int, seed: int) -> None:
    chosen = choose_pairs(PAIRS, count, per_class=per_class, seed=seed)
    longer = choose_pairs(PAIRS, count + 10, per_class=per_class, seed=seed)
    assert longer[: len(chosen)] == chosen
    assert len(set(chosen)) == len(chosen) <= count
    names = [pair.focal.class_name for pair in chosen]
    assert all(names.count(name) <= per_class for name in names)
