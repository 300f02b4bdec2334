from pathlib import Path

import pytest

from tailorbird.mining.naming import has_stem, named_after
from tailorbird.mining.tree import mine_tree
from tests.unit.mining.java_projects import IMPORTS, JUNIT4, JUNIT5, focal_of, mine_one, write


def test_junit4_fixture() -> None:
    assert focal_of(mine_tree(JUNIT4)) == {
        "MoneyTest.testParse": "Money.parse(String)",
        "MoneyTest.testParseWithPoint": "Money.parse(String, char)",
        "MoneyTest.testPlusCents": "Money.plus(long)",
        "MoneyTest.testPlusMoney": "Money.plus(Money)",
        "MoneyTest.overflowIsRefused": "Money.plus(Money)",
        "MoneyTest.testIsNegative": "Money.isNegative()",
        "AccountTest.moneyArrives": "Account.deposit(Money)",
        "AccountTest.negativeAmounts": "Account.deposit(Money)",
        "AccountTest.testBalance": "Account.getBalance()",
        "AccountTest.testOwnedBy": "Account.Builder.ownedBy(String)",
        "PlainFormatterTest.wholeAndFraction": "PlainFormatter.format(Money)",
        "PlainFormatterTest.testPad": "PlainFormatter.pad(Money, int)",
        "PlainFormatterTest.throughTheInterface": "PlainFormatter.format(Money)",
    }


def test_junit5_fixture() -> None:
    assert focal_of(mine_tree(JUNIT5)) == {
        "WeightTest.fitsSmall": "Weight.fits(Size)",
        "WeightTest.of_kilograms": "Weight.ofKilograms(double)",
        "WeightTest.negativeWeightIsRefused": "Weight.ofKilograms(double)",
        "SizeTest.smallestForLight": "Size.smallestFor(Weight)",
        "SizeTest.tooHeavy": "Size.smallestFor(Weight)",
        "LabelTest.oneLine": "Label.add(String)",
        "LabelTest.Printing.longLines": "Label.print(int)",
        "LabelTest.LineTest.shorten": "Label.Line.shorten(int)",
    }


def test_evidence_and_confidence_rank_the_ways() -> None:
    pairs = {pair.test.name: pair for pair in mine_tree(JUNIT4).pairs}
    assert pairs["testParse"].evidence == ("name-equals", "class-name")
    assert pairs["wholeAndFraction"].evidence == ("only-call", "class-name", "helper")
    assert pairs["testParse"].confidence > pairs["moneyArrives"].confidence > pairs["wholeAndFraction"].confidence


@pytest.mark.parametrize(
    ("test", "method", "how"),
    [
        ("testEncodeBase64EmptyInput", "encodeBase64", "name-prefix"),
        ("encode", "encode", "name-equals"),
        ("test_is_empty", "isEmpty", "name-equals"),
        ("testSha512_256", "sha512_256", "name-equals"),
        ("testDecoder", "decode", None),
        ("testObjectEncode", "encode", "name-words"),
        ("testName", "getName", "name-words"),
        ("testForget", "get", None),
        ("testing", "test", None),
        ("testaddSubModel1", "addSubModel", "name-prefix"),
        ("testSecureFactory", "newSecureFactory", "name-words"),
        ("testEmitInHandler", "handler", None),
        ("testEmitHandler", "handler", "name-words"),
    ],
)
def test_names(test: str, method: str, how: str | None) -> None:
    assert named_after(test, method) == how


def test_stems() -> None:
    assert has_stem("testTrailingBitsDecoding", "decode")
    assert not has_stem("testAdding", "add")


def test_longest_name_wins(tmp_path: Path) -> None:
    found = mine_one(
        tmp_path,
        "class Foo { static int encode(int a) { return a; } static int encodeAll(int a) { return a; } }",
        "class FooTest { @Test void testEncodeAllOfThem() { assertEquals(Foo.encode(1), Foo.encodeAll(1)); } }",
    )
    assert found == {"FooTest.testEncodeAllOfThem": "Foo.encodeAll(int)"}


def test_a_name_without_a_call_is_no_pair(tmp_path: Path) -> None:
    found = mine_one(
        tmp_path,
        "class Foo { int encode(int a) { return a; } int other() { return 1; } void third() {} }",
        "class FooTest { @Test void testEncode() { assertEquals(1, 1); } }",
    )
    assert found == {}


@pytest.mark.parametrize(
    ("argument", "parameters"),
    [
        ("1", "int"),
        ("1L", "long"),
        ('"a"', "String"),
        ('"a" + 1', "String"),
        ("new byte[0]", "byte[]"),
        ("text.getBytes()", "byte[]"),
        ("1, 2", "int, int"),
        ('"a", "b", "c"', "String..."),
        ("null", "String"),
        ("(Object) text", "Object"),
    ],
)
def test_overloads(tmp_path: Path, argument: str, parameters: str) -> None:
    overloads = ["Object", "int", "long", "String", "int, int", "String..."]
    if argument != "null":  # which of two references null means, no one can tell
        overloads.append("byte[]")
    methods = " ".join(
        f"int run({', '.join(f'{kind} p{at}' for at, kind in enumerate(one.split(', ')))}) {{ return 1; }}"
        for one in overloads
    )
    found = mine_one(
        tmp_path,
        f"class Foo {{ {methods} }}",
        f'class FooTest {{ @Test void testRun() {{ String text = ""; assertEquals(1, new Foo().run({argument})); }} }}',
    )
    assert found == {"FooTest.testRun": f"Foo.run({parameters})"}


