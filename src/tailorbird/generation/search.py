"""Which tokens are taken: greedy, by sampling, or by beam search as transformers' ``generate`` does it."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import torch

from tailorbird.generation.guessing import Lookup, Written
from tailorbird.generation.guide import Guide, Rank
from tailorbird.generation.stepping import Stepper
from tailorbird.networks.network import Network

GUESSES = 3
"""Tokens looked up in a step: more are seldom right, and no longer free."""

_ROUNDS = 100
"""In which the best continuations of a step are asked for their names."""

_LIKELY = 256
"""Tokens that nearly always hold what top_p asks for: to put all in order takes longer than the network's step."""
_NEAR = 14.0
"""Tokens whose scores lie so far behind the best one's are seldom in what top_p asks for."""
_APART = 1e6
"""More than two log-probabilities, or two lots, differ by."""
_NEVER = -1e9
_SPARE = 0.75
"""Finished sources leave the network when no more than this share of its rows is still at work."""
_REFILL = 2
"""Where others wait, they come in when one place in so many is free."""


NewGuide = Callable[[int], Guide]
"""A guide for one more candidate for the source of that number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """How sampling draws."""

    temperature: float
    top_p: float


@torch.no_grad()
def take_likeliest(
    network: Network,
    sources: Sequence[tuple[int, ...]],
    *,
    end: int,
    steps: int,
    guesses: int = GUESSES,
    at_once: int | None = None,
    guide: NewGuide | None = None,
) -> list[list[int]]:
    """For each source the sequence of the likeliest tokens, up to and with ``end`` or of ``steps`` tokens.

    Up to ``guesses`` tokens are looked up in each step, and kept as far as they are the likeliest ones. ``at_once``
    sources are at work at a time, all where it is None; one that is done makes room for the next. With a ``guide``
    they are the likeliest of the tokens that it allows.
    """
    likeliest = _Likeliest(network, sources, end=end, steps=steps, guesses=guesses, guide=guide)
    return likeliest.write(at_once or len(sources))


class _Likeliest:
    """Greedy decoding of many sources in a few places."""

    def __init__(
        self,
        network: Network,
        sources: Sequence[tuple[int, ...]],
        *,
        end: int,
        steps: int,
        guesses: int,
        guide: NewGuide | None,
    ) -> None:
        self._network, self._sources = network, sources
        self._end, self._steps, self._guesses = end, steps, guesses
        self._guide = guide
        self._guides: dict[int, Guide] = {}
        self._made: list[list[int]] = [[] for _ in sources]
        self._written = Written()
        self._lookups: dict[int, Lookup] = {}
        self._places: list[int] = []
        """The source in each place."""

    def write(self, places: int) -> list[list[int]]:
        count = min(places, len(self._sources))
        waiting = deque(range(count, len(self._sources)))
        stepper = Stepper(
            self._network,
            self._sources[:count],
            steps=self._steps,
            guesses=self._guesses,
            longest=max(len(source) for source in self._sources),
        )
        self._places = list(range(count))
        self._begin(self._places, stepper.first_scores)
        while True:
            over = [place for place, source in enumerate(self._places) if self._is_done(source)]
            if len(over) == count and not waiting:
                return self._made
            # Not one by one: sources are read faster together.
            if waiting and len(over) >= max(1, count // _REFILL):
                self._refill(stepper, over[: len(waiting)], waiting)
                continue
            if not waiting and count - len(over) <= _SPARE * count:
                kept = [place for place in range(count) if place not in over]
                stepper.keep(torch.tensor(kept, device=self._network.device))
                self._places, count = [self._places[place] for place in kept], len(kept)
                continue
            self._advance(stepper)

    def _is_done(self, source: int) -> bool:
        made = self._made[source]
        return len(made) >= self._steps or made[-1:] == [self._end]

    def _refill(self, stepper: Stepper, places: Sequence[int], waiting: deque[int]) -> None:
        taken = [waiting.popleft() for _ in places]
        for place, source in zip(places, taken, strict=True):
            self._places[place] = source
        rows = torch.tensor(places, device=self._network.device)
        self._begin(taken, stepper.admit(rows, [self._sources[source] for source in taken]))

    def _begin(self, sources: Sequence[int], first: torch.Tensor | None) -> None:
        for source in sources:
            self._lookups[source] = Lookup(self._sources[source], self._written)
            if self._guide is not None:
                self._guides[source] = self._guide(source)
        if first is not None:
            for source, token, scores in zip(sources, first.argmax(dim=-1).tolist(), first, strict=True):
                self._take(source, [self._settled(source, token, scores)])

    def _settled(self, source: int, token: int, scores: torch.Tensor) -> int:
        guide = self._guides.get(source)
        return token if guide is None else guide.settle(token, scores.float(), _by_score)

    def _take(self, source: int, tokens: Sequence[int]) -> None:
        made, lookup = self._made[source], self._lookups[source]
        for token in tokens[: self._steps - len(made)]:
            made.append(token)
            lookup.add(token)
            if token == self._end:
                break
        if self._is_done(source):
            self._written.add(made)
            del self._lookups[source]
            guide = self._guides.pop(source, None)
            if guide is not None:
                self._made[source] = guide.finish(made)

    def _advance(self, stepper: Stepper) -> None:
        """One step of every place that is at work."""
        start = self._network.parts.start or 0
        given: list[list[int]] = []
        for source in self._places:
            made = self._made[source]
            if self._is_done(source):
                given.append([])  # Waits for the others.
                continue
            guide = self._guides.get(source)
            most = min(self._guesses, self._steps - len(made) - 1)
            guessed = (guide.upcoming if guide is not None else [])[:most]
            guessed = guessed or self._lookups[source].guess(most)
            given.append([made[-1] if made else start, *guessed])
        scores = stepper.try_on(given)
        likeliest = scores.argmax(dim=-1).tolist()
        right, row = [], 0
        for source, tried in zip(self._places, given, strict=True):
            best: list[int] = []
            # Right are the first, and each that was the likeliest after a right one; up to the end.
            while len(best) < len(tried) and (not best or (tried[len(best)] == best[-1] != self._end)):
                at = row + len(best)
                best.append(self._settled(source, likeliest[at], scores[at]))
            row += len(tried)
            right.append(len(best))
            if best:
                self._take(source, best)
        stepper.accept(torch.tensor(right, device=self._network.device))


def _by_score(scores: torch.Tensor) -> torch.Tensor:
    return scores


def _by_lot(scores: torch.Tensor, drawing: Drawing) -> torch.Tensor:
    """Ranks of which the highest is a draw, the next another from what is left, and so on (Gumbel's trick)."""
    chances = (scores / drawing.temperature).log_softmax(dim=-1)
    lots = chances - torch.empty_like(chances).exponential_().log()
    if drawing.top_p < 1:
        # What top_p leaves out comes after all that it does not.
        lots = torch.where(_within_top_p(chances.exp(), drawing.top_p), lots, lots - _APART)
    return lots


@torch.no_grad()
def take_one_by_one(
    network: Network,
    sources: Sequence[tuple[int, ...]],
    *,
    end: int,
    steps: int,
    candidates: int | Sequence[int] = 1,
    no_repeat: int = 0,
    drawing: Drawing | None = None,
    guide: NewGuide | None = None,
) -> list[list[list[int]]]:
    """For each source ``candidates`` sequences, each up to and with ``end`` or of ``steps`` tokens, token by token.

    How many may differ from source to source. All of a source read it once.
    Greedy without ``drawing``; with it, tokens are drawn with torch's current random state. What a ``guide`` does not
    allow is drawn again from what it does.
    """
    counts = [candidates] * len(sources) if isinstance(candidates, int) else list(candidates)
    stepper = Stepper(network, sources, beams=max(counts), steps=steps)
    rows = [
        _Row(at, at, candidate, _Runs(no_repeat, network.parts.start), None if guide is None else guide(at))
        for at in range(len(sources))
        for candidate in range(counts[at])
    ]
    rank: Rank = _by_score if drawing is None else partial(_by_lot, drawing=drawing)
    going, places = rows, len(sources)
    first, tokens = _first(network, stepper, places, max(counts))
    scores = None if first is None else first[[row.place for row in rows], [row.candidate for row in rows]]
    for _ in range(steps):
        at = ([row.place for row in going], [row.candidate for row in going])
        if scores is None:
            # Those that have ended are computed no more.
            mask = torch.zeros_like(tokens, dtype=torch.bool)
            mask[at] = True
            scores = stepper.step(tokens, mask)
        if no_repeat:
            for number, row in enumerate(going):
                scores[number, row.runs.banned] = -torch.inf
        taken = (scores.argmax(dim=-1) if drawing is None else sample_tokens(scores, drawing)).tolist()
        for number, row in enumerate(going):
            if row.guide is not None:
                taken[number] = row.guide.settle(taken[number], scores[number].float(), rank)
            row.add(taken[number])
        scores = None
        tokens[at] = torch.tensor(taken, device=tokens.device)
        going = [row for row in going if row.tokens[-1] != end]
        if not going:
            break
        kept = sorted({row.place for row in going})
        if len(kept) <= _SPARE * places:
            stepper.keep(torch.tensor(kept, device=tokens.device))
            tokens, places = tokens[kept], len(kept)
            for row in going:
                row.place = kept.index(row.place)
    written: list[list[list[int]]] = [[] for _ in sources]
    for row in rows:
        written[row.source].append(row.tokens if row.guide is None else row.guide.finish(row.tokens))
    return written


@dataclass(slots=True)
class _Row:
    """One candidate as it is written."""

    source: int
    place: int
    """Of its source, among those at work."""
    candidate: int
    runs: "_Runs"
    guide: Guide | None
    tokens: list[int] = field(default_factory=list)

    def add(self, token: int) -> None:
        self.tokens.append(token)
        self.runs.add(token)


@torch.no_grad()
def search_beams(
    network: Network,
    sources: Sequence[tuple[int, ...]],
    *,
    end: int,
    steps: int,
    beams: int,
    candidates: int = 1,
    no_repeat: int = 0,
    guide: NewGuide | None = None,
) -> list[list[list[int]]]:
    """For each source its ``candidates`` best sequences of ``beams`` beams, best first.

    A finished sequence scores its log-probability divided by its length. A source is done when its likeliest open beam,
    at the length so far, scores no better than the worst of ``beams`` finished ones (transformers'
    ``length_penalty=1`` and ``early_stopping=False``). With a ``guide`` beams go on with what it allows.
    """
    stepper = Stepper(network, sources, beams=beams, steps=steps)
    searches = [
        _Search(beams, _Runs(no_repeat, network.parts.start), guide(at) if guide is not None else None)
        for at in range(len(sources))
    ]
    active = list(range(len(sources)))
    scores, tokens = _first(network, stepper, len(sources), beams)
    device = network.device
    running = torch.full((len(sources), beams), _NEVER, device=device)
    running[:, 0] = 0.0  # All beams are the same at the start: only the first may go on.
    for step in range(1, steps + 1):
        scores = stepper.step(tokens) if scores is None else scores
        chances = scores.float().log_softmax(dim=-1)
        scores = None
        if no_repeat:
            for row, source in enumerate(active):
                for beam, open_beam in enumerate(searches[source].open):
                    chances[row, beam, open_beam.runs.banned] = -torch.inf
        vocabulary = chances.shape[-1]
        totals = (chances + running.unsqueeze(-1)).flatten(1)
        # Twice as many as beams: were all the best to end, there must be others to go on from.
        best, places = totals.topk(2 * beams, dim=1)
        if guide is not None:
            for row, source in enumerate(active):
                best[row], places[row] = searches[source].guided(totals[row].view(beams, -1), best[row], places[row])
        froms, taken = places // vocabulary, places % vocabulary
        ends = (taken == end) | (step == steps)
        going = (best + ends * _NEVER).topk(beams, dim=1)
        running, order = going.values, going.indices
        follows, tokens = froms.gather(1, order), taken.gather(1, order)
        continuations = torch.stack([froms, taken, ends], dim=-1).tolist()
        rows = zip(active, continuations, best.tolist(), order.tolist(), running[:, 0].tolist(), strict=True)
        for source, found, totals_of, goes_on, likeliest in rows:
            ranked = [
                (beam, token, total, bool(over)) for (beam, token, over), total in zip(found, totals_of, strict=True)
            ]
            searches[source].advance(ranked, goes_on, likeliest, step)
        if step == steps:
            break
        stepper.follow(follows)
        open_rows = [row for row, source in enumerate(active) if not searches[source].done]
        if not open_rows:
            break
        if len(open_rows) <= _SPARE * len(active):
            kept = torch.tensor(open_rows, device=device)
            stepper.keep(kept)
            active = [active[row] for row in open_rows]
            running, tokens = running[kept], tokens[kept]
    return [[finished.tokens for finished in search.finished[:candidates]] for search in searches]


def _first(network: Network, stepper: Stepper, sources: int, beams: int) -> tuple[torch.Tensor | None, torch.Tensor]:
    """Scores of the first token where reading the sources gave them, and the start tokens where not."""
    start = network.parts.start
    tokens = torch.full((sources, beams), 0 if start is None else start, device=network.device)
    scores = stepper.first_scores
    return (None if scores is None else scores.unsqueeze(1).repeat(1, beams, 1)), tokens


def _within_top_p(chances: torch.Tensor, top_p: float) -> torch.Tensor:
    """Which are the fewest tokens whose chances reach ``top_p``: (..., vocabulary)."""
    ordered, places = chances.topk(min(_LIKELY, chances.shape[-1]), dim=-1)
    if float(ordered.sum(dim=-1).min()) < top_p:
        ordered, places = chances.sort(dim=-1, descending=True)
    # Each is kept that the ones before it do not reach it without.
    kept = ordered.cumsum(dim=-1) - ordered < top_p
    return torch.zeros_like(chances, dtype=torch.bool).scatter_(-1, places, kept)


def sample_tokens(scores: torch.Tensor, drawing: Drawing) -> torch.Tensor:
    """One token for each row of ``scores``, (rows, vocabulary): the inverse of the distribution at one lot each."""
    lots = torch.rand(len(scores), device=scores.device, dtype=torch.float64)
    # Row by row in the processor's cache: temporaries of the whole would cost more than the network's step.
    return torch.stack(
        [_drawn(row.float() / drawing.temperature, lot, drawing.top_p) for row, lot in zip(scores, lots, strict=True)]
    )


def _drawn(scores: torch.Tensor, lot: torch.Tensor, top_p: float) -> torch.Tensor:
    """The token at ``lot``, from 0 to 1, of the fewest ones whose chances reach ``top_p``."""
    whole = scores.logsumexp(dim=0)
    if top_p == 1:
        sums = (scores - whole).exp().double().cumsum(dim=0)
        return torch.searchsorted(sums, lot * sums[-1], right=True).clamp_(max=len(sums) - 1)
    tokens = (scores > scores.max() - _NEAR).nonzero().squeeze(1)
    best, order = scores[tokens].sort(descending=True, stable=True)
    chances, tokens = (best - whole).exp().double(), tokens[order]
    if float(chances.sum()) < top_p:
        best, tokens = scores.sort(descending=True, stable=True)
        chances = (best - whole).exp().double()
    # Each is kept that the ones before it do not reach it without.
    sums = chances.cumsum(dim=0)
    sums = sums[: int((sums - chances < top_p).sum())]
    place = torch.searchsorted(sums, lot * sums[-1], right=True)
    # A lot that rounds to the whole sum would fall behind the last token.
    return tokens[place.clamp_(max=len(sums) - 1)]


class _Runs:
    """The runs of ``length`` tokens that a sequence holds, to take none of them again; length 0 takes any."""

    def __init__(self, length: int, start: int | None) -> None:
        self._length = length
        self._tokens: tuple[int, ...] = () if start is None else (start,)
        self._after: dict[tuple[int, ...], frozenset[int]] = {}

    def add(self, token: int) -> None:
        """Go on with ``token``."""
        if self._length:
            self._tokens = (*self._tokens, token)
            if len(self._tokens) >= self._length:
                before = self._tokens[-self._length : -1]
                self._after[before] = self._after.get(before, frozenset()) | {token}

    def fork(self, token: int) -> "_Runs":
        """A copy that goes on with ``token``."""
        if not self._length:
            return self
        forked = _Runs(self._length, None)
        forked._tokens, forked._after = self._tokens, dict(self._after)
        forked.add(token)
        return forked

    @property
    def banned(self) -> list[int]:
        """Tokens that would make a run for the second time."""
        if not self._length or len(self._tokens) < self._length - 1:
            return []
        last = self._tokens[len(self._tokens) - self._length + 1 :]
        return sorted(self._after.get(last, ()))


@dataclass
class _Beam:
    tokens: list[int]
    runs: _Runs
    guide: Guide | None

    def fork(self, token: int) -> "_Beam":
        """One that goes on with ``token``."""
        guide = self.guide
        if guide is not None:
            guide = guide.fork()
            guide.take(token)
        return _Beam([*self.tokens, token], self.runs.fork(token), guide)


@dataclass
class _Finished:
    tokens: list[int]
    score: float


@dataclass
class _Search:
    """The beams of one source."""

    beams: int
    start: _Runs
    guide: Guide | None = None
    open: list[_Beam] = field(default_factory=list)
    finished: list[_Finished] = field(default_factory=list)
    """At most ``beams``, best first."""
    done: bool = False

    def __post_init__(self) -> None:
        self.open = [_Beam([], self.start, self.guide) for _ in range(self.beams)]

    def guided(
        self, totals: torch.Tensor, best: torch.Tensor, places: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The best of ``totals``, (beams, vocabulary), that the beams' guides allow; ``best`` are those of all."""
        vocabulary = totals.shape[1]
        masked: set[int] = set()
        for _ in range(_ROUNDS):
            found = [divmod(place, vocabulary) for place in places.tolist()]
            refused = [(beam, token) for beam, token in found if not self._allows(beam, token)]
            if not refused:
                break
            for beam, token in refused:
                guide = self.open[beam].guide
                if guide is not None and beam not in masked:
                    totals[beam, ~guide.allowed(vocabulary).to(totals.device)] = -torch.inf
                    masked.add(beam)
                totals[beam, token] = -torch.inf
            best, places = totals.flatten().topk(len(best))
        return best, places

    def _allows(self, beam: int, token: int) -> bool:
        guide = self.open[beam].guide
        return guide is None or guide.allows(token)

    def advance(
        self, best: list[tuple[int, int, float, bool]], going: list[int], likeliest: float, length: int
    ) -> None:
        """Take one step's best continuations: (beam, token, total, whether it ends), the likeliest first.

        ``going`` are the indices of those that go on; ``likeliest`` is the best total among them.
        """
        # Ends count only among the first ``beams``: the others are there to go on from.
        for beam, token, total, ends in best[: self.beams]:
            if ends and not self.done and total > _NEVER / 2:
                self.finished.append(_Finished([*self.open[beam].tokens, token], total / length))
        self.finished.sort(key=lambda one: -one.score)
        del self.finished[self.beams :]
        self.open = [self.open[best[at][0]].fork(best[at][1]) for at in going]
        if len(self.finished) == self.beams and likeliest / length <= self.finished[-1].score:
            self.done = True
