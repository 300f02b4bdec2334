"""What is a test, of which framework and kind."""

import pytest

from tailorbird.mining.java import JavaParser
from tailorbird.mining.names import TypeIndex
from tailorbird.mining.recognise import Recogniser


def recognised(*sources: str) -> list[tuple[str, str, str]]:
    """(name, framework, kind) of all tests in files that lie side by side in a test source root."""
    parser = JavaParser()
    types = [one for at, text in enumerate(sources) for one in parser.parse(f"src/test/java/F{at}.java", text.encode())]
    recogniser = Recogniser(TypeIndex(types))
    return [(case.name, case.framework, case.kind) for one in types for _, case in recogniser.cases(one)]


@pytest.mark.parametrize(
    ("head", "annotation", "framework", "kind"),
    [
        ("import org.junit.Test;", "@Test", "junit4", "test"),
        ("import org.junit.*;", "@Test(timeout = 5)", "junit4", "test"),
        ("", "@org.junit.Test", "junit4", "test"),
        ("import org.junit.jupiter.api.Test;", "@Test", "junit5", "test"),
        ("import org.junit.jupiter.api.*;", "@RepeatedTest(3)", "junit5", "repeated"),
        ("import org.junit.jupiter.api.TestFactory;", "@TestFactory", "junit5", "factory"),
        ("import org.junit.jupiter.api.*;", "@TestTemplate", "junit5", "template"),
        ("import org.junit.jupiter.params.ParameterizedTest;", "@ParameterizedTest", "junit5", "parameterized"),
        ("import org.junit.jupiter.params.*;", '@ParameterizedTest(name = "{0}")', "junit5", "parameterized"),
        ("import org.junit.Test; import org.junit.jupiter.api.*;", "@Test", "junit4", "test"),
        ("import org.testng.annotations.Test;", "@Test", "testng", "test"),
        ("import org.testng.annotations.*;", '@Test(dataProvider = "numbers")', "testng", "parameterized"),
    ],
)
def test_framework_and_kind_by_import(head: str, annotation: str, framework: str, kind: str) -> None:
    assert recognised(f"{head} class A {{ {annotation} public void f() {{ }} }}") == [("f", framework, kind)]


@pytest.mark.parametrize(
    ("head", "member"),
    [
        ("import com.example.Test;", "@Test public void f() { }"),
        ("import org.junit.Test;", "@Before public void f() { }"),
        ("", "@Test public void f() { }"),
        ("import org.testng.annotations.Test;", "@Test(enabled = false) public void f() { }"),
        ("import org.junit.Test;", "@Test public abstract void f();"),
        ("import org.junit.Test;", "public void testF() { }"),
    ],
)
def test_what_is_no_test(head: str, member: str) -> None:
    assert recognised(f"{head} abstract class A {{ {member} }}") == []


def test_junit3_by_its_superclass() -> None:
    source = """
        import junit.framework.TestCase;
        class A extends TestCase {
            public void testOne() { }
            public void testWith(int number) { }
            public int testValue() { return 1; }
            void testHidden() { }
            public static void testStatic() { }
            public void helper() { }
        }
    """
    assert recognised(source) == [("testOne", "junit3", "test")]


def test_junit3_through_test_base_classes_of_the_project() -> None:
    base = "import junit.framework.*; abstract class Base extends TestCase { public void testShared() { } }"
    source = "class A extends Middle { public void testOne() { } }"
    assert recognised(base, "class Middle extends Base { }", source) == [
        ("testShared", "junit3", "test"),
        ("testOne", "junit3", "test"),
    ]


def test_junit3_through_a_test_base_class_from_elsewhere() -> None:
    assert recognised("import org.x.MockTestCase; class A extends MockTestCase { public void testOne() { } }") == [
        ("testOne", "junit3", "test")
    ]


def test_a_class_of_no_test_framework_is_none_whatever_its_methods_are_called() -> None:
    assert recognised("class A extends Server { public void testConnection() { } }") == []
    assert recognised("class A { public void testConnection() { } }") == []
    assert recognised("import com.example.TestCase; class A extends TestCase { public void testOne() { } }") == []


def test_annotated_tests_in_a_junit3_class_are_the_only_ones() -> None:
    source = """
        import org.junit.Test;
        class A extends junit.framework.TestCase { @Test public void one() { } public void testTwo() { } }
    """
    assert recognised(source) == [("one", "junit4", "test")]


def test_testng_on_the_class_makes_each_plain_public_method_a_test() -> None:
    source = """
        import org.testng.annotations.*;
        @Test(groups = "functional")
        class A extends Base {
            public void one() { }
            public void two(int number) { }
            @BeforeMethod public void setUp() { }
            @Test(enabled = false) public void three() { }
            void hidden() { }
            public int value() { return 1; }
        }
    """
    assert recognised(source) == [("one", "testng", "test"), ("two", "testng", "parameterized")]


def test_testng_on_a_superclass_counts_for_its_subclasses() -> None:
    base = "import org.testng.annotations.Test; @Test abstract class Base { public void shared() { } }"
    assert recognised(base, "class A extends Base { public void one() { } }") == [
        ("shared", "testng", "test"),
        ("one", "testng", "test"),
    ]


def test_nested_classes_interfaces_and_records_have_tests_too() -> None:
    source = """
        import org.junit.jupiter.api.*;
        class A {
            @Nested class Inner { @Test void inner() { } }
            interface Shared { @Test default void shared() { } }
            record Point(int x) { @Test void point() { } }
            enum Kind { ONE; @Test void kind() { } }
        }
    """
    assert [name for name, _, _ in recognised(source)] == ["inner", "shared", "point", "kind"]


def test_a_cycle_of_superclasses_ends() -> None:
    assert recognised("class A extends B { public void testOne() { } }", "class B extends A { }") == []
