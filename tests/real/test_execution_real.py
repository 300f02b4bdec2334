"""Executing candidates with a real JDK and Maven, hostile ones among them."""

import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest

from tailorbird.config import ExecuteConfig
from tailorbird.errors import DataError, StorageError, TailorbirdError, UsageError
from tailorbird.execution.execute import Execution, execute
from tailorbird.execution.maven import jars_of
from tailorbird.execution.sandbox import sandbox
from tailorbird.mining.tree import mine_tree
from tailorbird.records import Pair, Verdict
from tailorbird.sources import default_cache
from tests.unit.mining.java_projects import JUNIT4, JUNIT5

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(shutil.which("mvn") is None or shutil.which("javac") is None, reason="needs mvn and a JDK"),
]
FAST = ExecuteConfig(deadline_seconds=3.0, reruns=0, heap_mb=256, mutants=0)


def sandboxed() -> bool:
    try:
        return sandbox().name == "bubblewrap"
    except TailorbirdError:
        return False


def pairs_of(project: Path) -> dict[str, Pair]:
    return {f"{one.test.class_name}.{one.test.name}": one for one in mine_tree(project).pairs}


def run(folder: Path, project: Path, texts: list[tuple[str, str]], config: ExecuteConfig = FAST) -> Execution:
    """Execute candidates, each for the pair of a test of the project."""
    pairs = pairs_of(project)
    lines = [msgspec.json.encode({"pair_id": pairs[test].id, "text": text}) for test, text in texts]
    (folder / "candidates.jsonl").write_bytes(b"\n".join(lines))
    return execute(folder / "candidates.jsonl", str(project), folder / "verdicts.jsonl", config)


def verdicts(found: Execution) -> list[str]:
    return [one.verdict for one in found.verdicts]


@pytest.fixture(scope="module")
def parcel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shutil.copytree(JUNIT5, tmp_path_factory.mktemp("project") / "parcel")


@pytest.mark.parametrize("project", [JUNIT4, JUNIT5], ids=["junit4", "junit5"])
def test_the_developers_own_tests_pass_and_enter_their_focal_method(project: Path, tmp_path: Path) -> None:
    pairs = pairs_of(project)
    found = run(tmp_path, project, [(name, one.test.text) for name, one in pairs.items()], ExecuteConfig(reruns=1))
    assert set(verdicts(found)) == {"pass"}
    assert all(one.reruns == ("pass",) for one in found.verdicts)
    entered = [one.coverage is not None and one.coverage.focal_method_called for one in found.verdicts]
    assert sum(entered) >= len(entered) - 1
    lines = (tmp_path / "verdicts.jsonl").read_bytes().splitlines()
    assert [msgspec.json.decode(one)["kind"] for one in lines] == ["header", *["verdict"] * len(pairs)]


def test_the_ladder(parcel: Path, tmp_path: Path) -> None:
    test = "WeightTest.negativeWeightIsRefused"
    rungs = [
        ("", "no_output"),
        ("@Test void a() { int b = ; }", "syntax_error"),
        ("@Test void a() { Weight.ofPounds(1); }", "compile_error"),
        ("@Test void a() { int b; assertEquals(1, b); }", "compile_error"),
        ('@Test void a() { new java.io.FileReader("x"); }', "compile_error"),
        ("void a() { Weight.ofKilograms(1); }", "no_test_ran"),
        ("@org.junit.jupiter.api.Disabled @Test void a() { Weight.ofKilograms(1); }", "no_test_ran"),
        ("@Test void a() { org.junit.jupiter.api.Assumptions.assumeTrue(false); }", "no_test_ran"),
        ("@Test void a() { assertEquals(new Weight(2), Weight.ofKilograms(1)); }", "assertion_failure"),
        ("@Test void a() { Weight.ofKilograms(-1); }", "runtime_error"),
        ("@Test void a() { throw new NoSuchMethodError(); }", "load_error"),
        ("@Test void a() { assertEquals(new Weight(1000), Weight.ofKilograms(1)); }", "pass"),
        ("@Test void a() { assertEquals(new Weight(2000), Weight.ofKilograms(2)); }", "pass"),
    ]
    found = run(tmp_path, parcel, [(test, text) for text, _ in rungs])
    assert verdicts(found) == [verdict for _, verdict in rungs]
    assert found.header.counts == {name: verdicts(found).count(name) for name in found.header.counts}
    by_text = dict(zip((text for text, _ in rungs), found.verdicts, strict=True))
    assert "ofPounds" in by_text[rungs[2][0]].evidence[0]
    last = found.verdicts[-1].coverage
    assert last is not None
    assert last.focal_method_called
    assert last.method_lines == (1, 1)


