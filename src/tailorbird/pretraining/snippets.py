"""Denoising examples: methods and constructors of Java files, each with its Javadoc, in canonical layout."""

from collections.abc import Iterator
from pathlib import Path

import tree_sitter_java
from tree_sitter import Language, Node, Parser, Query, QueryCursor

from tailorbird.java_text import canonical_layout
from tailorbird.mining.files import explodes
from tailorbird.storage import sha256_bytes

_LANGUAGE = Language(tree_sitter_java.language())
_METHODS = Query(_LANGUAGE, "[(method_declaration) (constructor_declaration)] @method")

MAX_FILE_BYTES = 1_000_000


def snippets(root: Path, *, min_characters: int = 60, max_characters: int = 2000) -> Iterator[str]:
    """Method texts of all Java files under ``root``, in path order, exact repeats left out."""
    parser = Parser(_LANGUAGE)
    seen: set[str] = set()
    for path in sorted(root.rglob("*.java")):
        source = path.read_bytes()
        if len(source) > MAX_FILE_BYTES or explodes(source):
            continue
        captures = QueryCursor(_METHODS).captures(parser.parse(source).root_node)
        # tree-sitter gives captures in no fixed order, and the corpus must be the same each time.
        for node in sorted(captures.get("method", []), key=lambda node: (node.start_byte, -node.end_byte)):
            text = canonical_layout(_with_comment(source, node).decode("utf-8", errors="replace"))
            digest = sha256_bytes(text.encode())
            if min_characters <= len(text) <= max_characters and digest not in seen:
                seen.add(digest)
                yield text


def _with_comment(source: bytes, node: Node) -> bytes:
    before = node.prev_sibling
    start = before.start_byte if before is not None and before.type == "block_comment" else node.start_byte
    return source[start : node.end_byte]
