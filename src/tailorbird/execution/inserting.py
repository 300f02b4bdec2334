"""Candidates written into the source files of their test classes, as developers would add them."""

from collections.abc import Iterable, Iterator, Sequence

from tree_sitter import Node

from tailorbird.errors import DataError
from tailorbird.execution.placing import PARSER, TYPES, MethodText

_INDENT = "    "


def insert(
    source: str, class_name: str, candidates: Sequence[MethodText], *, also_taken: Iterable[str] = ()
) -> tuple[str, tuple[str, ...]]:
    """A source file with methods at the end of one of its classes, and the name that each has there.

    A name that the file has already, or that is ``also_taken``, gets a number. ``class_name`` has a dot before nested
    classes. Raises DataError where the file has no such class.
    """
    encoded = source.encode()
    root = PARSER.parse(encoded).root_node
    body = _body(root, class_name.split("."))
    if body is None:
        raise DataError(f"the file has no class {class_name}")
    taken = {*_method_names(root), *also_taken}
    names, texts = [], []
    indent = _INDENT * (class_name.count(".") + 1)
    for candidate in candidates:
        name, number = candidate.name, 1
        while name in taken:
            number += 1
            name = f"{candidate.name}{number}"
        taken.add(name)
        names.append(name)
        text = candidate.renamed(name).strip("\n")
        texts.append("\n" + _indented(text, indent) + "\n")
    # The closing brace may stand alone on its line, or not.
    end = body.end_byte - 1
    line = encoded.rfind(b"\n", 0, end) + 1
    at = line if not encoded[line:end].strip() and line > body.start_byte else end
    before = encoded[:at].decode()
    return before + ("" if before.endswith("\n") else "\n") + "".join(texts) + encoded[at:].decode(), tuple(names)


def _indented(text: str, indent: str) -> str:
    """The first line may have lost its indentation, or be indented as the rest: the whole is left as it is then."""
    lines = text.split("\n")
    rest = [line for line in lines[1:] if line.strip()]
    common = min((len(line) - len(line.lstrip()) for line in rest), default=0)
    if lines[0].startswith((" ", "\t")) or '"""' in text:
        return text
    return "\n".join([indent + lines[0], *(indent + line[common:] if line.strip() else line for line in lines[1:])])


def _body(root: Node, names: Sequence[str]) -> Node | None:
    place: Node | None = root
    for name in names:
        place = next((one for one in _children(place) if _name(one) == name), None) if place is not None else None
        place = place.child_by_field_name("body") if place is not None else None
    return place


def _children(place: Node) -> Iterator[Node]:
    for one in place.named_children:
        if one.type in TYPES:
            yield one
        elif one.type == "enum_body_declarations":
            yield from _children(one)


def _name(node: Node) -> str:
    name = node.child_by_field_name("name")
    return (name.text or b"").decode() if name is not None else ""


def _method_names(root: Node) -> Iterator[str]:
    stack = [root]
    while stack:
        node = stack.pop()
        if node.type == "method_declaration":
            yield _name(node)
        stack += node.named_children
