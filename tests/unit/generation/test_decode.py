"""Decoding: what it refuses, what it promises."""

import pytest
import torch

from tailorbird.base.load import Base
from tailorbird.errors import UsageError
from tailorbird.generation.decode import Decoded, Decoding, decode_batch, to_text
from tailorbird.generation.syntax import Syntax
from tailorbird.networks.batch import Encoded
from tailorbird.training.losses import target_losses
from tests.models import FAMILIES, VOCABULARY, bart, base_of, encoded_texts, small_base

SOURCES = [example.source for example in encoded_texts()[:3]]
TOKENS = 10

every_family = pytest.mark.parametrize("family", list(FAMILIES))
every_method = pytest.mark.parametrize(
    "decoding",
    [
        Decoding(max_tokens=TOKENS),
        Decoding(method="beam", beams=4, candidates=3, max_tokens=TOKENS),
        Decoding(method="sample", candidates=3, max_tokens=TOKENS, temperature=0.7, top_p=0.9),
    ],
    ids=lambda decoding: decoding.method,
)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "best"}, "decoding = best: choose one of greedy, beam, sample"),
        ({"candidates": 2}, "greedy decoding gives 1 candidate, 2 were asked for: choose beam or sample"),
        ({"method": "beam", "beams": 3, "candidates": 4}, "3 beams cannot give 4 candidates: use at least 4"),
        ({"method": "beam", "beams": 1}, "1 beams cannot give 1 candidates: use at least 2"),
        ({"method": "sample", "temperature": 0.0}, "temperature > 0"),
        ({"method": "sample", "top_p": 0.0}, "0 < top_p <= 1"),
        ({"method": "sample", "top_p": 1.5}, "0 < top_p <= 1"),
        ({"method": "sample", "candidates": 0}, "at least 1"),
        ({"max_tokens": 0}, "at least 1"),
    ],
)
def test_settings_that_cannot_be_met_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Decoding(**settings)  # type: ignore[arg-type]


@every_family
@every_method
@pytest.mark.parametrize("guided", [False, True], ids=["free", "guided"])
def test_ids_that_are_no_token_are_never_written(family: str, decoding: Decoding, guided: bool) -> None:
    torch.manual_seed(0)
    model = FAMILIES[family]()
    model.resize_token_embeddings(VOCABULARY + 40, mean_resizing=False)
    base = base_of(model, family)
    head = base.network.parts.head.weight
    with torch.no_grad():
        head[VOCABULARY:] = torch.randn(40, head.shape[1]) * 3
    syntax = Syntax(base.tokenizer) if guided else None

    def beyond() -> set[int]:
        decoded = decode_batch(base, SOURCES, decoding, seed=0, syntax=syntax)
        return {token for ranked in decoded for one in ranked for token in one.tokens if token >= VOCABULARY}

    if not guided:
        assert beyond()  # Without the mask these are what it would write.
    base.network.unwritable = tuple(range(VOCABULARY, VOCABULARY + 40))
    assert not beyond()


@every_family
@every_method
def test_each_source_gets_its_candidates_with_the_models_own_probability(family: str, decoding: Decoding) -> None:
    base = small_base(family)
    decoded = decode_batch(base, SOURCES, decoding, seed=0)
    assert [len(candidates) for candidates in decoded] == [decoding.candidates] * len(SOURCES)
    for source, candidates in zip(SOURCES, decoded, strict=True):
        for one in candidates:
            (loss,) = target_losses(base.network, [Encoded(source, one.tokens)])
            assert one.log_probability == pytest.approx(-loss.loss, rel=1e-4, abs=1e-4)
            assert one.finished == (one.tokens[-1] == base.tokenizer.eos_token_id)
            assert base.tokenizer.eos_token_id not in one.tokens[:-1]
            assert one.finished or len(one.tokens) == TOKENS


def by_hand(base: Base, source: tuple[int, ...]) -> tuple[int, ...]:
    """Greedy decoding, token by token."""
    model, start, made = base.model, base.network.parts.start, list[int]()
    while len(made) < TOKENS and base.end not in made:
        with torch.no_grad():
            if start is not None:
                inputs = {"input_ids": torch.tensor([source]), "decoder_input_ids": torch.tensor([[start, *made]])}
            else:
                inputs = {"input_ids": torch.tensor([[*source, *made]])}
            logits = model(**inputs).logits
        made.append(int(logits[0, -1].argmax()))
    return tuple(made)


@every_family
def test_greedy_takes_the_likeliest_token_each_time(family: str) -> None:
    base = small_base(family)
    decoded = decode_batch(base, SOURCES, Decoding(max_tokens=TOKENS), seed=0)
    assert [candidates[0].tokens for candidates in decoded] == [by_hand(base, source) for source in SOURCES]


@every_family
def test_beams_are_distinct_and_ordered_by_score(family: str) -> None:
    base = small_base(family)
    decoding = Decoding(method="beam", beams=4, candidates=4, max_tokens=TOKENS)
    for candidates in decode_batch(base, SOURCES, decoding, seed=0):
        # transformers scores a beam by its log-probability per token.
        scores = [one.log_probability / len(one.tokens) for one in candidates]
        assert scores == sorted(scores, reverse=True)
        assert len({one.tokens for one in candidates}) == 4


def test_sampling_is_the_seeds_alone() -> None:
    base = small_base()
    decoding = Decoding(method="sample", candidates=2, max_tokens=TOKENS)
    first = decode_batch(base, SOURCES, decoding, seed=1)
    torch.manual_seed(1234)
    assert decode_batch(base, SOURCES, decoding, seed=1) == first
    assert decode_batch(base, SOURCES, decoding, seed=2) != first


def test_a_cold_or_narrow_sample_is_greedy() -> None:
    base = small_base()
    greedy = [one.tokens for (one,) in decode_batch(base, SOURCES, Decoding(max_tokens=TOKENS), seed=0)]
    for narrow in ({"temperature": 1e-4}, {"top_p": 1e-6}):
        decoding = Decoding(method="sample", max_tokens=TOKENS, **narrow)  # type: ignore[arg-type]
        assert [one.tokens for (one,) in decode_batch(base, SOURCES, decoding, seed=3)] == greedy


def test_text_comes_without_special_tokens_and_outer_blanks() -> None:
    base = small_base()
    tokens = base.tokenizer("\n\tint a;\n\tint b; ")["input_ids"]
    assert to_text(base, Decoded(tuple(tokens), -1.0, True)) == "int a;\n\tint b;"


def test_no_run_of_tokens_is_repeated_where_that_is_asked_for() -> None:
    # A model that has learned one token alone goes round in circles.
    model = bart()
    with torch.no_grad():
        dict(model.named_parameters())["model.shared.weight"].zero_()
        dict(model.named_buffers())["final_logits_bias"][0, 9] = 5.0
    base = base_of(model)
    ((free,),) = decode_batch(base, SOURCES[:1], Decoding(max_tokens=TOKENS), seed=0)
    assert set(free.tokens) == {9}
    ((guarded,),) = decode_batch(base, SOURCES[:1], Decoding(max_tokens=TOKENS, no_repeat_ngram=3), seed=0)
    runs = [guarded.tokens[at : at + 3] for at in range(len(guarded.tokens) - 2)]
    assert len(runs) == len(set(runs))
