"""From prompts to candidate texts: greedy, beam and sampling."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import torch

from tailorbird.base.load import Base
from tailorbird.errors import UsageError
from tailorbird.generation.guide import NO_WAYS, Guide, Ways
from tailorbird.generation.names import Names
from tailorbird.generation.search import Drawing, NewGuide, search_beams, take_likeliest, take_one_by_one
from tailorbird.generation.syntax import Syntax
from tailorbird.networks.batch import Encoded
from tailorbird.training.losses import target_losses

_BEGINNINGS, _WAYS, _MORE_WAYS = 8, 4, 16
"""So often at most a candidate begins or goes on anew; of these so often with a token that is not the likeliest, and
so often more while it is shorter than a usual test."""
_DRAWN_BEGINNINGS = 2
"""The same limit for a sampled candidate: others stand beside it, and eight cost several times the first tries."""

METHODS = ("greedy", "beam", "sample")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoding:
    """How to decode. ``candidates`` come back for each prompt, best (or first drawn) first."""

    method: str = "greedy"
    candidates: int = 1
    beams: int = 4
    temperature: float = 1.0
    top_p: float = 1.0
    max_tokens: int = 256
    no_repeat_ngram: int = 0
    """No run of so many tokens is written twice in one candidate; 0 allows every repeat."""
    usual_tokens: int = 0
    """How long a usual test of the project is: a guided candidate that would be cut off before tries longer."""

    @property
    def likeliest(self) -> bool:
        """Takes the likeliest tokens, whatever they are: one source that is done can make room for the next."""
        return self.method == "greedy" and not self.no_repeat_ngram

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise UsageError(f"decoding = {self.method}: choose one of {', '.join(METHODS)}.")
        if self.candidates < 1 or self.max_tokens < 1 or self.no_repeat_ngram < 0:
            raise UsageError("candidates and max_tokens must be at least 1, and no_repeat_ngram at least 0.")
        if self.method == "greedy" and self.candidates > 1:
            raise UsageError(
                f"greedy decoding gives 1 candidate, {self.candidates} were asked for: choose beam or sample."
            )
        if self.method == "beam" and self.beams < max(2, self.candidates):
            raise UsageError(
                f"beam search with {self.beams} beams cannot give {self.candidates} candidates: "
                f"use at least {max(2, self.candidates)} beams."
            )
        if self.method == "sample" and not (self.temperature > 0 and 0 < self.top_p <= 1):
            raise UsageError("sampling needs temperature > 0 and 0 < top_p <= 1.")


@dataclass(frozen=True, slots=True)
class Decoded:
    """One decoded sequence. ``tokens`` end with the end token where ``finished``."""

    tokens: tuple[int, ...]
    log_probability: float
    finished: bool
    completed: int = 0
    """Tokens at its end that were found by names and types, where the model found none."""


@torch.no_grad()
def decode_batch(
    base: Base,
    sources: Sequence[tuple[int, ...]],
    decoding: Decoding,
    *,
    seed: int,
    at_once: int | None = None,
    syntax: Syntax | None = None,
    names: Sequence[Names] | None = None,
    steers: bool = True,
) -> list[list[Decoded]]:
    """Candidates for each of ``sources``, of which no more than ``at_once`` are at work at a time in greedy decoding.

    With ``syntax`` each is one whole Java method, as far as ``decoding.max_tokens`` allows. It names what is
    there where ``names`` gives, for each source, what that is; and where it ``steers``, candidates that never called
    the focal method, or asserted nothing, have a second beginning (beams have none).
    Log-probabilities are the model's own, whatever the temperature, and come from one teacher-forced pass over the
    finished sequences: it costs one step, and no logits of all steps need to be kept.
    """
    network = base.network
    network.eval()
    torch.manual_seed(seed)
    # Equal sources have equal candidates, unless they are drawn.
    asked = list(zip(sources, names if names is not None else [None] * len(sources), strict=True))
    each = asked if decoding.method == "sample" else list(dict.fromkeys(asked))
    distinct = [source for source, _ in each]
    if syntax is None:
        written = _write(base, distinct, decoding, at_once)
        completed = [[0] * len(ranked) for ranked in written]
    else:
        own = [name for _, name in each]
        written, completed = _guided(base, distinct, decoding, at_once, syntax, own, steers=steers)
    examples = [
        Encoded(source, tuple(tokens)) for source, ranked in zip(distinct, written, strict=True) for tokens in ranked
    ]
    decoded = iter(
        Decoded(example.target, -loss.loss, example.target[-1] == base.end, count)
        for example, loss, count in zip(
            examples, target_losses(network, examples), chain.from_iterable(completed), strict=True
        )
    )
    found = [[next(decoded) for _ in ranked] for ranked in written]
    if decoding.method == "sample":
        return found
    of_asked = dict(zip(each, found, strict=True))
    return [of_asked[one] for one in asked]


def _guided(
    base: Base,
    sources: Sequence[tuple[int, ...]],
    decoding: Decoding,
    at_once: int | None,
    syntax: Syntax,
    names: Sequence[Names | None],
    *,
    steers: bool,
) -> tuple[list[list[list[int]]], list[list[int]]]:
    """The candidates' tokens, and how many of each one names and types have found."""
    guides: list[list[Guide]] = [[] for _ in sources]
    # What is drawn goes another way by itself.
    ways = Ways(_WAYS + _MORE_WAYS, _MORE_WAYS, decoding.usual_tokens) if decoding.likeliest else NO_WAYS

    def guide(at: int) -> Guide:
        guides[at].append(Guide(syntax, decoding.max_tokens, names[at], steers=steers, ways=ways))
        return guides[at][-1]

    written = _write(base, sources, decoding, at_once, guide)
    if decoding.method == "beam":
        return written, [[0] * len(ranked) for ranked in written]
    latest = {(at, rank): (one, written[at][rank]) for at, own in enumerate(guides) for rank, one in enumerate(own)}
    for _ in range(_DRAWN_BEGINNINGS if decoding.method == "sample" else _BEGINNINGS + ways.kept):
        found = {place: one.another(tokens) for place, (one, tokens) in latest.items()}
        again = [(place, another) for place, another in found.items() if another is not None]
        if not again:
            break
        latest = dict(_once_more(base, sources, again, decoding, at_once))
        for (at, rank), (another, tokens) in latest.items():
            if another.called and another.merit >= guides[at][rank].merit:
                written[at][rank], guides[at][rank] = tokens, another
    return written, [[one.completed for one in own] for own in guides]


