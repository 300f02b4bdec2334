"""Writes formats.md and settings.md from their templates and the code's own descriptions: they cannot drift apart.

``{{ Pair }}`` on a line of its own becomes the table of ``tailorbird.records.Pair``, or of the class of that name in
another module of `MODULES`; of settings with what they are by default. Run with `make docs`.
"""

import ast
import importlib.util
import json
import re
from collections.abc import Mapping
from pathlib import Path

from tailorbird import config
from tailorbird.storage import atomic_file

HERE = Path(__file__).parent
MODULES = ("tailorbird.records", "tailorbird.config", "tailorbird.pretraining.corpus")
PAGES = ("formats", "settings")


def page(name: str) -> str:
    """The text of a page of these docs."""
    template = (HERE / f"{name}.template.md").read_text(encoding="utf-8")
    tables: dict[str, str] = {}
    aliases: dict[str, ast.expr] = {}
    for tree in map(_tree, MODULES):
        aliases |= _aliases(tree)
        tables |= {node.name: _table(node, aliases) for node in tree.body if isinstance(node, ast.ClassDef)}
    return re.sub(r"^\{\{ (\w+) \}\}$", lambda match: tables[match[1]], template, flags=re.MULTILINE)


def _tree(module: str) -> ast.Module:
    found = importlib.util.find_spec(module)
    assert found is not None
    assert found.origin is not None
    return ast.parse(Path(found.origin).read_text(encoding="utf-8"))


def _table(noun: ast.ClassDef, aliases: Mapping[str, ast.expr]) -> str:
    settings = noun.name.endswith(("Config", "List"))
    rows = ["| setting | type | default | meaning |", "|---|---|---|---|"] if settings else [
        "| field | type | meaning |", "|---|---|---|"
    ]  # fmt: skip
    for index, statement in enumerate(noun.body):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            default = f" {_default(statement.value)} |" if settings else ""
            kind, meaning = _type(statement.annotation, aliases), _meaning(noun.body, index)
            # TOML has no null: a setting that may be none is left out.
            kind = kind.removesuffix(" or null") if settings else kind
            rows.append(f"| `{statement.target.id}` | {kind} |{default} {meaning} |")
    return "\n".join(rows)


def _default(value: ast.expr | None) -> str:
    if value is None:
        return "to be given"
    if isinstance(value, ast.Call):
        return "`{}`"
    if isinstance(value, ast.Name):
        return f"`{getattr(config, value.id)}`"
    if isinstance(value, ast.Constant) and value.value is None:
        return "none"
    literal = ast.literal_eval(value)
    return f"`{json.dumps(literal) if not isinstance(literal, float) else format(literal, 'g')}`"


_WORDS = (
    (r"^Literal\[([^\]]*)\]", r"one of \1"),
    (r"Annotated\[(\w+), msgspec\.Meta\(ge=0, le=1\)\]", r"\1, 0 to 1"),
    (r"Annotated\[(\w+), msgspec\.Meta\(gt=0, le=1\)\]", r"\1, above 0 and at most 1"),
    (r"Annotated\[(\w+), msgspec\.Meta\(ge=(\d+)\)\]", r"\1, \2 or more"),
    (r"Annotated\[(\w+), msgspec\.Meta\(gt=0\)\]", r"\1, above 0"),
    (r"Annotated\[(\w+), msgspec\.Meta\(ge=\d+, multiple_of=(\d+)\)\]", r"\1, a multiple of \2"),
    (r"^tuple\[(\w+), \.\.\.\]$", r"list of \1"),
    (r"^tuple\[tuple\[(\w+), (\w+)\], \.\.\.\]$", r"list of [\1, \2]"),
    (r"^dict\[str, tuple\[int, \.\.\.\]\]$", "object of lists of int"),
    (r"^dict\[str, dict\[str, (.*)\]\]$", r"table of tables of \1"),
    (r"^dict\[str, (.*)\]$", r"object of \1"),
)


def _type(annotation: ast.expr, aliases: Mapping[str, ast.expr]) -> str:
    text = ast.unparse(_Expanded(aliases).visit(ast.parse(ast.unparse(annotation), mode="eval").body))
    for pattern, words in _WORDS:
        text = re.sub(pattern, words, text)
    return text.replace("None", "null").replace(" | ", " or ")


class _Expanded(ast.NodeTransformer):
    """Puts what a name stands for in its place."""

    def __init__(self, aliases: Mapping[str, ast.expr]) -> None:
        self._aliases = aliases

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._aliases.get(node.id, node)


def _aliases(tree: ast.Module) -> dict[str, ast.expr]:
    """``Count: TypeAlias = Annotated[int, ...]``"""
    return {
        node.target.id: node.value
        for node in tree.body
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and ast.unparse(node.annotation) == "TypeAlias"
        and node.value is not None
    }


def _meaning(body: list[ast.stmt], index: int) -> str:
    following = body[index + 1] if index + 1 < len(body) else None
    if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
        return " ".join(str(following.value.value).replace("``", "`").split())
    return ""


if __name__ == "__main__":
    for name in PAGES:
        with atomic_file(HERE / f"{name}.md") as file:
            file.write(page(name).encode())
