"""What candidates assert, in the surroundings of their test class."""

from dataclasses import replace
from pathlib import Path

import pytest

from tailorbird.mining.asserting import CandidateAssertions
from tailorbird.mining.parsing import project_types
from tailorbird.mining.tree import mine_tree
from tailorbird.records import TestClass
from tests.unit.mining.java_projects import write

HEAD = "package p; import org.junit.*; import org.mockito.Mock; import static org.junit.Assert.*;"
TEST = f"""{HEAD}
public class FooTest extends Base {{
    @Test public void testAdd() {{ assertEquals(1, new Foo().add(1)); }}
    private void check(int a) {{ assertTrue(a > 0); }}
    private int two() {{ return 2; }}
}}
"""
BASE = "package p; public abstract class Base { void sound(int a) { org.junit.Assert.assertTrue(a > 0); } }"


@pytest.fixture
def project(tmp_path: Path) -> tuple[CandidateAssertions, TestClass]:
    write(
        tmp_path,
        {
            "src/main/java/p/Foo.java": "package p; public class Foo { public int add(int a) { return 1; } }",
            "src/test/java/p/FooTest.java": TEST,
            "src/test/java/p/Base.java": BASE,
        },
    )
    (home,) = mine_tree(tmp_path).test_classes
    return CandidateAssertions(project_types(tmp_path)), home


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("new Foo().add(1);", False),
        ("assertEquals(2, new Foo().add(1));", True),
        ("check(new Foo().add(1));", True),
        ("sound(new Foo().add(1));", True),
        ("two();", False),
        ("verify(two()).add(1);", True),
        ("assert two() == 2;", True),
        ("try { new Foo().add(1); fail(); } catch (RuntimeException expected) { }", True),
        ("try { new Foo().add(1); } catch (RuntimeException wrong) { fail(); }", False),
        ("try { new Foo().add(1); } catch (RuntimeException wrong) { fail(); } assertTrue(true);", True),
        ("assertDoesNotThrow(() -> new Foo().add(1));", False),
        ("assertDoesNotThrow(() -> new Foo().add(1)); assertTrue(true);", True),
        ("if (new Foo().add(1) > 2) fail();", True),
    ],
)
def test_methods(body: str, expected: bool, project: tuple[CandidateAssertions, TestClass]) -> None:
    found, home = project
    assert found.of_method(home, f"@Test public void a() {{ {body} }}") is expected


def test_an_expected_exception_of_the_annotation_is_checked(project: tuple[CandidateAssertions, TestClass]) -> None:
    found, home = project
    assert found.of_method(home, "@Test(expected = E.class) public void a() { new Foo().add(1); }") is True


def test_imports_that_are_added_count(project: tuple[CandidateAssertions, TestClass]) -> None:
    found, home = project
    text = "@Test public void a() { thrown.expect(E.class); }"
    assert found.of_method(home, text) is False
    assert found.of_method(home, text, ["org.junit.rules.ExpectedException"]) is True
    assert found.of_method(home, text) is False


def test_files(project: tuple[CandidateAssertions, TestClass]) -> None:
    found, home = project
    empty = "@Test public void a() { new Foo().add(1); }"
    full = "@Test public void b() { check(); } void check() { assertTrue(true); }"
    assert found.of_file(home, f"{HEAD} public class GenTest {{ {empty} {full} }}") is True
    assert found.of_file(home, f"{HEAD} public class GenTest {{ {empty} }}") is False
    assert found.of_file(home, f"{HEAD} public class GenTest {{ }}") is None


def test_of_an_unknown_class_nothing_is_known(project: tuple[CandidateAssertions, TestClass]) -> None:
    found, home = project
    assert found.of_method(replace(home, class_name="Other"), "@Test void a() { }") is None
