"""The rules for tests whose name names no method, and for constructors, interfaces and helpers."""

from pathlib import Path

import pytest

from tailorbird.mining.naming import abbreviates, named_after
from tailorbird.mining.tree import mine_tree
from tests.unit.mining.java_projects import IMPORTS, focal_of, mine_one, write

FOO = """
    public class Foo {
        public Foo() { }
        public Foo(int size) { if (size < 0) throw new IllegalArgumentException(); }
        public Foo(String text) { }
        public int getSize() { return 0; }
        public boolean isEmpty() { return true; }
        public Foo grow(int by) { return this; }
        public static Foo parse(String text) { return new Foo(); }
    }
"""


def foo(body: str, *, name: str = "works", tmp_path: Path, members: str = "") -> str | None:
    found = mine_one(tmp_path, FOO, f"class FooTest {{ @Test void {name}() {{ {body} }} {members} }}")
    return found.get(f"FooTest.{name}")


@pytest.mark.parametrize(
    ("name", "body", "focal"),
    [
        ("testConstructor", "Foo f = new Foo(3); assertEquals(3, f.getSize());", "Foo.<init>(int)"),
        ("negative", "assertThrows(RuntimeException.class, () -> new Foo(-1));", "Foo.<init>(int)"),
        ("text", 'assertNotNull(new Foo("a"));', "Foo.<init>(String)"),
        ("nothing", "new Foo(1);", None),
        ("grown", "Foo f = new Foo(3); assertNotNull(f.grow(2));", "Foo.grow(int)"),
        ("state", "Foo f = new Foo(3); assertEquals(3, f.getSize()); assertTrue(f.isEmpty());", "Foo.getSize()"),
    ],
)
def test_constructors_and_getters(name: str, body: str, focal: str | None, tmp_path: Path) -> None:
    assert foo(body, name=name, tmp_path=tmp_path) == focal


def test_the_context_of_a_constructor_begins_with_it(tmp_path: Path) -> None:
    foo("assertThrows(RuntimeException.class, () -> new Foo(-1));", tmp_path=tmp_path)
    (pair,) = mine_tree(tmp_path).pairs
    assert pair.focal.name == "<init>"
    first, second, *rest = pair.focal.context.splitlines()
    assert first == "Foo {"
    assert second.startswith("public Foo(int size) {")
    assert "public Foo(String text);" in rest
    assert "public Foo(int size);" not in rest


def test_an_anonymous_subclass_is_no_construction_of_its_superclass(tmp_path: Path) -> None:
    assert foo("assertNotNull(new Foo(1) { });", tmp_path=tmp_path) is None


def test_the_assertion_of_a_helper_counts_where_it_stands(tmp_path: Path) -> None:
    helper = "void check(String text) { Foo f = Foo.parse(text); assertEquals(1, f.grow(2).getSize()); }"
    assert foo('check("a");', tmp_path=tmp_path, members=helper) == "Foo.grow(int)"


def test_overloads_go_by_the_declared_type_of_a_variable(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "src/main/java/p/Shape.java": "package p; public interface Shape { }",
            "src/main/java/p/Disc.java": "package p; public class Disc implements Shape { }",
        },
    )
    production = """
        public class Foo {
            public int add(Shape shape) { return 1; }
            public int add(Disc disc) { return 2; }
        }
    """
    test = """class FooTest {
        @Test void general() { Shape shape = new Disc(); assertEquals(1, new Foo().add(shape)); }
        @Test void special() { Disc shape = new Disc(); assertEquals(2, new Foo().add(shape)); }
        @Test void inferred() { var shape = new Disc(); assertEquals(2, new Foo().add(shape)); }
    }"""
    assert mine_one(tmp_path, production, test) == {
        "FooTest.general": "Foo.add(Shape)",
        "FooTest.special": "Foo.add(Disc)",
        "FooTest.inferred": "Foo.add(Disc)",
    }


def interfaces(tmp_path: Path, implementations: int) -> dict[str, str]:
    write(
        tmp_path,
        {
            "src/main/java/p/Store.java": "package p; public interface Store { int load(String key);"
            " static Store create() { return null; } }",
            "src/test/java/p/StoreTest.java": f"package p; {IMPORTS} class StoreTest {{"
            ' @Test void testLoad() { Store s = Store.create(); assertEquals(1, s.load("a")); } }',
            **{
                f"src/main/java/p/Store{number}.java": f"package p; class Store{number} implements Store"
                f" {{ public int load(String key) {{ return {number}; }} }}"
                for number in range(implementations)
            },
        },
    )
    return focal_of(mine_tree(tmp_path))


@pytest.mark.parametrize(
    ("implementations", "focal"), [(0, "Store.load(String)"), (1, "Store0.load(String)"), (2, "Store.load(String)")]
)
def test_an_abstract_method_is_its_only_implementation(implementations: int, focal: str, tmp_path: Path) -> None:
    assert interfaces(tmp_path, implementations) == {"StoreTest.testLoad": focal}


