"""Canonical layout changes white space between lexemes, and nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from tailorbird.java_text import canonical_layout, expand_layout, lexemes

_LEXEMES = st.sampled_from(
    [
        "void",
        "f",
        "$x_1",
        "(",
        ")",
        "{",
        "}",
        ";",
        "->",
        "::",
        ">>>=",
        "0x1F",
        "1_000L",
        "3.5e-3f",
        "'\\''",
        '"a\\"b"',
        '"tab\there  "',
        '"// no comment"',
        '"\u2028"',
        '"""\n    two\n\n  lines  \n    """',
    ]
)
_BLANKS = st.sampled_from([" ", "  ", "\t", "\n", "\r\n", "\n\n", "\n    ", "\n  ", "\n\t\t", "\n            ", " \n"])
_CODE = st.lists(st.tuples(_BLANKS, _LEXEMES), max_size=30).map(lambda parts: "".join(a + b for a, b in parts))

METHOD = """    @Test
    public void encodesTheEmptyString(String input,
            int length)
            throws IOException {
        if (length > 0) {
            encode(input); // once
        }

        assertEquals(0, length);
    }
"""


@given(_CODE)
def test_layout_preserves_lexemes(code: str) -> None:
    assert lexemes(canonical_layout(code)) == lexemes(code)


@given(st.one_of(_CODE, st.text()))
def test_layout_is_idempotent(text: str) -> None:
    once = canonical_layout(text)
    assert canonical_layout(once) == once


@given(_CODE)
def test_expanding_and_laying_out_again_gives_the_same(code: str) -> None:
    once = canonical_layout(code)
    assert canonical_layout(expand_layout(once)) == once


@given(st.text())
def test_lexemes_never_fail_and_keep_every_visible_character_outside_comments(text: str) -> None:
    joined = "".join(lexemes(text))
    if "/" not in text:
        assert "".join(joined.split()) == "".join(text.split())


def test_a_wrapped_signature_does_not_set_the_level() -> None:
    assert canonical_layout(METHOD) == "\n".join(
        [
            "@Test",
            "public void encodesTheEmptyString(String input,",
            "\t\tint length)",
            "\t\tthrows IOException {",
            "\tif (length > 0) {",
            "\t\tencode(input); // once",
            "\t}",
            "\tassertEquals(0, length);",
            "}",
        ]
    )


def test_levels_are_the_same_whatever_the_project_indents_with() -> None:
    two = "void f() {\n  if (a) {\n    g();\n  }\n}"
    tabs = two.replace("  ", "\t")
    assert canonical_layout(two) == canonical_layout(tabs) == "void f() {\n\tif (a) {\n\t\tg();\n\t}\n}"


def test_a_text_block_keeps_its_blank_lines_and_indentation() -> None:
    block = '"""\n            first\n\n              second\n            """'
    code = f"    void f() {{\n        String s = {block};\n    }}"
    assert canonical_layout(code) == f"void f() {{\n\tString s = {block};\n}}"


def test_expanded_lines_carry_margin_and_indent() -> None:
    assert expand_layout("void f() {\n\tg();\n}", indent="  ", margin="    ") == "    void f() {\n      g();\n    }"


def test_no_text_has_no_layout() -> None:
    assert canonical_layout(" \n\t\n") == ""


def test_lexemes_of_nested_type_arguments_are_single_brackets() -> None:
    assert lexemes("List<List<A>> a = b >>> 2; // c") == [
        *["List", "<", "List", "<", "A", ">", ">", "a", "=", "b"],
        *[">", ">", ">", "2", ";"],
    ]
