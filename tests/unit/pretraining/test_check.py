"""Counting what a base writes."""

import pytest

from tailorbird.generation.decode import Decoded, Decoding
from tailorbird.networks.batch import Encoded
from tailorbird.pretraining import check
from tailorbird.progress import Silent
from tests.models import small_base

TEXTS = ("void a() { }", "void b() {", "void c() { }", "not java")


def test_shares_are_over_all_outputs(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = []

    def decode(base: object, sources: list[tuple[int, ...]], decoding: Decoding, *, seed: int) -> list[list[Decoded]]:
        limits.append(decoding.max_tokens)
        return [[Decoded(source, 0.0, finished=source[0] != 3)] for source in sources]

    monkeypatch.setattr(check, "decode_batch", decode)
    monkeypatch.setattr(check, "to_text", lambda base, decoded: TEXTS[decoded.tokens[0] % 4])
    examples = [Encoded((number,), (0,)) for number in range(40)]
    found = check.greedy_check(small_base(), examples, max_tokens=7, progress=Silent())
    assert (found.outputs, found.syntax_valid, found.finished) == (40, 0.5, 39 / 40)
    assert set(limits) == {7}
