"""Our decoding against transformers' ``generate`` and against our own teacher-forced scores."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from transformers import GenerationConfig

from tailorbird.base.load import Base
from tailorbird.deltas.attach import attach_delta
from tailorbird.deltas.store import load_delta, save_delta
from tailorbird.generation.search import Drawing, sample_tokens, search_beams, take_likeliest, take_one_by_one
from tailorbird.generation.stepping import Stepper
from tailorbird.networks.batch import Encoded
from tailorbird.training.device import in_precision
from tests.data import delta_manifest
from tests.models import FAMILIES, encoded_texts, small_base
from tests.oracles.prefix_attention import with_prefix
from tests.unit.strategies.cases import every_case, prepare, settings_of

Sources = Sequence[tuple[int, ...]]

# Of unequal lengths: padding, masks and rows that finish at different times all come in.
SOURCES = [example.source[at * 3 :] for at, example in enumerate(encoded_texts()[:5])]
TOKENS = 14

every_family = pytest.mark.parametrize("family", list(FAMILIES))


def generated(
    base: Base, sources: Sources, *, beams: int = 1, candidates: int = 1, no_repeat: int = 0
) -> list[list[list[int]]]:
    """What ``generate`` writes, source by source: padding is no part of the comparison."""
    config = GenerationConfig(
        max_new_tokens=TOKENS,
        num_beams=beams,
        num_return_sequences=candidates,
        do_sample=False,
        no_repeat_ngram_size=no_repeat,
        pad_token_id=1,
        eos_token_id=base.end,
        decoder_start_token_id=base.network.parts.start,
    )
    found = []
    for source in sources:
        ids = torch.tensor([source])
        with torch.no_grad():
            rows = base.model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), generation_config=config)  # type: ignore[operator]
        written = rows[:, 1 if base.network.parts.start is not None else len(source) :].tolist()
        found.append([row[: row.index(base.end) + 1] if base.end in row else row for row in written])
    return found


ENDING = {
    "bart": (1, 1.6),
    "plbart": (1, 1.6),
    "t5": (0, 3.0),
    "t5-gated": (1, 1.6),
    "gpt2": (0, 1.8),
    "llama": (0, 3.0),
    "qwen2": (1, 3.0),
}


def ending(family: str) -> Base:
    """A base with a liking for its end token."""
    seed, liking = ENDING[family]
    base = small_base(family, seed=seed)
    with torch.no_grad():
        base.network.parts.head.weight[base.end] *= liking
    return base


@every_family
def test_the_sources_of_the_comparisons_finish_at_different_times(family: str) -> None:
    base = ending(family)
    written = take_one_by_one(base.network, SOURCES, end=base.end, steps=TOKENS)
    assert len({len(rows[0]) for rows in written}) > 2


@every_family
@pytest.mark.parametrize("no_repeat", [0, 2])
def test_greedy_writes_what_generate_writes(family: str, no_repeat: int) -> None:
    base = ending(family)
    if no_repeat and base.network.parts.start is None:
        pytest.skip("generate counts the source's runs too")
    ours = take_one_by_one(base.network, SOURCES, end=base.end, steps=TOKENS, no_repeat=no_repeat)
    assert ours == generated(base, SOURCES, no_repeat=no_repeat)


@every_family
@pytest.mark.parametrize("guesses", [0, 1, 5])
@pytest.mark.parametrize("ends", [True, False])
def test_guessing_writes_what_is_written_without(family: str, ends: bool, guesses: int) -> None:
    base = ending(family) if ends else small_base(family)
    wanted = take_one_by_one(base.network, SOURCES, end=base.end, steps=TOKENS)
    # Sources that hold what is to be written: guesses are right, and wrong where they break off.
    sources = [*SOURCES, *((*source, *rows[0][:13]) for source, rows in zip(SOURCES, wanted, strict=True))]
    plain = take_one_by_one(base.network, sources, end=base.end, steps=TOKENS)
    found = take_likeliest(base.network, sources, end=base.end, steps=TOKENS, guesses=guesses)
    assert found == [rows[0] for rows in plain]


@every_family
@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_the_places_of_those_that_are_done_are_filled(family: str, at_once: int) -> None:
    base = ending(family)
    wanted = [take_likeliest(base.network, [source], end=base.end, steps=TOKENS)[0] for source in SOURCES]
    assert len({len(tokens) for tokens in wanted}) > 1
    assert take_likeliest(base.network, SOURCES, end=base.end, steps=TOKENS, at_once=at_once) == wanted


@every_case
def test_a_source_that_came_in_later_has_the_scores_of_teacher_forcing(
    family: str, strategy: str, tmp_path: Path
) -> None:
    base = small_base(family)
    attach(base, family, strategy, tmp_path)
    network, start = base.network, base.network.parts.start
    first, later = SOURCES[:2], SOURCES[2]
    stepper = Stepper(network, first, steps=8, guesses=3, longest=max(len(source) for source in SOURCES))
    stepper.try_on([[9, 8], [7]])
    stepper.accept(torch.tensor([2, 1]))
    stepper.admit(torch.tensor([0]), [later])
    read = [*([start] if start is not None else []), 11, 12]
    scores = stepper.try_on([read, [5]]).split([len(read), 1])[0]
    target = (*(read[1:] if start is not None else read), 0)
    with torch.no_grad():
        forced = network.logits(network.batch([Encoded(later, target)]))[: len(target)][-len(read) :]
    torch.testing.assert_close(scores, forced, atol=1e-4 * float(forced.abs().max()), rtol=1e-4)


@every_case
def test_scores_of_guesses_are_those_of_teacher_forcing(family: str, strategy: str, tmp_path: Path) -> None:
    base = small_base(family)
    attach(base, family, strategy, tmp_path)
    network, start = base.network, base.network.parts.start
    stepper = Stepper(network, SOURCES[:3], steps=8, guesses=3)
    drawn = torch.randint(3, 50, (3, 12), generator=torch.Generator().manual_seed(0)).tolist()
    # What is read: the start token where there is one, then drawn tokens. Some guesses are wrong, and written over.
    reads = [([start] if start is not None else []) + row for row in drawn]
    written, right = [0, 0, 0], [[2, 1, 3], [1, 3, 2]]
    for counts in (*right, [1, 0, 1]):
        # As many as are right and a wrong one more; none where nothing is to be read.
        given = [
            row[at : at + count] + [7] * (count > 1) for row, at, count in zip(reads, written, counts, strict=True)
        ]
        scores = stepper.try_on(given).split([len(row) for row in given])
        for row, source in enumerate(SOURCES[:3]):
            if not given[row]:
                continue
            past = reads[row][: written[row]] + given[row]
            target = (*(past[1:] if start is not None else past), 0)
            with torch.no_grad():
                forced = network.logits(network.batch([Encoded(source, target)]))[: len(target)][-len(given[row]) :]
            scale = float(forced.abs().max())
            torch.testing.assert_close(scores[row], forced, atol=1e-4 * scale, rtol=1e-4)
        stepper.accept(torch.tensor(counts))
        written = [at + count for at, count in zip(written, counts, strict=True)]


@every_family
@pytest.mark.parametrize(("beams", "candidates", "no_repeat"), [(2, 1, 0), (4, 3, 0), (3, 3, 2)])
def test_beam_search_writes_what_generate_writes(family: str, beams: int, candidates: int, no_repeat: int) -> None:
    base = ending(family)
    if no_repeat and base.network.parts.start is None:
        pytest.skip("generate counts the source's runs too")
    options: dict[str, int] = {"beams": beams, "candidates": candidates, "no_repeat": no_repeat}
    ours = search_beams(
        base.network, SOURCES, end=base.end, steps=TOKENS, beams=beams, candidates=candidates, no_repeat=no_repeat
    )
    assert ours == generated(base, SOURCES, **options)


@every_case
def test_scores_of_steps_are_those_of_teacher_forcing(family: str, strategy: str, tmp_path: Path) -> None:
    base = small_base(family)
    attach(base, family, strategy, tmp_path)
    network, steps = base.network, 6
    for beams in (1, 3):
        stepper = Stepper(network, SOURCES[:3], beams=beams, steps=steps)
        drawn = torch.Generator().manual_seed(0)
        written = torch.randint(3, 50, (3, beams, steps), generator=drawn)
        first = stepper.first_scores
        if first is None:
            start = network.parts.start
            assert start is not None
            scores = [stepper.step(torch.full((3, beams), start))]
        else:
            scores = [first.unsqueeze(1).expand(-1, beams, -1)]
        for at in range(steps - 1):
            scores.append(stepper.step(written[:, :, at]))
        stacked = torch.stack(scores, dim=2)  # (sources, beams, steps, vocabulary)
        for row, source in enumerate(SOURCES[:3]):
            batch = network.batch([Encoded(source, tuple(written[row, beam].tolist())) for beam in range(beams)])
            with torch.no_grad():
                forced = network.logits(batch)[: batch.targets.total].view(beams, steps, -1)
            scale = float(forced.abs().max())
            torch.testing.assert_close(stacked[row], forced, atol=1e-4 * scale, rtol=1e-4)


@every_family
def test_beams_that_follow_others_see_their_past_alone(family: str) -> None:
    network = small_base(family).network
    stepper = Stepper(network, SOURCES[:2], beams=2, steps=4)
    start = network.parts.start
    if start is not None:
        stepper.step(torch.full((2, 2), start))
    stepper.step(torch.tensor([[5, 6], [7, 8]]))
    # Both beams of the first source go on from its second, those of the second change places.
    stepper.follow(torch.tensor([[1, 1], [1, 0]]))
    scores = stepper.step(torch.tensor([[9, 10], [11, 12]]))
    pasts = [[(6, 9), (6, 10)], [(8, 11), (7, 12)]]
    for row in range(2):
        for beam in range(2):
            batch = network.batch([Encoded(SOURCES[row], (*pasts[row][beam], 0))])
            with torch.no_grad():
                forced = network.logits(batch)[2]
            torch.testing.assert_close(scores[row, beam], forced, atol=1e-3, rtol=1e-3)


def attach(base: Base, family: str, strategy: str, folder: Path) -> None:
    """Put a delta unlike the base on it, without training: every tensor moved a little."""
    prepared = prepare(base, strategy, family)
    drawn = torch.Generator().manual_seed(1)
    tensors = {
        name: tensor + 0.05 * torch.randn(tensor.shape, generator=drawn) for name, tensor in prepared.extract().items()
    }
    prepared.undo()
    save_delta(folder, tensors, delta_manifest(base, strategy, settings_of(strategy, family)))
    attach_delta(base, load_delta(folder))


@pytest.mark.parametrize("strategy", ["lora", "dora", "ia3"])
@every_family
def test_adapters_write_what_generate_writes_with_them(family: str, strategy: str, tmp_path: Path) -> None:
    base = small_base(family)
    attach(base, family, strategy, tmp_path)
    ours = search_beams(base.network, SOURCES, end=base.end, steps=TOKENS, beams=3)
    assert ours == generated(base, SOURCES, beams=3)
    greedy = take_one_by_one(base.network, SOURCES, end=base.end, steps=TOKENS)
    assert greedy == generated(base, SOURCES)


@pytest.mark.parametrize("family", ["bart", "plbart", "t5"])
def test_prefixes_write_what_generate_writes_with_them(family: str, tmp_path: Path) -> None:
    base = small_base(family)
    attach(base, family, "prefix", tmp_path)
    greedy = take_one_by_one(base.network, SOURCES, end=base.end, steps=TOKENS)
    beams = search_beams(base.network, SOURCES, end=base.end, steps=TOKENS, beams=3)
    with with_prefix(base.network):
        assert greedy == generated(base, SOURCES)
        assert beams == generated(base, SOURCES, beams=3)


@every_family
def test_sources_may_have_different_numbers_of_candidates(family: str) -> None:
    base = ending(family)
    single = take_one_by_one(base.network, SOURCES, end=base.end, steps=TOKENS)
    counts = [2, 1, 3, 1, 2]
    found = take_one_by_one(base.network, SOURCES, end=base.end, steps=TOKENS, candidates=counts)
    assert found == [rows * count for rows, count in zip(single, counts, strict=True)]


@every_family
def test_weights_in_bf16_are_stepped_through_in_bf16(family: str) -> None:
    network, steps = small_base(family).network, 4
    written = torch.randint(3, 50, (3, 2, steps), generator=torch.Generator().manual_seed(0))
    found = []
    for bfloat16 in (False, True):
        with in_precision(network, bfloat16=bfloat16):
            stepper = Stepper(network, SOURCES[:3], beams=2, steps=steps)
            scores = [stepper.step(written[:, :, at]) for at in range(steps)]
        assert all(one.dtype == (torch.bfloat16 if bfloat16 else torch.float32) for one in scores)
        found.append(torch.stack(scores).float())
    assert found[1].isfinite().all()
    # T5 does not scale its scores: with random weights another rounding attends elsewhere.
    if not family.startswith("t5"):
        torch.testing.assert_close(found[1], found[0], atol=0.1 * float(found[0].abs().max()), rtol=0)


@pytest.mark.parametrize("top_p", [1.0, 0.8, 0.3])
@pytest.mark.parametrize("spread", [1.0, 8.0])
def test_tokens_are_drawn_as_often_as_they_are_likely(spread: float, top_p: float) -> None:
    torch.manual_seed(0)
    scores, temperature, draws = spread * torch.randn(40), 0.7, 4000
    chances = (scores / temperature).softmax(dim=0)
    ordered, tokens = chances.sort(descending=True)
    kept = tokens[ordered.cumsum(0) - ordered < top_p]
    wanted = torch.zeros(40).index_put((kept,), chances[kept] / chances[kept].sum())
    drawn = sample_tokens(scores.expand(draws, -1), Drawing(temperature=temperature, top_p=top_p))
    found = torch.bincount(drawn, minlength=40) / draws
    assert not found[wanted == 0].any()
    # Four standard deviations of a share.
    assert ((found - wanted).abs() <= 4 * (wanted * (1 - wanted) / draws).sqrt() + 1e-6).all()
