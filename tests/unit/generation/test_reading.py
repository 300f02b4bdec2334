"""Which names a candidate may write: those that are there, whatever the model prefers."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tailorbird.base.load import Base
from tailorbird.generation.completing import complete
from tailorbird.generation.decode import Decoding, decode_batch, to_text
from tailorbird.generation.guide import Guide, Ways
from tailorbird.generation.names import Known, Names
from tailorbird.generation.project import Project
from tailorbird.generation.reading import Reading
from tailorbird.generation.surroundings import simple_type
from tailorbird.generation.syntax import Syntax
from tailorbird.metrics.structure import syntax_valid
from tailorbird.mining.tree import MinedTree, mine_tree
from tests.data import write_data
from tests.models import encoded_texts, small_base

FIXTURES = Path(__file__).parents[2] / "fixtures"

STACK = """\
package org.sample;
public class Stack extends Base {
    public static final int LIMIT = 9;
    public String label;
    private int secret;
    public Stack(int size) { }
    public Stack push(String one) { return this; }
    public String peek() { return null; }
    public Kind kind() { return Kind.FULL; }
    public Outside outside() { return null; }
    public void several(String... all) { }
    private void hide() { }
    public static class Entry { public int depth() { return 0; } }
}
"""
BASE = "package org.sample;\nabstract class Base {\n    int size() { return 0; }\n}\n"
KIND = "package org.sample;\nenum Kind { FULL, EMPTY }\n"
OPEN = "package org.sample;\npublic class Open extends org.elsewhere.Tool {\n    public int own() { return 0; }\n}\n"
TEST = """\
package org.sample;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertThrows;
import java.util.List;
import java.util.Map;
import org.junit.Test;
public class StackTest {
    private Stack stack = new Stack(1);
    private Stack[] stacks;
    private int late[];
    @Test
    public void peeks() { assertEquals("a", stack.push("a").peek()); }
    @Test
    public void knows() { stack.peek(); assertEquals(1, helper(2)); }
    private int helper(int of) { return of; }
}
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> MinedTree:
    root = tmp_path_factory.mktemp("tree")
    for name, text in {"Stack": STACK, "Base": BASE, "Kind": KIND, "Open": OPEN}.items():
        path = root / f"src/main/java/org/sample/{name}.java"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    path = root / "src/test/java/org/sample/StackTest.java"
    path.parent.mkdir(parents=True)
    path.write_text(TEST)
    return mine_tree(root)


@pytest.fixture(scope="module")
def names(tree: MinedTree) -> Names:
    (pair, *_) = tree.pairs
    return Names(Project.of(tree.pairs, tree.known_classes), tree.test_classes[0], pair)


def read(names: Names, text: str) -> str:
    """As much of ``text`` as may be written, character by character."""
    reading = Reading(names)
    for at, character in enumerate(text):
        if not reading.read(character):
            return text[:at]
    return text


def body(statement: str) -> str:
    return f"@Test\npublic void test() throws Exception {{\n\t{statement}\n}}"


@pytest.mark.parametrize(
    "statement",
    [
        'assertEquals("a", stack.push("a").push("b").peek().substring(1));',
        "Stack other = new Stack(3); other.size(); other.label.length();",
        "int a = 1, b = a; int[] c = {a, b}; assertEquals(a, c.length);",
        "for (int i = 0; i < Stack.LIMIT; i++) { stacks[i].peek(); } for (int i = 0; i < 1; i++) stack.peek();",
        "for (final Stack one : stacks) { one.peek(); }",
        "try { helper(1); } catch (RuntimeException e) { e.getMessage(); }",
        "Stack.Entry entry = new Stack.Entry(); entry.depth(); entry.hashCode();",
        "Kind kind = stack.kind(); assertEquals(Kind.FULL, kind); kind.name(); Kind.values();",
        "List<String> list = null; list.get(0); Map<String, List<Stack>> map = null; map.get(list).trim();",
        "Runnable r = () -> stack.peek(); r.run(); List<Stack> l = null; l.forEach(s -> s.push(null));",
        "Object o = new Runnable() { int count; public void run() { stack.peek(); count++; } }; o.toString();",
        "boolean is = stack instanceof Object; String s = (String) null; s.trim(); ((Stack) null).peek();",
        "switch (stack.kind()) { case FULL: break; default: } this.stack.peek(); int.class.getName();",
        'System.out.println(stack.outside()); stack.outside().toString().equals("x"); List<Stack> x = List.of();',
        "class Own { } Own own = new Own(); var size = stack.size(); long d = size - 1;",
        "boolean a = 1 == 2 || !stack.peek().isEmpty(); if (stack.size() % 2 == 0 && a) { } late[0] = 1;",
        "boolean a = Stack.class.isInstance(stack); if (Stack.class.isInstance(stack) && a) { }",
        "// a word or two\n\tstack.peek(); // more\n\twhile (true) { break; }",
        'stack.several(); stack.several("a", "b"); stack.push(new String[] {"a", "b"}[0]);',
        "stack.push(String.valueOf(new Object() { int x = 1, y = 2; })); new Open(); assertEquals(null, 2, 3, 4);",
    ],
)
def test_what_is_there_may_be_named(names: Names, statement: str) -> None:
    text = body(statement)
    assert read(names, text) == text


