"""What the parser sees in a candidate: is it one whole method, and does it call the focal method?"""

from collections.abc import Iterator

import tree_sitter_java
from tree_sitter import Language, Node, Parser

from tailorbird.records import CONSTRUCTOR, FocalMethod

_PARSER = Parser(Language(tree_sitter_java.language()))
_BEFORE, _AFTER = b"class X {\n", b"\n}\n"


def syntax_valid(candidate: str) -> bool:
    """Whether ``candidate`` is exactly one method with a body, without any error (the grammar is tree-sitter's)."""
    root = parsed_in_class(candidate)
    if root.has_error:
        return False
    # Text after a closing brace of its own would end the class early and stand beside it.
    if [child.type for child in root.named_children] != ["class_declaration"]:
        return False
    body = root.named_children[0].child_by_field_name("body")
    members = [child for child in body.named_children if not child.type.endswith("comment")] if body else []
    return (
        len(members) == 1
        and members[0].type == "method_declaration"
        and members[0].child_by_field_name("body") is not None
    )


def calls_focal(candidate: str, focal: FocalMethod) -> bool:
    """Whether ``candidate`` calls what it is to test; of a constructor, creates its class."""
    if focal.name == CONSTRUCTOR:
        return creates(candidate, focal.class_name.rpartition(".")[2])
    return calls_method(candidate, focal.name)


def calls_method(candidate: str, name: str) -> bool:
    """Whether an invocation or a method reference in ``candidate`` names ``name``; broken code is searched as well."""
    return any(_called_name(node) == name for node in walk(parsed_in_class(candidate)))


def creates(candidate: str, class_name: str) -> bool:
    """Whether ``candidate`` calls a constructor of ``class_name`` (its simple name) with ``new`` or ``::new``."""
    return any(_created_name(node) == class_name for node in walk(parsed_in_class(candidate)))


def parsed_in_class(candidate: str) -> Node:
    """The root of ``candidate`` inside a class of its own."""
    # A lone surrogate cannot come from a parser's input, but can from a model's bytes.
    return _PARSER.parse(_BEFORE + candidate.encode("utf-8", errors="replace") + _AFTER).root_node


def _called_name(node: Node) -> str | None:
    if node.type == "method_invocation":
        named = node.child_by_field_name("name")
    elif node.type == "method_reference":
        named = node.named_children[-1] if node.named_child_count > 1 else None
    else:
        return None
    return named.text.decode("utf-8", errors="replace") if named is not None and named.text else None


def _created_name(node: Node) -> str | None:
    if node.type == "object_creation_expression":
        named = node.child_by_field_name("type")
    elif node.type == "method_reference" and node.children[-1].type == "new":
        named = node.named_children[0]
    else:
        return None
    if named is None or not named.text:
        return None
    return named.text.decode("utf-8", errors="replace").partition("<")[0].rpartition(".")[2].strip()


def walk(root: Node) -> Iterator[Node]:
    """``root`` and all named nodes below it."""
    # Iterative: a candidate may nest deeper than Python's stack.
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(node.named_children)
