import math
from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.errors import DataError
from tailorbird.metrics.stats import paired_bootstrap, pass_at_k, useful_difference
from tailorbird.records import Result
from tests.builders import executed, method_outcome, result

values = st.floats(-100, 100, allow_nan=False)


def test_a_constant_difference_has_no_width() -> None:
    found = paired_bootstrap([3.0, 4.0, 5.0], [1.0, 2.0, 3.0], ["a", "b", "c"])
    assert (found.difference, found.low, found.high) == pytest.approx((2, 2, 2))
    assert found.clear


def test_the_interval_of_a_known_case() -> None:
    # Two classes of equal size with means 0 and 1: a resample's mean is 0, 1/2 or 1, with chances 1/4, 1/2, 1/4.
    found = paired_bootstrap([0.0, 0.0, 1.0, 1.0], [0.0] * 4, ["a", "a", "b", "b"])
    assert (found.difference, found.low, found.high) == (0.5, 0, 1)
    assert not found.clear


def test_whole_classes_are_drawn() -> None:
    ours = [float(number % 2) for number in range(40)]
    alone = paired_bootstrap(ours, [0.0] * 40, [str(number) for number in range(40)])
    grouped = paired_bootstrap(ours, [0.0] * 40, [str(number % 2) for number in range(40)])
    assert alone.difference == grouped.difference
    assert grouped.high - grouped.low > 2 * (alone.high - alone.low)


def test_weights_make_it_a_mean_per_token() -> None:
    found = paired_bootstrap([2.0, 0.0], [0.0, 0.0], ["a", "b"], weights=[30.0, 10.0])
    assert found.difference == pytest.approx(1.5)


def test_one_class_tells_nothing_of_others() -> None:
    found = paired_bootstrap([2.0, 3.0], [0.0, 0.0], ["a", "a"])
    assert (found.difference, found.low, found.high) == (2.5, -math.inf, math.inf)
    assert not found.clear


def test_the_seed_decides() -> None:
    ours, theirs, clusters = [1.0, 5.0, -2.0, 4.0, 0.5], [0.0] * 5, list("abcde")
    first, again = (paired_bootstrap(ours, theirs, clusters, seed=3) for _ in range(2))
    assert first == again


def test_what_cannot_be_paired_is_refused() -> None:
    with pytest.raises(DataError, match="cannot be paired"):
        paired_bootstrap([1.0], [1.0, 2.0], ["a", "b"])
    with pytest.raises(DataError, match="cannot be paired"):
        paired_bootstrap([], [], [])


@given(st.lists(st.tuples(values, values, st.sampled_from("abcd")), min_size=2, max_size=12))
def test_swapping_sides_turns_the_sign(rows: list[tuple[float, float, str]]) -> None:
    ours, theirs, clusters = zip(*rows, strict=True)
    there = paired_bootstrap(ours, theirs, clusters, resamples=300)
    back = paired_bootstrap(theirs, ours, clusters, resamples=300)
    assert there.difference == pytest.approx(-back.difference, abs=1e-9)
    assert there.low == pytest.approx(-back.high, abs=1e-9)
    assert there.low <= there.high


@given(st.lists(st.booleans(), min_size=1, max_size=8), st.integers(1, 8))
def test_pass_at_k_is_the_share_of_all_draws_with_a_right_sample(samples: list[bool], k: int) -> None:
    if k > len(samples):
        with pytest.raises(ValueError, match="cannot be drawn"):
            pass_at_k(len(samples), sum(samples), k)
        return
    draws = [any(drawn) for drawn in combinations(samples, k)]
    assert pass_at_k(len(samples), sum(samples), k) == pytest.approx(sum(draws) / len(draws))


def test_pass_at_k_of_many_samples_does_not_overflow() -> None:
    assert pass_at_k(20_000, 1, 10) == pytest.approx(10 / 20_000)


def row(*useful: int, measured: bool = True, classes: str = "abcdefgh") -> Result:
    """A result with ten samples of each method, ``useful`` of them useful."""
    made = [
        method_outcome(number, samples=10, useful=count, focal_class=classes[number])
        for number, count in enumerate(useful)
    ]
    return replace(result(), executed=executed(methods=tuple(made), useful=sum(useful) if measured else None))


def test_the_difference_in_useful_at_k_is_over_the_methods_of_both() -> None:
    found = useful_difference((row(10, 5, 0, 3), row(0, 5, 0)), treatment="as_written", k=1)
    assert found is not None
    assert found.difference == pytest.approx(1 / 3)
    assert (found.low, found.high) == pytest.approx((0, 1))
    ten = useful_difference((row(1, 1), row(0, 1)), treatment="as_written", k=10)
    assert ten is not None
    assert ten.difference == pytest.approx(0.5)


def test_methods_of_one_class_are_drawn_together() -> None:
    ours, theirs = (row(*counts, classes="aaaabbbb") for counts in ((10, 10, 0, 0, 10, 0, 0, 0), (0,) * 8))
    together = useful_difference((ours, theirs), treatment="as_written", k=1)
    assert together is not None
    assert (together.low, together.high) == (0.25, 0.5)


def test_what_was_not_measured_has_no_difference() -> None:
    assert useful_difference((row(1, measured=False), row(1)), treatment="as_written", k=1) is None
    assert useful_difference((row(1), result()), treatment="as_written", k=1) is None
    assert useful_difference((row(1), row(1)), treatment="as_written", k=11) is None