def test_a_whole_file_is_run_and_cannot_replace_the_project(parcel: Path, tmp_path: Path) -> None:
    test = "WeightTest.negativeWeightIsRefused"
    body = "@Test void own() { assertEquals(1000, Weight.ofKilograms(1).grams()); }"
    head = (
        "package org.sample.parcel; import org.junit.jupiter.api.Test;"
        " import static org.junit.jupiter.api.Assertions.assertEquals;"
    )
    found = run(
        tmp_path,
        parcel,
        [
            (test, f"{head} class GeneratedTest {{ {body} }}"),
            (test, f"{head} class GeneratedTest {{ {body} @Test void other() {{ assertEquals(1, 2); }} }}"),
            (
                test,
                f"{head} class GeneratedTest {{ {body} }} class Weight {{ static Weight ofKilograms(int a) "
                "{ return new Weight(); } int grams() { return 1000; } }",
            ),
        ],
    )
    assert verdicts(found) == ["pass", "assertion_failure", "load_error"]
    assert "org.sample.parcel.Weight" in found.verdicts[2].evidence[0]


def test_the_system_class_loader_tells_each_candidate_of_its_own_classes(parcel: Path, tmp_path: Path) -> None:
    same = (
        "@Test void same() throws Exception { org.junit.jupiter.api.Assertions.assertSame(Weight.class,"
        ' Class.forName("org.sample.parcel.Weight", true, ClassLoader.getSystemClassLoader())); }'
    )
    found = run(tmp_path, parcel, [("WeightTest.negativeWeightIsRefused", same)] * 4)
    assert verdicts(found) == ["pass"] * 4


def test_annotations_of_packages_are_seen(tmp_path: Path) -> None:
    tree = shutil.copytree(JUNIT5, tmp_path / "tree")
    (tree / "src/main/java/org/sample/parcel/package-info.java").write_text("@Deprecated\npackage org.sample.parcel;\n")
    text = "@Test void a() { assertEquals(1, Weight.class.getPackage().getAnnotations().length); }"
    assert verdicts(run(tmp_path, tree, [("WeightTest.negativeWeightIsRefused", text)])) == ["pass"]


def test_candidates_of_one_class_neither_help_nor_harm_each_other(parcel: Path, tmp_path: Path) -> None:
    test = "WeightTest.negativeWeightIsRefused"
    found = run(
        tmp_path,
        parcel,
        [
            (test, GOOD),
            (test, "@Test void calls() { assertEquals(new Weight(1), other()); }"),
            (test, "Weight other() { return new Weight(1); }"),
            (test, "@org.junit.jupiter.api.BeforeEach void before() { throw new IllegalStateException(); }"),
            (test, "@org.junit.jupiter.api.BeforeAll void all() { }"),
            (test, "@Test void twice() throws Exception { throw new Exception(); }"),
            (test, "@Test void twice() { if (false) { twice(); } assertEquals(new Weight(1), new Weight(1)); }"),
            (test, GOOD.replace("good", "again")),
        ],
        ExecuteConfig(reruns=1, heap_mb=256, mutants=0),
    )
    wanted = ["pass", "compile_error", "no_test_ran", "no_test_ran", "", "runtime_error", "pass", "pass"]
    got = verdicts(found)
    assert got[4] in {"no_test_ran", "runtime_error"}
    assert [*got[:4], "", *got[5:]] == wanted


