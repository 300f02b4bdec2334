"""Test cases without a focal method become examples too."""

from pathlib import Path

from tailorbird.mining.tree import mine_tree
from tailorbird.pretraining.lone_tests import lone_tests

MAIN = "package p; public class Box { public int size() { return 1; } }"
TESTS = """\
package p;

import static org.junit.Assert.assertEquals;
import org.junit.Before;
import org.junit.Test;

public class WholeTest {
    private int one;

    @Before
    public void setUp() { one = 1; }

    @Test
    public void first() { assertEquals(1, one); }

    @Test
    public void second() { assertEquals(2, one + one); }

    @Test
    public void silent() { }
}
"""
PAIRED = """\
package p;

import static org.junit.Assert.assertEquals;
import org.junit.Test;

public class BoxTest {
    @Test
    public void testSize() { assertEquals(1, new Box().size()); }
}
"""


def test_they_stand_in_their_class_beside_another_test(tmp_path: Path) -> None:
    for name, text in (("Box", MAIN), ("WholeTest", TESTS), ("BoxTest", PAIRED)):
        (tmp_path / f"{name}.java").write_text(text)
    mined = mine_tree(tmp_path)
    assert [pair.test.name for pair in mined.pairs] == ["testSize"]
    first, second = lone_tests(mined)
    # What is paired is not among them, nor what asserts nothing; each of the two is shown beside the other.
    assert (first.test.name, second.test.name) == ("first", "second")
    assert first.sibling == second.test.text
    assert second.sibling == first.test.text
    assert first.outline.startswith("WholeTest {")
    assert "one = 1;" in first.outline
    assert "assertEquals" not in first.outline
