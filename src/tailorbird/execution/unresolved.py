"""Names that javac does not know, by where its errors stand in a candidate's text."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from tree_sitter import Node

from tailorbird.execution.compiling import Refused
from tailorbird.execution.messages import CompileError
from tailorbird.execution.placing import PARSER, ClassText, read_candidate

_BEFORE, _AFTER = "class X {\n", "\n}\n"
_UNKNOWN = ("compiler.err.cant.resolve", "compiler.err.doesnt.exist")
_TYPE_HOLDERS = frozenset({"marker_annotation", "annotation", "method_reference", "field_access", "scoped_identifier"})


class Unresolved(NamedTuple):
    """A name that something has to bring."""

    name: str
    kind: Literal["type", "method"]


def unresolved(refused: Refused) -> tuple[Unresolved, ...]:
    """The types, and the methods that are called on no object, that a refused candidate lacks; each once, sorted."""
    before = "" if isinstance(read_candidate(refused.text), ClassText) else _BEFORE
    source = f"{before}{refused.text}{_AFTER if before else ''}".encode("utf-8", errors="replace")
    root = PARSER.parse(source).root_node
    found: set[Unresolved] = set()
    for error in refused.errors:
        if error.code.startswith(_UNKNOWN) and error.at >= 0:
            at = len(before) + _bytes(refused.text, error)
            node = root.named_descendant_for_byte_range(at, at)
            if node is not None:
                found.update(_missing(node))
    return tuple(sorted(found))


def _bytes(text: str, error: CompileError) -> int:
    """Offset in UTF-8 of one in UTF-16 units."""
    if text.isascii():
        return error.at
    before = text.encode("utf-16-le", errors="surrogatepass")[: 2 * error.at]
    return len(before.decode("utf-16-le", errors="replace").encode("utf-8", errors="replace"))


def _missing(node: Node) -> Iterator[Unresolved]:
    if node.type in ("scoped_type_identifier", "field_access", "scoped_identifier"):
        # ``Map.Entry``: javac takes what it does not know for a package, and points at the dot.
        while node.named_children and node.type in ("scoped_type_identifier", "field_access", "scoped_identifier"):
            node = node.named_children[0]
    name, parent = (node.text or b"").decode("utf-8", errors="replace"), node.parent
    if node.type == "type_identifier":
        yield Unresolved(name, "type")
    elif node.type != "identifier" or parent is None:
        return
    elif parent.type == "method_invocation":
        if parent.child_by_field_name("object") == node:
            if name[:1].isupper():
                yield Unresolved(name, "type")
        elif parent.child_by_field_name("name") == node and parent.child_by_field_name("object") is None:
            yield Unresolved(name, "method")
    elif parent.type in _TYPE_HOLDERS and name[:1].isupper() and parent.named_children[0] == node:
        yield Unresolved(name, "type")
