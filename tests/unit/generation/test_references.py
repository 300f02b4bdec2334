"""Rows without a model: the retrieval copy, the developers' own tests, and calls with simple values."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tailorbird.errors import DataError, UsageError
from tailorbird.generation.references import REFERENCES, write_reference
from tailorbird.java_text import canonical_layout
from tailorbird.records import Candidate, GenerationHeader
from tailorbird.storage import read_jsonl
from tests.data import pairs, write_data

COPY = "retrieval-copy"
PAIRS = pairs()
TRAINING = [pair for pair in PAIRS if pair.split == "train"]
TEST = [pair for pair in PAIRS if pair.split == "test"]


def candidates(out: Path) -> list[Candidate]:
    lines = out.read_bytes().split(b"\n", 1)
    rest = out.with_name("rest.jsonl")
    rest.write_bytes(lines[1])
    return list(read_jsonl(rest, Candidate))


def test_an_identical_method_gets_its_twins_test(tmp_path: Path) -> None:
    header = write_reference(COPY, write_data(tmp_path / "data"), tmp_path / "c.jsonl")
    copied = candidates(tmp_path / "c.jsonl")
    assert [candidate.pair_id for candidate in copied] == [pair.id for pair in TEST]
    # Test 0 was given the very method of train 3.
    assert copied[0].text == canonical_layout(TRAINING[3].test.text)
    assert {candidate.text for candidate in copied} <= {canonical_layout(pair.test.text) for pair in TRAINING}
    assert all(candidate.log_probability is None and candidate.finished for candidate in copied)
    assert (header.strategy, header.decoding, header.delta_sha256) == ("retrieval-copy", "copy", "")


def test_the_copy_is_the_same_every_time(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data")
    write_reference(COPY, data, tmp_path / "c.jsonl")
    first = candidates(tmp_path / "c.jsonl")
    write_reference(COPY, data, tmp_path / "c.jsonl")
    assert candidates(tmp_path / "c.jsonl") == first


@pytest.mark.parametrize("text", ["{}", "42", "// nothing but a comment", "x"])
def test_a_method_that_shares_no_word_still_gets_a_test(text: str, tmp_path: Path) -> None:
    odd = replace(TEST[0], focal=replace(TEST[0].focal, text=text))
    write_reference(COPY, write_data(tmp_path / "data", (*TRAINING, odd)), tmp_path / "c.jsonl")
    assert candidates(tmp_path / "c.jsonl")[0].text == canonical_layout(TRAINING[0].test.text)


def test_another_split_can_be_copied_for(tmp_path: Path) -> None:
    header = write_reference(COPY, write_data(tmp_path / "data"), tmp_path / "c.jsonl", split="validation")
    assert header.split == "validation"
    assert len(candidates(tmp_path / "c.jsonl")) == 3


@pytest.mark.parametrize(("emptied", "message"), [("train", "nothing to copy"), ("test", "no test pairs")])
def test_an_empty_split_is_refused(emptied: str, message: str, tmp_path: Path) -> None:
    data = write_data(tmp_path / "data", tuple(pair for pair in PAIRS if pair.split != emptied))
    with pytest.raises(DataError, match=message):
        write_reference(COPY, data, tmp_path / "c.jsonl")
    assert not (tmp_path / "c.jsonl").exists()


def test_the_header_is_a_header(tmp_path: Path) -> None:
    written = write_reference(COPY, write_data(tmp_path / "data"), tmp_path / "c.jsonl")
    first = tmp_path / "first.jsonl"
    first.write_bytes((tmp_path / "c.jsonl").read_bytes().split(b"\n")[0])
    assert list(read_jsonl(first, GenerationHeader)) == [written]


def test_the_developers_row_is_the_held_out_tests(tmp_path: Path) -> None:
    header = write_reference("developers", write_data(tmp_path / "data"), tmp_path / "c.jsonl", limit=2)
    made = candidates(tmp_path / "c.jsonl")
    assert [(one.pair_id, one.index) for one in made] == [(pair.id, 0) for pair in TEST[:2]]
    assert [one.text for one in made] == [canonical_layout(pair.test.text) for pair in TEST[:2]]
    assert (header.strategy, header.settings) == ("developers", {"limit": 2})


def test_the_row_without_a_model_has_as_many_tests_as_asked_for(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data")
    header = write_reference("no-model", data, tmp_path / "c.jsonl", samples=20)
    made = candidates(tmp_path / "c.jsonl")
    assert [(one.pair_id, one.index) for one in made] == [(pair.id, at) for pair in TEST for at in range(20)]
    # Two ``int`` have four simple values each, and then they begin again.
    assert len({one.text for one in made[:20]}) == 16
    assert made[16].text == made[0].text
    assert (header.strategy, header.base_name) == ("no-model", "none")


def test_rows_without_a_model_need_no_torch() -> None:
    code = "import sys; from tailorbird.generation.references import REFERENCES; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_misspelt_reference_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="developer is not a reference row: did you mean developers"):
        write_reference("developer", write_data(tmp_path / "data"), tmp_path / "c.jsonl")
    assert set(REFERENCES) == {"developers", "no-model", "retrieval-copy"}
