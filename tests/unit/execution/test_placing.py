from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.execution.placing import (
    ClassText,
    MethodText,
    is_abstract,
    owner_of,
    place,
    read_candidate,
    runnable_below,
    runs_in,
)
from tailorbird.records import HOLE, TestClass


def home(text: str = "", class_name: str = "FooTest") -> TestClass:
    return TestClass(
        class_name=class_name,
        package="p",
        path="module/src/test/java/p/FooTest.java",
        text=text or f"package p; class FooTest {{ int x = 1;\n{HOLE}\n}}",
        outline="",
        inherited=(),
        inherited_set_up=(),
    )


def method(text: str) -> MethodText:
    read = read_candidate(text)
    assert isinstance(read, MethodText)
    return read


@pytest.mark.parametrize(
    "text",
    [
        "@Test void a() { }",
        "// first\n@Test public void a() throws Exception { int b = 1; }",
        "@ParameterizedTest @ValueSource(ints = {1, 2}) void a(int b) { }",
    ],
)
def test_one_method(text: str) -> None:
    found = method(text)
    assert found.name == "a"
    assert found.renamed("other") == text.replace(" a(", " other(")


@pytest.mark.parametrize(
    "text",
    [
        "@Test void a() { } @Test void b() { }",
        "@Test void a() { } } class Other {",
        "@Test void a() { int b = ; }",
        "@Test void a();",
        "int a = 1;",
        "a",
        "static { }",
        "package p; import q.R;",
    ],
)
def test_neither_one_method_nor_one_file(text: str) -> None:
    assert read_candidate(text) is None


def test_a_whole_file() -> None:
    read = read_candidate("package p.q; import r.S; class Helper { } public class FooTest { @Test void a() { } }")
    assert isinstance(read, ClassText)
    assert (read.unit.path, read.binary_name) == ("p/q/FooTest.java", "p.q.FooTest")
    unnamed = read_candidate("class A { }")
    assert isinstance(unnamed, ClassText)
    assert (unnamed.unit.path, unnamed.binary_name) == ("A.java", "A")


def test_methods_of_one_name_get_different_ones() -> None:
    placed = place(
        home(), [method("@Test void a() { }"), method("@Test void b() { }"), method("@Test void a() { f(); }")]
    )
    assert placed.methods == ("a", "b", "a__2")
    assert placed.unit.path == "p/FooTest.java"
    assert "void a__2() { f(); }" in placed.unit.text
    assert HOLE not in placed.unit.text
    assert placed.owner == "p.FooTest"


def test_a_test_whose_arguments_come_by_its_name_keeps_it() -> None:
    assert method("@ParameterizedTest @MethodSource void a(int b) { }").keeps_its_name
    assert method("@ParameterizedTest @MethodSource() void a(int b) { }").keeps_its_name
    assert not method('@ParameterizedTest @MethodSource("c") void a(int b) { }').keeps_its_name


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters='"\\', exclude_categories=["Cc"]), max_size=8),
        min_size=1,
        max_size=5,
    )
)
def test_an_offset_is_told_to_its_candidate(literals: list[str]) -> None:
    texts = [f'@Test void a() {{ String s = "{one}"; }}' for one in literals]
    read = [found for text in texts if isinstance(found := read_candidate(text), MethodText)]
    placed = place(home(f'package p; class FooTest {{ String x = "𝄞";\n{HOLE}\n}}'), read)
    # As javac counts: in UTF-16 units.
    encoded = placed.unit.text.encode("utf-16-le")
    for number, (name, (start, end)) in enumerate(zip(placed.methods, placed.spans, strict=True)):
        text = encoded[2 * start : 2 * end].decode("utf-16-le")
        assert text.startswith("@Test")
        assert f"void {name}()" in text
        assert placed.at(start) == placed.at(end - 1) == number
    assert placed.at(placed.spans[0][0] - 1) is None
    assert placed.at(placed.spans[-1][1]) is None


def test_nested_and_abstract_classes() -> None:
    assert owner_of(home(class_name="FooTest.Inner.Most")) == "p.FooTest$Inner$Most"
    assert is_abstract(home(f"package p; public abstract class FooTest {{\n{HOLE}\n}}"))
    assert not is_abstract(home(f"package p; abstract class Other {{ }} class FooTest {{\n{HOLE}\n}}"))


@pytest.mark.parametrize(
    ("text", "junit4", "junit5"),
    [
        ("@Test public void a() { }", True, True),
        ('@Test @DisplayName("x") void a() { }', False, True),
        ("@ParameterizedTest @ValueSource(ints = 1) public void a(int b) { }", False, True),
        ("@Test public static void a() { }", False, False),
        ("@Test public int a() { return 1; }", False, False),
        ("@org.junit.jupiter.api.BeforeEach public void a() { }", False, False),
        ("@Mystery public void a() { }", False, False),
    ],
)
def test_what_a_framework_would_hold_against_the_others(text: str, *, junit4: bool, junit5: bool) -> None:
    four = home(f"package p; import org.junit.Test; class FooTest {{\n{HOLE}\n}}")
    five = home(f"package p; import org.junit.jupiter.api.Test; class FooTest {{\n{HOLE}\n}}")
    assert method(text).leaves_others_alone(four) is junit4
    assert method(text).leaves_others_alone(five) is junit5


def test_a_test_that_overrides_another_keeps_its_name() -> None:
    assert method("@Override @Test public void a() { }").keeps_its_name
    assert not method("@Test public void a() { }").keeps_its_name


def test_calls_that_may_be_of_its_own_class() -> None:
    found = method("@Test void a() { b(); this.c(); x.d(); run(this::e); new F(); G.h(1); a(); }")
    assert found.calls >= {"b", "c", "e", "run", "a"}
    assert not found.calls & {"d", "h"}
    assert method("@Test void a() { b(); }").calls == {"b"}


def test_an_abstract_class_is_run_in_one_that_has_not_overridden_the_test(tmp_path: Path) -> None:
    top = home(f"package p; abstract class FooTest {{\n{HOLE}\n}}")
    below = []
    for name, body in (("OneTest", "@Test void a() { } "), ("TwoTest", "@Test void b() { }")):
        (tmp_path / f"{name}.java").write_text(f"package p; class {name} extends FooTest {{ {body} }}")
        text = f"package p; class {name} {{\n{HOLE}\n}}"
        below.append(replace(top, class_name=name, path=f"{name}.java", text=text, inherited=("p.FooTest",)))
    found = runnable_below(top, [top, *below], tmp_path)
    assert [runs_in(found, test).owner for test in ("a", "b", "c")] == ["p.TwoTest", "p.OneTest", "p.OneTest"]
    assert runs_in(runnable_below(below[0], [top, *below], tmp_path), "a").owner == ""
    named = place(top, [method("@Test void b() { }")], also_taken=runs_in(found, "a").names)
    assert named.methods == ("b__2",)
