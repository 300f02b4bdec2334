"""How many tokens a second are written, against transformers' own ``generate``, with the same output.

    python benchmarks/generation.py [SOURCE | --data DIR] [--batches 6] [--tokens 128] [--rounds 3] [--json]

Distinct focal contexts of the project, 8 at work at a time, greedy and with 4 beams, in fp32: ``generate`` gets
batches of 8 of about one length; Tailorbird, greedily, lets the next ones in where some are done. The two take turns,
in one process; a ratio is that of tokens per second of the best round of each. ``generate`` has its default attention,
and a cache. Outputs are compared token by token; where two scores are equal to the last bits, they may be taken in
another order, so the share of equal outputs is printed too.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import GenerationConfig

from tailorbird.base.load import Base
from tailorbird.base.prompts import encode_pair
from tailorbird.bases.open import open_base
from tailorbird.config import MineConfig
from tailorbird.generation.search import search_beams, take_likeliest
from tailorbird.mining.dataset import DataSet, load_data
from tailorbird.mining.pipeline import mine

BATCH = 8

Written = list[list[int]]
Write = Callable[[list[tuple[int, ...]]], Written]


def by_generate(base: Base, *, beams: int, tokens: int) -> Write:
    """The stock way: sources padded to the longest."""
    config = GenerationConfig(
        max_new_tokens=tokens,
        num_beams=beams,
        do_sample=False,
        pad_token_id=1,
        eos_token_id=base.end,
        decoder_start_token_id=base.network.parts.start,
    )

    def write_batch(sources: list[tuple[int, ...]]) -> Written:
        longest = max(len(source) for source in sources)
        ids = torch.tensor([[*source, *[1] * (longest - len(source))] for source in sources])
        mask = torch.tensor([[1] * len(source) + [0] * (longest - len(source)) for source in sources])
        model: Any = base.model
        with torch.no_grad():
            rows = model.generate(input_ids=ids, attention_mask=mask, generation_config=config)[:, 1:].tolist()
        return [row[: row.index(base.end) + 1] if base.end in row else row for row in rows]

    return lambda sources: [row for batch in batches_of(sources) for row in write_batch(batch)]


def batches_of(sources: list[tuple[int, ...]]) -> list[list[tuple[int, ...]]]:
    """Eight at a time."""
    return [sources[at : at + BATCH] for at in range(0, len(sources), BATCH)]


def by_tailorbird(base: Base, *, beams: int, tokens: int) -> Write:
    """Ours."""

    def write(sources: list[tuple[int, ...]]) -> Written:
        if beams == 1:
            return take_likeliest(base.network, sources, end=base.end, steps=tokens, at_once=BATCH)
        return [
            ranked[0]
            for batch in batches_of(sources)
            for ranked in search_beams(base.network, batch, end=base.end, steps=tokens, beams=beams)
        ]

    return write


def distinct_sources(base: Base, data: DataSet, count: int) -> list[tuple[int, ...]]:
    """Focal contexts of the project, each once, those of the test split first."""
    pairs = [*data.split("test"), *data.split("validation"), *data.split("train")]
    found = dict.fromkeys(encode_pair(base.tokenizer, pair).source for pair in pairs)
    return sorted(list(found)[:count], key=len)


def duel(base: Base, sources: list[tuple[int, ...]], *, beams: int, tokens: int, rounds: int) -> dict[str, float]:
    """Both ways over all sources, in turns."""
    ways = {
        "ours": by_tailorbird(base, beams=beams, tokens=tokens),
        "stock": by_generate(base, beams=beams, tokens=tokens),
    }
    for write in ways.values():
        write(sources[:BATCH])  # Kernels are prepared.
    best = dict.fromkeys(ways, float("inf"))
    written: dict[str, Written] = {}
    for _ in range(rounds):
        for name, write in ways.items():
            began = time.perf_counter()
            written[name] = write(sources)
            best[name] = min(best[name], time.perf_counter() - began)
    counts = {name: sum(len(row) for row in written[name]) for name in ways}
    pairs = list(zip(written["ours"], written["stock"], strict=True))
    rates = {name: counts[name] / best[name] for name in ways}
    return {
        "ratio": rates["ours"] / rates["stock"],
        "tokens_per_second": rates["ours"],
        "stock_tokens_per_second": rates["stock"],
        "equal": sum(one == other for one, other in pairs) / len(pairs),
    }


def main() -> None:
    """Run the duels."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", nargs="?", default="commons-codec:commons-codec:1.16.0")
    parser.add_argument("--data", type=Path, help="A folder that `tailorbird mine` wrote, in place of SOURCE.")
    parser.add_argument("--base", default="tiny")
    parser.add_argument("--batches", type=int, default=6)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    base = open_base(arguments.base)
    with tempfile.TemporaryDirectory() as folder:
        if arguments.data is None:
            mine((arguments.source,), Path(folder), MineConfig())
        data = load_data(arguments.data or Path(folder))
    sources = distinct_sources(base, data, BATCH * arguments.batches)
    result: dict[str, float] = {}
    for name, beams in (("greedy", 1), ("beam", 4)):
        found = duel(base, sources, beams=beams, tokens=arguments.tokens, rounds=arguments.rounds)
        result |= {f"{name}_{key}": value for key, value in found.items()}
    if arguments.json:
        sys.stdout.write(json.dumps(result) + "\n")
        return
    for key, value in result.items():
        sys.stdout.write(f"{key}: {value:.3f}\n")


if __name__ == "__main__":
    main()