@pytest.mark.parametrize(
    ("statement", "stops_at"),
    [
        ("stack.pop();", "stack.po"),
        ("stack.secret = 1;", "stack.se"),
        ("stack.hide();", "stack.hi"),
        ("stack.label();", "stack.label("),
        ("stack.peek;", "stack.peek;"),
        ("stack.push(null).pop();", "stack.push(null).po"),
        ("stacks.peek();", "stacks.p"),
        ("unknown.peek();", "u"),
        ("Unheard u = null;", "Unh"),
        ("new Stac(1);", "new Stac("),
        ("invented(1);", "inv"),
        ("stack();", "stack("),
        ("int a = 1; int a = 2;", "int a = 1; int a "),
        ("{ int a = 1; } a++;", "{ int a = 1; } a+"),
        ("int a = b;", "int a = b"),
        ("for (int i = 0; i < 1; i++) { } i++;", "for (int i = 0; i < 1; i++) { } i+"),
        ("Kind.NONE.name();", "Kind.N"),
        ('"a".size();', '"a".si'),
        ("ArrayList<String> a;", "ArrayL"),
        ("stack.peek( // no", "stack.peek( /"),
        ("stack.push();", "stack.push()"),
        ('stack.push("a", "b");', 'stack.push("a",'),
        ("stack.peek(1);", "stack.peek(1"),
        ("new Stack();", "new Stack()"),
        ("helper(1, 2);", "helper(1,"),
        ("assertEquals(1);", "assertEquals(1)"),
        ("assertEquals(new Stack(helper()), null);", "assertEquals(new Stack(helper()"),
    ],
)
def test_what_is_not_there_is_stopped_as_soon_as_nothing_can_come_of_it(
    names: Names, statement: str, stops_at: str
) -> None:
    before = body(statement).index(statement)
    passed = read(names, body(statement))[before:]
    # Not before the name differs from all that are there, and no later than the character that shows it.
    assert passed == stops_at[:-1] or passed == stops_at


def test_a_fork_leaves_the_first_as_it_was(names: Names) -> None:
    reading = Reading(names)
    assert reading.read("void f() { int a = 1; ")
    forked = reading.fork()
    assert forked.read("int b = a; ")
    assert not reading.fork().read("a = b;")
    assert forked.fork().read("a = b;")


def test_members_of_a_class_whose_lineage_is_not_known_may_be_others_too(names: Names, tree: MinedTree) -> None:
    project = names.project
    stack, opened = project.members_of("Stack"), project.members_of("Open")
    assert stack is not None
    assert opened is not None
    assert (stack.whole, opened.whole) == (True, False)
    assert "size" in stack.methods
    assert "secret" not in stack.fields
    assert "own" in opened.methods
    assert read(names, body("Open o = null; o.getMessage();")) == body("Open o = null; o.getMessage();")
    assert project.members_of("Nowhere") is None


def test_nothing_is_known_from_held_out_tests(tree: MinedTree) -> None:
    project = Project.of((), tree.known_classes)
    test = next(one for one in tree.known_classes if one.class_name == "StackTest")
    assert [(one.name, one.returns, one.parameters) for one in test.methods] == [("helper", "int", ("int",))]
    assert "peeks" not in project.members
    assert "assertEquals" not in project.called


def test_developers_tests_are_let_pass() -> None:
    for root in FIXTURES.iterdir():
        mined = mine_tree(root)
        project = Project.of(mined.pairs, mined.known_classes)
        files = {(one.path, one.class_name): one for one in mined.test_classes}
        assert mined.pairs
        for pair in mined.pairs:
            names = Names(project, files[pair.test.path, pair.test.class_name], pair)
            assert read(names, pair.test.text) == pair.test.text


