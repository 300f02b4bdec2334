import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tailorbird.errors import DataError, StorageError
from tailorbird.metrics.score import score
from tailorbird.records import GenerationHeader, Pair, Result
from tailorbird.storage import read_json, sha256_file, write_json, write_jsonl
from tests import builders

PAIRS = (
    *(builders.pair(number, split="test") for number in range(4)),
    builders.pair(9, split="train"),
)
TEST_PAIRS = PAIRS[:4]


def write_data(folder: Path, pairs: Sequence[Pair] = PAIRS) -> str:
    write_jsonl(folder / "pairs.jsonl", pairs)
    digest = sha256_file(folder / "pairs.jsonl")
    write_json(folder / "manifest.json", builders.data_manifest(pairs_sha256=digest))
    return digest


def scored(folder: Path, *lines: object, header: GenerationHeader | None = None) -> Result:
    digest = write_data(folder / "data")
    header = replace(header or builders.header(), data_sha256=digest)
    write_jsonl(folder / "candidates.jsonl", [header, *lines])
    return score(folder / "candidates.jsonl", folder / "data", folder / "results" / "custom.json")


def test_perfect_candidates_score_full_marks_and_are_written(tmp_path: Path) -> None:
    result = scored(tmp_path, *(builders.candidate(pair.id, pair.test.text) for pair in TEST_PAIRS))
    assert (result.metrics.bleu4, result.metrics.exact_match, result.metrics.edit_similarity) == (100, 1, 1)
    assert (result.metrics.syntax_valid, result.metrics.calls_focal_method, result.metrics.finished) == (1, 1, 1)
    assert read_json(tmp_path / "results" / "custom.json", Result) == result


def test_a_pair_without_a_candidate_counts_as_an_empty_one(tmp_path: Path) -> None:
    result = scored(tmp_path, builders.candidate(TEST_PAIRS[0].id, TEST_PAIRS[0].test.text))
    assert result.meta.pairs == len(result.scores) == 4
    assert result.metrics.exact_match == result.metrics.syntax_valid == result.metrics.finished == 0.25
    assert [one.bleu4 for one in result.scores] == [100, 0, 0, 0]


def test_losses_are_means_over_all_tokens(tmp_path: Path) -> None:
    losses = [
        builders.reference(TEST_PAIRS[0].id, loss=10.0, other_loss=30.0, tokens=10, characters=40),
        builders.reference(TEST_PAIRS[1].id, loss=60.0, other_loss=70.0, tokens=20, characters=60),
    ]
    # References come first in the file that generate writes, but nothing depends on it.
    result = scored(tmp_path, builders.candidate(TEST_PAIRS[0].id), *losses)
    assert result.metrics.test_loss == pytest.approx(70 / 30)
    assert result.metrics.perplexity == pytest.approx(math.exp(70 / 30))
    assert result.metrics.loss_per_character == pytest.approx(0.7)
    assert result.metrics.input_gain == pytest.approx(1.0)
    assert [(one.loss, one.other_loss, one.tokens) for one in result.scores] == [(10, 30, 10), (60, 70, 20)]


def test_losses_per_character_leave_out_long_and_cut_tests(tmp_path: Path) -> None:
    losses = [
        builders.reference(TEST_PAIRS[0].id, loss=700.0, other_loss=700.0, tokens=300, characters=1000),
        builders.reference(TEST_PAIRS[1].id, loss=200.2, other_loss=300.0, tokens=300, characters=1001),
        builders.reference(TEST_PAIRS[2].id, loss=99.8, other_loss=100.0, tokens=400, characters=10, truncated=True),
    ]
    metrics = scored(tmp_path, builders.candidate(TEST_PAIRS[0].id), *losses).metrics
    assert metrics.loss_per_character == pytest.approx(0.7)
    assert metrics.loss_per_character_long == pytest.approx(0.2)
    assert (metrics.long_references, metrics.truncated_references) == (1, 1)
    # The loss per token has them all.
    assert metrics.test_loss == pytest.approx(1.0)


def test_a_limited_run_is_judged_by_the_pairs_whose_losses_it_took(tmp_path: Path) -> None:
    references = [builders.reference(pair.id) for pair in TEST_PAIRS[:2]]
    result = scored(tmp_path, *references, builders.candidate(TEST_PAIRS[0].id, TEST_PAIRS[0].test.text))
    assert result.meta.pairs == 2
    assert result.metrics.exact_match == 0.5


def test_without_a_model_there_is_no_loss(tmp_path: Path) -> None:
    metrics = scored(tmp_path, builders.candidate(TEST_PAIRS[0].id)).metrics
    assert metrics.test_loss is metrics.perplexity is metrics.loss_per_character is metrics.input_gain is None


def test_only_the_first_of_several_candidates_is_scored(tmp_path: Path) -> None:
    lines = [
        builders.candidate(pair.id, pair.test.text if index == 0 else "", index=index)
        for pair in TEST_PAIRS
        for index in (2, 0, 1)
    ]
    result = scored(tmp_path, *lines)
    assert result.metrics.exact_match == 1
    assert result.meta.candidates == 12
    assert result.meta.pairs == 4


def test_the_header_goes_into_the_result(tmp_path: Path) -> None:
    result = scored(tmp_path, builders.candidate(TEST_PAIRS[0].id), header=builders.header(strategy="prefix", seed=7))
    assert (result.strategy, result.meta.seed, result.cost, result.meta.device) == ("prefix", 7, builders.cost(), "cpu")
    assert result.meta.candidates_sha256 == sha256_file(tmp_path / "candidates.jsonl")


