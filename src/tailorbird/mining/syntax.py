"""The grammar, and text of its nodes."""

import tree_sitter_java
from tree_sitter import Language, Node

LANGUAGE = Language(tree_sitter_java.language())


class Text:
    """A file's text, cut by its nodes' byte offsets."""

    __slots__ = ("_source", "source")

    def __init__(self, source: bytes) -> None:
        self.source = source
        # Bytes and characters are mostly the same, and cutting a string is cheaper than asking a node for its text.
        self._source: str | None = source.decode("ascii") if source.isascii() else None

    def of(self, node: Node | None) -> str:
        """A node's source text; empty for none."""
        if node is None:
            return ""
        if self._source is not None:
            return self._source[node.start_byte : node.end_byte]
        return self.source[node.start_byte : node.end_byte].decode("utf-8", errors="replace")

    def one_line(self, node: Node | None) -> str:
        """A node's source text with all white space as single spaces."""
        return " ".join(self.of(node).split())


def span_of(node: Node, source: bytes) -> tuple[int, int]:
    """The bytes of ``node``'s lines, with the comments that belong to it and the empty lines above."""
    start = node.start_byte
    before = node.prev_sibling
    while before is not None and before.type.endswith("comment"):
        line = source.rfind(b"\n", 0, before.start_byte) + 1
        if source[line : before.start_byte].strip():
            break  # At the end of another member's line.
        start, before = before.start_byte, before.prev_sibling
    line = source.rfind(b"\n", 0, start) + 1
    if not source[line:start].strip():
        start = line
        while (above := source.rfind(b"\n", 0, max(start - 1, 0)) + 1) < start and not source[above:start].strip():
            start = above
    end = source.find(b"\n", node.end_byte)
    end = len(source) if end < 0 else end + 1
    return start, end if not source[node.end_byte : end].strip() else node.end_byte