@pytest.mark.parametrize(
    ("overloads", "argument", "chosen"),
    [
        (["V", "Function<T, V>"], "Object::toString", "Function<T, V>"),
        (["V", "Function<T, V>"], '"5"', "V"),
        (["Consumer<T>", "BiConsumer<T, T>"], "(a, b) -> { }", "BiConsumer<T, T>"),
        (["BiConsumer<T, T>", "Consumer<T>"], "a -> { }", "Consumer<T>"),
        (["Consumer<T>", "Runnable"], "() -> { }", "Runnable"),
        (["Two", "One"], "a -> 1", "One"),
        (["One", "Two"], "(a, b) -> 1", "Two"),
        (["Function<T, V>", "Narrow"], "a -> 1", "Narrow"),
        (["Some", "Function<T, V>"], "a -> 1", "Function<T, V>"),
        (["String", "Throwable"], "new IllegalStateException()", "Throwable"),
        (["boolean[]", "int[]", "Object[]"], "new String[0]", "Object[]"),
        (["Object[]", "byte[]"], "new byte[0]", "byte[]"),
        (["CharSequence", "String"], "text", "String"),
        (["Iterable<T>", "Collection<T>"], "java.util.List.of()", "Collection<T>"),
    ],
)
def test_overloads_by_what_an_argument_can_be(tmp_path: Path, overloads: list[str], argument: str, chosen: str) -> None:
    methods = " ".join(f"<V> int run({one} p) {{ return 1; }}" for one in overloads)
    found = mine_one(
        tmp_path,
        f"class Foo<T> {{ {methods} }} class Some {{ Some() {{ }} }} interface One {{ int run(int a); }}"
        " interface Two { int run(int a, int b); } interface Narrow extends Function<Object, Object> { }",
        f'class FooTest {{ @Test void testRun() {{ String text = ""; assertEquals(1, new Foo().run({argument})); }} }}',
    )
    assert found == {"FooTest.testRun": f"Foo.run({chosen})"}


def test_observers_are_not_the_focal_method(tmp_path: Path) -> None:
    found = mine_one(
        tmp_path,
        "class Foo { int n; void add(int a) { n += a; } int size() { return n; } int getTotal() { return n; } }",
        "class FooTest { @Test void works() { Foo foo = new Foo(); foo.add(1); assertEquals(1, foo.size()); "
        "assertEquals(1, foo.getTotal()); } }",
    )
    assert found == {"FooTest.works": "Foo.add(int)"}


def test_last_call_of_the_first_assertion(tmp_path: Path) -> None:
    found = mine_one(
        tmp_path,
        "class Foo { int up(int a) { return a; } int down(int a) { return a; } void later() {} }",
        "class FooTest { @Test void roundTrip() { Foo foo = new Foo(); assertEquals(1, foo.down(foo.up(1))); "
        "foo.later(); } }",
    )
    assert found == {"FooTest.roundTrip": "Foo.down(int)"}


def test_inherited_method_belongs_to_its_declaring_class(tmp_path: Path) -> None:
    found = mine_one(
        tmp_path,
        "class Foo extends Base {} class Base { int run() { return 1; } }",
        "class FooTest { @Test void works() { assertEquals(1, new Foo().run()); } }",
    )
    assert found == {"FooTest.works": "Base.run()"}


def test_same_simple_name_in_another_package(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "src/main/java/p/Foo.java": "package p; public class Foo { public int run() { return 1; } }",
            "src/main/java/q/Foo.java": "package q; public class Foo { public int run() { return 2; } }",
            "src/test/java/q/FooTest.java": f"package q; {IMPORTS} class FooTest {{ @Test void run() "
            "{ assertEquals(2, new Foo().run()); } }",
        },
    )
    (pair,) = mine_tree(tmp_path).pairs
    assert (pair.focal.package, pair.focal.path) == ("q", "src/main/java/q/Foo.java")


def test_calls_of_libraries_are_no_focal_methods(tmp_path: Path) -> None:
    found = mine_one(
        tmp_path,
        "class Foo { int size() { return 1; } int run() { return 1; } }",
        "class FooTest { @Test void testRun() { java.util.List<Integer> run = java.util.List.of(); "
        "ProcessHandle.run(); assertEquals(0, run.size()); } }",
    )
    assert found == {}


def test_endless_recursion_of_helpers_and_types_ends(tmp_path: Path) -> None:
    found = mine_one(
        tmp_path,
        "class Foo extends Bar { int run() { return 1; } } class Bar extends Foo {}",
        "class FooTest extends FooTest { @Test void works() { a(); } void a() { b(); } "
        "void b() { a(); assertEquals(1, new Foo().run()); } }",
    )
    assert found == {"FooTest.works": "Foo.run()"}
