"""The stage from candidates to a result: generate once, score as often as you like."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import msgspec

from tailorbird import __version__
from tailorbird.errors import DataError
from tailorbird.metrics.structure import calls_method, syntax_valid
from tailorbird.metrics.text import bleu4, bleu_signature, edit_similarity, exact_match, sentence_bleu4
from tailorbird.records import (
    FORMAT_VERSION,
    Candidate,
    DataManifest,
    Example,
    GenerationHeader,
    Metrics,
    Pair,
    PairScore,
    ReferenceLoss,
    Result,
    ResultMeta,
)
from tailorbird.storage import read_bytes, read_json, read_jsonl, sha256_bytes, sha256_file, write_json

EXAMPLES = 8


@dataclass(frozen=True, slots=True)
class Generated:
    """A candidates file, read."""

    header: GenerationHeader
    references: dict[str, ReferenceLoss]
    first: dict[str, Candidate]
    """The first candidate of each pair."""
    candidates: int
    sha256: str


def score(candidates: Path, data: Path, out: Path) -> Result:
    """Score the first candidate of each pair in ``candidates`` against ``data`` and write the result to ``out``.

    A pair that was asked for and has no candidate counts as an empty one. DataError when the two files do not belong
    together.
    """
    generated = read_candidates(candidates)
    pairs = _pairs(generated, candidates, data)
    scores = tuple(_pair_score(pair, generated) for pair in pairs)
    result = Result(
        strategy=generated.header.strategy,
        metrics=_metrics(pairs, generated, scores),
        cost=generated.header.cost,
        meta=_meta(generated, pairs),
        curve=generated.header.curve,
        scores=scores,
        examples=_examples(pairs, generated),
    )
    write_json(out, result)
    return result


def read_candidates(path: Path) -> Generated:
    """Read a candidates file; DataError names the line that is not what it should be."""
    data = read_bytes(path)
    header: GenerationHeader | None = None
    references: dict[str, ReferenceLoss] = {}
    first: dict[str, Candidate] = {}
    count = 0
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            kind = msgspec.json.decode(line, type=_Kind).kind
            if kind == "header":
                header = msgspec.json.decode(line, type=GenerationHeader)
            elif kind == "reference":
                reference = msgspec.json.decode(line, type=ReferenceLoss)
                references[reference.pair_id] = reference
            else:
                candidate = msgspec.json.decode(line, type=Candidate)
                count += 1
                if candidate.pair_id not in first or candidate.index < first[candidate.pair_id].index:
                    first[candidate.pair_id] = candidate
        except msgspec.DecodeError as error:
            raise DataError(f"{path}, line {number}, is not a candidates line ({error}): generate again.") from error
    if header is None:
        raise DataError(f"{path} has no header line: give a file that `tailorbird generate` wrote.")
    return Generated(header, references, first, count, sha256_bytes(data))


class _Kind(msgspec.Struct):
    kind: str = "candidate"


def _pairs(generated: Generated, path: Path, data: Path) -> list[Pair]:
    """The pairs that were asked for, in the data set's order."""
    manifest = read_json(data / "manifest.json", DataManifest)
    actual = sha256_file(data / "pairs.jsonl")
    if actual != manifest.pairs_sha256:
        raise DataError(f"{data / 'pairs.jsonl'} does not match its manifest.json: mine again.")
    if generated.header.data_sha256 != actual:
        raise DataError(
            f"{path} was generated for other pairs ({generated.header.data_sha256[:12]}) than {data} holds "
            f"({actual[:12]}): give its own --data, or generate again."
        )
    known = {pair.id: pair for pair in read_jsonl(data / "pairs.jsonl", Pair)}
    asked = set(generated.references) | set(generated.first)
    unknown = sorted(asked - set(known))
    if unknown:
        raise DataError(f"{path} names pair {unknown[0]}, which {data} does not have: generate again.")
    chosen = [pair for pair in known.values() if pair.split == generated.header.split]
    # A limited generation asked for fewer: its references (or, without a model, its candidates) say for which.
    asked_for = set(generated.references) or set(generated.first)
    chosen = [pair for pair in chosen if pair.id in asked_for]
    if not chosen:
        raise DataError(f"{path} holds nothing for the {generated.header.split} split of {data}: generate again.")
    return chosen


def _text(pair: Pair, generated: Generated) -> str:
    candidate = generated.first.get(pair.id)
    return candidate.text if candidate else ""


def _pair_score(pair: Pair, generated: Generated) -> PairScore:
    text, reference = _text(pair, generated), generated.references.get(pair.id)
    return PairScore(
        pair_id=pair.id,
        focal_class=f"{pair.focal.package}.{pair.focal.class_name}".lstrip("."),
        loss=reference.loss if reference else None,
        other_loss=reference.other_loss if reference else None,
        tokens=reference.tokens if reference else 0,
        bleu4=sentence_bleu4(text, pair.test.text),
        exact_match=exact_match(text, pair.test.text),
        edit_similarity=edit_similarity(text, pair.test.text),
        syntax_valid=syntax_valid(text),
        calls_focal_method=calls_method(text, pair.focal.name),
    )


def _metrics(pairs: Sequence[Pair], generated: Generated, scores: Sequence[PairScore]) -> Metrics:
    references = [generated.references[pair.id] for pair in pairs if pair.id in generated.references]
    tokens = sum(reference.tokens for reference in references)
    loss = sum(reference.loss for reference in references) / tokens if tokens else None
    other = sum(reference.other_loss for reference in references) / tokens if tokens else None
    characters = sum(reference.characters for reference in references)
    return Metrics(
        validation_loss=loss,
        perplexity=math.exp(loss) if loss is not None else None,
        loss_per_character=loss * tokens / characters if loss is not None and characters else None,
        input_gain=other - loss if loss is not None and other is not None else None,
        bleu4=bleu4([_text(pair, generated) for pair in pairs], [pair.test.text for pair in pairs]),
        exact_match=fmean(score.exact_match for score in scores),
        edit_similarity=fmean(score.edit_similarity for score in scores),
        syntax_valid=fmean(score.syntax_valid for score in scores),
        calls_focal_method=fmean(score.calls_focal_method for score in scores),
        finished=fmean(pair.id in generated.first and generated.first[pair.id].finished for pair in pairs),
    )


def _meta(generated: Generated, pairs: Sequence[Pair]) -> ResultMeta:
    header = generated.header
    return ResultMeta(
        format_version=FORMAT_VERSION,
        tailorbird=__version__,
        source=header.source,
        split=header.split,
        pairs=len(pairs),
        candidates=generated.candidates,
        seed=header.seed,
        decoding=header.decoding,
        base_name=header.base_name,
        base_sha256=header.base_sha256,
        data_sha256=header.data_sha256,
        delta_sha256=header.delta_sha256,
        candidates_sha256=generated.sha256,
        commit=header.source.commit,
        device=header.device,
        versions=header.versions,
        settings={**header.training, **header.settings},
        bleu_signature=bleu_signature(),
        generate_seconds=header.generate_seconds,
        generated_tokens=header.generated_tokens,
    )


def _examples(pairs: Sequence[Pair], generated: Generated) -> tuple[Example, ...]:
    # By hash, so that every strategy shows the same ones and nobody picks them.
    chosen = sorted(pairs, key=lambda pair: sha256_bytes(pair.id.encode()))[:EXAMPLES]
    return tuple(
        Example(
            pair_id=pair.id,
            focal_class=pair.focal.class_name,
            focal_signature=pair.focal.signature,
            focal_text=pair.focal.text,
            reference=pair.test.text,
            candidate=_text(pair, generated),
        )
        for pair in chosen
    )
