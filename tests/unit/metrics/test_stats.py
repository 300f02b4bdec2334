import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.errors import DataError
from tailorbird.metrics.stats import paired_bootstrap

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
