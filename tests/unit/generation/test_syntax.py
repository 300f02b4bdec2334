"""What Java's grammar lets a model write: every method that javac reads, and nothing that is not one."""

from pathlib import Path

import pytest
import torch

from tailorbird.base.load import Base
from tailorbird.errors import UsageError
from tailorbird.generation.decode import Decoding, decode_batch, to_text
from tailorbird.generation.guide import Guide
from tailorbird.generation.search import search_beams, take_likeliest, take_one_by_one
from tailorbird.generation.syntax import Syntax
from tailorbird.metrics.structure import syntax_valid
from tailorbird.mining.tree import mine_tree
from tests.models import TEXTS, VOCABULARY, encoded_texts, small_base

FIXTURES = Path(__file__).parents[2] / "fixtures"
SOURCES = [example.source[at * 3 :] for at, example in enumerate(encoded_texts()[:4])]
STEPS = 72


@pytest.fixture(scope="module")
def base() -> Base:
    return small_base("bart")


@pytest.fixture(scope="module")
def syntax(base: Base) -> Syntax:
    return Syntax(base.tokenizer)


def written(guide: Guide, base: Base, text: str) -> int:
    """How many characters of ``text`` the guide lets pass; one more where it may end after the last."""
    tokens = base.tokenizer(text, verbose=False)["input_ids"]
    for number, token in enumerate(tokens):
        if not guide.allows(token):
            return len(base.tokenizer.decode(tokens[:number]))
        guide.take(token)
    return len(text) + 1


def text_of(base: Base, tokens: list[int]) -> str:
    return str(base.tokenizer.decode(tokens, skip_special_tokens=True))


METHODS = [
    *TEXTS[:5],
    "void f() { }",
    '@Test(expected = IOException.class, timeout = 10) public final void f() throws A, b.C { "x".length(); }',
    "<T extends Comparable<? super T> & Foo> Map<String, List<T[]>> f(final T... xs) { return null; }",
    "void f() { List<List<String>> a = new ArrayList<>(); int b = c < d ? e >> 2 : f >>> 3; b >>= 1; b >>>= 2; }",
    "void f() { for (int i = 0, j = 1; i < 3; i++, j--) { } for (final String s : all) x(s); for (; ; ) break; }",
    "void f() { try (A a = b(); c; this.d.e) { } catch (D | E e) { } finally { } }",
    "void f() { switch (a) { case 1: case 2: b(); default: } var c = switch (d) { case E -> 1; default -> 2; }; }",
    "void f() { Runnable r = () -> { }; g((a, b) -> a + b, int[]::new, String::valueOf, (int a) -> a, this::h); }",
    "void f() { Object o = new A<B>(1) { int c = 2; @Override public void d() { } }; int[][] e = { { 1 }, { } }; }",
    "void f() { a[0] = (byte) -1; b.c = (String) d; e = (F) (g) -> h; i = (j) + k; l = !(Boolean) m; }",
    "void f() { class A implements B { } assert a : b; label: while (true) { continue label; } do { } while (c); }",
    "void f() { if (a instanceof String s && !s.isEmpty()) { } else if (b) c(); else { } }",
    "void f() { long a = 1_000L + 0xFFL + 0b1; double b = 1e-3 + .5 + 1. + 2.5f; char c = '\\u0041'; int d = 4 / 2; }",
    "void f() { a.<B>c(); new int[2][]; outer.new Inner(); A.super.d(); A.class.e(); int[].class.f(); }",
    "void f() { // a comment }\n\t/* and another */ g(/* here */ 1); }",
    'void f() { String a = """\n\tb "c"\n\t"""; }',
]


@pytest.mark.parametrize("text", METHODS)
def test_methods_may_be_written_and_end_with_their_last_brace(syntax: Syntax, base: Base, text: str) -> None:
    assert syntax_valid(text)  # As the oracle has it.
    assert written(Guide(syntax, 10_000), base, text) == len(text) + 1


def test_the_tests_of_whole_projects_may_be_written(syntax: Syntax, base: Base) -> None:
    cases = [case for project in FIXTURES.iterdir() for case in mine_tree(project).test_cases]
    assert len(cases) > 20
    for case in cases:
        assert written(Guide(syntax, 10_000), base, case.text) == len(case.text) + 1


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("int field;", "int field"),
        ("void f();", "void f()"),
        ("void f() { g( }", "void f() { g("),
        ("void f() { g(]", "void f() { g("),
        ("void f() { int = 1; }", "void f() { int"),
        ("void f() { throw ; }", "void f() { throw"),
        ("void f() { else { } }", "void f() { else"),
        ("void f() { } }", "void f() { }"),
        ("void f() { } void g() { }", "void f() { }"),
        ('void f() { g("a\n"); }', 'void f() { g("a'),
        ("void f() { a = = b; }", "void f() { a ="),
        ("void f() { 1 = a; }", "void f() { 1 ="),  # It may become ``==``.
        ("class A { }", "class"),
        ("void f() { try (a.b()) { } }", "void f() { try (a.b"),
        ('void f() { g("a\\:"); }', 'void f() { g("a\\'),
    ],
)
def test_what_is_no_method_is_stopped_where_it_goes_wrong(syntax: Syntax, base: Base, text: str, good: str) -> None:
    passed = text[: written(Guide(syntax, 10_000), base, text)]
    # A token may hold a space, or a bracket, before what is wrong.
    assert good.startswith(passed.rstrip()) or passed.rstrip() == good.rstrip()
    assert len(good.rstrip()) - len(passed.rstrip()) <= 2


