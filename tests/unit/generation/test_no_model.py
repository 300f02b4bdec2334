"""Tests that no model writes: the method under test called with simple values."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.generation.no_model import focal_calls, returned_type, simple_calls
from tailorbird.generation.simple_values import SimpleValues, combinations
from tailorbird.metrics.structure import syntax_valid
from tailorbird.mining.dataset import DataSet
from tailorbird.records import FocalMethod, KnownClass, KnownMethod, Pair, TestClass
from tests import builders

PACKAGE = "org.example"


def known(name: str, *methods: KnownMethod, **changes: object) -> KnownClass:
    place = {"package": PACKAGE, "path": f"src/main/java/org/example/{name}.java"}
    return builders.known_class(name, *methods, **(place | changes))


def method(name: str, *parameters: str, returns: str = "void", static: bool = False) -> KnownMethod:
    return KnownMethod(name=name, returns=returns, parameters=parameters, static=static, throws=())


def constructor(*parameters: str) -> KnownMethod:
    return method("<init>", *parameters, returns="")


def focal(signature: str, *parameters: str, class_name: str = "Adder") -> FocalMethod:
    name = signature.partition("(")[0].split()[-1]
    name = "<init>" if name == class_name else name
    return builders.focal(name=name, signature=signature, parameters=parameters, class_name=class_name)


def calls(one: FocalMethod, *classes: KnownClass, count: int = 4, package: str = PACKAGE) -> list[str]:
    return list(islice(focal_calls(one, SimpleValues.of(classes, package)), count))


@pytest.mark.parametrize(
    ("signature", "parameters", "classes", "expected"),
    [
        ("public int add(int n)", ("int",), (known("Adder"),), ["new Adder().add(0)", "new Adder().add(1)"]),
        ("public int add(int n)", ("int",), (), ["new Adder().add(0)", "new Adder().add(1)"]),
        ("static String of(String text)", ("String",), (known("Adder"),), ['Adder.of("")', 'Adder.of("a")']),
        ("int sum(byte[] all)", ("byte[]",), (), ["new Adder().sum(new byte[0])",
                                                  "new Adder().sum(new byte[] {(byte) 0})"]),
        ("int sum(String... all)", ("String...",), (), ["new Adder().sum(new String[0])",
                                                        'new Adder().sum(new String[] {""})']),
        ("int sum(int[][] all)", ("int[][]",), (), ["new Adder().sum(new int[0][])",
                                                    "new Adder().sum(new int[][] {new int[0]})"]),
        ("int sum(List<Foo> all)", ("List<Foo>",), (), ["new Adder().sum(java.util.Collections.emptyList())",
                                                        "new Adder().sum(null)"]),
        ("int sum(T one)", ("T",), (), ['new Adder().sum("")', 'new Adder().sum("a")']),
        ("int add(Unheard of)", ("Unheard",), (), ["new Adder().add(null)"]),
        ("Adder(int n)", ("int",), (known("Adder"),), ["new Adder(0)", "new Adder(1)"]),
        # The simplest constructor: fewest parameters, plainest types.
        ("int add()", (), (known("Adder", constructor("Foo"), constructor("int", "int"), constructor("int")),),
         ["new Adder(0).add()", "new Adder(1).add()"]),
        ("int add()", (), (known("Adder", creatable=False, kind="enum", constants=("ONE", "TWO")),),
         ["Adder.ONE.add()", "Adder.TWO.add()"]),
        ("int add()", (), (known("Adder", method("of", "int", returns="Adder", static=True), creatable=False),),
         ["Adder.of(0).add()", "Adder.of(1).add()"]),
        ("int add()", (), (known("Adder", kind="abstract class", creatable=False), known("Summer", superclass="Adder")),
         ["new Summer().add()"]),
        ("int add(Box box)", ("Box",), (known("Box", constructor("String")),),
         ['new Adder().add(new Box(""))', 'new Adder().add(new Box("a"))']),
        ("int add()", (), (known("Adder", kind="record", fields=(("left", "int"), ("right", "int"))),),
         ["new Adder(0, 0).add()", "new Adder(0, 1).add()"]),
    ],
)  # fmt: skip
def test_methods_are_called_with_simple_values(
    signature: str, parameters: tuple[str, ...], classes: tuple[KnownClass, ...], expected: list[str]
) -> None:
    assert calls(focal(signature, *parameters), *classes)[: len(expected)] == expected


def test_null_says_its_type_where_overloads_would_not_tell() -> None:
    adder = known("Adder", method("add", "String"), method("add", "Box"), method("add", "int", "int"))
    assert "new Adder().add((String) null)" in calls(focal("int add(String s)", "String"), adder, known("Box"))
    alone = known("Adder", method("add", "String"))
    assert "new Adder().add(null)" in calls(focal("int add(String s)", "String"), alone)


def test_classes_of_other_packages_are_written_in_full() -> None:
    assert calls(focal("int add(int n)", "int"), known("Adder"), package="org.other")[0] == (
        "new org.example.Adder().add(0)"
    )


def test_classes_that_need_one_another_come_to_an_end() -> None:
    egg, hen = known("Egg", constructor("Hen")), known("Hen", constructor("Egg"))
    made = calls(focal("int add(Egg egg)", "Egg"), egg, hen)
    assert made
    assert all(one.count("new") < 6 for one in made)


@pytest.mark.parametrize(
    ("signature", "expected"),
    [
        ("public static int add(int n)", "int"),
        ('@Deprecated @SuppressWarnings("x") protected final byte[] add()', "byte[]"),
        ("public <T extends List<T>> Map<String, T> add()", "Map<String, T>"),
        ("void add()", "void"),
        ("default synchronized java.util.List<String> add()", "java.util.List<String>"),
    ],
)
def test_the_returned_type_is_read_from_the_signature(signature: str, expected: str) -> None:
    assert returned_type(builders.focal(signature=signature)) == expected


def written(pairs: Sequence[Pair], *classes: KnownClass, samples: int = 1) -> list[list[str]]:
    class Data:
        manifest = builders.data_manifest(test_classes_sha256="t")
        known_classes = classes
        test_classes = (
            TestClass(
                class_name="AdderTest",
                package=PACKAGE,
                path="src/test/java/org/example/AdderTest.java",
                text="import static org.junit.jupiter.api.Assertions.*;\nimport org.junit.Test;\nclass AdderTest { }",
                outline="",
                inherited=(),
                inherited_set_up=(),
            ),
        )

    return simple_calls(Data(), pairs, samples)  # type: ignore[arg-type]


def pair(signature: str = "int add()", framework: str = "junit4", number: int = 0, **changes: object) -> Pair:
    return builders.pair(
        number,
        focal=focal(signature),
        test=replace(builders.case(framework=framework), **changes),  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("signature", "framework", "statement"),
    [
        ("void add()", "junit4", "new Adder().add();"),
        ("boolean add()", "junit4", "org.junit.Assert.assertTrue(new Adder().add());"),
        ("long add()", "junit3", "assertEquals(0, new Adder().add());"),
        ("char add()", "junit5", "assertEquals('a', new Adder().add());"),
        ("float add()", "junit5", "assertEquals(0.0, new Adder().add(), 0.000001);"),
        ("String add()", "testng", 'org.testng.Assert.assertEquals(new Adder().add(), "");'),
        ("byte[] add()", "junit5", 'assertEquals("", java.util.Arrays.toString(new Adder().add()));'),
        ("int[][] add()", "junit5", 'assertEquals("", java.util.Arrays.deepToString(new Adder().add()));'),
        # assertEquals(0, Integer) would be ambiguous.
        ("Integer add()", "junit5", 'assertEquals("", String.valueOf(new Adder().add()));'),
        ("List<Foo> add()", "junit5", 'assertEquals("", String.valueOf(new Adder().add()));'),
        ("Box add()", "junit5", "assertNotNull(new Adder().add());"),
        ("Named add()", "junit5", 'assertEquals("", String.valueOf(new Adder().add()));'),
        ("Heir add()", "junit5", 'assertEquals("", String.valueOf(new Adder().add()));'),
        ("Adder()", "junit5", "assertNotNull(new Adder());"),
    ],
)
def test_what_comes_back_is_compared_in_the_project_s_framework(signature: str, framework: str, statement: str) -> None:
    named = known("Named", method("toString", returns="String"))
    ((text,),) = written([pair(signature, framework)], known("Box"), named, known("Heir", superclass="Named"))
    assert text.splitlines()[-2].strip() == statement
    assert syntax_valid(text)


@pytest.mark.parametrize(
    ("framework", "first"),
    [
        ("junit3", "public void testAddWithSimpleValues() throws Exception {"),
        ("junit4", "@Test"),
        ("junit5", "@org.junit.jupiter.api.Test"),
        ("testng", "@org.testng.annotations.Test"),
    ],
)
def test_the_annotation_is_written_as_its_test_class_imports_it(framework: str, first: str) -> None:
    ((text,),) = written([pair(framework=framework)])
    assert text.splitlines()[0] == first


def test_without_a_test_class_names_are_written_in_full() -> None:
    ((text,),) = written([pair("int add()", "junit5", path="elsewhere.java")])
    assert "org.junit.jupiter.api.Assertions.assertEquals(0, new Adder().add())" in text


def test_pairs_of_one_method_share_its_calls() -> None:
    two = [builders.pair(number, focal=focal("int add(int n)", "int")) for number in range(2)]
    first, second = written(two, samples=2)
    values = [text.partition("add(")[2].partition(")")[0] for text in (*first, *second)]
    assert values == ["0", "1", "-1", "2"]


def test_data_in_memory_have_no_classes_and_still_give_tests() -> None:
    data = DataSet(builders.data_manifest(), (builders.pair(),))
    assert "new Adder().add(0, 0)" in simple_calls(data, data.pairs, 3)[0][0]


@given(st.lists(st.lists(st.integers(), min_size=1, max_size=3, unique=True), max_size=4))
def test_combinations_are_all_there_once_and_the_nearest_first(choices: list[list[int]]) -> None:
    named = [[f"{place}:{one}" for one in some] for place, some in enumerate(choices)]
    found = list(combinations(named))
    assert sorted(found) == sorted(product(*named))
    distances = [sum(some.index(one) for some, one in zip(named, chosen, strict=True)) for chosen in found]
    assert distances == sorted(distances)
