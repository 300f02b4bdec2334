"""Where tests and the code they test may stand, and where parameterized tests get their arguments."""

from pathlib import Path

import pytest

from tailorbird.mining.tree import mine_tree
from tests.unit.mining.java_projects import IMPORTS, focal_of, write

FOO = "package p; public class Foo { public int run() { return 1; } }"
FOO_TEST = f"package p; {IMPORTS} class FooTest {{ @Test void run() {{ assertEquals(1, new Foo().run()); }} }}"


@pytest.mark.parametrize(
    ("main", "test"),
    [
        ("src/main/java/p", "src/test/java/p"),
        ("src/p", "test/p"),
        ("src/java/p", "tests/p"),
        ("source/p", "src/test/p"),
        ("core/src/main/java/p", "core-tests/src/test/java/p"),
        ("app/src/main/java/p", "app/src/integrationTest/java/p"),
        ("lib/src/main/java/p", "lib/src/testFixtures/java/p"),
        ("p", "p"),
    ],
)
def test_any_layout(tmp_path: Path, main: str, test: str) -> None:
    files = {
        "settings.gradle": "include 'app'",
        "app/build.gradle": "",
        f"{main}/Foo.java": FOO,
        f"{test}/FooTest.java": FOO_TEST,
    }
    assert focal_of(mine_tree(write(tmp_path, files))) == {"FooTest.run": "Foo.run()"}


def test_each_modules_tests_mean_their_own_modules_class(tmp_path: Path) -> None:
    files = {}
    for module, shape in (("alpha", "int run() { return 1; }"), ("beta", "int run() { return 2; }")):
        files[f"{module}/pom.xml"] = "<project/>"
        files[f"{module}/src/main/java/p/Foo.java"] = f"package p; public class Foo {{ public {shape} }}"
        files[f"{module}/src/test/java/p/FooTest.java"] = FOO_TEST.replace("(1", f"({len(module)}")
    pairs = mine_tree(write(tmp_path, files)).pairs
    assert {(pair.test.path.split("/")[0], pair.focal.path.split("/")[0]) for pair in pairs} == {
        ("alpha", "alpha"),
        ("beta", "beta"),
    }


def test_one_modules_tests_for_anothers_classes(tmp_path: Path) -> None:
    files = {
        "core/build.gradle.kts": "",
        "core/src/main/java/p/Foo.java": FOO,
        "verification/build.gradle.kts": "",
        "verification/src/test/java/q/FooTest.java": FOO_TEST.replace("package p;", "package q; import p.Foo;"),
    }
    (pair,) = mine_tree(write(tmp_path, files)).pairs
    assert (pair.focal.path, pair.test.path) == (
        "core/src/main/java/p/Foo.java",
        "verification/src/test/java/q/FooTest.java",
    )


PARAMETERIZED = """package p;
import static org.junit.jupiter.api.Assertions.*;
import java.util.stream.*;
import org.junit.jupiter.params.*;
import org.junit.jupiter.params.provider.*;
class FooTest extends Base {
    static final int[] NUMBERS = {1, 2};
    static Stream<Integer> run() { return Stream.of(1); }
    static IntStream many() { return IntStream.range(0, 9); }
    @ParameterizedTest @MethodSource void run(int n) { assertEquals(n, new Foo().run()); }
    @ParameterizedTest @MethodSource({"many", "p.Base#above", "elsewhere.Other#gone"}) void two(int n) { check(n); }
    @ParameterizedTest @FieldSource("NUMBERS") void field(int n) { check(n); }
    @ParameterizedTest @ValueSource(ints = 1) void value(int n) { check(n); }
    private void check(int n) { assertEquals(n, new Foo().run()); }
}
"""
TESTNG = """package p;
import static org.testng.Assert.*;
import org.testng.annotations.*;
public class FooTest {
    @DataProvider(name = "numbers") public Object[][] cases() { return new Object[][] {{1}}; }
    @DataProvider public Object[][] plain() { return new Object[][] {{2}}; }
    @Test(dataProvider = "numbers") public void named(int n) { assertEquals(new Foo().run(), n); }
    @Test(dataProvider = "plain") public void byMethod(int n) { assertEquals(new Foo().run(), n); }
    @Test(dataProvider = "cases") public void noneOfThatName(int n) { assertEquals(new Foo().run(), n); }
}
"""


def provided(root: Path, test: str) -> dict[str, tuple[str, ...]]:
    base = "package p; class Base { static java.util.List<Integer> above() { return null; } }"
    files = {
        "src/main/java/p/Foo.java": FOO,
        "src/test/java/p/FooTest.java": test,
        "src/test/java/p/Base.java": base,
    }
    return {case.name: case.providers for case in mine_tree(write(root, files)).test_cases}


def test_junit5_providers(tmp_path: Path) -> None:
    found = provided(tmp_path, PARAMETERIZED)
    assert found["run"] == ("static Stream<Integer> run() { return Stream.of(1); }",)
    assert found["two"] == (
        "static IntStream many() { return IntStream.range(0, 9); }",
        "static java.util.List<Integer> above() { return null; }",
    )
    assert found["field"] == ("static final int[] NUMBERS = {1, 2};",)
    assert found["value"] == ()


def test_testng_providers(tmp_path: Path) -> None:
    found = provided(tmp_path, TESTNG)
    assert [len(texts) for texts in (found["named"], found["byMethod"], found["noneOfThatName"])] == [1, 1, 0]
    assert 'name = "numbers"' in found["named"][0]
    assert "plain()" in found["byMethod"][0]
