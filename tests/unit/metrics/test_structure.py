import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.metrics.structure import calls_method, creates, syntax_valid

WHOLE = "@Test\npublic void adds() {\n\tassertEquals(3, new Adder().add(1, 2));\n}"


@pytest.mark.parametrize(
    "candidate",
    [
        WHOLE,
        f"// before\n{WHOLE}\n// after",
        "void f() throws Exception { var x = switch (y) { case 1 -> 2; default -> 3; }; }",
        'void f() { String s = """\n  }\n  """; }',
    ],
)
def test_one_whole_method_is_valid(candidate: str) -> None:
    assert syntax_valid(candidate)


@pytest.mark.parametrize(
    "candidate",
    [
        "",
        "// only a comment",
        "int field;",
        "void unfinished() { call(",
        WHOLE[:-1],
        WHOLE + "\n" + WHOLE,
        WHOLE + "\nint field;",
        "void f(); ",
        "class Inner { void f() { } }",
        "assertEquals(1, 2);",
        "void f() { } } class Y {",
        "void f() { } } void g() { ",
    ],
)
def test_anything_else_is_not(candidate: str) -> None:
    assert not syntax_valid(candidate)


@pytest.mark.parametrize(
    "candidate",
    [
        WHOLE,
        "void f() { add(); }",
        "void f() { assertThrows(E.class, () -> adder.add(1, 2)); }",
        "void f() { values.map(Adder::add); }",
        "void f() { super.add(1); }",
        "void f() { adder.add(1, 2); int x = (",
    ],
)
def test_calls_are_found_in_whole_and_in_broken_code(candidate: str) -> None:
    assert calls_method(candidate, "add")


@pytest.mark.parametrize(
    "candidate",
    [
        "",
        "void add() { int add = 1; }",
        "void f() { addAll(); }",
        'void f() { log("add()"); } // add()',
        "void f() { add::run; }",
    ],
)
def test_other_uses_of_the_name_are_no_calls(candidate: str) -> None:
    assert not calls_method(candidate, "add")


def test_no_nesting_is_too_deep() -> None:
    assert calls_method("void f() { " + "{" * 3000 + "add();", "add")


@given(st.text(max_size=80))
def test_any_text_has_an_answer(text: str) -> None:
    assert isinstance(calls_method(text, "add"), bool)
    # Another member beside it makes every valid text invalid.
    assert not (syntax_valid(text) and syntax_valid(f"int field;\n{text}"))


@pytest.mark.parametrize(
    ("candidate", "expected"),
    [
        ("void f() { new Foo(1); }", True),
        ("void f() { new p.Foo<String>(1) { }; }", True),
        ("void f() { make(Foo::new); }", True),
        ("void f() { new FooBar(); Foo.of(); }", False),
        ("void f() { new Foo(1); if (", True),
    ],
)
def test_creates(candidate: str, expected: bool) -> None:
    assert creates(candidate, "Foo") is expected
