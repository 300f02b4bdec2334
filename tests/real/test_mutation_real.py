"""Mutants of focal methods, made and met in a real JVM, on a small project of our own."""

import shutil
import subprocess
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from tailorbird.config import ExecuteConfig
from tailorbird.execution.execute import Execution, execute
from tailorbird.execution.maven import jars_of
from tailorbird.mining.tree import mine_tree
from tailorbird.records import Mutation
from tailorbird.sources import default_cache

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(shutil.which("mvn") is None or shutil.which("javac") is None, reason="needs mvn and a JDK"),
]

METER = """\
package org.sample.meter;

import java.util.ArrayList;
import java.util.List;

public class Meter {
    private static int readings;
    private final List<Integer> seen = new ArrayList<>();
    private int top = 4 * new Object[1].length;

    public int clamp(int value, int top) {
        if (value > top) {
            return top;
        }
        return value * 2 - 1;
    }

    public boolean between(int value, int low, int high) {
        return value >= low && value <= high;
    }

    public int rounds(int until) {
        int count = 0;
        int left = until;
        while (left > 0) {
            left--;
            left = Math.min(left, until);
            count += 2;
        }
        return count;
    }

    public void record(int value) {
        seen.add(value);
        tell(value);
        readings++;
    }

    private void tell(int value) {
        seen.add(-value);
    }

    public int checked(int value) {
        if (value < 0) {
            throw new IllegalArgumentException();
        }
        if (value > 9) {
            throw new AssertionError("impossible");
        }
        return value;
    }

    public int size() {
        return seen.size();
    }

    public static int readings() {
        return readings;
    }

    public List<Integer> doubled(List<Integer> values) {
        List<Integer> all = new ArrayList<>();
        for (Integer one : values) {
            values.forEach(other -> all.add(other * 2));
        }
        for (int at = 0; at < all.size(); at++) {
            all.set(at, all.get(at) + at);
        }
        return all;
    }

    public Meter() {}

    public Meter(int start) {
        top += start;
    }

    public int top() {
        return top;
    }
}
"""
TEST = """\
package org.sample.meter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class MeterTest {
    private final Meter meter = new Meter();

    @Test
    void testClamp() {
        assertEquals(3, meter.clamp(4, 3));
    }

    @Test
    void testBetween() {
        assertTrue(meter.between(2, 1, 3));
    }

    @Test
    void testRounds() {
        assertEquals(4, meter.rounds(2));
    }

    @Test
    void testRecord() {
        meter.record(1);
        assertEquals(2, meter.size());
    }

    @Test
    void testChecked() {
        assertEquals(4, meter.checked(4));
    }

    @Test
    void testDoubled() {
        assertEquals(List.of(4), meter.doubled(List.of(2)));
    }

    @Test
    void testConstructor() {
        assertTrue(new Meter(1) != null);
    }
}
"""