def test_an_abstract_focal_method_is_marked(tmp_path: Path) -> None:
    interfaces(tmp_path, 2)
    (pair,) = mine_tree(tmp_path).pairs
    assert pair.evidence == ("name-equals", "class-name", "abstract")


def test_what_every_enum_has_is_no_focal_method(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "src/main/java/p/Named.java": "package p;"
            " public interface Named { static Named valueOf(Named n) { return n; } }"
        },
    )
    production = "public enum Foo implements Named { ONE; public boolean isOne() { return true; } }"
    body = 'assertEquals(Foo.ONE, Foo.valueOf("ONE")); assertTrue(Foo.ONE.isOne());'
    test = f"class FooTest {{ @Test void works() {{ {body} }} }}"
    assert mine_one(tmp_path, production, test) == {"FooTest.works": "Foo.isOne()"}


def test_a_nested_class_belongs_to_the_focal_class_but_its_builder_does_not(tmp_path: Path) -> None:
    production = """
        public class Foo {
            public static class Util { public int copy(int a) { return a; } }
            public static class Builder { public Builder size(int a) { return this; } }
        }
    """
    test = """class FooTest {
        @Test void duplicates() { assertEquals(1, new Foo.Util().copy(1)); }
        @Test void setUpOnly() { assertNotNull(new Foo.Builder().size(1)); }
    }"""
    assert mine_one(tmp_path, production, test) == {"FooTest.duplicates": "Foo.Util.copy(int)"}


def test_shipped_test_support_is_production_code(tmp_path: Path) -> None:
    production = "import org.junit.jupiter.api.Assertions; public class Foo { public void click(int at) { } }"
    test = "class FooTest { @Test void testClick() { new Foo().click(1); } }"
    assert mine_one(tmp_path, production, test) == {"FooTest.testClick": "Foo.click(int)"}


@pytest.mark.parametrize(
    ("test_class", "found"),
    [("Java15BugDateParserTest", True), ("AbstractDateParserAbstractTest", True), ("ParserTest", False)],
)
def test_the_focal_class_by_the_rest_of_a_name(test_class: str, found: bool, tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "src/main/java/p/DateParser.java": "package p;"
            " public class DateParser { public int run(int a) { return a; } public void stop() { } }",
            f"src/test/java/p/{test_class}.java": f"package p; {IMPORTS} class {test_class} {{"
            " @Test void leapYears() { assertEquals(1, new DateParser().run(1)); new DateParser().stop(); } }",
        },
    )
    assert bool(focal_of(mine_tree(tmp_path))) is found


@pytest.mark.parametrize(
    ("test", "method", "how"),
    [
        ("testIsBeforeIntegerRange", "isBeforeRange", "name-words"),
        ("testRangeBefore", "isBeforeRange", None),
        ("static_lt_returns_false", "lt", "name-words"),
        ("defaultResult", "lt", None),
    ],
)
def test_words_of_a_name(test: str, method: str, how: str | None) -> None:
    assert named_after(test, method) == how


def test_abbreviations() -> None:
    assert abbreviates("render", "renderComponent")
    assert abbreviates("testRender", "renderComponent")
    assert not abbreviates("renderer", "renderComponent")
    assert not abbreviates("rend", "renderComponent")
    assert not abbreviates("add", "addAll")


def scenario(body: str, tmp_path: Path) -> dict[str, str]:
    """Pairs of a test class that no production class has the name of."""
    write(
        tmp_path,
        {
            "src/main/java/p/Server.java": "package p; public class Server { public void startUp(int port) { }"
            " public int portNumber() { return 1; } public void bind(int port) { }"
            " public static int parse(String s) { return 1; } }",
            "src/test/java/p/IntegrationTest.java": f"package p; {IMPORTS} class IntegrationTest {{ {body} }}",
        },
    )
    return focal_of(mine_tree(tmp_path))


@pytest.mark.parametrize(
    ("body", "focal"),
    [
        (
            "@Test void testStartUp() { Server s = new Server(); s.startUp(1); assertNotNull(s); }",
            "Server.startUp(int)",
        ),
        ("@Test void testStartUp() { go(); } void go() { new Server().startUp(1); }", None),
        ("@Test void portNumberIsKept() { assertEquals(1, new Server().portNumber()); }", None),
        ("@Test void portNumber() { assertEquals(1, new Server().portNumber()); }", "Server.portNumber()"),
        ("@Test void everything() { new Server().bind(1); }", None),
        # The only production method that it calls, and it asserts.
        ('@Test void port() { int p = Server.parse("1"); assertEquals(1, p); }', "Server.parse(String)"),
        ('@Test void port() { good(); } void good() { assertEquals(1, Server.parse("1")); }', "Server.parse(String)"),
        ('@Test void port() { Server.parse("1"); }', None),
        ('@Test void port() { Server.parse("1"); new Server().bind(1); assertTrue(true); }', None),
        # A word of a scenario's name that only a helper's call has.
        (
            "@Test void quickBindWorks() { go(); } void go() { new Server().bind(1); assertTrue(true); stop(1); }"
            ' void stop(int a) { Server.parse(""); }',
            None,
        ),
    ],
)
def test_a_class_without_a_focal_class_needs_a_name_and_a_direct_call(
    body: str, focal: str | None, tmp_path: Path
) -> None:
    assert list(scenario(body, tmp_path).values()) == ([focal] if focal else [])


