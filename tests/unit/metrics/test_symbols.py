import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.metrics.symbols import Doubts, doubts, words

KNOWN = words(["class Adder { Adder(int start) {} int add(int a, int b) { return a + b; } }", "assertEquals Test List"])


def found(body: str, fields: frozenset[str] = frozenset()) -> Doubts:
    return doubts(f"@Test\npublic void adds() throws Exception {{\n{body}\n}}", KNOWN, fields)


@pytest.mark.parametrize(
    "body",
    [
        "Adder adder = new Adder(1); assertEquals(3, adder.add(1, 2));",
        "for (int i = 0; i < 3; i++) { int j = i; } for (int i = 0; i < 3; i++) { int j = i; }",
        "for (String one : new String[] {}) { one.length(); }",
        "try { int x = 1; } catch (Exception e) { e.toString(); } int x = 2;",
        "Runnable r = () -> { int x = 1; }; int x = 2;",
        "List<String> all = null; all.equals((one) -> one.length()); all.equals(other -> other.length());",
        "Object o = 1; if (o instanceof String text) { text.length(); }",
        "class Own { int x; void own() { int x = 1; late(); } void late() {} } int x = 1; new Own().own();",
        "Object o = new Object() { int seen; public String toString() { int o = seen; return null; } };",
        "outer: for (int i = 0; ; ) { break outer; }",
        "int[] sizes = {1, 2}; assertEquals(2, sizes.length);",
        "String.class.getClass(); Adder::new.equals(Adder::add);",
        '@SuppressWarnings("unused") int x = 1;',
        "switch (1) { case 1 -> { int x = 1; } default -> { int x = 2; } }",
        "java.util.Map<String, Adder> map = null; map.clone();",
        "adds();",
    ],
)
def test_what_java_allows_raises_no_doubt(body: str) -> None:
    assert found(body) == Doubts(False, (), (), (), ())


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("adder.add(1, 2);", {"undeclared": ("adder",)}),
        ("int x = x;", {"undeclared": ("x",)}),
        ("{ int x = 1; } assertEquals(1, x);", {"undeclared": ("x",)}),
        ("for (String one : one) { }", {"undeclared": ("one",)}),
        ("int x = 1; int x = 2;", {"redeclared": ("x",)}),
        ("int x = 1; { int x = 2; }", {"redeclared": ("x",)}),
        ("int e = 1; try { } catch (Exception e) { }", {"redeclared": ("e",)}),
        ("int x = 1; Runnable r = x -> { };", {"redeclared": ("x",)}),
        ("new Adder(1).subtract(1);", {"unknown_methods": ("subtract",)}),
        ("Runnable r = Adder::subtract;", {"unknown_methods": ("subtract",)}),
        ("Subtractor s = null;", {"unknown_types": ("Subtractor",)}),
        ("assertEquals(Limits.LARGEST, 1);", {"unknown_types": ("Limits",)}),
        ("new Subtractor(); new Subtractor();", {"unknown_types": ("Subtractor", "Subtractor")}),
    ],
)
def test_what_nothing_explains_is_named(body: str, names: dict[str, tuple[str, ...]]) -> None:
    expected = {"undeclared": (), "redeclared": (), "unknown_methods": (), "unknown_types": ()} | names
    assert found(body) == Doubts(False, **expected)


def test_fields_of_the_test_class_need_no_declaration() -> None:
    assert found("adder.add(1, 2);", frozenset({"adder"})).count == 0


def test_what_does_not_parse_is_doubted_most() -> None:
    broken = doubts("@Test void adds() { int x = ", KNOWN)
    assert broken.syntax
    assert broken.count > found("a.b(); c.d(); int x = 1; int x = 2; Z z = 3;").count > 0


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    assert doubts(text, frozenset()).count >= 0


@given(st.lists(st.sampled_from(["{", "}", "int x = 1;", "x++;", "y();", "for (int i : x) {", "x -> {", "class A {"])))
def test_pieces_of_java_can_be_read(pieces: list[str]) -> None:
    assert doubts(" ".join(pieces), frozenset()).count >= 0


@given(st.sets(st.sampled_from(["adder", "subtract", "Subtractor", "Limits", "add"])))
def test_more_words_never_raise_more_doubts(more: set[str]) -> None:
    text = "@Test void f() { Subtractor s = new Subtractor(); s.subtract(Limits.MAX); Adder.add(); }"
    assert doubts(text, KNOWN | more).count <= doubts(text, KNOWN).count