@pytest.mark.parametrize("seed", range(40))
def test_whatever_a_model_prefers_a_whole_method_comes_out_in_time(base: Base, syntax: Syntax, seed: int) -> None:
    steps = 60 + seed
    random = torch.Generator().manual_seed(seed)
    # Which letters names may have, javac and the oracle do not agree on.
    foreign = torch.tensor([not text_of(base, [token]).isascii() for token in range(VOCABULARY)])
    guide, tokens = Guide(syntax, steps), list[int]()
    while len(tokens) < steps and tokens[-1:] != [base.end]:
        scores = torch.randn(VOCABULARY, generator=random) - 9.0 * foreign
        tokens.append(guide.settle(int(scores.argmax()), scores, lambda row: row))
    assert tokens[-1] == base.end
    assert syntax_valid(text_of(base, tokens))


def test_greedy_takes_the_likeliest_of_what_is_allowed_with_and_without_guesses(base: Base, syntax: Syntax) -> None:
    wanted = [rows[0] for rows in one_by_one(base, syntax, SOURCES)]
    assert wanted != [rows[0] for rows in take_one_by_one(base.network, SOURCES, end=base.end, steps=STEPS)]
    # Sources that hold what is to be written: guesses are right, and wrong where they break off.
    sources = [*SOURCES, *((*source, *tokens[:30]) for source, tokens in zip(SOURCES, wanted, strict=True))]
    plain = [rows[0] for rows in one_by_one(base, syntax, sources)]
    for guesses in (0, 1, 4):
        found = take_likeliest(
            base.network,
            sources,
            end=base.end,
            steps=STEPS,
            guesses=guesses,
            at_once=3,
            guide=lambda _: Guide(syntax, STEPS),
        )
        assert found == plain


def one_by_one(base: Base, syntax: Syntax, sources: list[tuple[int, ...]]) -> list[list[list[int]]]:
    return take_one_by_one(base.network, sources, end=base.end, steps=STEPS, guide=lambda _: Guide(syntax, STEPS))


def test_beams_write_whole_methods_and_one_wide_they_are_greedy(base: Base, syntax: Syntax) -> None:
    guided = {"end": base.end, "steps": STEPS, "guide": lambda _: Guide(syntax, STEPS)}
    beams = search_beams(base.network, SOURCES, beams=3, candidates=2, **guided)  # type: ignore[arg-type]
    for ranked in beams:
        assert len(ranked) == 2
        for tokens in ranked:
            assert syntax_valid(text_of(base, tokens))
    narrow = search_beams(base.network, SOURCES, beams=1, **guided)  # type: ignore[arg-type]
    assert [ranked[0] for ranked in narrow] == [rows[0] for rows in one_by_one(base, syntax, SOURCES)]


@pytest.mark.parametrize(
    "decoding",
    [
        Decoding(max_tokens=STEPS),
        Decoding(max_tokens=STEPS, no_repeat_ngram=2),
        Decoding(method="beam", beams=3, candidates=3, max_tokens=STEPS),
        Decoding(method="sample", candidates=4, max_tokens=STEPS, top_p=0.9),
    ],
    ids=["greedy", "no repeats", "beam", "sample"],
)
def test_every_candidate_is_one_whole_method(base: Base, syntax: Syntax, decoding: Decoding) -> None:
    decoded = decode_batch(base, SOURCES, decoding, seed=3, syntax=syntax)
    texts = [to_text(base, one) for ranked in decoded for one in ranked]
    assert len(texts) == len(SOURCES) * decoding.candidates
    assert all(syntax_valid(text) for text in texts)
    assert all(one.finished for ranked in decoded for one in ranked)


def test_samples_are_drawn_from_the_model_as_far_as_it_may_go(base: Base, syntax: Syntax) -> None:
    decoding = Decoding(method="sample", candidates=3, max_tokens=STEPS)
    first = decode_batch(base, SOURCES, decoding, seed=1, syntax=syntax)
    assert decode_batch(base, SOURCES, decoding, seed=1, syntax=syntax) == first
    assert decode_batch(base, SOURCES, decoding, seed=2, syntax=syntax) != first


def test_a_fork_goes_its_own_way(base: Base, syntax: Syntax) -> None:
    guide = Guide(syntax, 100)
    for token in base.tokenizer("void f() { g(", verbose=False)["input_ids"][:-1]:
        guide.take(token)
    (close,) = base.tokenizer(")", verbose=False)["input_ids"][:1]
    forked = guide.fork()
    forked.take(close)
    assert guide.allows(close)
    assert not forked.allows(close)
    assert torch.equal(guide.allowed(VOCABULARY), guide.fork().allowed(VOCABULARY))


def test_a_tokenizer_that_cannot_be_read_is_said() -> None:
    with pytest.raises(UsageError, match="--constraint none"):
        Syntax(object())  # type: ignore[arg-type]
