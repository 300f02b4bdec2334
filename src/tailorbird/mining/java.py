"""Java source as declarations: types with their methods, constructors and fields (tree-sitter, never failing).

Broken code gives what the parser could recover. All walks are iterative, so that no nesting is too deep.
"""

from collections.abc import Iterator

from tree_sitter import Node, Parser

from tailorbird.mining.code import read_code
from tailorbird.mining.declarations import (
    Annotation,
    Field,
    Import,
    JavaType,
    Method,
    Scope,
    TypeKind,
    code_of,
    encode_code,
)
from tailorbird.mining.names import unannotated
from tailorbird.mining.syntax import LANGUAGE, Text, span_of
from tailorbird.records import CONSTRUCTOR

_KINDS: dict[str, TypeKind] = {
    "class_declaration": "class",
    "interface_declaration": "interface",
    "enum_declaration": "enum",
    "record_declaration": "record",
}
_TYPES = frozenset(_KINDS)
_BODIES = {"class_body", "interface_body", "enum_body", "enum_body_declarations", "ERROR"}
_TYPES_AND_BODIES = _TYPES | _BODIES
_MAIN_ROOTS = ("/src/main/java/", "/src/main/kotlin/")
_TEST_SEGMENTS = {"test", "tests", "testing", "it", "integration-test", "jmh"}


class JavaParser:
    """Parses one file after another."""

    def __init__(self) -> None:
        self._parser = Parser(LANGUAGE)

    def parse(self, path: str, source: bytes) -> tuple[JavaType, ...]:
        """All top-level and nested types of a file, outer before inner, in source order."""
        root = self._parser.parse(source).root_node
        text = Text(source)
        package, imports = "", []
        for child in root.named_children:
            if child.type == "package_declaration":
                package = text.one_line(next((c for c in child.named_children if "identifier" in c.type), None))
            elif child.type == "import_declaration":
                imports.append(_import(child, text))
        scope = Scope(path, package, tuple(imports), _is_test(path, package, imports))
        reader = _TypeReader(scope, text)
        return tuple(reader.type(name, node) for name, node in _type_nodes(root, text))


def invoked_names(method: Method) -> set[str]:
    """Names of all methods that the body of a test's or helper's declaration calls."""
    code = code_of(method)
    if code is None:
        return set()
    called = (code.expressions[at] for at in code.calls)
    return {one.name for one in called if one.kind == "method_invocation"}


def _import(node: Node, text: Text) -> Import:
    children = node.children
    kinds = [child.type for child in children]
    name = next((child for child, kind in zip(children, kinds, strict=True) if "identifier" in kind), None)
    return Import(text.one_line(name).replace(" ", ""), "static" in kinds, "asterisk" in kinds)


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


def _type_nodes(root: Node, text: Text) -> Iterator[tuple[str, Node]]:
    pending: list[tuple[str, Node]] = [("", root)]
    while pending:
        outer, node = pending.pop()
        if node.type in _TYPES:
            name = text.of(node.child_by_field_name("name"))
            if not name:
                continue
            outer = f"{outer}.{name}" if outer else name
            yield outer, node
            body = node.child_by_field_name("body")
            inner = [body] if body is not None else []
        else:
            inner = [child for child in node.named_children if child.type in _TYPES_AND_BODIES]
        pending.extend((outer, child) for child in reversed(inner))