def test_equal_pairs_are_kept_on_demand(tmp_path: Path) -> None:
    body = "class %s { @Test void testGrow() { assertNotNull(new Foo().grow(1)); } }"
    write(tmp_path, {"src/test/java/p/FooIT.java": f"package p; {IMPORTS} {body % 'FooIT'}"})
    assert len(mine_one(tmp_path, FOO, body % "FooTest")) == 1
    assert len(mine_tree(tmp_path, distinct=False).pairs) == 2


def test_a_type_parameter_is_at_least_its_bound(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "src/main/java/p/Element.java": "package p; public interface Element<T> { T half(); }",
            "src/main/java/p/Maths.java": "package p; public class Maths { public static double half(double x)"
            " { return x / 2; } }",
            "src/test/java/p/ElementAbstractTest.java": f"package p; {IMPORTS}"
            " abstract class ElementAbstractTest<T extends Element<T>> { abstract T build(double x);"
            " @Test void testHalf() { assertEquals(Maths.half(1), build(1).half()); } }",
        },
    )
    assert focal_of(mine_tree(tmp_path)) == {"ElementAbstractTest.testHalf": "Element.half()"}


@pytest.mark.parametrize(
    ("body", "focal"),
    [
        ('s.bind(1); assertNull(s.getPort("a"));', "Server.bind(int)"),
        ('assertNull(s.getPort("a"));', "Server.getPort(String)"),
        ('s.bind(1); assertNull(s.portOf("a"));', "Server.portOf(String)"),
    ],
)
def test_what_is_read_by_key_shows_what_was_changed(body: str, focal: str, tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "src/main/java/p/Server.java": "package p; public class Server { public void bind(int port) { }"
            " public String getPort(String name) { return name; } public String portOf(String name) { return name; } }",
            "src/test/java/p/ServerTest.java": f"package p; {IMPORTS} class ServerTest {{ @Test void works()"
            f" {{ Server s = new Server(); {body} }} }}",
        },
    )
    assert focal_of(mine_tree(tmp_path)) == {"ServerTest.works": focal}


def test_a_helper_that_asserts_is_a_part_of_the_test(tmp_path: Path) -> None:
    helper = "void check() { Server s = new Server(); s.startUp(1); assertNotNull(s); }"
    assert scenario(f"@Test void testStartUp() {{ check(); }} {helper}", tmp_path) == {
        "IntegrationTest.testStartUp": "Server.startUp(int)"
    }


def test_what_every_object_has_is_no_focal_method_where_the_class_does_not_declare_it(tmp_path: Path) -> None:
    test = "@Test void %s() { Foo foo = Foo.of(1); assertEquals(foo, copy(foo)); } Object copy(Foo foo) { return foo; }"
    main = "class Foo { static Foo of(int a) { return new Foo(); } %s }"
    none = mine_one(tmp_path / "a", main % "", f"class FooTest {{ {test % 'testSerialization'} }}")
    other = mine_one(tmp_path / "b", main % "", f"class FooTest {{ {test % 'copiesAreEqual'} }}")
    assert (none, other) == ({}, {"FooTest.copiesAreEqual": "Foo.of(int)"})


def test_a_fail_in_a_catch_block_looks_at_no_result(tmp_path: Path) -> None:
    main = "class Foo { void add(String a) { } Object open(String a) { return a; } }"
    test = (
        "class FooTest { @Test void missing() { Foo foo = new Foo();"
        ' try { foo.add("a"); } catch (RuntimeException e) { fail("no"); }'
        ' Object found = foo.open("b"); assertNull(found); } }'
    )
    assert mine_one(tmp_path, main, test) == {"FooTest.missing": "Foo.open(String)"}


def test_what_is_read_does_not_say_who_wrote_it(tmp_path: Path) -> None:
    main = (
        "class Foo { Foo up() { return this; } Foo down() { return this; } boolean contains(int a) { return true; } }"
    )
    test = "class FooTest { @Test void roundTrip() { assertTrue(new Foo().up().down().contains(1)); } }"
    assert mine_one(tmp_path, main, test) == {}


def test_a_method_reference_reaches_the_class_behind_an_interface(tmp_path: Path) -> None:
    main = "interface Port { void open(int a); } class Foo implements Port { public void open(int a) { } }"
    test = (
        "class FooTest { Port made() { return new Foo(); }"
        " @Test void refuses() { Port port = made(); assertThrows(RuntimeException.class, port::open); } }"
    )
    assert mine_one(tmp_path, main, test) == {"FooTest.refuses": "Foo.open(int)"}
