"""Java as text: lexemes that need no parser, and one canonical layout.

Both work on broken code too, which a generated candidate may be; tree-sitter is used where structure matters.
"""

import re
from itertools import pairwise

_NAME = r"[^\W\d]\w*|[$]\w*"
_COMMENT = r"//[^\n]*|/\*.*?(?:\*/|\Z)"
_TEXT_BLOCK = r"\"\"\".*?(?:\"\"\"|\Z)"
_OTHER = r"""
    "(?:\\.|[^"\\\n])*"?
  | '(?:\\.|[^'\\\n])*'?
  | (?:0[xXbB][0-9a-fA-F_]+|\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d+)?|\.\d[\d_]*(?:[eE][+-]?\d+)?)[fFdDlL]?
  | >>>=|<<=|>>=|\.\.\.|->|::|\+\+|--|&&|\|\||[=!<>+\-*/&|^%]=|<<
  | \S
"""
# Names first, of which there are most. The only group is what is no comment: a list of groups is quick to have.
_LEXEME = re.compile(rf"(?:{_COMMENT})|({_NAME}|{_TEXT_BLOCK}|{_OTHER})", re.VERBOSE | re.DOTALL)
_BLOCK = re.compile(rf"(?:{_COMMENT}|{_NAME})|(?P<text>{_TEXT_BLOCK})|(?:{_OTHER})", re.VERBOSE | re.DOTALL)

INDENT_WIDTH_OF_TAB = 4
_BLANK = " \t\f"


def lexemes(text: str) -> list[str]:
    """Java lexemes of ``text`` in order, comments and white space left out; never fails.

    ``>>`` is given as two ``>``, because without a parser it may close two type arguments.
    """
    return [lexeme for lexeme in _LEXEME.findall(text) if lexeme]


def canonical_layout(text: str) -> str:
    """``text`` with its own indentation taken away and each remaining level written as one tab.

    The level's width is that of the first line inside the first brace (4 or 2 in most projects; a wrapped signature is
    often indented twice as far). Line endings become ``\\n``, trailing blanks and blank lines go; text blocks and
    literals stay as they are. Models read and write this layout: it keeps lines, and so line comments, at about one
    token a line.
    """
    lines = [_tabs_expanded(line.rstrip(_BLANK)) for line in _logical_lines(text)]
    lines = [line for line in lines if line]
    if not lines:
        return ""
    # A method cut out of its class starts at column 0 on its first line only; the closing line shows its real margin.
    margin = min((_indent(line) for line in lines[1:]), default=0)
    body = [lines[0].lstrip(_BLANK)] + [line[margin:] for line in lines[1:]]
    unit = _level_width(body)
    return "\n".join("\t" * (_indent(line) // unit) + line.lstrip(_BLANK) for line in body)


def _logical_lines(text: str) -> list[str]:
    """Lines as Java ends them; a text block's own line breaks end none, because its blanks are part of its value."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if '"""' not in text:
        return text.split("\n")
    lines, start = [], 0
    blocks = [match.span() for match in _BLOCK.finditer(text) if match.lastgroup == "text"]
    for end in (match.start() for match in re.finditer("\n", text)):
        if not any(first <= end < last for first, last in blocks):
            lines.append(text[start:end])
            start = end + 1
    return [*lines, text[start:]]


def _tabs_expanded(line: str) -> str:
    """Only in front: a tab further on may stand in a literal."""
    code = line.lstrip(_BLANK)
    return line[: len(line) - len(code)].replace("\f", "").expandtabs(INDENT_WIDTH_OF_TAB) + code


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _level_width(lines: list[str]) -> int:
    opened = next((below for line, below in pairwise(lines) if line.endswith("{")), "")
    if _indent(opened) > 1:
        return _indent(opened)
    # One column is the star of a comment, not a level.
    return min((width for line in lines if (width := _indent(line)) > 1), default=4)


def expand_layout(text: str, *, indent: str = "    ", margin: str = "") -> str:
    """The inverse for readers: each leading tab of ``text`` becomes ``indent``, each line starts with ``margin``."""
    expanded = []
    for line in text.split("\n"):
        bare = line.lstrip("\t")
        expanded.append(margin + indent * (len(line) - len(bare)) + bare)
    return "\n".join(expanded)