def _once_more(
    base: Base,
    sources: Sequence[tuple[int, ...]],
    again: Sequence[tuple[tuple[int, int], Guide]],
    decoding: Decoding,
    at_once: int | None,
) -> Iterator[tuple[tuple[int, int], tuple[Guide, list[int]]]]:
    """Other tries of some candidates, each at its (source, rank) with its guide; those of a source read it once."""
    groups: dict[int, list[tuple[tuple[int, int], Guide]]] = defaultdict(list)
    for number, (place, guide) in enumerate(again):
        # Greedy decoding takes one candidate of each source.
        groups[number if decoding.likeliest else place[0]].append((place, guide))
    tries = list(groups.values())
    waiting = [iter([guide for _, guide in own]) for own in tries]
    given = [sources[own[0][0][0]] for own in tries]
    counts = [len(own) for own in tries]
    made = _write(base, given, decoding, at_once, lambda at: next(waiting[at]), counts=counts)
    for own, written in zip(tries, made, strict=True):
        for (place, guide), tokens in zip(own, written, strict=True):
            yield place, (guide, tokens)


def _write(
    base: Base,
    sources: Sequence[tuple[int, ...]],
    decoding: Decoding,
    at_once: int | None,
    guide: NewGuide | None = None,
    *,
    counts: Sequence[int] | None = None,
) -> list[list[list[int]]]:
    """The tokens of each source's candidates; ``counts`` says how many where these are not ``decoding``'s."""
    if decoding.method == "beam":
        return search_beams(
            base.network,
            sources,
            end=base.end,
            steps=decoding.max_tokens,
            beams=decoding.beams,
            candidates=decoding.candidates,
            no_repeat=decoding.no_repeat_ngram,
            guide=guide,
        )
    if decoding.likeliest:
        written = take_likeliest(
            base.network, sources, end=base.end, steps=decoding.max_tokens, at_once=at_once, guide=guide
        )
        return [[tokens] for tokens in written]
    sampling = decoding.method == "sample"
    return take_one_by_one(
        base.network,
        sources,
        end=base.end,
        steps=decoding.max_tokens,
        candidates=counts or decoding.candidates,
        no_repeat=decoding.no_repeat_ngram,
        drawing=Drawing(temperature=decoding.temperature, top_p=decoding.top_p) if sampling else None,
        guide=guide,
    )


def to_text(base: Base, decoded: Decoded) -> str:
    """The candidate's text, special tokens left out."""
    return base.text(decoded.tokens).strip()
