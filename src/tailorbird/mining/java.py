"""Java source as declarations: types with their methods, constructors and fields (tree-sitter, never failing).

Broken code gives what the parser could recover. All walks are iterative, so that no nesting is too deep.
"""

from collections.abc import Iterator

from tree_sitter import Node, Parser

from tailorbird.mining.code import code_of
from tailorbird.mining.declarations import Annotation, Field, Import, JavaType, Method, Scope
from tailorbird.mining.syntax import LANGUAGE, one_line, span_of, text_of
from tailorbird.records import CONSTRUCTOR

_TYPES = {"class_declaration", "interface_declaration", "enum_declaration", "record_declaration"}
_BODIES = {"class_body", "interface_body", "enum_body", "enum_body_declarations", "ERROR"}
_MAIN_ROOTS = ("/src/main/java/", "/src/main/kotlin/")
_TEST_SEGMENTS = {"test", "tests", "testing", "it", "integration-test", "jmh"}


class JavaParser:
    """Parses one file after another."""

    def __init__(self) -> None:
        self._parser = Parser(LANGUAGE)

    def parse(self, path: str, source: bytes) -> tuple[JavaType, ...]:
        """All top-level and nested types of a file, outer before inner, in source order."""
        root = self._parser.parse(source).root_node
        package, imports = "", []
        for child in root.named_children:
            if child.type == "package_declaration":
                package = one_line(next((c for c in child.named_children if "identifier" in c.type), None))
            elif child.type == "import_declaration":
                imports.append(_import(child))
        scope = Scope(path, package, tuple(imports), _is_test(path, package, imports))
        return tuple(_type(name, node, scope, source) for name, node in _type_nodes(root))


def invoked_names(method: Method) -> set[str]:
    """Names of all methods that the body of a test's or helper's declaration calls."""
    if method.code is None:
        return set()
    called = (method.code.expressions[at] for at in method.code.calls)
    return {one.name for one in called if one.kind == "method_invocation"}


def _import(node: Node) -> Import:
    kinds = {child.type for child in node.children}
    name = one_line(next((c for c in node.named_children if "identifier" in c.type), None))
    return Import(name.replace(" ", ""), "static" in kinds, "asterisk" in kinds)


def _is_test(path: str, package: str, imports: list[Import]) -> bool:
    folder = path.rpartition("/")[0]
    inside = package.replace(".", "/")
    # A package may itself be called "test": only what lies above it says what kind of source root this is.
    root = folder.removesuffix(inside) if inside and f"/{folder}".endswith(f"/{inside}") else folder
    if any(one in f"/{root}/" for one in _MAIN_ROOTS):
        return False  # Test support that is shipped, such as a tester class, imports test frameworks too.
    if any(part.lower() in _TEST_SEGMENTS or part.endswith(("Test", "Tests", "test")) for part in root.split("/")):
        return True
    return any(
        one.name.startswith(("org.junit.", "org.testng.", "junit.framework")) or one.name == "org.junit"
        for one in imports
    )


def _type_nodes(root: Node) -> Iterator[tuple[str, Node]]:
    pending: list[tuple[str, Node]] = [("", root)]
    while pending:
        outer, node = pending.pop()
        if node.type in _TYPES:
            name = text_of(node.child_by_field_name("name"))
            if not name:
                continue
            outer = f"{outer}.{name}" if outer else name
            yield outer, node
            body = node.child_by_field_name("body")
            inner = [body] if body is not None else []
        else:
            inner = [child for child in node.named_children if child.type in _TYPES or child.type in _BODIES]
        pending.extend((outer, child) for child in reversed(inner))


def _type(name: str, node: Node, scope: Scope, source: bytes) -> JavaType:
    kept = source if scope.is_test else None
    methods: list[Method] = []
    constructors: list[Method] = []
    fields: list[Field] = []
    constants: list[str] = []
    parameters = node.child_by_field_name("parameters")
    if parameters is not None:  # a record
        constructors.append(_method(node, None, constructor=True))
    for member in _members(node):
        if member.type == "method_declaration":
            methods.append(_method(member, kept))
        elif member.type == "constructor_declaration":
            constructors.append(_method(member, kept, constructor=True))
        elif member.type in ("field_declaration", "constant_declaration"):
            fields.extend(_fields(member))
        elif member.type == "enum_constant":
            constants.append(text_of(member.child_by_field_name("name")))
    return JavaType(
        name=name,
        scope=scope,
        annotations=_annotations(node),
        type_parameters=_type_parameters(node),
        superclass=_superclass(node),
        interfaces=_interfaces(node),
        methods=tuple(methods),
        constructors=tuple(constructors),
        fields=tuple(fields),
        constants=tuple(constants),
        span=span_of(node, source) if scope.is_test else (node.start_byte, node.end_byte),
        closing=_closing(node, source),
    )


