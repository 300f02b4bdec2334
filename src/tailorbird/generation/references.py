"""Rows that need no model, each a file of candidates like any other: what every model has to be held against."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import bm25s

from tailorbird import __version__
from tailorbird.config import nearest_name
from tailorbird.errors import DataError, UsageError
from tailorbird.generation.no_model import simple_calls
from tailorbird.java_text import canonical_layout
from tailorbird.mining.dataset import DataSet
from tailorbird.mining.neighbours import Nearest
from tailorbird.records import Candidate, Cost, GenerationHeader, Pair
from tailorbird.storage import write_jsonl

RETRIEVAL_COPY, DEVELOPERS, NO_MODEL = "retrieval-copy", "developers", "no-model"
SAMPLES = 10
"""Tests that the row without a model has for each pair, unless more are asked for."""

Texts = Sequence[Sequence[str]]
"""For each pair its candidates, the best first."""


def write_reference(
    name: str,
    data: DataSet,
    out: Path,
    *,
    split: str = "test",
    limit: int | None = None,
    methods: int | None = None,
    samples: int = SAMPLES,
) -> GenerationHeader:
    """Write the candidates of the reference row ``name`` for the pairs of ``split`` that ``DataSet.chosen`` gives.

    Raises UsageError for an unknown name, DataError where there is nothing to write or to copy.
    """
    if name not in REFERENCES:
        nearest = nearest_name(name, REFERENCES)
        remedy = f"did you mean {nearest}?" if nearest else f"choose one of {', '.join(REFERENCES)}."
        raise UsageError(f"{name} is not a reference row: {remedy}")
    wanted = data.chosen(split, limit=limit, methods=methods)
    started = time.perf_counter()
    write, decoding, settings = REFERENCES[name]
    asked = {"limit": limit, "methods": methods}
    candidates = [
        Candidate(
            pair_id=pair.id,
            index=index,
            text=text,
            log_probability=None,
            tokens=0,
            finished=True,
            seconds=0.0,
        )
        for pair, texts in zip(wanted, write(data, wanted, samples), strict=True)
        for index, text in enumerate(texts)
    ]
    header = GenerationHeader(
        tailorbird=__version__,
        strategy=name,
        split=split,
        decoding=decoding,
        settings=settings | {key: value for key, value in asked.items() if value is not None},
        base_name="none",
        data_sha256=data.manifest.pairs_sha256,
        source=data.manifest.source,
        seed=data.manifest.seed,
        cost=Cost(),
        generate_seconds=time.perf_counter() - started,
        versions={"bm25s": bm25s.__version__} if name == RETRIEVAL_COPY else {},
    )
    write_jsonl(out, [header, *candidates])
    return header


def _nearest_tests(data: DataSet, wanted: Sequence[Pair], _: int) -> Texts:
    """The test of the most similar training focal method (BM25), copied."""
    training = data.split("train")
    if not training:
        raise DataError("The data set has no training pairs: there is nothing to copy.")
    nearest = Nearest(training)
    texts = []
    for pair in wanted:
        # The first of equals, so that the copy is the same on every machine.
        copied = nearest.most_similar(pair)
        assert copied is not None  # There are training pairs.
        texts.append([canonical_layout(copied.test.text)])
    return texts


def _own_tests(_: DataSet, wanted: Sequence[Pair], __: int) -> Texts:
    """The held-out tests themselves: what 100% looks like."""
    return [[canonical_layout(pair.test.text)] for pair in wanted]


REFERENCES: dict[str, tuple[Callable[[DataSet, Sequence[Pair], int], Texts], str, dict[str, str | int | float | bool]]]
REFERENCES = {
    DEVELOPERS: (_own_tests, "copy", {}),
    NO_MODEL: (simple_calls, "enumeration", {}),
    RETRIEVAL_COPY: (_nearest_tests, "copy", {"retriever": "bm25", "query": "focal method"}),
}
"""Name -> how its candidates are made, a word for that, and what stands in the settings."""
