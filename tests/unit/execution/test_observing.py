"""Candidates written to say what their assertions look at, and written again with what was seen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.execution.expectations import expectations, file_imports, parsed
from tailorbird.execution.messages import Observation
from tailorbird.execution.observing import observing_text, with_observed
from tailorbird.execution.placing import MethodText, read_candidate
from tests.unit.execution.tasks import method, task

JUNIT4 = "import static org.junit.Assert.*;"
JUPITER = "import static org.junit.jupiter.api.Assertions.*;"
TESTNG = "import static org.testng.Assert.*;"


def seen(body: str, imports: str) -> list[tuple[str, str]]:
    """What each assertion looks at, and what it expects."""
    source = parsed(method(body))
    return [
        tuple(source.encoded[slice(*span)].decode() for span in (one.actual, one.expected))  # type: ignore[misc]
        for one in expectations(source, file_imports(imports))
    ]


@pytest.mark.parametrize(
    ("body", "imports", "expected"),
    [
        ("assertEquals(1, f());", JUNIT4, [("f()", "1")]),
        ("assertEquals(f(), 1);", JUNIT4, [("f()", "1")]),
        ("assertEquals(f(), 1);", TESTNG, [("f()", "1")]),
        ('assertEquals("m", 1, f());', JUNIT4, [("f()", "1")]),
        ('assertEquals("m", f(), g());', JUPITER, [("f()", '"m"')]),
        ('assertEquals(1, f(), "m");', JUPITER, [("f()", "1")]),
        ("assertEquals(1.5, f(), 0.1);", JUNIT4, [("f()", "1.5")]),
        ("assertEquals(f(), 1.5, 0.1);", JUNIT4, [("f()", "1.5")]),
        ('assertEquals("m", 1.5, f(), 0.1);', JUNIT4, [("f()", "1.5")]),
        ("assertEquals(message, 1, f());", JUNIT4, [("f()", "1")]),
        ("assertEquals((byte) -1, f());", JUNIT4, [("f()", "(byte) -1")]),
        ('assertEquals("a" + "b", f());', JUNIT4, [("f()", '"a" + "b"')]),
        ("assertEquals(Colour.RED, f());", JUNIT4, [("f()", "Colour.RED")]),
        ("assertArrayEquals(new int[] {1, -2}, f());", JUNIT4, [("f()", "new int[] {1, -2}")]),
        ('assertArrayEquals("a".getBytes(StandardCharsets.UTF_8), f());', JUNIT4,
         [("f()", '"a".getBytes(StandardCharsets.UTF_8)')]),
        ("assertEquals(Arrays.asList(1, 2), f());", JUNIT4, [("f()", "Arrays.asList(1, 2)")]),
        ("assertTrue(f());", JUNIT4, [("f()", "assertTrue")]),
        ('assertTrue("m", f());', JUNIT4, [("f()", "assertTrue")]),
        ('assertTrue(f(), "m");', JUPITER, [("f()", "assertTrue")]),
        ('assertTrue(f(), "m");', TESTNG, [("f()", "assertTrue")]),
        ("Assertions.assertNull(f());", "import org.junit.jupiter.api.Assertions;", [("f()", "assertNull")]),
        ("org.testng.Assert.assertEquals(f(), 1, m);", "", [("f()", "1")]),
        ("assertThat(f()).isEqualTo(1);", "", [("f()", "1")]),
        ('assertThat(f()).as("m").isNotNull().isEqualTo("a");', "", [("f()", '"a"')]),
        ("assertThat(f()).isTrue();", "", [("f()", "isTrue")]),
        ("assertAll(() -> assertEquals(1, f()), () -> assertTrue(g()));", JUPITER,
         [("f()", "1"), ("g()", "assertTrue")]),
        # Not written down, about nothing, of another thing, or no assertion of its own.
        ("assertEquals(g(), f());", JUNIT4, []),
        ("assertEquals(wanted, f());", JUNIT4, []),
        ("assertEquals(array.length, f());", JUNIT4, []),
        ("assertEquals(1, 2);", JUNIT4, []),
        ("assertTrue(true);", JUNIT4, []),
        ("assertEquals(new Foo(1), f());", JUNIT4, []),
        ("assertThat(f()).extracting(Foo::a).isEqualTo(1);", "", []),
        ("assertThat(f()).isEqualTo(g());", "", []),
        ("assertThat(f(), is(1));", "", []),
        ("int a = check(assertTrue(f()));", JUNIT4, []),
    ],
)  # fmt: skip
def test_what_an_assertion_looks_at_and_expects(body: str, imports: str, expected: list[tuple[str, str]]) -> None:
    assert seen(body, imports) == expected


def test_a_candidate_says_what_it_sees_and_goes_on() -> None:
    written = observing_text(task(method("if (b) assertEquals(1, f()); run(() -> assertTrue(g()));"), imports=JUNIT4))
    assert written == method(
        "if (b) { try { tailorbird.bridge.Observe.begin(0); assertEquals(1, tailorbird.bridge.Observe.value(0, f())); }"
        " catch (AssertionError tailorbirdFailed) { tailorbird.bridge.Observe.failed(0, tailorbirdFailed); } }"
        " run(() -> { try { tailorbird.bridge.Observe.begin(1); assertTrue(tailorbird.bridge.Observe.value(1, g())); }"
        " catch (AssertionError tailorbirdFailed) { tailorbird.bridge.Observe.failed(1, tailorbirdFailed); } });"
    )
    assert observing_text(task(method("f();"))) is None


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters='"\\'), max_size=8)


@given(st.lists(st.tuples(TEXTS, st.booleans()), min_size=1, max_size=5))
def test_whatever_is_observed_only_literals_change(parts: list[tuple[str, bool]]) -> None:
    """Texts beyond ASCII move no offset; what held is left alone; the observing copy is one whole method too."""
    body = " ".join(f'assertEquals("{text}", f({number}));' for number, (text, _) in enumerate(parts))
    given_task = task(method(body), imports=JUNIT4)
    copy = observing_text(given_task)
    assert copy is not None
    assert isinstance(read_candidate(copy), MethodText)
    found = with_observed(
        given_task, [Observation(number, failed, '"new"') for number, (_, failed) in enumerate(parts)]
    )  # fmt: skip
    wanted = " ".join(
        f'assertEquals("{"new" if failed else text}", f({number}));' for number, (text, failed) in enumerate(parts)
    )
    changes = any(failed and text != "new" for text, failed in parts)
    assert found == ((method(wanted), ()) if changes else None)


def observed(body: str, *literals: str | None, imports: str = JUNIT4, failed: bool = True) -> str | None:
    found = with_observed(
        task(method(body), imports=imports), [Observation(0, failed, literal) for literal in literals]
    )  # fmt: skip
    return found[0] if found is not None else None


def test_only_one_stable_value_is_taken() -> None:
    assert observed("assertEquals(1, f());", "2", "2") == method("assertEquals(2, f());")
    assert observed("assertEquals(1, f());", "2", "3") is None
    assert observed("assertEquals(1, f());", "2", None) is None
    assert observed("assertEquals(1, f());", "2", failed=False) is None
    assert observed("assertEquals(1, f());", "1") is None
    assert observed("assertEquals(1, f());") is None


def test_arrays_only_where_they_are_compared_by_what_they_hold() -> None:
    array = "new int[] {1}"
    assert observed("assertEquals(null, f());", array) is None
    assert observed("assertEquals(f(), null);", array, imports=TESTNG) == method(f"assertEquals(f(), {array});")
    assert observed("assertArrayEquals(new int[0], f());", array) == method(f"assertArrayEquals({array}, f());")
    assert observed("assertThat(f()).isEqualTo(new int[0]);", array) == method(f"assertThat(f()).isEqualTo({array});")


def test_names_are_as_short_as_the_file_allows() -> None:
    body = "assertEquals({}, f());"
    listed = "java.util.Arrays.asList(1)"
    wildcard = JUNIT4 + "import java.util.*;"
    assert observed(body.format("null"), listed) == method(body.format(listed))
    assert observed(body.format("null"), listed, imports=wildcard) == method(body.format("Arrays.asList(1)"))
    assert observed(body.format("Colour.RED"), "q.Colour.BLUE") == method(body.format("Colour.BLUE"))
    assert observed(body.format("null"), "q.Colour.BLUE") == method(body.format("q.Colour.BLUE"))
    assert observed(body.format("null"), "p.Colour.BLUE") == method(body.format("Colour.BLUE"))
    assert observed(body.format("Double.MAX_VALUE"), "Double.NaN") == method(body.format("Double.NaN"))


@pytest.mark.parametrize(
    ("imports", "body", "added"),
    [
        ("import static org.junit.Assert.*;", "assertTrue(f());", ()),
        ("import static org.junit.Assert.assertTrue;", "assertTrue(f());", ("static org.junit.Assert.assertFalse",)),
        ("import static org.junit.Assert.assertTrue; import static org.junit.Assert.assertFalse;", "assertTrue(f());",
         ()),
        ("import org.junit.Assert;", "Assert.assertTrue(f());", ()),
        ("", "assertTrue(f());", ()),  # Inherited, as with JUnit 3.
    ],
)  # fmt: skip
def test_the_opposite_assertion_is_imported_where_it_lacks(imports: str, body: str, added: tuple[str, ...]) -> None:
    given_task = task(method(body), imports=imports)
    wanted = (method(body.replace("assertTrue", "assertFalse")), added)
    assert with_observed(given_task, [Observation(0, True, "false")]) == wanted
    mixed = [Observation(0, True, "false"), Observation(0, False, "true")]
    assert with_observed(given_task, mixed) is None


def test_files_are_written_too() -> None:
    text = "package p; import static org.testng.Assert.*; class GenTest { @Test void a() { assertEquals(f(), 1, m); } }"
    assert with_observed(task(text), [Observation(0, True, "2")]) == (text.replace("1", "2"), ())