def test_examples_are_the_same_for_every_strategy(tmp_path: Path) -> None:
    pairs = tuple(builders.pair(number, split="test") for number in range(30))
    digest = write_data(tmp_path / "data", pairs)
    chosen = []
    for name, order in (("one", pairs), ("two", pairs[::-1])):
        lines = [builders.candidate(pair.id, f"void {name}() {{ }}") for pair in order]
        write_jsonl(tmp_path / name, [builders.header(data_sha256=digest, strategy=name), *lines])
        result = score(tmp_path / name, tmp_path / "data", tmp_path / f"{name}.json")
        assert {example.candidate for example in result.examples} == {f"void {name}() {{ }}"}
        chosen.append([example.pair_id for example in result.examples])
    assert chosen[0] == chosen[1]
    assert len(chosen[0]) == 8
    assert chosen[0] != [pair.id for pair in pairs[:8]]


def test_a_line_without_a_kind_is_a_candidate(tmp_path: Path) -> None:
    digest = write_data(tmp_path / "data")
    write_jsonl(tmp_path / "c.jsonl", [builders.header(data_sha256=digest)])
    line = {"pair_id": TEST_PAIRS[0].id, "index": 0, "text": TEST_PAIRS[0].test.text, "log_probability": None}
    with (tmp_path / "c.jsonl").open("a") as file:
        file.write(json.dumps(line | {"tokens": 9, "finished": True, "seconds": 0.1}) + "\n")
    assert score(tmp_path / "c.jsonl", tmp_path / "data", tmp_path / "r.json").metrics.exact_match == 0.25


def test_candidates_of_another_tool_need_a_pair_and_a_text(tmp_path: Path) -> None:
    digest = write_data(tmp_path / "data")
    first, second, *_ = TEST_PAIRS
    lines = [
        {"pair_id": first.id, "text": first.test.text},
        {"pair_id": first.id, "text": ""},
        {"pair_id": second.id, "text": "", "index": 1, "note": "of a tool's own"},
        {"pair_id": second.id, "text": second.test.text, "index": 0},
    ]
    path = tmp_path / "evosuite.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    result = score(path, tmp_path / "data", tmp_path / "r.json")
    assert (result.strategy, result.meta.split, result.meta.data_sha256) == ("evosuite", "test", digest)
    # All of the split is asked for, whatever the tool left out.
    assert (result.meta.pairs, result.meta.candidates) == (4, 4)
    assert result.metrics.exact_match == 0.5
    assert result.metrics.test_loss is None


def test_candidates_of_other_data_are_refused(tmp_path: Path) -> None:
    write_data(tmp_path / "data")
    write_jsonl(tmp_path / "c.jsonl", [builders.header(data_sha256="f" * 64)])
    with pytest.raises(DataError, match=r"c\.jsonl was generated for other data .* ffffffffffff"):
        score(tmp_path / "c.jsonl", tmp_path / "data", tmp_path / "r.json")
    assert not (tmp_path / "r.json").exists()


def test_changed_pairs_are_refused(tmp_path: Path) -> None:
    digest = write_data(tmp_path / "data")
    write_jsonl(tmp_path / "data" / "pairs.jsonl", PAIRS[:2])
    write_jsonl(tmp_path / "c.jsonl", [builders.header(data_sha256=digest)])
    with pytest.raises(DataError, match=r"pairs\.jsonl is not the file"):
        score(tmp_path / "c.jsonl", tmp_path / "data", tmp_path / "r.json")


@pytest.mark.parametrize("pair_id", ["ffffffffffffffff", PAIRS[4].id], ids=["unknown", "of another split"])
def test_pairs_that_the_split_does_not_have_are_refused(tmp_path: Path, pair_id: str) -> None:
    with pytest.raises(DataError, match=f"names pair '{pair_id}', which is not in the test split"):
        scored(tmp_path, builders.candidate(pair_id))


def test_a_doubled_candidate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"line 3, repeats the entry of pair"):
        scored(tmp_path, *[builders.candidate(TEST_PAIRS[0].id)] * 2)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("not json\n", "line 1, is not a valid line"),
        ('{"kind": "candidate"}\n', "line 1, is not a valid line .*pair_id"),
        ('{"pair_id": "00"}\n', "line 1, is not a valid line .*with pair_id and text a line"),
        ('{"pair_id": "00", "text": ""}\n', "names pair '00', which is not in the test split"),
        ('{"kind": "header"}\n', "line 1, is not a valid line"),
    ],
)
def test_files_that_are_no_candidates_are_refused(tmp_path: Path, content: str, message: str) -> None:
    write_data(tmp_path / "data")
    (tmp_path / "c.jsonl").write_text(content)
    with pytest.raises(DataError, match=message):
        score(tmp_path / "c.jsonl", tmp_path / "data", tmp_path / "r.json")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"gone\.jsonl could not be read"):
        score(tmp_path / "gone.jsonl", tmp_path / "data", tmp_path / "r.json")


def test_another_format_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="format version 2"):
        scored(tmp_path, header=builders.header(format_version=2))


def test_a_second_header_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="line 2, is of kind 'header'"):
        scored(tmp_path, builders.header())
