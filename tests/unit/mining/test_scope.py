"""What is in scope of a test, for a model to read."""

from dataclasses import replace

from tailorbird.mining.scope import file_imports, outline, with_scope
from tailorbird.records import CONSTRUCTOR, KnownClass, KnownMethod, TestClass
from tests import builders


def known(name: str, package: str = "p", **changes: object) -> KnownClass:
    return builders.known_class(name, package=package, **changes)


def method(name: str, *parameters: str, returns: str = "", static: bool = False) -> KnownMethod:
    return KnownMethod(name=name, returns=returns, parameters=parameters, static=static, throws=())


def test_imports_are_read_from_the_file_each_once() -> None:
    text = """package p;
import java.util.List;
  import static org.junit.Assert.*;
import  java.util.List;
class A { String text = "not an import x.Y;"; }
"""
    assert file_imports(text) == ("java.util.List", "static org.junit.Assert.*")


def test_a_class_is_shown_by_how_it_is_made() -> None:
    made = known(
        "Money",
        methods=(
            method(CONSTRUCTOR, "long", "Currency"),
            method("of", "String", returns="Money", static=True),
            method("max", "Money", returns="long", static=True),
            method("plus", "Money", returns="Money"),
        ),
    )
    assert outline(made) == "Money {\nMoney(long, Currency);\nstatic Money of(String);\n}"
    assert outline(known("Plain")) == "Plain {\nPlain();\n}"
    assert outline(known("Mode", kind="enum", creatable=False, constants=("ON", "OFF"))) == "Mode {\nON, OFF;\n}"
    assert outline(known("Sink", kind="interface", creatable=False)) == "interface Sink {\n}"
    assert outline(known("Hidden", creatable=False)) == ""


def test_a_pair_has_the_projects_classes_that_its_method_takes() -> None:
    focal = builders.focal(
        package="p", class_name="Ledger", parameters=("List<Money>", "final Mode...", "Ledger", "Twice", "String")
    )
    pair = replace(builders.pair(), focal=focal)
    classes = [
        known("Money"),
        known("Money", "q", methods=(method(CONSTRUCTOR, "int"),)),
        known("Mode", "q", kind="enum", creatable=False, constants=("ON",)),
        known("Ledger"),
        known("Twice", "q"),
        known("Twice", "r"),
    ]
    test = TestClass(
        class_name=pair.test.class_name,
        package=pair.test.package,
        path=pair.test.path,
        text="import p.Mode;\nclass T {}",
        outline="T {\n}",
        inherited=(),
        inherited_set_up=(),
    )
    (found,) = with_scope([pair], [test], classes)
    # Of two classes of a name the one of the same package is meant; of two elsewhere it is not known.
    assert found.collaborators == ("Money {\nMoney();\n}", "Mode {\nON;\n}")
    assert found.imports == ("p.Mode",)
    assert found.skeleton == "T {\n}"
