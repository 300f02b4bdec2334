"""Imports added and values observed, in a real JVM, on a small project of our own with four test frameworks."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from tailorbird.config import ExecuteConfig
from tailorbird.execution.execute import Execution, execute
from tailorbird.execution.maven import jars_of
from tailorbird.mining.tree import mine_tree
from tailorbird.records import Verdict
from tailorbird.sources import default_cache
from tests.unit.mining.java_projects import write

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(shutil.which("mvn") is None or shutil.which("javac") is None, reason="needs mvn and a JDK"),
]

TILL = """\
package org.sample.shop;

import java.util.Arrays;
import java.util.List;

public class Till {
    public enum Mood { CALM, BUSY }

    public static int tax(int price) {
        if (price > 10) {
            return price / 5;
        }
        return 0;
    }

    public int price(int count) {
        if (count < 0) {
            throw new IllegalArgumentException();
        }
        return 3 * count;
    }

    public long total(int count) {
        return 3_000_000_000L + count;
    }

    public double rate() {
        return 0.25;
    }

    public String name(String start) {
        return start == null ? null : start + "\\t\\"till\\"";
    }

    public boolean isOpen(int hour) {
        return hour > 8;
    }

    public char mark() {
        return '\\'';
    }

    public byte first() {
        return -7;
    }

    public byte[] bytes() {
        return new byte[] {1, -2};
    }

    public List<Integer> steps() {
        return Arrays.asList(1, 2);
    }

    public Mood mood(int count) {
        return count > 1 ? Mood.BUSY : Mood.CALM;
    }

    public Object open() {
        return new Till();
    }

    public String identity() {
        return super.toString();
    }

    public long now() {
        return System.currentTimeMillis();
    }

    public int refuse() {
        throw new IllegalStateException();
    }
}
"""
SHELF = (
    "package org.sample.goods; public class Shelf { public static int size() { return 4; } public static class Row {} }"
)
BASE = """\
package org.sample.support;

import org.sample.goods.Shelf;
import java.util.concurrent.atomic.AtomicInteger;

public class Crates {
    public static Shelf shelf() {
        return new Shelf();
    }
}
"""
BODY = """
    private final Till till = new Till();

    @Test
    public void testPrice() {
        %s;
    }
}
"""
JUNIT4 = f"""\
package org.sample.tests;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import org.junit.Test;
import org.sample.shop.Till;

