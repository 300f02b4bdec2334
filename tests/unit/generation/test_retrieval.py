"""The retrieval copy takes the test of the most similar training method."""

from dataclasses import replace
from pathlib import Path

import pytest

from tailorbird.errors import DataError
from tailorbird.generation.retrieval import copy_nearest
from tailorbird.java_text import canonical_layout
from tailorbird.records import Candidate, GenerationHeader
from tailorbird.storage import read_jsonl
from tests.data import pairs, write_data

PAIRS = pairs()
TRAINING = [pair for pair in PAIRS if pair.split == "train"]
TEST = [pair for pair in PAIRS if pair.split == "test"]


def candidates(out: Path) -> list[Candidate]:
    lines = out.read_bytes().split(b"\n", 1)
    rest = out.with_name("rest.jsonl")
    rest.write_bytes(lines[1])
    return list(read_jsonl(rest, Candidate))


def test_an_identical_method_gets_its_twins_test(tmp_path: Path) -> None:
    header = copy_nearest(write_data(tmp_path / "data"), tmp_path / "c.jsonl")
    copied = candidates(tmp_path / "c.jsonl")
    assert [candidate.pair_id for candidate in copied] == [pair.id for pair in TEST]
    # Test 0 was given the very method of train 3.
    assert copied[0].text == canonical_layout(TRAINING[3].test.text)
    assert {candidate.text for candidate in copied} <= {canonical_layout(pair.test.text) for pair in TRAINING}
    assert all(candidate.log_probability is None and candidate.finished for candidate in copied)
    assert (header.strategy, header.decoding, header.delta_sha256) == ("retrieval-copy", "copy", "")


def test_the_copy_is_the_same_every_time(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data")
    copy_nearest(data, tmp_path / "c.jsonl")
    first = candidates(tmp_path / "c.jsonl")
    copy_nearest(data, tmp_path / "c.jsonl")
    assert candidates(tmp_path / "c.jsonl") == first


@pytest.mark.parametrize("text", ["{}", "42", "// nothing but a comment", "x"])
def test_a_method_that_shares_no_word_still_gets_a_test(text: str, tmp_path: Path) -> None:
    odd = replace(TEST[0], focal=replace(TEST[0].focal, text=text))
    copy_nearest(write_data(tmp_path / "data", (*TRAINING, odd)), tmp_path / "c.jsonl")
    assert candidates(tmp_path / "c.jsonl")[0].text == canonical_layout(TRAINING[0].test.text)


def test_another_split_can_be_copied_for(tmp_path: Path) -> None:
    header = copy_nearest(write_data(tmp_path / "data"), tmp_path / "c.jsonl", split="validation")
    assert header.split == "validation"
    assert len(candidates(tmp_path / "c.jsonl")) == 3


@pytest.mark.parametrize("emptied", ["train", "test"])
def test_an_empty_split_is_refused(emptied: str, tmp_path: Path) -> None:
    data = write_data(tmp_path / "data", tuple(pair for pair in PAIRS if pair.split != emptied))
    with pytest.raises(DataError, match="nothing to copy"):
        copy_nearest(data, tmp_path / "c.jsonl")
    assert not (tmp_path / "c.jsonl").exists()


def test_the_header_is_a_header(tmp_path: Path) -> None:
    written = copy_nearest(write_data(tmp_path / "data"), tmp_path / "c.jsonl")
    first = tmp_path / "first.jsonl"
    first.write_bytes((tmp_path / "c.jsonl").read_bytes().split(b"\n")[0])
    assert list(read_jsonl(first, GenerationHeader)) == [written]
