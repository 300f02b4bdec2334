"""Which names a candidate lacks, and which import is the best for each."""

import pytest

from tailorbird.execution.compiling import Refused
from tailorbird.execution.importing import ImportFinder
from tailorbird.execution.messages import CompileError, Found, FoundOwner, FoundType
from tailorbird.execution.placing import place, read_candidate, with_imports
from tailorbird.execution.unresolved import Unresolved, unresolved
from tailorbird.mining.java import JavaParser
from tailorbird.records import HOLE
from tests.unit.execution.tasks import method, task
from tests.unit.execution.test_placing import home

LOCATION = "compiler.err.cant.resolve.location"


@pytest.mark.parametrize(
    ("body", "name", "code", "expected"),
    [
        ("Foo a = null;", "Foo", LOCATION, ("Foo", "type")),
        ("new Foo();", "Foo", LOCATION, ("Foo", "type")),
        ("List<Foo> a = null;", "Foo", LOCATION, ("Foo", "type")),
        ("Foo.make();", "Foo", LOCATION, ("Foo", "type")),
        ("a(Foo::make);", "Foo", LOCATION, ("Foo", "type")),
        ("a(Foo.class);", "Foo", LOCATION, ("Foo", "type")),
        ("int a = Foo.SIZE;", "Foo", LOCATION, ("Foo", "type")),
        ("Map.Entry<A, B> a = null;", ".Entry", "compiler.err.doesnt.exist", ("Map", "type")),
        ('String é = "é𝄞"; Foo a = null;', "Foo", LOCATION, ("Foo", "type")),
        ("assertTrue(a);", "assertTrue", LOCATION + ".args", ("assertTrue", "method")),
        ("a(UTF_8);", "UTF_8", LOCATION, None),
        ("foo.bar();", "foo", LOCATION, None),
        ("a.foo();", "foo", LOCATION + ".args", None),
        ("Foo a = null;", "Foo", "compiler.err.prob.found.req", None),
    ],
)
def test_names_that_javac_does_not_know(body: str, name: str, code: str, expected: tuple[str, str] | None) -> None:
    text = method(body)
    at = len(text[: text.index(name)].encode("utf-16-le")) // 2
    error = CompileError("AdderTest.java", at, 1, code, "cannot find symbol")
    elsewhere = CompileError("AdderTest.java", -1, 1, code, "cannot find symbol")
    found = unresolved(Refused(text, (error, elsewhere)))
    assert found == ((Unresolved(*expected),) if expected else ())  # type: ignore[arg-type]


def test_annotations_of_whole_files_are_types() -> None:
    text = "package p; class GenTest { @Test void a() { } }"
    error = CompileError("p/GenTest.java", text.index("Test void"), 1, LOCATION, "cannot find symbol")
    assert unresolved(Refused(text, (error,))) == (Unresolved("Test", "type"),)


def type_(name: str, origin: str, package: str = "", *, everywhere: bool = True) -> FoundType:
    return FoundType(name, package or name.rpartition(".")[0], origin, everywhere)  # type: ignore[arg-type]


def chosen(
    name: str, *types: FoundType, imports: str = "", used: str = "", added: tuple[str, ...] = ()
) -> tuple[str, ...]:
    given = task(method("f();"), imports=imports, added=added)
    parser = JavaParser()
    tests = [
        *parser.parse(given.home.path, given.home.text.encode()),
        *parser.parse("src/test/java/p/OtherTest.java", f"package p; {used} class OtherTest {{}}".encode()),
    ]
    return ImportFinder(tests).imports(given, [Unresolved(name, "type")], Found(types, ()))


NEAR = type_("org.example.Foo", "main")
MAIN, TESTS = type_("q.Foo", "main"), type_("q.t.Foo", "tests")
JDK, RARE, JAR = type_("java.util.Foo", "jdk"), type_("java.awt.Foo", "jdk"), type_("lib.Foo", "dependencies")
NESTED = type_("org.example.Adder.Foo", "main", "org.example")


