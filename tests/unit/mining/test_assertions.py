"""What tests assert with."""

import shutil
from pathlib import Path

import pytest

from tailorbird.mining.pipeline import mine
from tailorbird.mining.tree import mine_tree
from tests.unit.mining.java_projects import JUNIT4 as JUNIT4_FIXTURE
from tests.unit.mining.java_projects import write

FOO = "package p; public class Foo { public int add(int a) { return 1; } }"


def words(
    tmp_path: Path, imports: str, body: str, *, head: str = "@Test", more: str = "", above: str = ""
) -> list[str]:
    write(
        tmp_path,
        {
            "src/main/java/p/Foo.java": FOO,
            "src/test/java/p/FooTest.java": f"package p; {imports} class FooTest {above}"
            f" {{ {head} public void testAdd() throws Exception {{ new Foo().add(1); {body} }} {more} }}",
        },
    )
    (case,) = (case for case in mine_tree(tmp_path).test_cases if case.name == "testAdd")
    return list(case.assertions)


JUPITER = "import org.junit.jupiter.api.*;"
JUNIT4 = "import org.junit.*;"
ASSERTJ = "import static org.assertj.core.api.Assertions.assertThatCode;"


@pytest.mark.parametrize(
    ("imports", "body", "expected"),
    [
        (JUPITER, "", []),
        (JUPITER, "Assertions.assertEquals(1, 1);", ["junit"]),
        (JUPITER + "import static org.junit.jupiter.api.Assertions.*;", "assertThrows(E.class, () -> f());", ["junit"]),
        (JUNIT4 + "import static org.assertj.core.api.Assertions.assertThat;", "assertThat(1).isOne();", ["assertj"]),
        (JUNIT4 + "import static org.hamcrest.MatcherAssert.assertThat;", "assertThat(1, is(1));", ["hamcrest"]),
        (JUNIT4 + "import static com.google.common.truth.Truth.*;", "assertThat(1).isEqualTo(1);", ["truth"]),
        (JUNIT4 + "import static org.junit.Assert.assertTrue; import org.hamcrest.*;", "assertTrue(true);", ["junit"]),
        ("import org.testng.annotations.Test; import org.testng.Assert;", "Assert.assertEquals(1, 1);", ["testng"]),
        (JUNIT4 + "import static org.mockito.Mockito.*;", "verify(foo).add(1);", ["mocks"]),
        (JUNIT4 + "import static org.mockito.Mockito.*;", "verifyNoMoreInteractions(foo);", ["mocks"]),
        (JUNIT4, "verify(foo);", []),
        (JUPITER, "assertDoesNotThrow(() -> f());", ["no-exception"]),
        (JUPITER, "assertThatCode(() -> f()).doesNotThrowAnyException();", ["no-exception"]),
        (JUPITER + ASSERTJ, "assertThatCode(() -> f()).hasMessage(null);", ["assertj"]),
        (JUPITER, "assertThatNoException().isThrownBy(() -> f());", ["no-exception"]),
        (JUNIT4 + "import org.junit.rules.ExpectedException;", "thrown.expect(E.class);", ["expected-exception"]),
        (JUNIT4, "thrown.expect(E.class);", []),
        (JUNIT4, "try { f(); fail(); } catch (E e) { }", ["fail"]),
        (JUNIT4, "assert 1 == 1;", ["assert-statement"]),
        (JUNIT4, "Assert.assertTrue(true); assert 1 == 1; Assert.fail();", ["assert-statement", "fail", "junit"]),
    ],
)
def test_libraries(imports: str, body: str, expected: list[str], tmp_path: Path) -> None:
    assert words(tmp_path, imports, body) == expected


@pytest.mark.parametrize(
    ("imports", "head"),
    [
        (JUNIT4, "@Test(expected = E.class)"),
        ("import org.testng.annotations.Test;", "@Test(expectedExceptions = { E.class })"),
    ],
)
def test_expected_exceptions(imports: str, head: str, tmp_path: Path) -> None:
    assert words(tmp_path, imports, "", head=head) == ["expected-exception"]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("void check(int a) { Assert.assertEquals(1, a); }", ["helper"]),
        ("void check(int a) { deeper(a); } void deeper(int a) { Assert.fail(); }", ["helper"]),
        ("void check(int a) { }", []),
        ("void check(int a) { other(a); } void other(int a) { check(a); }", []),
        ("void check(int a) { other(a); } void other(int a) { check(a); Assert.fail(); }", ["helper"]),
    ],
)
def test_helpers_that_assert(more: str, expected: list[str], tmp_path: Path) -> None:
    assert words(tmp_path, JUNIT4, "check(1);", more=more) == expected


def test_a_helper_that_is_only_called_like_an_assertion(tmp_path: Path) -> None:
    assert words(tmp_path, JUNIT4, "assertNothing(1);", more="void assertNothing(int a) { }") == []


def test_helpers_of_a_superclass(tmp_path: Path) -> None:
    base = "package p; import org.junit.*; class Base { void check(int a) { Assert.assertEquals(1, a); } }"
    write(tmp_path, {"src/test/java/p/Base.java": base})
    assert words(tmp_path, JUNIT4, "check(1);", above="extends Base") == ["helper"]


def test_the_manifest_counts_the_pairs_without(tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(JUNIT4_FIXTURE, project)
    asserting = mine(str(project), tmp_path / "before")
    assert asserting.unasserted == 0
    words(project, JUNIT4, "")
    manifest = mine(str(project), tmp_path / "after")
    assert (manifest.pairs, manifest.unasserted) == (asserting.pairs + 1, 1)
