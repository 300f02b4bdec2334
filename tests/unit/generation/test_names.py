"""What a test can name, and what a plain test keeps to of it."""

from pathlib import Path

import pytest

from tailorbird.generation.names import Names
from tailorbird.generation.project import Project
from tailorbird.generation.reading import Reading
from tailorbird.mining.tree import MinedTree, mine_tree

FILES = {
    "main/java/org/sample/Form.java": "package org.sample;\npublic class Form { public int depth() { return 0; } }\n",
    "main/java/org/sample/Box.java": """\
package org.sample;
public class Box<V> {
    public V get() { return null; }
    public int count() { return 0; }
    public static class Lid { public int width() { return 0; } }
}
""",
    "main/java/org/sample/one/Part.java": """\
package org.sample.one;
public class Part { public int size() { return 0; } public int only() { return 0; } }
""",
    "main/java/org/sample/two/Part.java": """\
package org.sample.two;
public class Part { public int size() { return 0; } public String other() { return null; } }
""",
    "main/java/org/sample/Sized.java": """\
package org.sample;
public interface Sized<T> { T size(T of); static Sized<String> none() { return null; } }
""",
    "main/java/org/sample/Long.java": """\
package org.sample;
public class Long implements Sized<String> { public String size(String of) { return of; } }
""",
    "test/java/org/sample/one/PartTest.java": """\
package org.sample.one;
import org.elsewhere.Tools;
import org.elsewhere.Upper;
import org.junit.Test;
public class PartTest extends Upper {
    private Part part = new Part();
    private Tools tools;
    @Test
    public void size() { prepare(LIMIT); tools.wind(1); assertEquals(0, part.size()); }
    static class Other { int within; void go() { } }
}
""",
    "test/java/org/sample/OldTest.java": """\
package org.sample;
import junit.framework.Test;
import junit.framework.TestCase;
public class OldTest extends TestCase {
    public static Test suite() { return null; }
    public void testWidth() { assertEquals(0, new Box.Lid().width()); }
}
""",
    "test/java/org/sample/Upper.java": """\
package org.sample;
class Upper { static class Tool { } void helps() { } }
""",
    "test/java/org/sample/FormTest.java": """\
package org.sample;
import static org.junit.Assert.assertEquals;
import org.junit.Test;
public class FormTest extends Upper {
    @Test
    public void depth() { assertEquals(0, new Form().depth()); }
}
""",
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> MinedTree:
    root: Path = tmp_path_factory.mktemp("tree")
    for name, text in FILES.items():
        path = root / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return mine_tree(root)


def project(tree: MinedTree, *, plain: bool = True) -> Project:
    return Project.of(tree.pairs, tree.known_classes, plain=plain)


def names(tree: MinedTree, of: str = "FormTest") -> Names:
    """Of the one pair of a test class, its own test among the training tests."""
    (pair,) = (one for one in tree.pairs if one.test.class_name == of)
    (file,) = (one for one in tree.test_classes if one.class_name == of)
    return Names(project(tree), file, pair, [pair.test.text])


def methods(tree: MinedTree, simple: str, *, plain: bool) -> set[str]:
    members = project(tree, plain=plain).members_of(simple)
    assert members is not None
    return set(members.methods)


def test_in_a_plain_test_a_class_of_the_project_is_not_one_that_is_nested_in_the_jdk(tree: MinedTree) -> None:
    assert "valueOf" in methods(tree, "Form", plain=False)  # ``java.text.Normalizer.Form``
    assert "valueOf" not in methods(tree, "Form", plain=True)
    assert "depth" in methods(tree, "Form", plain=True)


def test_in_a_plain_test_two_classes_of_one_name_have_what_both_have(tree: MinedTree) -> None:
    assert {"size", "only", "other", "toString"} <= methods(tree, "Part", plain=False)
    found = methods(tree, "Part", plain=True)
    assert {"size", "toString"} <= found
    assert found.isdisjoint({"only", "other"})


def test_in_a_plain_test_what_a_type_argument_decides_is_an_object(tree: MinedTree) -> None:
    def usable(wanted: tuple[str, ...], *, plain: bool = True) -> bool:
        return "get" in project(tree, plain=plain).usable("Box", False, wanted, True)

    assert usable(("Object",))
    assert usable(())
    assert not usable(("String",))
    assert usable(("String",), plain=False)
    assert "count" in project(tree).usable("Box", False, ("int",), True)


def test_a_nested_class_is_named_alone_where_it_is_inherited_and_nowhere_else(tree: MinedTree) -> None:
    found = names(tree)
    assert "Lid" not in found.types
    assert "Tool" in found.types
    assert "Box" in found.types


def test_assertions_come_from_imports_or_from_junit_3_above(tree: MinedTree) -> None:
    found = names(tree)
    assert not found.loose
    assert {"assertEquals", "helps"} <= set(found.called)
    assert "assertNotNull" not in found.called


def test_of_two_classes_of_one_name_that_of_the_package_is_meant(tree: MinedTree) -> None:
    members = names(tree, "PartTest").project.members_of("Part")
    assert members is not None
    assert "only" in members.methods
    assert "other" not in members.methods


def test_what_is_inherited_from_elsewhere_is_known_as_far_as_the_classs_own_tests_use_it(tree: MinedTree) -> None:
    found = names(tree, "PartTest")
    assert not found.loose
    assert {"prepare", "assertEquals"} <= set(found.called)
    assert "LIMIT" in found.fields
    assert "helps" not in found.called


def test_what_other_classes_of_the_file_declare_is_not_in_scope(tree: MinedTree) -> None:
    found = names(tree, "PartTest")
    assert "Other" in found.types
    assert {"within", "go"}.isdisjoint({*found.fields, *found.called})


def test_a_focal_class_is_named_as_it_can_be_seen(tree: MinedTree) -> None:
    found = names(tree, "OldTest")
    assert found.focal.simple == "Lid"
    assert "Lid" not in found.types
    assert found.written("Lid") == "Box.Lid"
    assert found.written("Box") == "Box"
    assert names(tree, "PartTest").written("Lid") is None
    reading = Reading(found, steers=True)
    assert reading.read("public void testWidth() {")
    assert reading.read("\n\t")
    assert "new Box.Lid(" in reading.towards_focal
    assert reading.read("new ")
    assert reading.read("Box.")
    assert reading.read("Lid().")
    assert reading.towards_focal == ["width("]


def test_a_method_stands_in_the_place_of_one_above(tree: MinedTree) -> None:
    members = project(tree).members_of("Long")
    assert members is not None
    assert members.methods["size"] == "String"
    assert len(members.forms["size"]) == 1


def test_static_methods_are_asked_of_classes_and_not_of_instances(tree: MinedTree) -> None:
    plain = project(tree)
    assert "none" in plain.usable("Sized", True, (), True)
    assert "none" not in plain.usable("Sized", False, (), True)
    assert "none" in project(tree, plain=False).usable("Sized", False, (), True)


@pytest.mark.parametrize(
    ("statement", "stops_at"),
    [
        ("tools.wind(2);", "tools.wind(2);"),
        ("tools.hashCode();", "tools.hashCode();"),
        ("tools.trim();", "tools.tr"),
        ("int a = tools.length;", "int a = tools.l"),
    ],
)
def test_of_what_is_not_known_only_what_training_tests_ask_is_there(
    tree: MinedTree, statement: str, stops_at: str
) -> None:
    reading = Reading(names(tree, "PartTest"), steers=True)
    assert reading.read("@Test\npublic void size() {")
    assert reading.read("\n\t")
    passed = next((at for at, character in enumerate(statement) if not reading.read(character)), len(statement))
    assert statement[: passed + 1] == stops_at


def test_the_interface_of_junit_3_is_no_annotation(tree: MinedTree) -> None:
    assert "Test" in names(tree).annotations
    assert "Test" not in names(tree, "OldTest").annotations
    reading = Reading(names(tree, "OldTest"), steers=True)
    assert reading.read("public void test")
    assert not reading.read("X" * 80)


def test_assertions_of_junit_3_are_known_with_their_arguments(tree: MinedTree) -> None:
    found = names(tree, "OldTest")
    assert {len(one.parameters) for one in found.forms["assertEquals"]} == {2, 3, 4}