@pytest.mark.parametrize(
    ("types", "expected"),
    [
        ((JAR, RARE, JDK, TESTS, MAIN, NEAR), "org.example.Foo"),
        ((MAIN, NESTED), "org.example.Adder.Foo"),
        ((JAR, RARE, JDK, TESTS, MAIN), "q.Foo"),
        ((JAR, RARE, JDK, TESTS), "q.t.Foo"),
        ((JAR, RARE, JDK), "java.util.Foo"),
        ((JAR, RARE), "java.awt.Foo"),
        ((JAR,), "lib.Foo"),
        ((JAR, type_("lib.Other.Foo", "dependencies", "lib")), "lib.Foo"),
        # Two are no match, whatever comes after them.
        ((JAR, JDK, MAIN, type_("r.Foo", "main")), None),
        ((NEAR, NESTED), None),
        ((JDK, type_("java.util.stream.Foo", "jdk"), JAR), None),
        # What cannot be seen from the test's package is not there.
        ((JAR, type_("q.Foo", "main", everywhere=False)), "lib.Foo"),
        ((JAR, type_("p.Outer.Foo", "tests", "p", everywhere=False)), "p.Outer.Foo"),
        ((), None),
    ],
)
def test_the_best_of_what_there_is(types: tuple[FoundType, ...], expected: str | None) -> None:
    assert chosen("Foo", *types) == ((expected,) if expected else ())


def test_what_other_tests_import_comes_before_the_jdk() -> None:
    assert chosen("Foo", JDK, used="import lib.Foo;") == ("lib.Foo",)
    assert chosen("Foo", JDK, TESTS, used="import lib.Foo;") == ("q.t.Foo",)
    assert chosen("Foo", JDK, used="import static lib.Foo; import lib.*;") == ("java.util.Foo",)


def test_what_the_file_has_already_is_no_second_time_imported() -> None:
    assert chosen("Foo", JDK, imports="import lib.Foo;") == ()
    assert chosen("Foo", JDK, added=("lib.Foo",)) == ("lib.Foo",)
    assert chosen("Foo", JDK, added=("lib.Bar",)) == ("lib.Bar", "java.util.Foo")


def static(
    name: str, *owners: FoundOwner, imports: str = "", used: str = "", framework: str = "junit4"
) -> tuple[str, ...]:
    given = task(method("f();"), imports=imports, framework=framework)
    parser = JavaParser()
    tests = [
        *parser.parse(given.home.path, given.home.text.encode()),
        *parser.parse("src/test/java/p/OtherTest.java", f"package p; {used} class OtherTest {{}}".encode()),
    ]
    finder = ImportFinder(tests)
    names = [Unresolved(name, "method")]
    asked = finder.question([(given, names)]).owners
    return finder.imports(given, names, Found((), tuple(one for one in owners if one.name in asked)))


FOUR = FoundOwner("org.junit.Assert", ("assertTrue", "assertThat"), ())
FIVE = FoundOwner("org.junit.jupiter.api.Assertions", ("assertTrue", "assertThrows"), ())
FLUENT = FoundOwner("org.assertj.core.api.Assertions", ("assertThat",), ())
ADDER = FoundOwner("org.example.Adder", ("sum",), ("hidden",))


def test_static_methods() -> None:
    assert static("sum", ADDER, FOUR) == ("static org.example.Adder.sum",)
    assert static("hidden", ADDER) == ()  # The test is in another package.
    assert static("assertTrue", FOUR, FIVE) == ("static org.junit.Assert.assertTrue",)
    assert static("assertTrue", FOUR, FIVE, framework="junit5") == (
        "static org.junit.jupiter.api.Assertions.assertTrue",
    )
    # What the file has comes before what its framework would have.
    imports = "import static org.junit.jupiter.api.Assertions.assertNull;"
    assert static("assertTrue", FOUR, FIVE, imports=imports) == ("static org.junit.jupiter.api.Assertions.assertTrue",)
    assert static("assertThat", FOUR, FLUENT) == ("static org.assertj.core.api.Assertions.assertThat",)
    assert static("check", FOUR, used="import static p.Checks.check;") == ("static p.Checks.check",)
    assert static("check", FOUR, FIVE, ADDER) == ()
    assert static("sum", ADDER, imports="import static lib.Sums.sum;") == ()


def test_imports_move_no_line() -> None:
    text = "/* package x; */\npackage p;\n\nimport a.B;\nclass C {}\n"
    made = with_imports(text, ["q.D", "static q.E.f", "q.D"])
    assert made == text.replace("package p;", "package p; import q.D; import static q.E.f;")
    assert with_imports(text, []) == text
    assert with_imports("class C {}", ["q.D"]) == "import q.D; class C {}"


def test_candidates_lie_where_they_are_said_to_with_imports_too() -> None:
    read = [read_candidate(method("é();")), read_candidate(method("b();"))]
    placed = place(home(f'package p; class FooTest {{ String x = "𝄞";\n{HOLE}\n}}'), read, imports=["q.D"])  # type: ignore[arg-type]
    assert placed.unit.text.startswith("package p; import q.D; class")
    assert [placed.text(number) for number in (0, 1)] == [
        method("é();") + "\n",
        method("b();").replace(" a(", " a__2(") + "\n",
    ]
