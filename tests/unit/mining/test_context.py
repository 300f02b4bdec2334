from dataclasses import replace
from pathlib import Path

import pytest

from tailorbird.config import MineConfig
from tailorbird.errors import UsageError
from tailorbird.mining.context import PUBLISHED, parse_level
from tailorbird.mining.dataset import load_data
from tailorbird.mining.neighbours import Nearest, with_neighbours
from tailorbird.mining.pipeline import mine
from tailorbird.mining.splits import class_of
from tailorbird.mining.tree import mine_tree
from tests import builders
from tests.unit.mining.java_projects import IMPORTS, JUNIT5, write

PRODUCTION = """package p;
class Foo {
    private int hidden;
    protected int seen = 1;
    Foo(int seen) { this.seen = seen; }
    private Foo() { }
    int run() { return seen; }
    int walk() { return 2; }
    private void secret() { }
}
"""
TEST = f"package p; {IMPORTS} class FooTest {{ @Test void run() {{ assertEquals(1, new Foo(1).run()); }} }}"


@pytest.mark.parametrize(
    ("level", "context"),
    [
        ("fm", "int run() {\n\treturn seen;\n}"),
        ("fm_fc", "Foo {\nint run() {\n\treturn seen;\n}\n}"),
        ("fm_fc_co", "Foo {\nint run() {\n\treturn seen;\n}\nFoo(int seen);\n}"),
        ("fm_fc_ms", "Foo {\nint run() {\n\treturn seen;\n}\nFoo(int seen);\nint walk();\n}"),
        ("fm_fc_ms_ff", "Foo {\nint run() {\n\treturn seen;\n}\nFoo(int seen);\nint walk();\nprotected int seen;\n}"),
    ],
)
def test_each_published_level_adds_to_the_one_before(tmp_path: Path, level: str, context: str) -> None:
    production = PRODUCTION.replace("{ return seen; }", "{\n        return seen;\n    }")
    write(tmp_path, {"src/main/java/p/Foo.java": production, "src/test/java/p/FooTest.java": TEST})
    (pair,) = mine_tree(tmp_path, published=level).pairs
    assert pair.focal.context == context


@pytest.mark.parametrize("published", PUBLISHED)
@pytest.mark.parametrize("added", ["", "+skeleton", "+neighbour", "+skeleton+neighbour"])
def test_a_level_is_written_as_it_is_read(published: str, added: str) -> None:
    assert str(parse_level(published + added)) == published + added


@pytest.mark.parametrize("text", ["", "fm_fc_xx", "fm+", "fm+both", "fm+skeleton+skeleton", "+neighbour"])
def test_other_levels_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no context level"):
        parse_level(text)


def test_mine_puts_beside_each_pair_what_the_level_says(tmp_path: Path) -> None:
    mine(str(JUNIT5), tmp_path / "plain", MineConfig(context="fm_fc_ms_ff"))
    manifest = mine(str(JUNIT5), tmp_path / "full", MineConfig(context="fm+skeleton+neighbour"))
    assert manifest.context_level == "fm+skeleton+neighbour"
    plain, full = load_data(tmp_path / "plain"), load_data(tmp_path / "full")
    assert {(pair.skeleton, pair.neighbour) for pair in plain.pairs} == {(None, None)}
    trained = {pair.id: pair for pair in full.split("train")}
    assert sum(pair.neighbour is not None for pair in full.pairs) > len(full.pairs) / 2
    for pair in full.pairs:
        assert pair.skeleton is not None
        assert pair.skeleton.startswith(pair.test.class_name.rpartition(".")[2])
        if pair.neighbour is None:  # Its cluster spans all other training pairs.
            continue
        shown = trained[pair.neighbour.pair_id]
        assert (shown.focal.text, shown.test.text) == (pair.neighbour.focal_text, pair.neighbour.test_text)
        assert class_of(shown) != class_of(pair)
        assert shown.cluster != pair.cluster


def test_no_neighbour_comes_from_the_own_class_or_cluster_or_from_held_out_pairs() -> None:
    def made(number: int, name: str, **changes: object) -> object:
        return builders.pair(number, focal=builders.focal(class_name=name), **changes)

    own = builders.pair(0, split="train")
    held_out = made(1, "Held", split="test")
    twin = made(2, "Twin", split="train", cluster=0)
    silent = made(3, "Silent", split="train", test=builders.case(assertions=()))
    other = made(4, "Other", split="train")
    pairs = (own, held_out, twin, silent)
    assert with_neighbours(pairs)[0].neighbour is None  # type: ignore[arg-type]
    shown = with_neighbours((*pairs, other))  # type: ignore[arg-type]
    assert shown[0].neighbour is not None
    assert shown[0].neighbour.pair_id == other.id  # type: ignore[attr-defined]
    assert all(pair.neighbour is None or pair.neighbour.pair_id != held_out.id for pair in shown)  # type: ignore[attr-defined]


def test_the_nearest_is_the_one_that_shares_rare_words() -> None:
    texts = ("int size() { return count; }", "String encode(byte[] data) { return hex(data); }", "void close() { }")
    training = [builders.pair(n, focal=builders.focal(text=text, class_name=f"C{n}")) for n, text in enumerate(texts)]
    query = builders.pair(
        9, focal=builders.focal(text="byte[] decode(String hex) { return data(hex); }", class_name="Q")
    )
    nearest = Nearest(training)
    assert nearest.most_similar(query) == nearest.from_elsewhere(query) == training[1]
    assert nearest.most_similar(training[2]) == training[2]
    assert nearest.from_elsewhere(training[2]) != training[2]
    assert Nearest([]).most_similar(query) is Nearest([]).from_elsewhere(query) is None
    assert replace(query, neighbour=None) == query