@pytest.mark.parametrize(
    ("written", "simple"),
    [
        ("int", "int"),
        ("java.util.Map.Entry<K, V>", "Entry"),
        ("byte[][]", "byte[][]"),
        ("String...", "String[]"),
        ("@Nullable String", "String"),
        ("List<String>[]", "List[]"),
        ("T", None),
        ("", None),
        (None, None),
    ],
)
def test_types_are_told_by_their_simple_names(written: str | None, simple: str | None) -> None:
    assert simple_type(written) == simple


@pytest.mark.parametrize(
    "decoding",
    [
        Decoding(max_tokens=60),
        Decoding(method="sample", candidates=3, max_tokens=60),
        Decoding(method="beam", beams=2, candidates=2, max_tokens=60),
    ],
    ids=["greedy", "sample", "beam"],
)
def test_candidates_keep_to_the_names(names: Names, decoding: Decoding) -> None:
    base: Base = small_base("bart")
    sources = [example.source for example in encoded_texts()[:2]]
    decoded = decode_batch(base, sources, decoding, seed=0, syntax=Syntax(base.tokenizer), names=[names] * 2)
    for ranked in decoded:
        for one in ranked:
            text = to_text(base, one)
            assert syntax_valid(text)


def test_what_is_taken_is_there(names: Names) -> None:
    base: Base = small_base("bart")
    syntax = Syntax(base.tokenizer)
    random = torch.Generator().manual_seed(0)
    for _ in range(4):
        guide = Guide(syntax, 200, names)
        for _ in range(60):
            before = guide.fork()
            token = guide.settle(0, torch.randn(len(base.tokenizer), generator=random), lambda row: row)
            if guide.is_lost or token == guide.end:
                break
            assert before.allows(token)


def test_a_data_set_without_a_tree_knows_no_names(tmp_path: Path) -> None:
    assert Known.of(write_data(tmp_path)) is None


def test_a_model_that_finds_nothing_that_is_there_says_no_more(names: Names) -> None:
    base = small_base("bart")
    syntax = Syntax(base.tokenizer)
    guide = Guide(syntax, 400, names)
    begun = "@Test\npublic void f() { stack.peek(); stack.peek().tri"
    tokens = base.tokenizer(begun, verbose=False)["input_ids"][:-1]
    for token in tokens:
        guide.take(token)
    scores = torch.zeros(len(base.tokenizer))
    scores[[token for token in range(len(scores)) if not syntax.text(token).startswith("m")]] = 1.0
    scores[[token for token in range(len(scores)) if syntax.text(token)[:1] in "m("]] = -torch.inf
    while guide.settle(0, scores, lambda row: row) != guide.end:
        pass
    text = str(base.tokenizer.decode(guide.finish(tokens), skip_special_tokens=True))
    assert text == "@Test\npublic void f() { stack.peek();\n}"


STEERED = "@Test\npublic void t() {\n\t"


