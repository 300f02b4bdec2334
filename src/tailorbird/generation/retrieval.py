"""The retrieval copy: the test of the most similar training focal method (BM25), as if it had been generated.

A model that loses to it has not earned its cost.
"""

import time
from pathlib import Path

import bm25s

from tailorbird import __version__
from tailorbird.errors import DataError
from tailorbird.java_text import canonical_layout
from tailorbird.mining.dataset import DataSet
from tailorbird.mining.neighbours import Nearest
from tailorbird.records import Candidate, Cost, GenerationHeader
from tailorbird.storage import write_jsonl

NAME = "retrieval-copy"


def copy_nearest(data: DataSet, out: Path, *, split: str = "test", limit: int | None = None) -> GenerationHeader:
    """Write a candidates file for the first ``limit`` pairs of ``split``, every candidate a copied training test."""
    training, wanted = data.split("train"), data.split(split)[:limit]
    if not training or not wanted:
        raise DataError(f"The data set has {len(training)} training and {len(wanted)} {split} pairs: nothing to copy.")
    started = time.perf_counter()
    nearest = Nearest(training)
    candidates = []
    for pair in wanted:
        # The first of equals, so that the copy is the same on every machine.
        copied = nearest.most_similar(pair)
        assert copied is not None  # There are training pairs.
        candidates.append(
            Candidate(
                pair_id=pair.id,
                index=0,
                text=canonical_layout(copied.test.text),
                log_probability=None,
                tokens=0,
                finished=True,
                seconds=0.0,
            )
        )
    header = GenerationHeader(
        tailorbird=__version__,
        strategy=NAME,
        split=split,
        decoding="copy",
        settings={"retriever": "bm25", "query": "focal method", **({} if limit is None else {"limit": limit})},
        base_name="none",
        data_sha256=data.manifest.pairs_sha256,
        source=data.manifest.source,
        seed=data.manifest.seed,
        cost=Cost(),
        generate_seconds=time.perf_counter() - started,
        versions={"bm25s": bm25s.__version__},
    )
    write_jsonl(out, [header, *candidates])
    return header
