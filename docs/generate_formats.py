"""Writes docs/formats.md from formats.template.md and the records' own descriptions: the two cannot drift apart.

``{{ Pair }}`` on a line of its own becomes the table of ``tailorbird.records.Pair``. Run with `make docs`.
"""

import ast
import re
from pathlib import Path

from tailorbird import records
from tailorbird.storage import atomic_file

HERE = Path(__file__).parent


def formats() -> str:
    """The text of docs/formats.md."""
    template = (HERE / "formats.template.md").read_text(encoding="utf-8")
    nouns = {node.name: node for node in _tree().body if isinstance(node, ast.ClassDef)}
    return re.sub(r"^\{\{ (\w+) \}\}$", lambda match: _table(nouns[match[1]]), template, flags=re.MULTILINE)


def _tree() -> ast.Module:
    return ast.parse(Path(records.__file__).read_text(encoding="utf-8"))


def _table(noun: ast.ClassDef) -> str:
    rows = ["| field | type | meaning |", "|---|---|---|"]
    for index, statement in enumerate(noun.body):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            rows.append(f"| `{statement.target.id}` | {_type(statement.annotation)} | {_meaning(noun.body, index)} |")
    return "\n".join(rows)


def _type(annotation: ast.expr) -> str:
    text = ast.unparse(annotation)
    for pattern, words in (
        (r"^tuple\[(\w+), \.\.\.\]$", r"list of \1"),
        (r"^tuple\[tuple\[(\w+), (\w+)\], \.\.\.\]$", r"list of [\1, \2]"),
        (r"^dict\[str, tuple\[int, \.\.\.\]\]$", "object of lists of int"),
        (r"^dict\[str, (.*)\]$", r"object of \1"),
    ):
        text = re.sub(pattern, words, text)
    return text.replace("None", "null").replace(" | ", " or ")


def _meaning(body: list[ast.stmt], index: int) -> str:
    following = body[index + 1] if index + 1 < len(body) else None
    if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
        return " ".join(str(following.value.value).replace("``", "`").split())
    return ""


if __name__ == "__main__":
    with atomic_file(HERE / "formats.md") as file:
        file.write(formats().encode())