@pytest.mark.parametrize(
    ("statement", "stops_at"),
    [
        ("stack.size();\n}", "stack.size();\n"),
        ("// say it\n", "//"),
        ("Runnable r = new Runnable() {", "Runnable r = new R"),
        ("stack.peek(); class A { }", "stack.peek(); cl"),
        ("int a = 1; int b = 2; int c = 3; int d", "int a = 1; int b = 2; int c = 3; in"),
        ("int aAa = 1;", "int aA"),
        ('stack.push("' + "x" * 61, 'stack.push("' + "x" * 61),
        ("throw new Error();", "thr"),
        (";", ";"),
        ('"a".length();', '"'),
        ("int a = 1 + 1 + 1 + 1;", "int a = 1 + 1 + 1 +"),
        ("stack.peek(); @Override", "stack.peek(); @"),
        ("int a = 1, b", "int a = 1,"),
        ("Stack.class.getName();", "Stack.c"),
        ("int a = stack.class", "int a = stack.c"),
        ("boolean a = stack != stack;", "boolean a = stack "),
        ("boolean a = 1 < stack;", "boolean a = 1"),
        ('boolean a = stack.size() < 2 && "a"; int b', 'boolean a = stack.size() < 2 && "a";'),
        ('String a = """', 'String a = """'),
        ("Object a = null + 1;", "Object a = null "),
        ("Object a = stack instanceof Stack;", "Object a = stack "),
        ("Stack<String> a", "Stack<"),
        ("int a = 1; a = 2;", "int a = 1; a ="),
        ("int a = 1; a++;", "int a = 1; a+"),
        ("Runnable a = stack::peek;", "Runnable a = stack:"),
        ("int a = 4294967296;", "int a = 4294967296;"),
        ("byte[] a = {127, 128};", "byte[] a = {127, 128}"),
        ("byte a = 0xFF;", "byte a = 0xFF;"),
        ("for (int i = 0;", "fo"),
        ("if (stack.size() == 1)", "if"),
        ("assertThrows(Stack.class", "assertThrows(Sta"),
        (
            "assertThrows(IllegalStateException.class, () -> assertThrows(",
            "assertThrows(IllegalStateException.class, () -> assertThrows(",
        ),
        ('assertEquals("a", 1', 'assertEquals("a", 1'),
        ('assertEquals(stack.size(), "a");', 'assertEquals(stack.size(), "a")'),
        ("int a = stack.size() >> 1;", "int a = stack.size() >>"),
        ("Runnable a = () - -", "Runnable a = () - -"),
        ("int a;", "int a;"),
        ("new Stack[1];", "new Stack[1];"),
        ("new String[] {};", "new String[] {};"),
        ("stack.peek()[0];", "stack.peek()["),
        ("boolean a = stack.size() && ", "boolean a = stack.size() &"),
        ('String a = "a"++', 'String a = "a"++'),
        ('stack.push("a" + "b"++', 'stack.push("a" + "b"++'),
        ("boolean a = stack.size() < 2 < ", "boolean a = stack.size() < 2 <"),
        ("String <", "String <"),
        ("stack.label other", "stack.label o"),
        ("Stack[] a = { { }", "Stack[] a = { {"),
        ("stack.push(stack.peek()).push(new Stack[] { {", "stack.push(stack.peek()).push(new Stack["),
        ("Stack[] a = new Stack[] { {", "Stack[] a = new Stack[] { {"),
        ("byte[] a = {1}; a[0] = stack.size();", "byte[] a = {1}; a[0] = stack.size();"),
        ('String a = "a"[0]', 'String a = "a"['),
        ("try { stack.peek(); } catch (Stack e)", "try { stack.peek(); } catch (Stack "),
        (
            "try { stack.peek(); } catch (final RuntimeException e) {",
            "try { stack.peek(); } catch (final RuntimeException e) {",
        ),
    ],
)
def test_a_steered_test_goes_straight_to_its_focal_method(names: Names, statement: str, stops_at: str) -> None:
    reading = Reading(names, steers=True)
    assert names.focal.name == "peek"
    assert reading.read(STEERED)
    passed = next((at for at, character in enumerate(statement) if not reading.read(character)), len(statement))
    assert statement[: passed + 1] == stops_at


@pytest.mark.parametrize(
    ("refused", "read"),
    [
        ("stack.peek( );", "stack.peek();"),
        ('stack.push( "a");', 'stack.push("a");'),
        ("stack .peek();", "stack.peek();"),
        ("stack.peek ();", "stack.peek();"),
        ("stack.peek();\n\t\tstack.peek();", "stack.peek();\n\tstack.peek();"),
        ("assertTrue(stack.peek() == null);\n\t}", "assertNull(stack.peek());\n}"),
        ("stack.size();\n}", "stack.size();\n\tassertNull(stack.peek());\n}"),
        ("stack.peek();\n}", "stack.peek();\n\tassertNull(stack);\n}"),
        ("stack.peek(\n\t);", "stack.peek();"),
        ("int[] a =  {1};", "int[] a = {1};"),
        ("int[] a = {1} ;", "int[] a = new int[] {1};"),
        ("try {\n\tstack.peek();", "try {\n\t\tstack.peek();\n\t}"),
    ],
)
def test_steered_white_space_stands_where_canonical_layout_has_it(names: Names, refused: str, read: str) -> None:
    def reads(text: str) -> bool:
        reading = Reading(names, steers=True)
        return reading.read(STEERED) and all(map(reading.read, re.split(r"(\n\t*)", text)))

    assert reads(read)
    assert not reads(refused)


def straight(names: Names, statement: str) -> Reading:
    reading = Reading(names, steers=True, straight=True)
    assert reading.read(STEERED + statement)
    return reading


@pytest.mark.parametrize(
    ("statement", "due"),
    [
        ("", False),
        ("String a = ", True),
        ("assertEquals(", False),
        ('assertEquals("a", ', True),
        ("assertNull(stack.peek(", False),
        ("String a = stack.peek();\n\t", True),
    ],
)
def test_on_the_straight_way_the_call_is_due_where_what_is_expected_stands(
    names: Names, statement: str, due: bool
) -> None:
    assert straight(names, statement).is_due is due