public class TillTest {{{BODY % "assertEquals(9, till.price(3))"}"""
JUPITER = f"""\
package org.sample.shop;

import static org.junit.jupiter.api.Assertions.*;

import org.junit.jupiter.api.Test;

public class TillFiveTest {{{BODY % "assertEquals(6, till.price(2))"}"""
TESTNG = f"""\
package org.sample.shop;

import org.testng.Assert;
import org.testng.annotations.Test;

public class TillNgTest {{{BODY % "Assert.assertEquals(till.price(2), 6)"}"""
ASSERTJ = f"""\
package org.sample.shop;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

public class TillFluentTest {{{BODY % "assertThat(till.price(2)).isEqualTo(6)"}"""
FOUR, FIVE, NG, FLUENT = "TillTest", "TillFiveTest", "TillNgTest", "TillFluentTest"
JARS = ("junit:junit:4.13.2", "org.junit.jupiter:junit-jupiter:5.10.2", "org.testng:testng:7.5.1",
        "org.assertj:assertj-core:3.25.3")  # fmt: skip


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sources and classes of the project, and a file with its class path."""
    root = tmp_path_factory.mktemp("project") / "shop"
    jars = jars_of(JARS, default_cache().parent / "execution")
    main = {"org/sample/shop/Till": TILL, "org/sample/goods/Shelf": SHELF}
    tests = {f"org/sample/shop/{FIVE}": JUPITER, f"org/sample/shop/{NG}": TESTNG,
             f"org/sample/shop/{FLUENT}": ASSERTJ, f"org/sample/tests/{FOUR}": JUNIT4,
             "org/sample/support/Crates": BASE}  # fmt: skip
    for part, files, out in (("main", main, "classes"), ("test", tests, "test-classes")):
        folder = root / "src" / part / "java"
        write(folder, {f"{name}.java": text for name, text in files.items()})
        path = ":".join(map(str, (root / "classes", *jars)))
        sources = [str(folder / f"{name}.java") for name in files]
        subprocess.run(["javac", "-g", "-d", str(root / out), "-cp", path, *sources], check=True)
    (root / "classpath.txt").write_text("\n".join(map(str, (root / "test-classes", *jars))))
    return root


def run(project: Path, folder: Path, texts: list[tuple[str, str]], **changes: object) -> Execution:
    """Execute candidates, each for the pair of the test of one class."""
    pairs = {one.test.class_name: one.id for one in mine_tree(project).pairs}
    lines = [msgspec.json.encode({"pair_id": pairs[test], "text": text}) for test, text in texts]
    (folder / "candidates.jsonl").write_bytes(b"\n".join(lines))
    config = ExecuteConfig(deadline_seconds=20.0, reruns=1, heap_mb=256, classpath=str(project / "classpath.txt"),
                           classes=str(project / "classes"))  # fmt: skip
    return execute(folder / "candidates.jsonl", str(project), folder / "verdicts.jsonl", replace(config, **changes))  # type: ignore[arg-type]


def by_candidate(found: Execution) -> list[list[Verdict]]:
    """The repaired verdicts of each candidate."""
    given = [(one.pair_id, one.index) for one in found.verdicts]
    return [[one for one in found.repaired if (one.pair_id, one.index) == key] for key in given]


def test_names_of_the_project_and_the_jdk_are_imported(shop: Path, tmp_path: Path) -> None:
    candidates = [
        # A nested class of the focal class, which lies in another package.
        (FOUR, "@Test public void a() { assertEquals(Mood.BUSY, till.mood(2)); }", ("org.sample.shop.Till.Mood",)),
        (FOUR, "@Test public void b() { assertEquals(4, Shelf.size()); }", ("org.sample.goods.Shelf",)),
        (FIVE, "@Test void c() { Crates.shelf(); assertEquals(6, till.price(2)); }", ("org.sample.support.Crates",)),
        (
            FIVE,
            "@Test void d() { List<Integer> all = Arrays.asList(1, 2); assertEquals(all, till.steps()); }",
            ("java.util.Arrays", "java.util.List"),
        ),
        # Of two the test files of the project use this one.
        (FIVE, "@Test void e() { AtomicInteger n = new AtomicInteger(6); assertEquals(n.get(), till.price(2)); }",
         ("java.util.concurrent.atomic.AtomicInteger",)),
        # Static methods: of what the file has already, of the framework, of the focal class.
        (FOUR, "@Test public void f() { assertFalse(till.isOpen(3)); }", ("static org.junit.Assert.assertFalse",)),
        (NG, "@Test public void g() { assertEquals(till.price(2), 6); }", ("static org.testng.Assert.assertEquals",)),
        (FOUR, "@Test public void h() { assertEquals(4, tax(20)); }", ("static org.sample.shop.Till.tax",)),
        (FIVE, "@Test void i() { Map.Entry<Integer, Integer> e = Map.entry(1, till.price(1));"
               " assertEquals(3, e.getValue()); }", ("java.util.Map",)),
    ]  # fmt: skip
    found = run(shop, tmp_path, [(test, text) for test, text, _ in candidates], observed_values=False)
    assert {one.verdict for one in found.verdicts} == {"compile_error"}
    assert all((one.repairs, one.imports, one.text, one.asserts) == ((), (), None, True) for one in found.verdicts)
    assert [
        [(one.verdict, one.repairs, one.imports, one.evidence) for one in some] for some in by_candidate(found)
    ] == [[("pass", ("imports",), imports, ())] for _, _, imports in candidates]
    assert all(one.text is None and one.asserts and one.reruns == ("pass",) for one in found.repaired)
    counted = found.header.repairs["imports"]
    assert (counted.changed, counted.passed, found.header.counts) == (9, 9, {"compile_error": 9})
    lines = [msgspec.json.decode(line) for line in (tmp_path / "verdicts.jsonl").read_bytes().splitlines()]
    assert [len(one.get("repairs", ())) for one in lines[1:]] == [0, 1] * 9
    assert list(lines[0]["repairs"]) == ["imports"]


def test_what_has_no_one_best_match_is_not_imported(shop: Path, tmp_path: Path) -> None:
    texts = [
        (FIVE, "@Test void a() { Nowhere.call(); }"),
        (FIVE, "@Test void b() { till.unknown(); }"),
        (FIVE, "@Test void c() { undefined(); }"),
        (FOUR, "@Test public void d() { assertEquals(\"a\", 1, 2, 3, 4, 5, till.price(1)); }"),
        # The JDK has this twice outside of its common packages.
        (FIVE, "@Test void e() { Element one = null; }"),
    ]  # fmt: skip
    found = run(shop, tmp_path, texts)
    assert [one.verdict for one in found.verdicts] == ["compile_error"] * 5
    assert found.repaired == ()


def test_imports_may_bring_to_light_further_names_and_values(shop: Path, tmp_path: Path) -> None:
    text = "@Test void a() { Shelf shelf = Crates.shelf(); Row row = null; assertEquals(5, till.price(2)); }"
    found = run(shop, tmp_path, [(FIVE, text)])
    (imported, observed) = found.repaired
    assert (imported.verdict, imported.repairs) == ("assertion_failure", ("imports",))
    assert (observed.verdict, observed.repairs) == ("pass", ("imports", "observed_values"))
    assert imported.imports == observed.imports
    assert "org.sample.goods.Shelf.Row" in imported.imports
    assert observed.text == text.replace("5", "6")
    assert observed.useful


def test_a_whole_file_gets_its_imports_into_itself(shop: Path, tmp_path: Path) -> None:
    text = (
        "package org.sample.shop; import org.junit.jupiter.api.Test; class GenTest {"
        " @Test void a() { assertEquals(5, new Till().price(2)); } }"
    )
    found = run(shop, tmp_path, [(FIVE, text)])
    assert [one.verdict for one in (*found.verdicts, *found.repaired)] == ["compile_error", "assertion_failure", "pass"]
    wanted = text.replace("shop;", "shop; import static org.junit.jupiter.api.Assertions.assertEquals;")
    assert [one.text for one in found.repaired] == [wanted, wanted.replace("(5", "(6")]


OBSERVED = [
    (FIVE, "assertEquals(7, till.price(2));", "assertEquals(6, till.price(2));"),
    (FIVE, "assertEquals(till.price(2), 7);", "assertEquals(till.price(2), 6);"),
    (FIVE, "assertEquals(7, till.total(2));", "assertEquals(3000000002L, till.total(2));"),
    (FIVE, "assertEquals(0.5, till.rate(), 0.001);", "assertEquals(0.25, till.rate(), 0.001);"),
    (FIVE, 'assertEquals("a", till.name("b"));', 'assertEquals("b\\t\\"till\\"", till.name("b"));'),
    (FIVE, 'assertEquals("a", till.name(null));', "assertEquals(null, till.name(null));"),
    (FIVE, "assertEquals('a', till.mark());", "assertEquals('\\'', till.mark());"),
    (FIVE, "assertEquals(3, till.first());", "assertEquals((byte) -7, till.first());"),
    (FIVE, "assertArrayEquals(new byte[0], till.bytes());", "assertArrayEquals(new byte[] {1, -2}, till.bytes());"),
    (FIVE, "assertEquals(java.util.Arrays.asList(1), till.steps());",
     "assertEquals(java.util.Arrays.asList(1, 2), till.steps());"),
    (FIVE, "assertEquals(Till.Mood.CALM, till.mood(2));", "assertEquals(Till.Mood.BUSY, till.mood(2));"),
    (FIVE, 'assertTrue(till.isOpen(1), "why");', 'assertFalse(till.isOpen(1), "why");'),
    (FIVE, "assertNotNull(till.name(null));", "assertNull(till.name(null));"),
    (FIVE, "assertNull(till.open());", "assertNotNull(till.open());"),
    (FIVE, "assertAll(() -> assertEquals(1, till.price(2)), () -> assertTrue(till.isOpen(9)));",
     "assertAll(() -> assertEquals(6, till.price(2)), () -> assertTrue(till.isOpen(9)));"),
    # Several at once, in one round; one that holds stays.
    (FIVE, "assertEquals(1, till.price(2)); assertEquals(3, till.price(1)); assertFalse(till.isOpen(9));",
     "assertEquals(6, till.price(2)); assertEquals(3, till.price(1)); assertTrue(till.isOpen(9));"),
    (FOUR, 'assertEquals("why", 7, till.price(2));', 'assertEquals("why", 6, till.price(2));'),
    (FOUR, "assertEquals(0.5, till.rate(), 0.001);", "assertEquals(0.25, till.rate(), 0.001);"),
    (FOUR, "assertTrue(till.isOpen(1));", "assertFalse(till.isOpen(1));"),
    (NG, "Assert.assertEquals(till.price(2), 7);", "Assert.assertEquals(till.price(2), 6);"),
    (NG, 'Assert.assertEquals(till.price(2), 7, "why");', 'Assert.assertEquals(till.price(2), 6, "why");'),
    (NG, "Assert.assertEquals(till.bytes(), new byte[0]);", "Assert.assertEquals(till.bytes(), new byte[] {1, -2});"),
    (NG, "Assert.assertTrue(till.isOpen(1));", "Assert.assertFalse(till.isOpen(1));"),
    (FLUENT, "assertThat(till.price(2)).isEqualTo(7);", "assertThat(till.price(2)).isEqualTo(6);"),
    (FLUENT, 'assertThat(till.name("b")).as("why").isEqualTo("a");',
     'assertThat(till.name("b")).as("why").isEqualTo("b\\t\\"till\\"");'),
    (FLUENT, "assertThat(till.first()).isEqualTo(2);", "assertThat(till.first()).isEqualTo((byte) -7);"),
    (FLUENT, "assertThat(till.bytes()).isEqualTo(new byte[] {3});",
     "assertThat(till.bytes()).isEqualTo(new byte[] {1, -2});"),
    (FLUENT, "assertThat(till.isOpen(1)).isTrue();", "assertThat(till.isOpen(1)).isFalse();"),
    (FLUENT, "assertThat(till.open()).isNull();", "assertThat(till.open()).isNotNull();"),
    (FLUENT, "assertThat(till.name(null)).isNotNull();", "assertThat(till.name(null)).isNull();"),
]  # fmt: skip


def method(body: str) -> str:
    return f"@Test public void generated() {{ {body} }}"


def test_values_are_observed(shop: Path, tmp_path: Path) -> None:
    # Enough methods of one name in one class to be compiled together; a pair's index tells them apart.
    found = run(shop, tmp_path, [(test, method(before)) for test, before, _ in OBSERVED], mutants=0)
    assert [one.verdict for one in found.verdicts] == ["assertion_failure"] * len(OBSERVED)
    assert all((one.repairs, one.text) == ((), None) for one in found.verdicts)
    again = by_candidate(found)
    assert [[one.text for one in some] for some in again] == [[method(after)] for _, _, after in OBSERVED]
    assert {(one.verdict, one.repairs, one.reruns, one.asserts) for one in found.repaired} == {
        ("pass", ("observed_values",), ("pass",), True)
    }
    swapped = next(some for some, (test, before, _) in zip(again, OBSERVED, strict=True)
                   if test == FOUR and "assertTrue" in before)  # fmt: skip
    assert [one.imports for one in swapped] == [("static org.junit.Assert.assertFalse",)]
    assert sum(bool(one.imports) for one in found.repaired) == 1
    counted = found.header.repairs["observed_values"]
    assert (counted.changed, counted.passed) == (len(OBSERVED), len(OBSERVED))


def test_what_is_not_stable_or_not_written_down_stays(shop: Path, tmp_path: Path) -> None:
    bodies = [
        'assertEquals("a", till.identity());',
        "assertEquals(1L, till.now());",
        'assertEquals("x", System.getProperty("java.io.tmpdir") + "/f");',
        'assertEquals("x", java.time.LocalDate.now().toString());',
        "assertEquals(null, till.open());",
        "int wanted = 7; assertEquals(wanted, till.price(2));",
        "for (int i = 0; i < 2; i++) assertEquals(7, till.price(i));",
        "for (int i = 8; i < 10; i++) assertTrue(till.isOpen(i));",
        "assertEquals(7, 6);",
        'assertEquals("a", till.bytes());',
        "if (!till.isOpen(1)) fail();",
    ]
    found = run(shop, tmp_path, [(FIVE, method(body)) for body in bodies])
    assert [one.verdict for one in found.verdicts] == ["assertion_failure"] * len(bodies)
    assert found.repaired == ()
    thrown = "assertEquals(7, ((java.util.function.IntSupplier) () -> { throw new AssertionError(); }).getAsInt());"
    found = run(shop, tmp_path, [(FIVE, method(thrown)), (FIVE, method("assertEquals(1, till.refuse());"))])
    assert [one.verdict for one in found.verdicts] == ["assertion_failure", "runtime_error"]
    assert found.repaired == ()


def test_later_assertions_take_further_rounds(shop: Path, tmp_path: Path) -> None:
    body = (
        "int[] seen = {0}; assertEquals(1, till.price(2)); "
        "try { assertEquals(2, till.price(1)); } catch (AssertionError e) { assertEquals(5, till.price(3)); }"
    )
    # The second one, caught by the candidate itself, is given its value as well.
    found = run(shop, tmp_path, [(FIVE, method(body))], mutants=0)
    (one,) = found.repaired
    assert one.verdict == "pass"
    assert one.text is not None
    assert "assertEquals(6, till.price(2))" in one.text
    assert "assertEquals(3, till.price(1))" in one.text


def test_what_fails_elsewhere_then_is_shown_as_it_is(shop: Path, tmp_path: Path) -> None:
    found = run(shop, tmp_path, [(FIVE, method("assertEquals(1, till.price(2)); till.refuse();"))])
    assert [(one.verdict, one.repairs) for one in found.repaired] == [("runtime_error", ("observed_values",))]
    counted = found.header.repairs["observed_values"]
    assert (counted.changed, counted.passed) == (1, 0)


def test_repairs_can_be_left_off(shop: Path, tmp_path: Path) -> None:
    texts = [(FIVE, method("assertEquals(1, till.price(2));")), (FIVE, method("Shelf.size();"))]
    found = run(shop, tmp_path, texts, repair_imports=False, observed_values=False)
    assert (found.repaired, found.header.repairs) == ((), {})
    assert (found.header.settings["repair_imports"], found.header.settings["observed_values"]) == (False, False)


def test_a_missing_expected_exception_is_a_failed_assertion(shop: Path, tmp_path: Path) -> None:
    caught = (
        "@Test public void a() { try { till.price(-1); org.junit.Assert.fail(); }"
        " catch (IllegalArgumentException expected) { } }"
    )
    candidates = [
        (FOUR, "@Test(expected = IllegalArgumentException.class) public void a() { till.price(-1); }"),
        (NG, "@Test(expectedExceptions = IllegalArgumentException.class) public void a() { till.price(-1); }"),
        (FLUENT, "@Test void a() { org.assertj.core.api.Assertions.assertThatThrownBy(() -> till.price(-1)); }"),
        (FOUR, caught),
        # The same mutant throws: any call would tell.
        (FOUR, "@Test public void a() { till.price(1); }"),
    ]
    found = run(shop, tmp_path, candidates)
    assert [one.verdict for one in found.verdicts] == ["pass"] * 5
    assert [one.mutation and one.mutation.killed for one in found.verdicts] == [1] * 5
    assert [one.mutation and one.mutation.asserted for one in found.verdicts] == [1, 1, 1, 1, 0]
    assert [one.asserts for one in found.verdicts] == [True] * 4 + [False]
    assert [one.useful for one in found.verdicts] == [True] * 4 + [False]
