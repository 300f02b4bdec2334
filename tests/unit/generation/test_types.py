"""Which values go where, by the simple names of their types, and what expressions come to."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.generation.expressions import Expression
from tailorbird.generation.jdk import FORMS, jdk_classes, jdk_packages
from tailorbird.generation.lexicon import Lexicon
from tailorbird.generation.project import Focal, Project
from tailorbird.generation.types import PRIMITIVE, VOID, Form, combine, int_value, is_number, literal

PROJECT = Project.of((), ())
FITS = PROJECT.assignment.fits
NAMES = st.sampled_from([*jdk_classes(), *PRIMITIVE, "byte[]", "String[]", "int[][]", "Elsewhere"])


@pytest.mark.parametrize(
    ("value", "wanted", "goes"),
    [
        ("String", "CharSequence", True),
        ("String", "List", False),
        ("ArrayList", "List", True),
        ("List", "ArrayList", False),
        ("int", "long", True),
        ("long", "int", False),
        ("int", "Integer", True),
        ("int", "Long", False),
        ("int", "Object", True),
        ("int", "Number", True),
        ("Integer", "long", True),
        ("Object", "String", False),
        ("null", "String", True),
        ("null", "int", False),
        ("boolean", "int", False),
        ("byte[]", "Object", True),
        ("byte[]", "int[]", False),
        ("String[]", "Object[]", True),
        ("int[]", "Object[]", False),
        ("byte[]", "byte[][]", False),
        ("FileNotFoundException", "IOException", True),
        ("String", "->", False),
        ("Elsewhere", "String", True),
        (None, "String", True),
        ("String", None, True),
        ("void", "Object", False),
        ("void", None, False),
    ],
)
def test_values_go_where_java_lets_them(value: str | None, wanted: str | None, goes: bool) -> None:
    assert FITS(value, wanted) is goes


@pytest.mark.parametrize(
    ("value", "wanted", "goes"),
    [
        ("Elsewhere", "String", False),
        ("Elsewhere", "Other", True),
        ("Elsewhere", "Object", True),
        ("String", "Elsewhere", False),
        ("String", "TYPE", True),
        ("TYPE", "String", True),
        ("String[]", "Elsewhere[]", False),
        ("Elsewhere", "int", False),
        ("byte[]", "Elsewhere", False),
        ("Elsewhere", "byte[]", False),
        (None, "String", True),
        (None, "->", False),
        ("->", "->", True),
    ],
)
def test_in_a_plain_test_what_is_known_goes_to_nothing_that_is_not(
    value: str | None, wanted: str | None, goes: bool
) -> None:
    assert Project.of((), (), plain=True).assignment.fits(value, wanted) is goes


@given(NAMES)
def test_each_type_goes_to_itself_and_to_objects(name: str) -> None:
    assert FITS(name, name)
    assert FITS(name, "Object")
    assert not FITS(VOID, name)
    assert FITS("null", name) is (name not in PRIMITIVE)


@given(NAMES, NAMES, NAMES)
def test_what_goes_to_a_class_goes_to_all_above_it(one: str, other: str, third: str) -> None:
    references = {one, other, third}.isdisjoint({*PRIMITIVE, "Elsewhere"})
    if references and FITS(one, other) and FITS(other, third):
        assert FITS(one, third)


def test_a_constant_may_become_narrower_where_it_is_assigned() -> None:
    assert not FITS("int", "byte")
    assert PROJECT.assignment.fits_variable("int", "byte")
    assert not PROJECT.assignment.fits_variable("long", "byte")


@pytest.mark.parametrize(
    ("name", "checked"),
    [("IOException", True), ("Exception", True), ("IllegalStateException", False), ("Error", False), ("Odd", False)],
)
def test_checked_exceptions_are_told(name: str, checked: bool) -> None:
    assert PROJECT.assignment.is_checked(name) is checked


def test_forms_say_what_goes_where() -> None:
    form = Form(("int", "String[]"), open_ended=True)
    assert (form.least, form.most) == (1, float("inf"))
    assert [form.takes(at) for at in range(4)] == [("int",), ("String", "String[]"), ("String",), ("String",)]


@pytest.mark.parametrize(
    ("one", "other", "operator", "of"),
    [
        ("int", "int", "+", "int"),
        ("byte", "byte", "*", "int"),
        ("int", "double", "/", "double"),
        ("Integer", "long", "-", "long"),
        ("String", "int", "+", "String"),
        ("Object", "String", "+", "String"),
        ("boolean", "Boolean", "&", "boolean"),
        (None, "int", "+", None),
    ],
)
def test_operators_make_what_java_makes_of_values(one: str | None, other: str, operator: str, of: str | None) -> None:
    assert combine(one, other, operator) == of


@pytest.mark.parametrize(
    ("word", "of"),
    [
        ("1", "int"),
        ("1L", "long"),
        ("0xFFL", "long"),
        ("0xF", "int"),
        ("1.5", "double"),
        ("2f", "float"),
        ("1e3", "double"),
    ],
)
def test_numbers_have_the_types_that_they_are_written_with(word: str, of: str) -> None:
    assert literal(word) == of
    assert is_number(of)


@pytest.mark.parametrize(
    ("written", "of"),
    [
        ("int", "int"),
        ("int + int", "int"),
        ("int + String", "String"),
        ("int < int", "boolean"),
        ("int + int == long", "boolean"),
        ("! boolean", "boolean"),
        ("- long", "long"),
        ("int << int", None),
        ("String + int + int", "String"),
        ("boolean && boolean || boolean", "boolean"),
    ],
)
def test_expressions_come_to_what_their_operands_and_operators_say(written: str, of: str | None) -> None:
    expression, value, after = Expression(), None, False
    for lexeme in written.split():
        if lexeme.isalpha():
            expression, value, after = expression.begin(), lexeme, True
            continue
        for at, character in enumerate(lexeme):
            expression = expression.operate(character, value, after_value=after, adjacent=at > 0)
            after = False
    assert expression.result(value) == of


def test_an_operand_that_does_not_go_with_the_arithmetic_before_it_clashes() -> None:
    begun = Expression().begin().operate("*", "int", after_value=True, adjacent=False).begin()
    assert begun.clashes("Object")
    assert begun.clashes("boolean")
    assert not begun.clashes("long")
    assert not begun.clashes(None)


def test_the_jdk_is_there_by_simple_names_and_packages() -> None:
    assert {"String", "Object", "Integer"} <= set(jdk_packages()["java.lang"])
    assert {"List", "Map"} <= set(jdk_packages()["java.util"])
    assert "Entry" not in jdk_packages()["java.util"]
    (declared,) = jdk_classes()["StringBuilder"]
    assert any(method.name == "append" and method.parameters == ("String",) for method in declared.methods)
    assert any(method.name == "setLength" for method in declared.methods)


def test_all_that_the_jdk_extends_is_listed_too() -> None:
    for simple in jdk_classes():
        found = PROJECT.supertypes(simple)
        assert found is not None
        assert found[1], simple


def test_arguments_of_assertions_are_types_that_are_known() -> None:
    written = {of for forms in FORMS.values() for all_ in forms.values() for form in all_ for of in form if of}
    elsewhere = {"Matcher", "VerificationMode"}  # Hamcrest's and Mockito's: nothing of the JDK's or the project's.
    names = {re.sub(r"\[\]", "", of) for of in written} - {"->"} - PRIMITIVE - elsewhere
    assert all(PROJECT.known(name) for name in names)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("017", 15),
        ("0x7F", 127),
        ("0xFFFF_FFFF", -1),
        ("0x80000000", -(1 << 31)),
        ("0b101", 5),
        ("4294967296", 1 << 32),
        ("1L", None),
        ("08", None),
        ("1.5", None),
        ("0x", None),
    ],
)
def test_the_value_of_an_int_literal(text: str, value: int | None) -> None:
    assert int_value(text) == value


@given(st.integers(min_value=0, max_value=(1 << 31) - 1))
def test_an_int_literal_has_its_value_in_every_notation(value: int) -> None:
    assert int_value(str(value)) == int_value(hex(value)) == int_value(bin(value)) == value


def test_values_are_of_the_types_that_are_wanted() -> None:
    types = Lexicon(["ArrayList", "Thread", "RoundingMode"])
    assert list(PROJECT.values(("int",), types)) == ["0", "null"]
    assert list(PROJECT.values(("byte", "String"), types)) == ["(byte) 0", '""', "null"]
    assert list(PROJECT.values(("byte[]",), types)) == ["new byte[0]", "null"]
    assert list(PROJECT.values(("ArrayList",), types)) == ["new ArrayList(", "null"]
    assert list(PROJECT.values(("HashMap",), types)) == ["null"]
    assert list(PROJECT.values((), types)) == ["null", "0", '""', "true"]


def test_of_several_forms_the_focal_methods_own_are_known_by_its_parameters() -> None:
    focal = Focal("f", "C", False, False, ("String", None), "int", False, frozenset())
    own, other, longer = Form(("String", "List")), Form(("int", "List")), Form(("String", "List", "int"))
    assert focal.own_forms((other, own, longer)) == (own,)
    assert focal.own_forms((other, longer)) == (other, longer)


@pytest.mark.parametrize(
    ("simple", "plainly", "loosely"),
    [("Runnable", True, True), ("Function", True, True), ("List", False, True), ("String", False, False)],
)
def test_in_plain_tests_lambdas_stand_for_interfaces_of_one_method(simple: str, plainly: bool, loosely: bool) -> None:
    assert Project.of((), (), plain=True).is_functional(simple) is plainly
    assert PROJECT.is_functional(simple) is loosely


def test_in_plain_tests_only_numbers_are_compared() -> None:
    assert PROJECT.leads("List", ("boolean",))
    plain = Project.of((), (), plain=True)
    assert plain.leads("int", ("boolean",))
    assert not plain.is_end("List", ("boolean",))


@pytest.mark.parametrize(
    ("left", "right", "clashes"),
    [("int", "long", False), ("int", "String", True), ("boolean", "boolean", False), ("boolean", "int", True)],
)
def test_what_is_compared_has_to_go_together(left: str, right: str, clashes: bool) -> None:
    compared = Expression(needed=True).operate("=", left, after_value=True, adjacent=False)
    begun = compared.operate("=", None, after_value=False, adjacent=True).begin()
    assert begun.compared
    assert begun.clashes(right) is clashes