def test_on_the_straight_way_statements_begin_with_what_leads_on(names: Names) -> None:
    reading = straight(names, "")
    assert reading.seeks
    assert reading.fork().read("assertEquals(")
    assert reading.fork().read("final String a")
    assert not reading.fork().read("stack")  # What the method returns is asserted.
    assert not reading.fork().read("int")
    assert not reading.fork().read("Kind")
    called = straight(names, "final String a = stack.peek();\n\t")
    assert not called.seeks
    assert called.fork().read("assertNull(")
    assert not called.fork().read("stack")
    assert not straight(names, "assertNull(stack.peek());\n\t").is_due


@pytest.mark.parametrize(
    ("begun", "ending"),
    [
        ('assertEquals("a", ', "stack.peek());"),
        ("String a = ", "stack.peek();"),
        ("String a = stack.pe", "ek();"),
    ],
)
def test_names_and_types_bring_a_statement_to_the_focal_method_and_its_end(
    names: Names, begun: str, ending: str
) -> None:
    syntax = Syntax(small_base("bart").tokenizer)
    matcher, reading = syntax.begin(), straight(names, begun)
    matcher.consume_tokens(syntax.spell(STEERED + begun))
    assert "".join(map(syntax.text, complete(syntax, matcher, reading, most=40))) == ending
    assert complete(syntax, matcher, reading, most=3) == []


def test_a_candidate_that_misses_the_focal_method_has_a_second_beginning(names: Names) -> None:
    base: Base = small_base("bart")
    syntax = Syntax(base.tokenizer)
    random = torch.Generator().manual_seed(0)
    for _ in range(4):
        first = Guide(syntax, 200, names)
        begun = syntax.spell(STEERED + "int a = 1;")
        for token in begun:
            first.take(token)
        second = first.another(begun)
        assert second is not None
        tokens = list[int]()
        while tokens[-1:] != [second.end]:
            tokens.append(second.settle(0, torch.randn(len(base.tokenizer), generator=random), lambda row: row))
        found = second.finish(tokens)
        text = str(base.tokenizer.decode(found, skip_special_tokens=True))
        assert text.startswith(STEERED.strip())
        assert "peek(" in text
        assert "int a" not in text
        assert syntax_valid(text)
        assert second.called
        assert 0 <= second.completed < len(found)


def test_what_stands_there_already_is_said_another_way_where_the_model_is_least_certain(names: Names) -> None:
    base: Base = small_base("bart")
    syntax = Syntax(base.tokenizer)
    size = len(base.tokenizer)
    guide = Guide(syntax, 400, names, ways=Ways(1))
    statement = syntax.spell("assertNull(stack.peek());")
    begun = [*syntax.spell(STEERED), *statement, *syntax.spell("\n\t")]
    weak = len(statement) // 2
    tokens = [*begun, *statement]
    for number, token in enumerate(tokens):
        scores = torch.zeros(size)
        scores[token] = 1.0 if number == len(begun) + weak else 9.0
        assert guide.settle(token, scores, lambda row: row) == token
    assert guide.settle(0, torch.zeros(size), lambda row: row) == guide.end
    other = guide.another(guide.finish(tokens))
    assert other is not None
    assert other.upcoming == [*begun, *statement[:weak]]
    for token in other.upcoming:
        assert other.settle(0, torch.zeros(size), lambda row: row) == token
    scores = torch.zeros(size)
    scores[statement[weak]] = 9.0
    assert other.settle(statement[weak], scores, lambda row: row) != statement[weak]


@pytest.mark.parametrize(("usual", "goes_on"), [(400, True), (1, False)])
def test_ways_that_are_kept_are_for_candidates_shorter_than_usual(names: Names, usual: int, goes_on: bool) -> None:
    base: Base = small_base("bart")
    syntax = Syntax(base.tokenizer)
    guide = Guide(syntax, 400, names, ways=Ways(1, kept=1, usual=usual))
    statement = syntax.spell("assertNull(stack.peek());")
    tokens = [*syntax.spell(STEERED), *statement, *syntax.spell("\n\t"), *statement]
    for token in tokens:
        guide.settle(token, torch.zeros(len(base.tokenizer)).index_fill(0, torch.tensor([token]), 9.0), lambda row: row)
    kept = guide.finish(tokens)
    assert (guide.another(kept) is not None) == goes_on


