"""From a data set and a base to a candidates file."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tailorbird.base.load import Base, load_base, weights_sha256
from tailorbird.base.prompts import encode_pair
from tailorbird.config import GenerateConfig, PersonaliseConfig
from tailorbird.errors import DataError, UsageError
from tailorbird.generation.generate import generate, generate_base
from tailorbird.java_text import canonical_layout
from tailorbird.mining.dataset import DataSet, load_data
from tailorbird.networks.batch import Encoded
from tailorbird.records import Candidate, DecodingDefaults, GenerationHeader, Neighbour, ReferenceLoss
from tailorbird.training.device import choose_device
from tailorbird.training.losses import target_losses
from tailorbird.training.personalise import personalise_base
from tests.data import SPLITS, Interrupt, Refuse, pairs, write_base, write_data

CONFIG = GenerateConfig(batch_size=2, max_source_tokens=64, max_target_tokens=12)
SAMPLING = replace(CONFIG, decoding="sample", candidates=3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generate")
    write_data(folder / "data")
    write_base(folder / "base")
    return folder


@pytest.fixture(scope="module")
def data(folder: Path) -> DataSet:
    return load_data(folder / "data")


@pytest.fixture(scope="module")
def base(folder: Path) -> Base:
    return load_base(str(folder / "base"), device=choose_device())


@pytest.fixture(scope="module")
def delta(folder: Path, data: DataSet, base: Base) -> Path:
    config = PersonaliseConfig(strategy="l-ldb", epochs=1, max_source_tokens=64, max_target_tokens=48)
    personalise_base(data, folder / "delta", config, base)
    return folder / "delta"


def read(out: Path) -> tuple[GenerationHeader, list[ReferenceLoss], list[Candidate]]:
    lines: list[dict[str, Any]] = [json.loads(line) for line in out.read_text().splitlines()]
    kinds = [line["kind"] for line in lines]
    references, candidates = kinds.count("reference"), kinds.count("candidate")
    assert kinds == ["header"] + ["reference"] * references + ["candidate"] * candidates
    return (
        msgspec.convert(lines[0], GenerationHeader),
        msgspec.convert(lines[1 : references + 1], list[ReferenceLoss]),
        msgspec.convert(lines[references + 1 :], list[Candidate]),
    )


def timeless(candidates: list[Candidate]) -> list[Candidate]:
    return [replace(candidate, seconds=0.0) for candidate in candidates]


def test_the_file_holds_header_references_and_candidates_in_order(
    folder: Path, data: DataSet, base: Base, tmp_path: Path
) -> None:
    made = generate(folder / "data", tmp_path / "c.jsonl", SAMPLING, base=str(folder / "base"))
    header, references, candidates = read(tmp_path / "c.jsonl")
    assert header == made
    wanted = data.split("test")
    assert [reference.pair_id for reference in references] == [pair.id for pair in wanted]
    assert [(one.pair_id, one.index) for one in candidates] == [(pair.id, at) for pair in wanted for at in range(3)]
    assert (header.strategy, header.split, header.decoding) == ("base", "test", "sample")
    assert header.settings["candidates"] == 3
    assert (header.base_sha256, header.data_sha256) == (base.sha256, data.manifest.pairs_sha256)
    assert header.generated_tokens == sum(candidate.tokens for candidate in candidates)
    assert header.generate_seconds > 0
    assert header.cost.train_flops == 0
    assert [path.name for path in tmp_path.iterdir()] == ["c.jsonl"]


def test_references_are_the_developers_tests_under_the_model(data: DataSet, base: Base, tmp_path: Path) -> None:
    generate_base(data, tmp_path / "c.jsonl", replace(CONFIG, max_target_tokens=48), base)
    _, references, _ = read(tmp_path / "c.jsonl")
    for pair, found in zip(data.split("test"), references, strict=True):
        prompt = encode_pair(base.tokenizer, pair, max_source=64, max_target=48)
        (loss,) = target_losses(base.network, [Encoded(prompt.source, prompt.target)])
        assert found.loss == pytest.approx(loss.loss, rel=1e-4)
        assert found.tokens == len(prompt.target)
        assert found.other_loss != found.loss
        assert found.truncated == prompt.target_cut
        whole = canonical_layout(pair.test.text)
        if found.truncated:
            assert found.characters < len(whole)
        else:
            assert found.characters == len(whole)


def test_what_is_generated_for_a_pair_does_not_depend_on_its_batch(data: DataSet, base: Base, tmp_path: Path) -> None:
    texts = []
    for size in (1, 3):
        generate_base(data, tmp_path / f"{size}.jsonl", replace(CONFIG, batch_size=size), base)
        texts.append([(one.pair_id, one.text) for one in read(tmp_path / f"{size}.jsonl")[2]])
    assert texts[0] == texts[1]


@pytest.mark.parametrize("config", [CONFIG, SAMPLING], ids=["greedy", "sample"])
def test_a_killed_run_goes_on_to_the_same_candidates(
    config: GenerateConfig, data: DataSet, base: Base, tmp_path: Path
) -> None:
    generate_base(data, tmp_path / "alone.jsonl", config, base)
    out, journal = tmp_path / "killed.jsonl", tmp_path / ".killed.jsonl.partial"
    with pytest.raises(KeyboardInterrupt):
        generate_base(data, out, config, base, progress=Interrupt(1))
    assert journal.exists()
    assert not out.exists()
    first = msgspec.json.decode(journal.read_bytes().splitlines()[1], type=list[Candidate])
    generate_base(data, out, config, base)
    assert not journal.exists()
    assert read(tmp_path / "alone.jsonl")[1] == read(out)[1]
    assert timeless(read(tmp_path / "alone.jsonl")[2]) == timeless(read(out)[2])
    # The first batch was not done again: its very seconds are in the file.
    assert all(candidate in read(out)[2] for candidate in first)


def test_the_same_command_again_does_nothing_and_another_does(data: DataSet, base: Base, tmp_path: Path) -> None:
    out = tmp_path / "c.jsonl"
    first = generate_base(data, out, CONFIG, base)
    before = out.stat().st_mtime_ns
    assert generate_base(data, out, CONFIG, base, progress=Refuse()) == first
    assert out.stat().st_mtime_ns == before
    for changed in (SAMPLING, replace(SAMPLING, seed=1), replace(CONFIG, limit=2), replace(CONFIG, split="train")):
        assert generate_base(data, out, changed, base).fingerprint != first.fingerprint


def test_a_seed_changes_samples(data: DataSet, base: Base, tmp_path: Path) -> None:
    generate_base(data, tmp_path / "0.jsonl", SAMPLING, base)
    generate_base(data, tmp_path / "1.jsonl", replace(SAMPLING, seed=1), base)
    assert timeless(read(tmp_path / "0.jsonl")[2]) != timeless(read(tmp_path / "1.jsonl")[2])


@pytest.mark.parametrize(
    "config", [replace(CONFIG, decoding="greedy", temperature=0.5), replace(CONFIG, decoding="beam", top_p=0.9)]
)
def test_what_changes_nothing_without_sampling_is_refused(
    config: GenerateConfig, data: DataSet, base: Base, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=f"temperature and top_p change nothing in {config.decoding} decoding"):
        generate_base(data, tmp_path / "c.jsonl", config, base)


def test_the_base_says_how_it_decodes_and_settings_say_otherwise(data: DataSet, base: Base, tmp_path: Path) -> None:
    own = DecodingDefaults(method="sample", constraint="none", temperature=0.5, top_p=0.9, no_repeat_ngram=7)
    described = replace(base.description, decoding=own, max_source_tokens=64, max_target_tokens=12)
    sampling = replace(base, description=described)
    header = generate_base(data, tmp_path / "own.jsonl", GenerateConfig(limit=1), sampling)
    assert header.decoding == "sample"
    names = ("constraint", "temperature", "top_p", "no_repeat_ngram", "max_source_tokens", "max_target_tokens")
    assert [header.settings[name] for name in names] == ["none", 0.5, 0.9, 7, 64, 12]
    asked = GenerateConfig(limit=1, decoding="greedy", constraint="grammar", no_repeat_ngram=0, max_target_tokens=9)
    header = generate_base(data, tmp_path / "asked.jsonl", asked, sampling)
    assert header.decoding == "greedy"
    assert "temperature" not in header.settings
    assert [header.settings[name] for name in ("constraint", "no_repeat_ngram", "max_target_tokens")] == [
        "grammar",
        0,
        9,
    ]


def test_several_candidates_are_sampled_where_the_base_would_be_greedy(
    data: DataSet, base: Base, tmp_path: Path
) -> None:
    assert base.description.decoding.method == "greedy"
    assert generate_base(data, tmp_path / "c.jsonl", replace(CONFIG, candidates=2), base).decoding == "sample"


def test_methods_takes_one_pair_each_of_so_many_focal_methods(data: DataSet, base: Base, tmp_path: Path) -> None:
    whole = [pair.focal_key for pair in data.split("test")]
    chosen = {count: data.chosen("test", methods=count) for count in range(1, len(set(whole)) + 2)}
    for count, pairs_of in chosen.items():
        keys = [pair.focal_key for pair in pairs_of]
        assert len(keys) == len(set(keys)) == min(count, len(set(whole)))
        assert set(pairs_of) <= set(chosen.get(count + 1, pairs_of))
    generate_base(data, tmp_path / "c.jsonl", replace(CONFIG, methods=1), base)
    assert [one.pair_id for one in read(tmp_path / "c.jsonl")[1]] == [chosen[1][0].id]


def test_a_neighbour_in_the_prompt_is_part_of_the_rows_name(data: DataSet, base: Base, tmp_path: Path) -> None:
    neighbour = Neighbour(pair_id="n", focal_text="int f() {}", test_text="void t() {}")
    shown = replace(data, pairs=tuple(replace(pair, neighbour=neighbour) for pair in data.pairs))
    names = [
        generate_base(of, tmp_path / f"{number}.jsonl", config, base).strategy
        for number, (of, config) in enumerate(
            [(data, CONFIG), (shown, CONFIG), (shown, replace(CONFIG, neighbour=False))]
        )
    ]
    assert names == ["base", "base+neighbour", "base"]


def test_a_delta_is_on_the_base_only_meanwhile(delta: Path, data: DataSet, base: Base, tmp_path: Path) -> None:
    header = generate_base(data, tmp_path / "delta.jsonl", CONFIG, base, delta=delta)
    assert weights_sha256(base.model) == base.sha256
    generate_base(data, tmp_path / "base.jsonl", CONFIG, base)
    assert (header.strategy, header.training["epochs"]) == ("l-ldb", 1.0)
    assert header.cost.train_flops > 0
    assert header.delta_sha256
    assert len(header.curve) >= 2
    with_delta, without = read(tmp_path / "delta.jsonl")[1], read(tmp_path / "base.jsonl")[1]
    assert all(one.loss != other.loss for one, other in zip(with_delta, without, strict=True))
    with pytest.raises(KeyboardInterrupt):
        generate_base(data, tmp_path / "killed.jsonl", CONFIG, base, delta=delta, progress=Interrupt(1))
    assert weights_sha256(base.model) == base.sha256


def test_a_limit_takes_the_first_pairs(data: DataSet, base: Base, tmp_path: Path) -> None:
    generate_base(data, tmp_path / "c.jsonl", replace(CONFIG, limit=2), base)
    assert [one.pair_id for one in read(tmp_path / "c.jsonl")[2]] == [pair.id for pair in data.split("test")[:2]]
    generate_base(data, tmp_path / "t.jsonl", replace(CONFIG, split="validation"), base)
    assert len(read(tmp_path / "t.jsonl")[2]) == SPLITS["validation"]


def test_what_cannot_be_done_is_refused_before_work(base: Base, data: DataSet, tmp_path: Path) -> None:
    empty = write_data(tmp_path / "data", tuple(pair for pair in pairs() if pair.split != "test"))
    with pytest.raises(DataError, match="no test pairs: choose another --split"):
        generate_base(empty, tmp_path / "c.jsonl", CONFIG, base, progress=Refuse())
    several = replace(CONFIG, decoding="greedy", candidates=2)
    with pytest.raises(UsageError, match="choose beam or sample"):
        generate_base(data, tmp_path / "c.jsonl", several, base, progress=Refuse())
    with pytest.raises(UsageError, match="256 positions"):
        generate_base(data, tmp_path / "c.jsonl", replace(CONFIG, max_target_tokens=999), base, progress=Refuse())
