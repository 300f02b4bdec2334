"""The stage from candidates and a data set to one result. No model is loaded: score as often as you like."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from tailorbird import __version__
from tailorbird.errors import DataError
from tailorbird.metrics.candidates import CandidatesFile, read_candidates
from tailorbird.metrics.funnel import VerdictsFile, executed, read_verdicts
from tailorbird.metrics.losses import summed_losses
from tailorbird.metrics.structure import calls_focal, syntax_valid
from tailorbird.metrics.text import bleu4, bleu_signature, edit_similarity, exact_match, sentence_bleu4
from tailorbird.records import (
    FORMAT_VERSION,
    Cost,
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
from tailorbird.storage import read_json, read_jsonl, sha256_bytes, sha256_file, write_json

EXAMPLES = 8


def score(candidates: Path, data: Path, out: Path, *, verdicts: Path | None = None) -> Result:
    """Score the first candidate of every pair of the split, and write the result to ``out``.

    ``verdicts`` is what `execute` wrote of these candidates; there all of a pair's count. A pair without a candidate
    counts as an empty one; none that was asked for leaves the denominator. Raises DataError for candidates of other
    data, pairs that the split does not have, and files that are none; StorageError for unreadable ones.
    """
    found = read_candidates(candidates)
    manifest = read_json(data / "manifest.json", DataManifest)
    header = found.header or _foreign_header(candidates, manifest)
    pairs = _pairs_of_split(candidates, found, header, data, manifest)
    texts = [found.first[pair.id].text if pair.id in found.first else "" for pair in pairs]
    digest = sha256_file(candidates)
    judged = read_verdicts(verdicts, digest) if verdicts is not None else None
    scores = tuple(
        _score_pair(pair, text, found.losses.get(pair.id), judged) for pair, text in zip(pairs, texts, strict=True)
    )
    result = Result(
        strategy=header.strategy,
        metrics=_metrics(pairs, texts, scores, found),
        cost=header.cost,
        meta=_meta(header, len(pairs), len(found.pair_ids), digest),
        curve=header.curve,
        scores=scores,
        examples=tuple(_examples(pairs, texts)),
        executed=executed(pairs, judged) if judged is not None else None,
    )
    write_json(out, result)
    return result


def _foreign_header(candidates: Path, manifest: DataManifest) -> GenerationHeader:
    """Of a file of another tool: its name is the strategy's, and its tests are for the held-out pairs."""
    return GenerationHeader(
        strategy=candidates.stem,
        split="test",
        settings={},
        data_sha256=manifest.pairs_sha256,
        source=manifest.source,
        cost=Cost(),
        versions={},
    )


def _pairs_of_split(
    candidates: Path, found: CandidatesFile, header: GenerationHeader, data: Path, manifest: DataManifest
) -> tuple[Pair, ...]:
    path = data / "pairs.jsonl"
    actual = sha256_file(path)
    if actual != manifest.pairs_sha256:
        raise DataError(f"{path} is not the file that {data / 'manifest.json'} describes: mine the project again.")
    if actual != header.data_sha256:
        raise DataError(
            f"{candidates} was generated for other data (data_sha256 {header.data_sha256[:12]}…) than {path} "
            f"({actual[:12]}…): give the --data it was made from, or generate again."
        )
    pairs = tuple(pair for pair in read_jsonl(path, Pair) if pair.split == header.split)
    if not pairs:
        raise DataError(f"{path} has no pair in the split {header.split!r} that {candidates} names.")
    known = {pair.id for pair in pairs}
    unknown = next((one for one in (*found.pair_ids, *found.losses) if one not in known), None)
    if unknown is not None:
        raise DataError(f"{candidates} names pair {unknown!r}, which is not in the {header.split} split of {path}.")
    # A limited run was asked for some pairs only, and took the losses of just those: they are its denominator.
    limited = found.losses or {"limit", "methods"} & header.settings.keys()
    asked = {*found.losses, *found.pair_ids} if limited else known
    return tuple(pair for pair in pairs if pair.id in asked)


def _score_pair(pair: Pair, text: str, reference: ReferenceLoss | None, judged: VerdictsFile | None) -> PairScore:
    verdict = judged.first(pair.id) if judged is not None else None
    return PairScore(
        pair_id=pair.id,
        focal_class=_class_of(pair),
        loss=reference.loss if reference else None,
        other_loss=reference.other_loss if reference else None,
        tokens=reference.tokens if reference else 0,
        bleu4=sentence_bleu4(text, pair.test.text),
        exact_match=exact_match(text, pair.test.text),
        edit_similarity=edit_similarity(text, pair.test.text),
        syntax_valid=syntax_valid(text),
        calls_focal_method=calls_focal(text, pair.focal),
        verdict=verdict.verdict if verdict is not None else None,
    )


def _class_of(pair: Pair) -> str:
    return f"{pair.focal.package}.{pair.focal.class_name}".lstrip(".")


def _metrics(
    pairs: Sequence[Pair], texts: Sequence[str], scores: Sequence[PairScore], found: CandidatesFile
) -> Metrics:
    count = len(pairs)
    losses = summed_losses(found.losses.values())
    return Metrics(
        test_loss=losses.per_token,
        perplexity=losses.perplexity,
        loss_per_character=losses.per_character,
        loss_per_character_long=losses.per_character_long,
        long_references=losses.long,
        truncated_references=losses.truncated,
        input_gain=losses.input_gain,
        bleu4=bleu4(texts, [pair.test.text for pair in pairs]),
        exact_match=sum(one.exact_match for one in scores) / count,
        edit_similarity=sum(one.edit_similarity for one in scores) / count,
        syntax_valid=sum(one.syntax_valid for one in scores) / count,
        calls_focal_method=sum(one.calls_focal_method for one in scores) / count,
        finished=sum(one.finished for one in found.first.values()) / count,
        completed=sum(one.completed > 0 for one in found.first.values()) / count,
    )


def _examples(pairs: Sequence[Pair], texts: Sequence[str]) -> Iterator[Example]:
    """Chosen by a hash, so that every strategy shows the same pairs and nobody picked them."""
    both = sorted(zip(pairs, texts, strict=True), key=lambda one: sha256_bytes(one[0].id.encode()))
    for pair, text in both[:EXAMPLES]:
        yield Example(
            pair_id=pair.id,
            focal_class=_class_of(pair),
            focal_signature=pair.focal.signature,
            focal_text=pair.focal.text,
            reference=pair.test.text,
            candidate=text,
        )


def _meta(header: GenerationHeader, pairs: int, candidates: int, candidates_sha256: str) -> ResultMeta:
    return ResultMeta(
        format_version=FORMAT_VERSION,
        tailorbird=__version__,
        source=header.source,
        split=header.split,
        pairs=pairs,
        candidates=candidates,
        seed=header.seed,
        decoding=header.decoding,
        base_name=header.base_name,
        base_sha256=header.base_sha256,
        data_sha256=header.data_sha256,
        delta_sha256=header.delta_sha256,
        candidates_sha256=candidates_sha256,
        commit=header.source.commit,
        device=header.device,
        versions=header.versions,
        settings=header.settings | {f"training.{key}": value for key, value in header.training.items()},
        bleu_signature=bleu_signature(),
        generate_seconds=header.generate_seconds,
        generated_tokens=header.generated_tokens,
        truncation=header.truncation,
    )
