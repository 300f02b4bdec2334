"""Candidates written into source files."""

import pytest
import tree_sitter_java
from hypothesis import given
from hypothesis import strategies as st
from tree_sitter import Language, Parser

from tailorbird.errors import DataError
from tailorbird.execution.inserting import insert
from tailorbird.execution.placing import MethodText, read_candidate

SOURCE = """package p;

class FooTest {
    @Test
    void adds() {
        assertEquals(2, new Foo().add(1, 1));
    }

    class Inner {
        void own() { }
    }
}
"""


def method(text: str) -> MethodText:
    found = read_candidate(text)
    assert isinstance(found, MethodText)
    return found


def test_a_method_goes_to_the_end_of_its_class_in_its_layout() -> None:
    text, names = insert(SOURCE, "FooTest", [method("@Test\n    void subtracts() {\n        f();\n    }")])
    assert names == ("subtracts",)
    assert text.endswith("    }\n\n    @Test\n    void subtracts() {\n        f();\n    }\n}\n")
    assert text.startswith(SOURCE[: SOURCE.rindex("}")])


def test_names_that_the_file_has_get_a_number() -> None:
    text, names = insert(SOURCE, "FooTest", [method("@Test void adds() { }")] * 2 + [method("void own() { }")])
    assert names == ("adds2", "adds3", "own2")
    assert text.count("void adds2()") == 1


def test_a_nested_class_and_braces_on_one_line() -> None:
    text, _ = insert(SOURCE, "FooTest.Inner", [method("@Test void a() { }")])
    assert "        void own() { }\n\n        @Test void a() { }\n    }\n}\n" in text
    text, _ = insert("class A { }", "A", [method("@Test void a() { }")])
    assert text == "class A { \n\n    @Test void a() { }\n}"


def test_a_class_that_is_not_there() -> None:
    with pytest.raises(DataError, match="no class Bar"):
        insert(SOURCE, "Bar", [method("void a() { }")])


@given(st.lists(st.sampled_from(["adds", "b", "own", "größe"]), max_size=6), st.text("äö ", max_size=5))
def test_the_file_parses_and_every_method_is_there_once(names: list[str], comment: str) -> None:
    source = SOURCE.replace("package p;", f"package p; // {comment}")
    text, given_names = insert(source, "FooTest", [method(f"@Test void {name}() {{ f(); }}") for name in names])
    assert not Parser(Language(tree_sitter_java.language())).parse(text.encode()).root_node.has_error
    assert len(set(given_names)) == len(names)
    assert all(text.count(f"void {name}()") == 1 for name in given_names)