@pytest.fixture(scope="module")
def meter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sources and classes of the project, and a file with its class path."""
    root = tmp_path_factory.mktemp("project") / "meter"
    jars = jars_of(("org.junit.jupiter:junit-jupiter:5.10.2",), default_cache().parent / "execution")
    classes, tests = root / "classes", root / "test-classes"
    for part, name, text, out in (("main", "Meter", METER, classes), ("test", "MeterTest", TEST, tests)):
        file = root / "src" / part / "java/org/sample/meter" / f"{name}.java"
        file.parent.mkdir(parents=True)
        file.write_text(text)
        path = ":".join(map(str, (classes, *jars)))
        subprocess.run(["javac", "-g", "-d", str(out), "-cp", path, str(file)], check=True)
    (root / "classpath.txt").write_text("\n".join(map(str, (tests, *jars))))
    return root


def run(project: Path, folder: Path, texts: list[tuple[str, str]], mutants: int = 100) -> Execution:
    """Execute candidates, each for the pair of a test of the project."""
    pairs = {one.test.name: one.id for one in mine_tree(project).pairs}
    lines = [msgspec.json.encode({"pair_id": pairs[test], "text": text}) for test, text in texts]
    (folder / "candidates.jsonl").write_bytes(b"\n".join(lines))
    config = ExecuteConfig(
        deadline_seconds=3.0,
        reruns=0,
        heap_mb=256,
        mutants=mutants,
        classpath=str(project / "classpath.txt"),
        classes=str(project / "classes"),
    )
    return execute(folder / "candidates.jsonl", str(project), folder / "verdicts.jsonl", config)


def mutations(project: Path, folder: Path, texts: list[tuple[str, str]], mutants: int = 100) -> list[Mutation]:
    found = run(project, folder, texts, mutants).verdicts
    assert [(one.verdict, one.evidence) for one in found] == [("pass", ())] * len(found)
    return [one.mutation for one in found if one.mutation is not None]


def killed(mutation: Mutation) -> Counter[str]:
    return Counter(one.split(":")[1] for one in mutation.killed_ids)


def test_strong_assertions_kill_what_weak_ones_do_not(meter: Path, tmp_path: Path) -> None:
    weak, strong, other = mutations(
        meter,
        tmp_path,
        [
            ("testClamp", "@Test void weak() { assertTrue(meter.clamp(4, 9) < 100); }"),
            (
                "testClamp",
                "@Test void strong() { assertEquals(7, meter.clamp(4, 9)); assertEquals(3, meter.clamp(4, 3));"
                " assertEquals(5, meter.clamp(3, 3)); }",
            ),
            ("testClamp", "@Test void other() { assertEquals(3, meter.clamp(4, 3)); }"),
        ],
    )
    # value > top: boundary, negated; two returns; value * 2 - 1: two.
    assert (strong.mutants, strong.covered, strong.killed, strong.of) == (6, 6, 6, 6)
    assert killed(strong) == {"CONDITIONALS_BOUNDARY": 1, "NEGATE_CONDITIONALS": 1, "PRIMITIVE_RETURNS": 2, "MATH": 2}
    assert (weak.mutants, weak.covered, weak.killed) == (6, 5, 0)
    assert (other.covered, killed(other)) == (3, {"NEGATE_CONDITIONALS": 1, "PRIMITIVE_RETURNS": 1})
    assert set(other.killed_ids) < set(strong.killed_ids)
    assert {one.split(":")[0] for one in strong.killed_ids} == {"12", "13", "15"}


def test_each_operator_makes_what_pit_makes(meter: Path, tmp_path: Path) -> None:
    texts = [
        ("testBetween", "@Test void a() { assertTrue(meter.between(1, 1, 1)); assertTrue(!meter.between(0, 1, 1));"
                        " assertTrue(!meter.between(2, 1, 1)); }"),
        ("testRecord", "@Test void b() { int before = Meter.readings(); meter.record(1); assertEquals(2, meter.size());"
                       " assertEquals(before + 1, Meter.readings()); }"),
    ]  # fmt: skip
    between, record = mutations(meter, tmp_path, texts)
    # The false that && leaves in the code is what FALSE_RETURNS would return: PIT makes no such mutant.
    assert killed(between) == {"CONDITIONALS_BOUNDARY": 2, "NEGATE_CONDITIONALS": 2, "TRUE_RETURNS": 1}
    assert (between.mutants, record.mutants) == (5, 2)
    assert killed(record) == {"VOID_METHOD_CALLS": 1, "MATH": 1}


def test_lambdas_count_and_plumbing_of_loops_does_not(meter: Path, tmp_path: Path) -> None:
    (found,) = mutations(meter, tmp_path, [("testDoubled", "@Test void c() { meter.doubled(List.of(2, 3)); }")])
    (strong,) = mutations(
        meter,
        tmp_path,
        [("testDoubled", "@Test void c() { assertEquals(List.of(4, 7, 6, 9), meter.doubled(List.of(2, 3))); }")],
    )
    # forEach; at < size: boundary, negated; + at; the return; in the lambda * 2. Neither hasNext nor at++.
    assert found.mutants == 6
    assert killed(strong) == {
        **{"VOID_METHOD_CALLS": 1, "CONDITIONALS_BOUNDARY": 1, "NEGATE_CONDITIONALS": 1},
        **{"MATH": 2, "EMPTY_RETURNS": 1},
    }


def test_a_constructor_is_entered_though_its_fields_stand_elsewhere(meter: Path, tmp_path: Path) -> None:
    text = "@Test void a() { assertEquals(5, new Meter(1).top()); }"
    (found,) = mutations(meter, tmp_path, [("testConstructor", text)])
    assert (found.mutants, killed(found)) == (1, {"MATH": 1})


def test_kills_by_assertions_are_told_from_those_that_any_call_makes(meter: Path, tmp_path: Path) -> None:
    call, value, missing, caught = mutations(
        meter,
        tmp_path,
        [
            ("testChecked", "@Test void a() { meter.checked(4); assertTrue(true); }"),
            ("testChecked", "@Test void b() { assertEquals(4, meter.checked(4)); }"),
            (
                "testChecked",
                "@Test void c() { org.junit.jupiter.api.Assertions.assertThrows(IllegalArgumentException.class,"
                " () -> meter.checked(-1)); }",
            ),
            (
                "testChecked",
                "@Test void d() { try { meter.checked(-1); org.junit.jupiter.api.Assertions.fail(); }"
                " catch (IllegalArgumentException expected) { } }",
            ),
        ],
    )
    # value < 0 negated throws; value > 9 negated throws an error that is no assertion of the test; the return is told.
    assert (killed(call), call.asserted) == ({"NEGATE_CONDITIONALS": 2}, 0)
    assert (killed(value), value.asserted) == ({"NEGATE_CONDITIONALS": 2, "PRIMITIVE_RETURNS": 1}, 1)
    assert (killed(missing), missing.asserted) == ({"NEGATE_CONDITIONALS": 1}, 1)
    assert (killed(caught), caught.asserted) == ({"NEGATE_CONDITIONALS": 1}, 1)


def test_an_endless_mutant_is_not_done_in_time_and_killed(meter: Path, tmp_path: Path) -> None:
    (found,) = mutations(meter, tmp_path, [("testRounds", "@Test void a() { assertEquals(4, meter.rounds(2)); }")])
    assert found.timed_out == 1
    # Of left > 0: boundary, negated; left--; count += 2; the return.
    assert (found.mutants, found.killed) == (5, 5)
    assert killed(found)["INCREMENTS"] == 2
    assert found.asserted == found.killed - found.timed_out


def test_no_state_is_left_for_the_next(meter: Path, tmp_path: Path) -> None:
    text = (
        '@Test void a() { assertEquals(0, Meter.readings()); assertEquals(null, System.getProperty("meter"));'
        ' System.setProperty("meter", "on"); meter.record(1); assertEquals(1, Meter.readings()); }'
    )
    found = mutations(meter, tmp_path, [("testRecord", text)] * 3)
    assert [killed(one) for one in found] == [{"MATH": 1}] * 3


def test_the_cap_draws_the_same_for_all_and_0_is_off(meter: Path, tmp_path: Path) -> None:
    text = "@Test void a() { assertEquals(7, meter.clamp(4, 9)); }"
    found = mutations(meter, tmp_path, [("testClamp", text)] * 2, mutants=3)
    assert [(one.mutants, one.of) for one in found] == [(3, 6)] * 2
    assert found[0] == found[1]
    assert mutations(meter, tmp_path, [("testClamp", text)], mutants=0) == []