def test_without_steering_a_candidate_near_its_limit_ends_with_its_last_whole_statement(names: Names) -> None:
    base: Base = small_base("bart")
    syntax = Syntax(base.tokenizer)
    tokens = syntax.spell(STEERED + "stack.size(); stack.pe")
    guide = Guide(syntax, len(tokens) + 1, names, steers=False)
    for token in tokens:
        guide.take(token)
    assert guide.settle(0, torch.zeros(len(base.tokenizer)), lambda row: row) == guide.end
    text = str(base.tokenizer.decode(guide.finish(tokens), skip_special_tokens=True))
    assert text.split() == f"{STEERED} stack.size(); }}".split()


@pytest.mark.parametrize(
    ("statements", "merit"),
    [
        ("stack.size();", 0),
        ("assertNull(stack);", 0),
        ("stack.peek();", 1),
        ("assertNull(stack.peek());", 2),
        ("stack.peek();\n\tassertNull(stack);", 2),
    ],
)
def test_a_candidate_that_calls_the_focal_method_and_asserts_has_no_second_beginning(
    names: Names, statements: str, merit: int
) -> None:
    syntax = Syntax(small_base("bart").tokenizer)
    guide = Guide(syntax, 200, names)
    tokens = syntax.spell(STEERED + statements)
    for token in tokens:
        guide.take(token)
    assert guide.merit == merit
    other = guide.another(tokens)
    assert (other is None) == (merit == 2)
    if other is not None:  # What stands before the call stays, a body without one does not.
        kept = "".join(map(syntax.text, other.upcoming))
        assert kept.rstrip() == (STEERED + statements if merit else STEERED).rstrip()
    assert Guide(syntax, 200, names, steers=False).another([]) is None


def test_a_test_of_junit_3_has_no_annotations(tree: MinedTree) -> None:
    (pair, *_) = tree.pairs
    file = replace(
        tree.test_classes[0], text=TEST.replace("import org.junit.Test;", "import junit.framework.TestCase;")
    )
    names = Names(Project.of(tree.pairs, tree.known_classes), file, pair)
    assert list(names.annotations) == []
    assert not Reading(names, steers=True).read("@")
    assert Reading(names, steers=True).read("public void testPeek() {")
    assert Reading(names).read("@Override public void peeks() {")


def test_what_leads_to_the_focal_method_is_known_where_it_can_be_called(names: Names) -> None:
    reading = Reading(names, steers=True)
    assert reading.read(STEERED)
    assert reading.towards_focal == ["stack.peek("]
    assert reading.read("stack.")
    assert reading.towards_focal == ["peek("]
    assert reading.read("pe")
    assert reading.towards_focal == ["ek("]
    assert reading.read("ek();\n\t")
    assert reading.calls_focal
    assert "assertNull" in reading.towards_focal
    assert not {"assertThrows", "assertDoesNotThrow"}.intersection(reading.towards_focal)
    assert reading.fork().read("ass")
    assert reading.read("stack.peek();\n\t")
    assert reading.repeats
    assert reading.read("assertNull(stack);\n\t")
    assert reading.is_test
    assert reading.towards_focal == []


@pytest.mark.parametrize(
    ("statement", "stops_at"),
    [
        ("String a = stack.size();", "String a = stack.s"),
        ("int a = stack.peek();", "int a = stack.peek();"),
        ("stack.push(1);", "stack.push(1"),
        ("Stack.peek();", "Stack.p"),
        ("byte[] a = {1, null};", "byte[] a = {1, nu"),
        ("boolean a = stack.size() > 1 && 2;", "boolean a = stack.size() > 1 && 2;"),
        ("assertEquals(1, stack.several());", "assertEquals(1, stack.se"),
        ("int a = true;", "int a = tr"),
        ("Stack a = new Kind();", "Stack a = new Kind();"),
        ("Base a = new Base();", "Base a = new Base();"),
        ("int[] a = new byte[1];", "int[] a = new b"),
        ("int a = Stack.LIMIT[0];", "int a = Stack.LIMIT["),
        ('if ("a") { }', 'if ("a")'),
        ("long a = 1L; int b = a;", "long a = 1L; int b = a;"),
        ('int a = 2 * "b";', 'int a = 2 * "b";'),
    ],
)
def test_what_does_not_come_to_the_type_that_is_wanted_is_stopped(names: Names, statement: str, stops_at: str) -> None:
    before = len(body("")) - len("\n}")
    passed = read(names, body(statement))[before:]
    assert statement[: len(passed) + 1] == stops_at
