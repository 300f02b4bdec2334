"""The journal keeps whole batches, whatever a kill leaves at its end."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tailorbird.errors import StorageError
from tailorbird.generation.journal import Journal
from tailorbird.records import Candidate
from tests import builders

BATCHES = [[builders.candidate(f"{name}{at}", index=at) for at in range(2)] for name in "abc"]


def fill(out: Path, batches: list[list[Candidate]]) -> Path:
    journal = Journal(out, "one")
    for batch in batches:
        journal.add(batch)
    return out.with_name(".c.jsonl.partial")


def done(batches: list[list[Candidate]]) -> dict[str, list[Candidate]]:
    return {candidate.pair_id: [candidate] for batch in batches for candidate in batch}


def test_what_was_added_is_read_back(tmp_path: Path) -> None:
    fill(tmp_path / "c.jsonl", BATCHES)
    assert Journal(tmp_path / "c.jsonl", "one").done == done(BATCHES)


def test_candidates_of_one_pair_stay_in_order(tmp_path: Path) -> None:
    ranked = [builders.candidate("a", index=rank) for rank in range(3)]
    fill(tmp_path / "c.jsonl", [ranked])
    assert Journal(tmp_path / "c.jsonl", "one").done == {"a": ranked}


def test_another_runs_journal_is_written_over(tmp_path: Path) -> None:
    fill(tmp_path / "c.jsonl", BATCHES)
    other = Journal(tmp_path / "c.jsonl", "two")
    assert other.done == {}
    other.add(BATCHES[1])
    assert Journal(tmp_path / "c.jsonl", "two").done == done(BATCHES[1:2])
    assert Journal(tmp_path / "c.jsonl", "one").done == {}


@given(st.floats(0, 1))
@example(share=0.017578125)  # the header without its line break
def test_a_journal_cut_anywhere_goes_on_after_its_last_whole_batch(
    tmp_path_factory: pytest.TempPathFactory, share: float
) -> None:
    out = tmp_path_factory.mktemp("cut") / "c.jsonl"
    path = fill(out, BATCHES)
    data = path.read_bytes()
    kept = data[: round(share * len(data))]
    path.write_bytes(kept)
    whole = max(0, kept.count(b"\n") - 1)
    resumed = Journal(out, "one")
    assert resumed.done == done(BATCHES[:whole])
    # A second kill must find what the first resumption added.
    for batch in BATCHES[whole:]:
        resumed.add(batch)
    assert Journal(out, "one").done == done(BATCHES)
    assert path.read_bytes() == data


def test_closing_removes_the_file(tmp_path: Path) -> None:
    path = fill(tmp_path / "c.jsonl", BATCHES)
    assert path.exists()
    Journal(tmp_path / "c.jsonl", "one").close()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"could not be written .*: free space or choose another --out"):
        Journal(tmp_path / "file" / "c.jsonl", "one").add(BATCHES[0])
