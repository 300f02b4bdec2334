"""The prompt format for bases that know Java: its parts in their order, and what goes where not all fits."""

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tailorbird.base import test_file_prompt
from tailorbird.base.prompts import encode_pair
from tailorbird.errors import BaseError
from tailorbird.records import Neighbour, Pair
from tests import builders
from tests.unit.base.test_prompts import tokenizer

METHOD = "int run(int count) {\n\treturn count + seen;\n}"
OUTLINE = "Foo {\nFoo(int seen);\nint run(int count);\nvoid walk();\n}"
WHOLE = """// Class under test: p.Foo
Foo {
Foo(int seen);
int run(int count);
void walk();
}
// Test class
import List, Mode.*;
import static assertEquals;
FooTest {
private Foo foo;
}
Mode {
FAST, SLOW;
}
// Similar method and its test
int go() { return 4; }
@Test void go() { assertTrue(it.go()); }
// Method under test
int run(int count) {
	return count + seen;
}
// Test
"""


def pair() -> Pair:
    return replace(
        builders.pair(),
        focal=builders.focal(package="p", class_name="Foo", text=METHOD, outline=OUTLINE),
        skeleton="FooTest {\nprivate Foo foo;\n}",
        imports=("java.util.List", "p.Mode.*", "static org.junit.Assert.assertEquals"),
        collaborators=("Mode {\nFAST, SLOW;\n}",),
        neighbour=Neighbour(
            pair_id="1", focal_text="int go() { return 4; }", test_text="@Test void go() { assertTrue(it.go()); }"
        ),
    )


def source(given: Pair, limit: int = 2000) -> str:
    found = encode_pair(tokenizer(), given, layout=test_file_prompt.NAME, max_source=limit)
    return str(tokenizer().decode(list(found.source)))


def test_the_parts_go_from_the_general_to_the_particular() -> None:
    assert source(pair()) == WHOLE


def test_methods_of_one_class_share_their_beginning() -> None:
    other = replace(pair(), focal=builders.focal(package="p", class_name="Foo", text="void walk() {}", outline=OUTLINE))
    shared = WHOLE.partition("// Similar method")[0]
    assert source(other).startswith(shared)
    assert source(pair()).startswith(shared)


def test_a_data_set_without_outlines_has_the_contexts() -> None:
    context = f"Foo {{\n{METHOD}\nvoid walk();\n}}"
    given = replace(pair(), focal=builders.focal(package="p", class_name="Foo", text=METHOD, context=context))
    assert source(given).startswith("// Class under test: p.Foo\nFoo {\nvoid walk();\n}\n// Test class")


def test_an_unknown_format_is_refused_with_those_there_are() -> None:
    with pytest.raises(
        BaseError, match=r"prompt format riddle, .* name one of parts, test-file in its tailorbird-base"
    ):
        encode_pair(tokenizer(), pair(), layout="riddle")


TOKENS = st.integers(0, 40).map(lambda count: tuple(range(count)))


@example((), (), (), tuple(range(8)), 11, 20)
@given(TOKENS, TOKENS, TOKENS, TOKENS, st.integers(1, 60), st.integers(20, 120))
def test_no_limit_is_exceeded_and_the_focal_method_is_cut_last(
    owner: tuple[int, ...],
    home: tuple[int, ...],
    collaborators: tuple[int, ...],
    neighbour: tuple[int, ...],
    focal_length: int,
    limit: int,
) -> None:
    # No other part has these tokens.
    focal, lead = (7000,) * focal_length, (9000, 9000)
    parts = (owner, home, collaborators, neighbour, focal, lead)
    found = test_file_prompt.fit(parts, neighbour[:3], limit=limit)
    whole = sum(len(part) for part in parts)
    assert len(found.tokens) <= limit
    assert found.tokens[-2:] == lead
    assert found.cut == (len(found.tokens) < whole)
    assert found.focal_cut == (len(found.tokens) < len(lead) + focal_length or not _has_whole(found.tokens, focal))
    if found.focal_cut:
        assert len(focal) > test_file_prompt.FOCAL_SHARE * limit - len(lead) - 1


def _has_whole(tokens: tuple[int, ...], focal: tuple[int, ...]) -> bool:
    return tokens[-2 - len(focal) : -2] == focal
