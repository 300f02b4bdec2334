"""A base from a corpus list, end to end, at a size that takes seconds."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tailorbird.base.load import load_base
from tailorbird.config import PretrainConfig
from tailorbird.errors import DataError, SourceError, UsageError
from tailorbird.pretraining.pretrain import pretrain
from tailorbird.pretraining.stages import MASK
from tailorbird.pretraining.token_store import TokenStore
from tests.data import Interrupt

FIXTURES = Path(__file__).parents[2] / "fixtures"
CONFIG = PretrainConfig(
    vocabulary_size=400,
    width=64,
    blocks=1,
    denoising_steps=4,
    denoising_batch_size=4,
    denoising_tokens=32,
    pair_steps=4,
    pair_batch_size=4,
    denoise_every=2,
    max_source_tokens=96,
    max_target_tokens=256,
    validations=2,
    precision="float32",
)
PAIRS_STAGE = "focal method to test case"


class Clock:
    """Counts the steps of each piece of work."""

    def __init__(self) -> None:
        self.steps: dict[str, int] = {}
        self.now = ""

    def start(self, what: str, total: int) -> None:
        self.now = what
        if not what.startswith(("fetching", "mining", "greedy")):
            self.steps.setdefault(what, 0)

    def update(self, done: int, note: str = "") -> None:
        if self.now in self.steps:
            self.steps[self.now] += 1

    def finish(self) -> None: ...


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "corpus.toml"
    listed = [str((FIXTURES / name).resolve()) for name in ("junit4-ledger", "junit5-parcel")]
    path.write_text(f"coordinates = {json.dumps(listed)}")
    return path


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, corpus: Path) -> Path:
    """The base of `CONFIG`, made in one go."""
    out = tmp_path_factory.mktemp("whole")
    stages = pretrain(out, CONFIG, corpus=corpus)
    assert [(report.name, report.outcome.steps) for report in stages] == [("denoising", 4), (PAIRS_STAGE, 4)]
    return out


def weights(out: Path) -> bytes:
    return (out / "model.safetensors").read_bytes()


def test_the_folder_is_a_base_in_half_precision(whole: Path) -> None:
    tensors = load_file(whole / "model.safetensors")
    assert {tensor.dtype for tensor in tensors.values()} == {torch.float16}
    assert json.loads((whole / "config.json").read_text())["dtype"] == "float16"
    base = load_base(str(whole))
    assert {parameter.dtype for parameter in base.model.parameters()} == {torch.float32}
    assert {name for name, _ in base.model.named_parameters()} <= set(tensors)
    for name, parameter in base.model.named_parameters():
        assert torch.equal(parameter, tensors[name].float()), name
    assert base.tokenizer.mask_token_id == MASK
    assert len(base.tokenizer) == 400
    assert base.model.generation_config.decoder_start_token_id == base.tokenizer.eos_token_id


def test_the_report_and_the_card_say_what_was_done(whole: Path) -> None:
    report = json.loads((whole / "pretraining.json").read_text())
    assert [part["source"]["location"] for part in report["corpus"]["parts"]] == ["junit4-ledger", "junit5-parcel"]
    assert report["corpus"]["pairs"] == sum(part["pairs_kept"] for part in report["corpus"]["parts"]) >= 10
    assert report["corpus"]["lone_tests"] == sum(part["lone_tests_kept"] for part in report["corpus"]["parts"])
    assert [point["step"] for point in report["stages"][1]["outcome"]["curve"]] == [0, 2, 4]
    card = (whole / "README.md").read_text()
    assert card.startswith("---\nlicense: other\n")  # The fixtures declare none.
    assert str(FIXTURES) not in card
    assert "from 2 sources (junit4-ledger, junit5-parcel)" in card
    assert "No source is held out" in card
    greedy = report["greedy"]
    assert greedy["outputs"] == report["corpus"]["pairs"] // 10
    assert 0 <= greedy["syntax_valid"] <= 1
    assert f"{greedy['syntax_valid']:.0%} parse as one whole method" in card


def test_the_same_command_again_trains_no_step(whole: Path, corpus: Path) -> None:
    before, clock = weights(whole), Clock()
    pretrain(whole, CONFIG, corpus=corpus, progress=clock)
    assert clock.steps == {"denoising": 0, PAIRS_STAGE: 0}
    assert weights(whole) == before


@pytest.mark.parametrize(("piece", "left"), [("denoising", (1, 4)), ("focal method", (0, 1))])
def test_a_killed_run_goes_on_to_the_same_bytes(
    piece: str, left: tuple[int, int], whole: Path, corpus: Path, tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        pretrain(tmp_path, CONFIG, corpus=corpus, progress=Interrupt(3, piece))
    assert not (tmp_path / "model.safetensors").exists()
    clock = Clock()
    pretrain(tmp_path, CONFIG, corpus=corpus, progress=clock)
    assert tuple(clock.steps.values()) == left
    assert weights(tmp_path) == weights(whole)


def test_a_run_paused_after_every_step_ends_with_the_same_bytes(whole: Path, corpus: Path, tmp_path: Path) -> None:
    paused = replace(CONFIG, hours=1e-9)
    names = []
    for _ in range(8):
        reports = pretrain(tmp_path, paused, corpus=corpus)
        names.append([(report.name, report.outcome.steps) for report in reports])
        load_base(str(tmp_path))
    # The second stage begins on the finished first, never before.
    assert names[:3] == [[("denoising", step)] for step in (1, 2, 3)]
    assert names[3] == [("denoising", 4), (PAIRS_STAGE, 1)]
    assert weights(tmp_path) == weights(whole)


def test_another_recipe_of_the_second_stage_keeps_the_first(corpus: Path, whole: Path, tmp_path: Path) -> None:
    for path in whole.rglob("*"):
        if path.is_file():
            target = tmp_path / path.relative_to(whole)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    changed, clock = replace(CONFIG, pair_learning_rate=5e-4, pair_steps=2), Clock()
    with pytest.raises(UsageError, match=r"was trained with pair_steps = 4, not 2: choose another --out, or remove "):
        pretrain(tmp_path, changed, corpus=corpus, progress=clock)
    assert weights(tmp_path) == weights(whole)
    (tmp_path / "pretraining.json").unlink()
    pretrain(tmp_path, changed, corpus=corpus, progress=clock)
    assert clock.steps == {"denoising": 0, PAIRS_STAGE: 2}
    assert weights(tmp_path) != weights(whole)


def test_a_base_that_began_elsewhere_is_not_replaced(continued: Path, corpus: Path) -> None:
    before = weights(continued)
    with pytest.raises(UsageError, match="did not begin where this one does"):
        pretrain(continued, CONTINUED, corpus=corpus, start=str(continued))
    assert weights(continued) == before


def test_too_few_pairs_held_out_are_not_made_up_for_from_the_others(tmp_path: Path) -> None:
    first, second = (str((FIXTURES / name).resolve()) for name in ("junit4-ledger", "junit5-parcel"))
    listed = tmp_path / "corpus.toml"
    listed.write_text(f"coordinates = {json.dumps([first])}\nheld_out = {json.dumps([second])}")
    with pytest.raises(DataError, match=r"holds out has 8 pairs .*, and 10 is the least to measure on"):
        pretrain(tmp_path / "out", CONFIG, corpus=listed)


@pytest.mark.parametrize(
    ("config", "asked"),
    [
        (replace(CONFIG, width=128), "width = 128"),
        (replace(CONFIG, blocks=2), "blocks = 2"),
        (replace(CONFIG, vocabulary_size=999), "vocabulary_size = 999"),
    ],
)
def test_the_shape_of_a_base_to_go_on_from_stays(
    config: PretrainConfig, asked: str, whole: Path, corpus: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=f"{asked}: the base to go on from has .*: leave it out"):
        pretrain(tmp_path, config, corpus=corpus, start=str(whole))


def test_all_sources_that_are_not_there_are_named_before_any_is_mined(tmp_path: Path) -> None:
    there = str((FIXTURES / "junit4-ledger").resolve())
    listed = tmp_path / "corpus.toml"
    listed.write_text(f"coordinates = {json.dumps([there, './gone'])}\nstudies = ['./nowhere']")
    with pytest.raises(SourceError, match=r"2 of 3 sources of the corpus list: .*gone.*nowhere"):
        pretrain(tmp_path / "out", CONFIG, corpus=listed)
    assert not (tmp_path / "out" / "model.safetensors").exists()


def test_a_corpus_too_small_to_hold_any_out_is_refused(tmp_path: Path) -> None:
    (tmp_path / "corpus.toml").write_text(f"coordinates = [{json.dumps(str((FIXTURES / 'junit5-parcel').resolve()))}]")
    with pytest.raises(DataError, match=r"and 8 pairs, and 10 of each is the least .*: list more artifacts"):
        pretrain(tmp_path / "out", CONFIG, corpus=tmp_path / "corpus.toml")


CONTINUED = replace(CONFIG, denoising_steps=0, pair_learning_rate=5e-4, pair_steps=3)


@pytest.fixture(scope="module")
def continued(whole: Path, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The base of `CONFIG`, trained on by `CONTINUED`."""
    out = tmp_path_factory.mktemp("continued")
    stages = pretrain(out, CONTINUED, corpus=corpus, start=str(whole))
    assert [(report.name, report.outcome.steps) for report in stages] == [(PAIRS_STAGE, 3)]
    return out