class _TypeReader:
    """Reads the types of one file."""

    def __init__(self, scope: Scope, text: Text) -> None:
        self._scope = scope
        self._text = text
        self._source = text.source

    def type(self, name: str, node: Node) -> JavaType:
        """One type, without those nested in it."""
        methods: list[Method] = []
        constructors: list[Method] = []
        fields: list[Field] = []
        constants: list[str] = []
        if node.child_by_field_name("parameters") is not None:  # a record
            constructors.append(self._method(node, constructor=True))
        for kind, member in _members(node):
            if kind == "method_declaration":
                methods.append(self._method(member))
            elif kind == "constructor_declaration":
                constructors.append(self._method(member, constructor=True))
            elif kind in ("field_declaration", "constant_declaration"):
                fields.extend(self._fields(member))
            elif kind == "enum_constant":
                constants.append(self._text.of(member.child_by_field_name("name")))
        return JavaType(
            name=name,
            kind=self._kind(node),
            private="private" in self._modifiers(node)[0],
            scope=self._scope,
            annotations=self._modifiers(node)[1],
            type_parameters=self._type_parameters(node),
            superclass=self._superclass(node),
            interfaces=self._interfaces(node),
            methods=tuple(methods),
            constructors=tuple(constructors),
            fields=tuple(fields),
            constants=tuple(constants),
            span=self._span(node),
            closing=self._closing(node),
        )

    def _kind(self, node: Node) -> TypeKind:
        kind = _KINDS[node.type]
        return "abstract class" if kind == "class" and "abstract" in self._modifiers(node)[0] else kind

    def _span(self, node: Node) -> tuple[int, int]:
        # Skeletons are cut from files with tests alone.
        return span_of(node, self._source) if self._scope.is_test else (node.start_byte, node.end_byte)

    def _closing(self, node: Node) -> int:
        end = (node.child_by_field_name("body") or node).end_byte
        return end - 1 if self._source[end - 1 : end] == b"}" else end

    def _type_parameters(self, node: Node) -> tuple[tuple[str, str], ...]:
        declared = node.child_by_field_name("type_parameters")
        found = []
        for one in declared.named_children if declared is not None else ():
            name = next((child for child in one.named_children if child.type.endswith("identifier")), None)
            bound = next((child for child in one.named_children if child.type == "type_bound"), None)
            if name is not None:
                limit = self._text.one_line(bound.named_children[0]) if bound and bound.named_children else ""
                found.append((self._text.of(name), limit))
        return tuple(found)

    def _superclass(self, node: Node) -> str | None:
        clause = node.child_by_field_name("superclass")
        return self._text.one_line(clause.named_children[0]) if clause is not None and clause.named_children else None

    def _interfaces(self, node: Node) -> tuple[str, ...]:
        names: list[str] = []
        for child in node.children:
            if child.type in ("super_interfaces", "extends_interfaces"):
                for part in child.named_children:
                    names.extend(self._text.one_line(one) for one in part.named_children)
        return tuple(names)

    def _modifiers(self, node: Node) -> tuple[tuple[str, ...], tuple[Annotation, ...]]:
        """``public static`` and the like, and annotations."""
        # They come first where there are any, but for a comment between.
        first = next((child for child in node.children if child.type == "modifiers"), None)
        if first is None:
            return (), ()
        modifiers: list[str] = []
        annotations: list[Annotation] = []
        for child in first.children:
            if not child.is_named:
                modifiers.append(child.type)
            elif child.type.endswith("annotation"):
                annotations.append(self._annotation(child))
        return tuple(modifiers), tuple(annotations)

    def _annotation(self, node: Node) -> Annotation:
        arguments = self._text.one_line(node.child_by_field_name("arguments"))
        name = self._text.one_line(node.child_by_field_name("name")).replace(" ", "")
        return Annotation(name, arguments.removeprefix("(").removesuffix(")"))

    def _method(self, node: Node, *, constructor: bool = False) -> Method:
        record = node.type == "record_declaration"
        modifiers, annotations = self._modifiers(node)
        if record:
            modifiers = ()  # The header has those of the class, which are not its constructor's.
        text, name = self._text, self._text.of(node.child_by_field_name("name"))
        returned = text.one_line(node.child_by_field_name("type")) if not record else ""
        declared = node.child_by_field_name("parameters")
        variables = text.one_line(node.child_by_field_name("type_parameters")) if not record else ""
        head = [*modifiers, variables, returned, name + text.one_line(declared)]
        return Method(
            name=CONSTRUCTOR if constructor else name,
            signature=" ".join([part for part in head if part]),
            parameters=self._parameter_types(declared),
            returns=returned + text.one_line(node.child_by_field_name("dimensions")),
            modifiers=modifiers,
            throws=self._thrown(node),
            annotations=annotations,
            text=text.of(node),
            line=node.start_point[0] + 1,
            end_line=node.end_point[0] + 1,
            has_body=not record and node.child_by_field_name("body") is not None,
            code=encode_code(read_code(node, text)) if self._scope.is_test and not record else b"",
            span=self._span(node) if not record else (node.start_byte, node.end_byte),
        )

    def _thrown(self, node: Node) -> tuple[str, ...]:
        clause = next((child for child in node.children if child.type == "throws"), None)
        return tuple(self._text.one_line(child) for child in clause.named_children) if clause is not None else ()

    def _parameter_types(self, declared: Node | None) -> tuple[str, ...]:
        types: list[str] = []
        for one in declared.named_children if declared is not None else ():
            if one.type == "formal_parameter":
                brackets = one.child_by_field_name("dimensions")
                written = self._text.one_line(one.child_by_field_name("type"))
                types.append(unannotated(written + self._text.one_line(brackets) if brackets is not None else written))
            elif one.type == "spread_parameter":
                kind = next((c for c in one.named_children if c.type not in ("modifiers", "variable_declarator")), None)
                types.append(unannotated(f"{self._text.one_line(kind)}..."))
        return tuple(types)

    def _fields(self, node: Node) -> Iterator[Field]:
        modifiers, _ = self._modifiers(node)
        kind, text = self._text.one_line(node.child_by_field_name("type")), self._text.of(node)
        for declarator in node.children_by_field_name("declarator"):
            name = self._text.of(declarator.child_by_field_name("name"))
            written = kind + self._text.one_line(declarator.child_by_field_name("dimensions"))
            declaration = " ".join([*modifiers, written, name])
            yield Field(name, written, declaration, "private" in modifiers, modifiers, text)


def _members(node: Node) -> Iterator[tuple[str, Node]]:
    pending = [node.child_by_field_name("body")]
    while pending:
        body = pending.pop()
        for child in body.named_children if body is not None else ():
            kind = child.type
            if kind in _BODIES:
                pending.append(child)
            else:
                yield kind, child
