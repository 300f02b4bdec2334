"""What studies are measured on is found in a corpus, exactly."""

from hypothesis import given
from hypothesis import strategies as st

from tailorbird.java_text import lexemes
from tailorbird.mining.similarity import SHINGLE
from tailorbird.pretraining.overlap import ALIKE, Overlap, StudyMethods
from tailorbird.records import Provenance

METHOD = """\
/** Adds. */
public int add(final int first, final int second) {
    // By hand.
    return first + second;
}"""
OTHER = "void close() throws IOException { for (Closeable one : opened) { one.close(); } opened.clear(); }"


def shingles(text: str) -> set[tuple[str, ...]]:
    words = lexemes(text)
    return {tuple(words[at : at + SHINGLE]) for at in range(max(1, len(words) - SHINGLE + 1))}


words = st.lists(st.sampled_from(list("abcd;(){}")), max_size=16).map(" ".join)


@given(studies=st.lists(words, max_size=8), text=words, alike=st.sampled_from([0.3, 0.5, ALIKE, 1.0]))
def test_the_most_similar_method_is_found_and_none_is_missed(studies: list[str], text: str, alike: float) -> None:
    expected = [len(shingles(text) & shingles(one)) / len(shingles(text) | shingles(one)) for one in studies]
    found = StudyMethods(studies, alike=alike).most_like(text)
    if max(expected, default=0.0) < alike:
        assert found is None
    else:
        assert found is not None
        assert found[1] == max(expected) == expected[found[0]]


def test_layout_and_comments_hide_nothing_and_small_changes_little() -> None:
    methods = StudyMethods([OTHER, METHOD])
    assert methods.most_like("public int add(final int first,final int second){return first+second;}") == (1, 1.0)
    found = methods.most_like(METHOD.replace("public ", "protected "))
    assert found is not None
    assert found[0] == 1
    assert ALIKE <= found[1] < 1
    assert methods.most_like(METHOD.replace("first", "one").replace("second", "two")) is None


def test_what_was_left_out_is_counted_for_the_project_that_has_it() -> None:
    sources = [Provenance(kind="path", location=name) for name in ("ours", "theirs", "none")]
    overlap = Overlap([(sources[0], [METHOD]), (sources[1], [OTHER, "void none() {}"]), (sources[2], [])])
    assert overlap.has(OTHER)
    assert overlap.has("int unlike(int a) { return a - a - a - a; }", OTHER)
    assert not overlap.has("int unlike(int a) { return a - a - a - a; }")
    report = overlap.report()
    assert [one.source for one in report] == sources
    assert [(one.methods, one.found, one.removed) for one in report] == [(1, 0, 0), (2, 1, 2), (0, 0, 0)]


def test_without_studies_nothing_is_left_out() -> None:
    overlap = Overlap(())
    assert not overlap.has(METHOD)
    assert overlap.report() == ()