def test_going_on_begins_with_the_earlier_weights_and_tokenizer(whole: Path, continued: Path) -> None:
    before, after = load_base(str(whole)), load_base(str(continued))
    assert before.tokenizer_sha256 == after.tokenizer_sha256
    assert before.sha256 != after.sha256
    moved = [
        float((old - new).detach().abs().max())
        for old, new in zip(before.model.parameters(), after.model.parameters(), strict=True)
    ]
    # Three steps of warm-up move a weight by next to nothing; a new start would be far away.
    assert 0 < max(moved) < 1e-3


def test_going_on_keeps_the_history(whole: Path, continued: Path) -> None:
    report = json.loads((continued / "pretraining.json").read_text())
    earlier = json.loads((whole / "pretraining.json").read_text())
    assert report["started_from"] == load_base(str(whole)).sha256
    assert [one["stages"] for one in report["earlier"]] == [earlier["stages"]]
    card = (continued / "README.md").read_text()
    assert card.count("| denoising |") == 1
    assert card.count(f"| {PAIRS_STAGE} |") == 2
    assert "went on from the one before it" in card


def test_going_on_resumes_to_the_same_bytes(whole: Path, continued: Path, corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        pretrain(tmp_path, CONTINUED, corpus=corpus, start=str(whole), progress=Interrupt(2, "focal method"))
    pretrain(tmp_path, CONTINUED, corpus=corpus, start=str(whole))
    assert weights(tmp_path) == weights(continued)


def test_going_on_twice_lists_both_runs_in_order(continued: Path, corpus: Path, tmp_path: Path) -> None:
    pretrain(tmp_path, replace(CONTINUED, pair_steps=1), corpus=corpus, start=str(continued))
    report = json.loads((tmp_path / "pretraining.json").read_text())
    assert [one["config"]["pair_steps"] for one in report["earlier"]] == [4, 3]
    assert all(one["earlier"] == [] for one in report["earlier"])


def test_a_new_base_without_denoising_is_refused(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="denoising_steps = 0 without --from: a new base has to be denoised first"):
        pretrain(tmp_path, CONTINUED, corpus=corpus)


def test_going_on_with_a_vocabulary_of_its_own(whole: Path, corpus: Path, tmp_path: Path) -> None:
    changed = replace(CONTINUED, new_vocabulary=True, vocabulary_size=350)
    pretrain(tmp_path, changed, corpus=corpus, start=str(whole))
    base = load_base(str(tmp_path))
    assert len(base.tokenizer) == base.model.config.vocab_size == 350
    report = json.loads((tmp_path / "pretraining.json").read_text())
    assert report["config"]["vocabulary_size"] == 350
    assert report["config"]["width"] == 64
    # Another command: what was made with the old vocabulary is not taken for this one's.
    (tmp_path / "pretraining.json").unlink()
    clock = Clock()
    pretrain(tmp_path, CONTINUED, corpus=corpus, start=str(whole), progress=clock)
    assert clock.steps == {PAIRS_STAGE: 3}
    assert len(load_base(str(tmp_path)).tokenizer) == 400


def test_a_new_base_has_a_new_vocabulary_anyway(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="new_vocabulary without --from"):
        pretrain(tmp_path, replace(CONFIG, new_vocabulary=True), corpus=corpus)


def test_a_base_of_another_origin_is_refused(whole: Path, corpus: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for path in whole.iterdir():
        if path.is_file() and path.name != "pretraining.json":
            (other / path.name).write_bytes(path.read_bytes())
    with pytest.raises(
        UsageError, match=r"other is no base of `tailorbird pretrain` \(its folder would hold pretraining"
    ):
        pretrain(tmp_path / "out", CONTINUED, corpus=corpus, start=str(other))


def test_limits_beyond_the_positions_of_the_earlier_base_are_refused(whole: Path, corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="max_source_tokens = 2000: the base to go on from has 1024 positions"):
        pretrain(tmp_path, replace(CONTINUED, max_source_tokens=2000), corpus=corpus, start=str(whole))


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A list that holds one project out, and the base made from it."""
    folder = tmp_path_factory.mktemp("three")
    first, second = (str((FIXTURES / name).resolve()) for name in ("junit4-ledger", "junit5-parcel"))
    other = folder / "other"
    (other / "src/main/java/q").mkdir(parents=True)
    (other / "src/test/java/q").mkdir(parents=True)
    methods = " ".join(f"public int times{n}(int value) {{ return value * {n}; }}" for n in range(12))
    (other / "src/main/java/q/Scale.java").write_text(f"package q; public class Scale {{ {methods} }}")
    tests = " ".join(
        f"@Test public void testTimes{n}() {{ assertEquals({n}, new Scale().times{n}(1)); }}" for n in range(12)
    )
    (other / "src/test/java/q/ScaleTest.java").write_text(
        f"package q; import org.junit.Test; import static org.junit.Assert.*; public class ScaleTest {{ {tests} }}"
    )
    listed = folder / "corpus.toml"
    listed.write_text(f"coordinates = {json.dumps([first, second])}\nheld_out = {json.dumps([str(other)])}")
    pretrain(folder / "base", CONFIG, corpus=listed)
    return listed, folder / "base"


def test_a_held_out_project_is_measured_on_and_never_trained_on(three: tuple[Path, Path]) -> None:
    _, out = three
    report = json.loads((out / "pretraining.json").read_text())
    corpus = report["corpus"]
    assert [part["held_out"] for part in corpus["parts"]] == [False, False, True]
    assert corpus["held_out_pairs"] == corpus["parts"][2]["pairs_kept"] == 12
    assert corpus["pairs"] == sum(part["pairs_kept"] for part in corpus["parts"][:2])
    assert corpus["snippets"] == sum(part["snippets"] for part in corpus["parts"][:2])
    assert report["greedy"]["outputs"] == 12
    assert "They are of artifacts that were held out whole." in (out / "README.md").read_text()
    tokenizer = load_base(str(out)).tokenizer
    store = TokenStore(out / "work" / "corpus" / "denoise")
    assert not any("times" in tokenizer.decode(store[at]) for at in range(len(store)))
    sources = TokenStore(out / "work" / "corpus" / "pairs-source")
    assert ["times" in tokenizer.decode(sources[at]) for at in range(len(sources))] == [
        at >= corpus["pairs"] for at in range(len(sources))
    ]
