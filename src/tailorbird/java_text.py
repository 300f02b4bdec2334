"""Java as text: lexemes that need no parser, and one canonical layout.

Both work on broken code too, which a generated candidate may be; tree-sitter is used where structure matters.
"""

import re

_LEXEME = re.compile(
    r"""
    (?P<comment>//[^\n]*|/\*.*?(?:\*/|\Z))
  | (?P<text>\"\"\".*?(?:\"\"\"|\Z))
  | (?P<string>"(?:\\.|[^"\\\n])*"?)
  | (?P<character>'(?:\\.|[^'\\\n])*'?)
  | (?P<number>(?:0[xXbB][0-9a-fA-F_]+|\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d+)?|\.\d[\d_]*(?:[eE][+-]?\d+)?)[fFdDlL]?)
  | (?P<name>[^\W\d]\w*|[$]\w*)
  | (?P<operator>>>>=|<<=|>>=|\.\.\.|->|::|\+\+|--|&&|\|\||[=!<>+\-*/&|^%]=|<<)
  | (?P<other>\S)
    """,
    re.VERBOSE | re.DOTALL,
)

INDENT_WIDTH_OF_TAB = 4


def lexemes(text: str) -> list[str]:
    """Java lexemes of ``text`` in order, comments and white space left out; never fails.

    ``>>`` is given as two ``>``, because without a parser it may close two type arguments.
    """
    return [match.group() for match in _LEXEME.finditer(text) if match.lastgroup != "comment"]


def canonical_layout(text: str) -> str:
    """``text`` with its own indentation taken away and each remaining level written as one tab.

    The level's width is that of the first indented line (4 or 2 in most projects). Line endings become ``\\n``, trailing
    blanks and blank lines go. Models read and write this layout: it keeps lines, and so line comments, at about one
    token a line.
    """
    lines = [line.expandtabs(INDENT_WIDTH_OF_TAB).rstrip() for line in text.splitlines()]
    lines = [line for line in lines if line]
    if not lines:
        return ""
    # A method cut out of its class starts at column 0 on its first line only; the closing line shows its real margin.
    margin = min((_indent(line) for line in lines[1:]), default=0)
    body = [lines[0].lstrip()] + [line[margin:] for line in lines[1:]]
    unit = next((width for line in body if 1 < (width := _indent(line)) <= 8), 4)
    return "\n".join("\t" * (_indent(line) // unit) + line.lstrip() for line in body)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def expand_layout(text: str, *, indent: str = "    ", margin: str = "") -> str:
    """The inverse for readers: each leading tab of ``text`` becomes ``indent``, each line starts with ``margin``."""
    expanded = []
    for line in text.split("\n"):
        bare = line.lstrip("\t")
        expanded.append(margin + indent * (len(line) - len(bare)) + bare)
    return "\n".join(expanded)
