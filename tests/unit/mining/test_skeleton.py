from pathlib import Path

from tailorbird.mining.dataset import load_test_classes
from tailorbird.mining.java import JavaParser
from tailorbird.mining.pipeline import mine
from tailorbird.mining.tree import mine_tree
from tailorbird.records import HOLE, TestClass
from tests.unit.mining.java_projects import JUNIT4, JUNIT5, write

TEST = """package p;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.*;

class FooTest extends Base {
    static final int[] TABLE = {
        1,
        2,
    };
    private Foo foo = new Foo();

    /** Goes with its test. */
    // And so does this.
    @Test
    void run() { assertEquals(1, foo.run()); }

    @BeforeEach
    void prepare() {
        foo.reset();
    } // Stays with prepare.

    @Test void walk() { check(foo); }

    private void check(Foo foo) { assertEquals(2, foo.walk()); }

    @Nested class WhenClosed {
        @Test void run() { assertEquals(0, foo.run()); }
    }

    static class Stub extends Foo { }
}
"""
FILES = {
    "src/main/java/p/Foo.java": "package p; class Foo { int run() { return 1; } int walk() { return 2; } }",
    "src/test/java/p/Base.java": (
        "package p; import org.junit.jupiter.api.*; class Base { @AfterEach void clean() { } }"
    ),
    "src/test/java/p/FooTest.java": TEST,
}


def skeletons(tmp_path: Path) -> dict[str, TestClass]:
    return skeletons_of(tmp_path, FILES)


def skeletons_of(tmp_path: Path, files: dict[str, str]) -> dict[str, TestClass]:
    return {one.class_name: one for one in mine_tree(write(tmp_path, files)).test_classes}


def test_only_tests_go_and_the_hole_stands_where_one_goes_in(tmp_path: Path) -> None:
    made = skeletons(tmp_path)
    assert set(made) == {"FooTest", "FooTest.WhenClosed"}
    assert (
        made["FooTest"].text
        == f"""package p;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.*;

class FooTest extends Base {{
    static final int[] TABLE = {{
        1,
        2,
    }};
    private Foo foo = new Foo();

    @BeforeEach
    void prepare() {{
        foo.reset();
    }} // Stays with prepare.

    private void check(Foo foo) {{ assertEquals(2, foo.walk()); }}

    static class Stub extends Foo {{ }}
{HOLE}
}}
"""
    )


def test_a_test_that_a_superclass_demands_leaves_an_empty_one(tmp_path: Path) -> None:
    base = (
        "package p;\nabstract class Base {\n    public abstract void testIt() throws Exception;\n"
        "    void testMore() { }\n}\n"
    )
    test = (
        "package p;\nimport org.junit.Test;\nclass DemandedTest extends Base {\n"
        "    @Test\n    @Override\n    public void testIt() throws Exception { new Foo().walk(); }\n"
        "    @Test\n    public void testMore() { new Foo().walk(); }\n}\n"
    )
    foo = "package p;\npublic class Foo { public int walk() { return 2; } }\n"
    files = {"src/main/java/p/Foo.java": foo}
    files |= {"src/test/java/p/Base.java": base, "src/test/java/p/DemandedTest.java": test}
    (made,) = skeletons_of(tmp_path, files).values()
    head = "package p;\nimport org.junit.Test;\nclass DemandedTest extends Base {\n"
    assert made.text == f"{head}public void testIt() {{}}\n{HOLE}\n}}\n"


def test_a_nested_class_keeps_what_surrounds_it(tmp_path: Path) -> None:
    text = skeletons(tmp_path)["FooTest.WhenClosed"].text
    assert f"@Nested class WhenClosed {{\n{HOLE}\n    }}\n" in text
    assert "void check(Foo foo)" in text
    assert text.count("@Test") == 0


def test_the_outline_has_fields_set_up_and_helpers(tmp_path: Path) -> None:
    made = skeletons(tmp_path)["FooTest"]
    assert made.outline.splitlines() == [
        "FooTest extends Base {",
        "static final int[] TABLE;",
        "private Foo foo = new Foo();",
        "@BeforeEach",
        "void prepare() {",
        "\tfoo.reset();",
        "}",
        "private void check(Foo foo);",
        "Stub {}",
        "}",
    ]
    assert made.inherited == ("p.Base",)
    assert made.inherited_set_up == ("p.Base: void clean()",)


def test_any_test_of_the_class_fits_back_in(tmp_path: Path) -> None:
    for project in (JUNIT4, JUNIT5, write(tmp_path, FILES)):
        mined = mine_tree(project)
        made = {(one.path, one.class_name): one for one in mined.test_classes}
        assert {(case.path, case.class_name) for case in mined.test_cases} == set(made)
        for case in mined.test_cases:
            skeleton = made[case.path, case.class_name].text
            assert skeleton.count(HOLE) == 1
            whole = skeleton.replace(HOLE, case.text)
            types = {one.name: one for one in JavaParser().parse(case.path, whole.encode())}
            tests = [method for method in types[case.class_name].methods if method.text == case.text]
            assert len(tests) == 1
            others = [one for one in mined.test_cases if one.path == case.path and one.text != case.text]
            assert not any(other.text in whole for other in others)


def test_mine_writes_them(tmp_path: Path) -> None:
    mine(str(JUNIT4), tmp_path)
    assert load_test_classes(tmp_path) == mine_tree(JUNIT4).test_classes


def test_a_test_that_others_call_stays_as_their_helper(tmp_path: Path) -> None:
    source = (
        "package p; import org.junit.jupiter.api.*; class FooTest { @Test void run() { round(3); new Foo().walk(); } "
        "@ParameterizedTest void round(int times) { new Foo().run(); } @Test void walk() { super.walk(); } }"
    )
    made = skeletons_of(tmp_path, FILES | {"src/test/java/p/FooTest.java": source})["FooTest"]
    assert "void round(int times)" in made.text
    assert "void run()" not in made.text
    assert "void walk()" not in made.text
