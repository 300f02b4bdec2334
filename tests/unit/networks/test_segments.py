"""Packing loses nothing, whatever the lengths."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.networks.batch import IGNORED, Encoded, crossing_batch, joined_batch
from tailorbird.networks.segments import Segments, pack

IDS = st.lists(st.integers(0, 300), min_size=1, max_size=70).map(tuple)
EXAMPLES = st.lists(st.builds(Encoded, IDS, IDS), min_size=1, max_size=6)


@given(st.lists(IDS, min_size=1, max_size=6))
def test_packed_rows_come_one_after_another_with_filler_behind(rows: list[tuple[int, ...]]) -> None:
    packed, segments = pack(rows, fill=999)
    assert packed.shape == (segments.rows,)
    assert segments.rows % 64 == 0
    assert segments.longest % 32 == 0
    assert segments.longest >= max(len(row) for row in rows)
    parts = packed[: segments.total].split(list(segments.lengths))
    assert [tuple(part.tolist()) for part in parts] == rows
    assert set(packed[segments.total :].tolist()) <= {999}
    positions = segments.positions(torch.device("cpu"))[: segments.total].split(list(segments.lengths))
    assert [part.tolist() for part in positions] == [list(range(len(row))) for row in rows]


@given(st.lists(st.integers(1, 90), min_size=1, max_size=5))
def test_spread_and_gather_are_inverse(lengths: list[int]) -> None:
    segments = Segments(tuple(lengths))
    packed = torch.randn(segments.rows, 2, 3, generator=torch.Generator().manual_seed(len(lengths)))
    packed[segments.total :] = 0
    spread = segments.spread(packed)
    assert spread.shape == (len(lengths), 2, segments.longest, 3)
    assert torch.equal(segments.gather(spread), packed)
    for row, start, length in zip(spread, segments.starts, lengths, strict=True):
        assert torch.equal(row[:, :length].transpose(0, 1), packed[start : start + length])
        assert not row[:, length:].any()


@given(EXAMPLES)
def test_a_crossing_batch_predicts_each_target_from_what_comes_before(examples: list[Encoded]) -> None:
    batch = crossing_batch(examples, start=7)
    labels = batch.labels[: batch.targets.total].split(list(batch.targets.lengths))
    inputs = batch.inputs[: batch.segments.total].split(list(batch.segments.lengths))
    assert [tuple(part.tolist()) for part in labels] == [example.target for example in examples]
    assert [tuple(part.tolist()) for part in inputs] == [(7, *example.target[:-1]) for example in examples]
    assert set(batch.labels[batch.targets.total :].tolist()) <= {IGNORED}
    assert batch.source is not None
    assert batch.source_segments is not None
    assert batch.source_segments.lengths == tuple(len(example.source) for example in examples)


@given(EXAMPLES)
def test_a_joined_batch_predicts_targets_alone(examples: list[Encoded]) -> None:
    batch = joined_batch(examples)
    assert batch.source is None
    assert batch.rows is not None
    assert len(batch.rows) == len(batch.labels)
    flat = batch.inputs.tolist()
    at = 0
    for example, start in zip(examples, batch.segments.starts, strict=True):
        joined = (*example.source, *example.target)
        for offset, token in enumerate(example.target):
            row = int(batch.rows[at])
            assert row == start + len(example.source) + offset - 1
            assert flat[row] == joined[len(example.source) + offset - 1]
            assert int(batch.labels[at]) == token
            at += 1
    assert set(batch.labels[at:].tolist()) <= {IGNORED}


def test_a_batch_moves_as_a_whole() -> None:
    moved = crossing_batch([Encoded((5,), (6,))], start=1).to(torch.device("meta"))
    assert moved.source is not None
    assert {moved.source.device.type, moved.inputs.device.type, moved.labels.device.type} == {"meta"}
