"""Looking up what followed."""

from hypothesis import given
from hypothesis import strategies as st

from tailorbird.generation.guessing import Lookup, Written

TOKENS = st.lists(st.integers(0, 4), max_size=40)


@given(TOKENS, TOKENS, st.integers(0, 6))
def test_a_guess_is_what_followed_the_last_time(source: list[int], written: list[int], count: int) -> None:
    lookup = Lookup(source)
    for token in written:
        lookup.add(token)
    tokens = source + written
    wanted: list[int] = []
    for length in (5, 3, 2, 1):
        places = [at for at in range(length, len(tokens)) if tokens[at - length : at] == tokens[-length:]]
        if len(tokens) >= length and places:
            wanted = tokens[places[-1] : places[-1] + count]
            break
    assert lookup.guess(count) == wanted


def test_what_was_never_seen_is_not_guessed() -> None:
    assert Lookup([1, 2, 3]).guess(4) == []
    assert Lookup([1, 2, 1]).guess(4) == [2, 1]
    assert Lookup([]).guess(4) == []


def test_what_was_written_elsewhere_is_guessed_where_it_is_surer() -> None:
    written = Written()
    written.add([9, 8, 7, 6, 5])
    assert Lookup([1, 2], written).guess(3) == []
    assert Lookup([9], written).guess(3) == [8, 7, 6]
    assert Lookup([9], written).guess(20) == [8, 7, 6, 5]
    # Its own last 8 was gone on from with 4: so it is after one token alike, and not after two.
    assert Lookup([8, 4, 8], written).guess(1) == [4]
    assert Lookup([8, 4, 9, 8], written).guess(2) == [7, 6]
    written.add([9, 8, 3])
    assert Lookup([9, 8], written).guess(2) == [3]
