"""What a test can name, and what a plain test keeps to of it."""

from pathlib import Path

import pytest

from tailorbird.generation.names import Names, Project
from tailorbird.mining.tree import MinedTree, mine_tree

FILES = {
    "main/java/org/sample/Form.java": "package org.sample;\npublic class Form { public int depth() { return 0; } }\n",
    "main/java/org/sample/Box.java": """\
package org.sample;
public class Box<V> {
    public V get() { return null; }
    public int count() { return 0; }
    public static class Lid { }
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


def names(tree: MinedTree) -> Names:
    (pair,) = tree.pairs
    (file,) = (one for one in tree.test_classes if one.class_name == "FormTest")
    return Names(project(tree), file, pair)


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