def _closing(node: Node, source: bytes) -> int:
    body = node.child_by_field_name("body") or node
    return body.end_byte - 1 if source[body.end_byte - 1 : body.end_byte] == b"}" else body.end_byte


def _members(node: Node) -> Iterator[Node]:
    pending = [node.child_by_field_name("body")]
    while pending:
        body = pending.pop()
        for child in body.named_children if body is not None else ():
            if child.type in _BODIES:
                pending.append(child)
            else:
                yield child


def _type_parameters(node: Node) -> tuple[tuple[str, str], ...]:
    declared = node.child_by_field_name("type_parameters")
    found = []
    for one in declared.named_children if declared is not None else ():
        name = next((child for child in one.named_children if child.type.endswith("identifier")), None)
        bound = next((child for child in one.named_children if child.type == "type_bound"), None)
        if name is not None:
            found.append((text_of(name), one_line(bound.named_children[0]) if bound and bound.named_children else ""))
    return tuple(found)


def _superclass(node: Node) -> str | None:
    clause = node.child_by_field_name("superclass")
    return one_line(clause.named_children[0]) if clause is not None and clause.named_children else None


def _interfaces(node: Node) -> tuple[str, ...]:
    names: list[str] = []
    for child in node.children:
        if child.type in ("super_interfaces", "extends_interfaces"):
            for part in child.named_children:
                names.extend(one_line(one) for one in part.named_children)
    return tuple(names)


def _modifiers(node: Node) -> tuple[str, ...]:
    first = next((child for child in node.children if child.type == "modifiers"), None)
    return tuple(child.type for child in first.children if not child.is_named) if first is not None else ()


def _annotations(node: Node) -> tuple[Annotation, ...]:
    first = next((child for child in node.children if child.type == "modifiers"), None)
    found = [c for c in first.named_children if c.type.endswith("annotation")] if first is not None else []
    return tuple(
        Annotation(
            one_line(one.child_by_field_name("name")).replace(" ", ""),
            one_line(one.child_by_field_name("arguments")).removeprefix("(").removesuffix(")"),
        )
        for one in found
    )


def _signature(node: Node) -> str:
    # A record's header has the class's modifiers, which are not its constructor's.
    parts = [] if node.type == "record_declaration" else list(_modifiers(node))
    for name in () if node.type == "record_declaration" else ("type_parameters", "type"):
        part = node.child_by_field_name(name)
        if part is not None:
            parts.append(one_line(part))
    head = text_of(node.child_by_field_name("name")) + one_line(node.child_by_field_name("parameters"))
    return " ".join([*parts, head])


def _method(node: Node, source: bytes | None, *, constructor: bool = False) -> Method:
    """``source`` is the file's where the body is to be kept."""
    record = node.type == "record_declaration"
    return Method(
        name=CONSTRUCTOR if constructor else text_of(node.child_by_field_name("name")),
        signature=_signature(node),
        parameters=_parameter_types(node),
        returns=one_line(node.child_by_field_name("type")) + one_line(node.child_by_field_name("dimensions")),
        modifiers=() if record else _modifiers(node),  # The header has those of the class.
        annotations=_annotations(node),
        text=text_of(node),
        line=node.start_point[0] + 1,
        end_line=node.end_point[0] + 1,
        has_body=not record and node.child_by_field_name("body") is not None,
        code=code_of(node) if source is not None else None,
        span=span_of(node, source) if source is not None else (node.start_byte, node.end_byte),
    )


def _parameter_types(node: Node) -> tuple[str, ...]:
    declared = node.child_by_field_name("parameters")
    types: list[str] = []
    for one in declared.named_children if declared is not None else ():
        if one.type == "formal_parameter":
            types.append(one_line(one.child_by_field_name("type")) + one_line(one.child_by_field_name("dimensions")))
        elif one.type == "spread_parameter":
            kind = next((c for c in one.named_children if c.type not in ("modifiers", "variable_declarator")), None)
            types.append(one_line(kind) + "...")
    return tuple(types)


def _fields(node: Node) -> Iterator[Field]:
    modifiers = _modifiers(node)
    kind = one_line(node.child_by_field_name("type"))
    for declarator in node.children_by_field_name("declarator"):
        name = text_of(declarator.child_by_field_name("name"))
        written = kind + one_line(declarator.child_by_field_name("dimensions"))
        declaration = " ".join([*modifiers, written, name])
        yield Field(name, written, declaration, "private" in modifiers, modifiers, text_of(node))