def test_a_test_that_junit_4_refuses_does_not_stop_the_others_of_its_class(tmp_path: Path) -> None:
    good = "@Test public void good%d() { org.junit.Assert.assertEquals(1, 1); }"
    name = next(iter(pairs_of(JUNIT4)))
    texts = [good % 1, "@Test void hidden() { }", "@Test public int number() { return 1; }", good % 2]
    found = run(
        tmp_path,
        JUNIT4,
        [(name, text) for text in texts],
        ExecuteConfig(reruns=1, heap_mb=256, mutants=0, deadline_seconds=30),
    )
    assert verdicts(found) == ["pass", "runtime_error", "runtime_error", "pass"]
    assert not any(one.retried for one in found.verdicts[::3])


def test_assertions_of_the_language_are_on(parcel: Path, tmp_path: Path) -> None:
    found = run(tmp_path, parcel, [("WeightTest.negativeWeightIsRefused", "@Test void a() { assert 1 > 2; }")])
    assert verdicts(found) == ["assertion_failure"]


def test_files_are_looked_at_before_anything_is_built(parcel: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.write_text('{"kind": "header"}\n\n')
    with pytest.raises(DataError, match="has no candidates"):
        execute(empty, str(tmp_path / "nowhere-yet"), tmp_path / "out.jsonl")
    given = tmp_path / "given.jsonl"
    given.write_text('{"pair_id": "a", "text": "b"}\n')
    with pytest.raises(UsageError, match="is the file of candidates itself"):
        execute(given, str(parcel), given)
    with pytest.raises(StorageError, match="nothing was begun"):
        execute(given, str(parcel), Path("/proc/none/out.jsonl"))
    assert given.read_text() == '{"pair_id": "a", "text": "b"}\n'


GOOD = "@Test void good() { assertEquals(new Weight(1000), Weight.ofKilograms(1)); }"
HOSTILE = {
    "loop": ("@Test void a() { while (true) { } }", {"timeout"}),
    "deaf loop": (
        "@Test void a() { while (true) { try { Thread.sleep(1000); } catch (InterruptedException e) { } } }",
        {"timeout"},
    ),
    "recursion": ("@Test void a() { new Object() { int f(int n) { return f(n + 1) + 1; } }.f(0); }", {"runtime_error"}),
    "exit": ("@Test void a() { System.exit(0); }", {"crash"}),
    "halt": ("@Test void a() { Runtime.getRuntime().halt(0); }", {"crash"}),
    "exit by reflection": (
        '@Test void a() throws Exception { System.class.getMethod("exit", int.class).invoke(null, 0); }',
        {"crash"},
    ),
    "exit, swallowed": ("@Test void a() { try { System.exit(0); } catch (Throwable e) { } }", {"crash"}),
    "10 GB": ("@Test void a() { long[][] all = new long[10][]; for (int i = 0; i < 10; i++) "
              "{ all[i] = new long[1 << 27]; } assertEquals(10, all.length); }", {"crash"}),
    "leak": ("@Test void a() { java.util.List<long[]> all = new java.util.ArrayList<>(); "
             "while (true) { all.add(new long[1 << 16]); } }", {"crash"}),
    "threads": (
        "@Test void a() { for (int i = 0; i < 10_000; i++) { new Thread(() -> { while (true) {"
        " try { Thread.sleep(9999); } catch (InterruptedException e) { } } }).start(); } }",
        {"crash", "timeout"},
    ),
    "fork bomb": (
        "@Test void a() throws Exception {"
        ' new ProcessBuilder("sh", "-c", "b() { b | b & }; b; sleep 60").start().waitFor(); assertEquals(1, 2); }',
        {"timeout", "crash", "runtime_error", "assertion_failure"},
    ),
    "fake": (
        "@Test void a() throws Exception { for (int fd = 0; fd < 64; fd++) { try (var out ="
        " new java.io.FileOutputStream("
        "\"/dev/fd/\" + fd)) { out.write(\"{\\\"events\\\":[{\\\"kind\\\":\\\"passed\\\"}]}\".getBytes()); }"
        " catch (Exception e) { } } assertEquals(1, 2); }",
        {"assertion_failure", "crash", "timeout"},
    ),
    "static state": (
        '@Test void a() { System.setProperty("line.separator", "!");'
        " java.util.Locale.setDefault(java.util.Locale.ROOT);"
        " System.setOut(null); System.setProperties(new java.util.Properties()); assertEquals(1, 1); }",
        {"pass"},
    ),
    "closed streams": ("@Test void a() throws Exception { System.in.close(); System.out.close(); System.err.close(); "
                       "assertEquals(1, 1); }", {"pass"}),
    "output": (
        '@Test void a() { for (int i = 0; i < 2_000_000; i++) { System.out.println("spam spam spam"); }'
        " assertEquals(1, 1); }",
        {"pass", "timeout"},
    ),
}  # fmt: skip


def test_hostile_candidates_harm_no_other(parcel: Path, tmp_path: Path) -> None:
    texts: list[tuple[str, str]] = []
    for text, _ in HOSTILE.values():
        texts += [("WeightTest.negativeWeightIsRefused", text), ("WeightTest.negativeWeightIsRefused", GOOD)]
    found = verdicts(run(tmp_path, parcel, texts))
    wrong = {name: got for (name, (_, right)), got in zip(HOSTILE.items(), found[::2], strict=True) if got not in right}
    assert wrong == {}
    assert set(found[1::2]) == {"pass"}


@pytest.mark.skipif(not sandboxed(), reason="needs bubblewrap, and a kernel that allows it")
def test_the_sandbox_holds(parcel: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim.txt"
    victim.write_text("mine")
    secret = Path.home() / f".tailorbird-secret-{tmp_path.name}"
    secret.write_text("secret")
    reach = "org.junit.jupiter.api.Assertions.assert"
    texts = [
        f'@Test void a() throws Exception {{ java.nio.file.Files.deleteIfExists(java.nio.file.Path.of("{victim}")); }}',
        f'@Test void a() {{ {reach}True(new java.io.File("{parcel}/pom.xml").delete()); }}',
        f'@Test void a() {{ {reach}True(new java.io.File("{secret}").exists()); }}',
        '@Test void a() throws Exception { new java.net.Socket("1.1.1.1", 80).close(); }',
        '@Test void a() throws Exception { new java.io.FileOutputStream("left-behind").close(); }',
        f'@Test void a() throws Exception {{ {reach}True(java.io.File.createTempFile("own", "b").exists()); }}',
        '@Test void a() throws Exception { new java.io.FileInputStream("pom.xml").close(); }',
    ]
    try:
        found = run(tmp_path, parcel, [("WeightTest.negativeWeightIsRefused", one) for one in texts])
    finally:
        secret.unlink()
    assert victim.read_text() == "mine"
    assert (parcel / "pom.xml").is_file()
    assert not list(parcel.rglob("left-behind"))
    assert verdicts(found)[1:] == [
        *("assertion_failure", "assertion_failure", "runtime_error", "runtime_error"), *("pass", "pass")
    ]  # fmt: skip


def test_what_tests_of_a_build_may_expect(parcel: Path, tmp_path: Path) -> None:
    """The system class loader knows the project; agents can be attached; temporary files can be had anywhere usual."""
    texts = [
        "@Test void a() throws Exception { assertEquals(getClass().getName(),"
        " ClassLoader.getSystemClassLoader().loadClass(getClass().getName()).getName()); }",
        '@Test void a() { String name = "org/sample/parcel/Weight.class";'
        " assertEquals(true, ClassLoader.getSystemResource(name) != null); }",
        "@Test void a() throws Exception { Object machine = Class.forName("
        '"com.sun.tools.attach.VirtualMachine").getMethod("attach", String.class)'
        '.invoke(null, "" + ProcessHandle.current().pid()); assertEquals(true, machine != null); }',
        '@Test void a() throws Exception { java.nio.file.Files.writeString(java.nio.file.Path.of("/tmp/own"), ""); }',
    ]
    found = run(tmp_path, parcel, [("WeightTest.negativeWeightIsRefused", one) for one in texts])
    assert verdicts(found) == ["pass"] * 4


def test_flaky_candidates_are_found(parcel: Path, tmp_path: Path) -> None:
    # Half of the runs pass: that all of these fail at once, or one passes each time, happens once in 10,000 suites.
    flaky = "@Test void a() { assertTrue(System.nanoTime() / 1000 % 2 == 0); }"
    found = run(
        tmp_path,
        parcel,
        [("WeightTest.negativeWeightIsRefused", flaky)] * 20 + [("WeightTest.negativeWeightIsRefused", GOOD)],
        ExecuteConfig(deadline_seconds=3.0, reruns=20, heap_mb=256, mutants=0),
    )
    assert found.verdicts[-1].verdict == "pass"
    assert {one.verdict for one in found.verdicts[:-1]} <= {"flaky", "assertion_failure"}
    assert "flaky" in verdicts(found)


def test_what_another_build_made(parcel: Path, tmp_path: Path) -> None:
    """Classes and class path given by hand, as of a Gradle build."""
    jars = jars_of(("org.junit.jupiter:junit-jupiter:5.10.2",), default_cache().parent / "execution")
    classes, tests, listed = tmp_path / "classes", tmp_path / "test-classes", tmp_path / "classpath.txt"
    listed.write_text("\n".join(map(str, (tests, *jars))))
    for out, part in ((classes, "main"), (tests, "test")):
        sources = [str(one) for one in (parcel / "src" / part).rglob("*.java")]
        path = ":".join(map(str, (classes, *jars)))
        subprocess.run(["javac", "-encoding", "UTF-8", "-g", "-d", str(out), "-cp", path, *sources], check=True)
    config = ExecuteConfig(reruns=0, classpath=str(listed), classes=str(classes))
    found = run(tmp_path, parcel, [("WeightTest.negativeWeightIsRefused", GOOD)], config)
    assert verdicts(found) == ["pass"]
    for wrong, message in (
        (ExecuteConfig(classpath=str(listed), classes=str(tmp_path / "nothing")), "is no folder"),
        (ExecuteConfig(classpath=str(tmp_path / "nothing"), classes=str(classes)), "could not be read"),
    ):
        with pytest.raises(UsageError, match=message):
            run(tmp_path, parcel, [("WeightTest.negativeWeightIsRefused", GOOD)], wrong)


def test_candidates_of_another_project_are_refused(parcel: Path, tmp_path: Path) -> None:
    (tmp_path / "candidates.jsonl").write_text('{"pair_id": "0123456789abcdef", "text": "@Test void a() { }"}\n')
    with pytest.raises(DataError, match="does not have, the first 0123456789abcdef"):
        execute(tmp_path / "candidates.jsonl", str(parcel), tmp_path / "verdicts.jsonl", FAST)
    assert not (tmp_path / "verdicts.jsonl").exists()


def test_one_verdict_each_and_in_order(parcel: Path, tmp_path: Path) -> None:
    texts = [("WeightTest.negativeWeightIsRefused", GOOD), ("LabelTest.oneLine", "@Test void x() { }"),
             ("WeightTest.negativeWeightIsRefused", "")]  # fmt: skip
    found = run(tmp_path, parcel, texts)
    pairs = pairs_of(parcel)
    places: list[tuple[str, int]] = [(one.pair_id, one.index) for one in found.verdicts]
    weight, label = pairs["WeightTest.negativeWeightIsRefused"].id, pairs["LabelTest.oneLine"].id
    assert places == [(weight, 0), (label, 0), (weight, 1)]
    assert all(isinstance(one, Verdict) for one in found.verdicts)
