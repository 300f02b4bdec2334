"""What a test file says without its tests: imports, types, fields, helpers."""

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

import tree_sitter_java
from tree_sitter import Language, Node, Parser

from tailorbird.generation.types import Form, Forms
from tailorbird.records import TestClass

_PARSER = Parser(Language(tree_sitter_java.language()))
_TAKEN = {"formal_parameter", "spread_parameter"}
_TYPES = {"class_declaration", "interface_declaration", "enum_declaration", "record_declaration"}

Typed = Mapping[str, str | None]
"""Names, with the simple name of the type of each; None where it is not known."""


@dataclass(frozen=True, slots=True)
class Import:
    """``import [static] name[.*];``"""

    name: str
    static: bool
    wildcard: bool

    @property
    def simple(self) -> str:
        """The last part of the name."""
        return self.name.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands around the tests of one class."""

    imports: tuple[Import, ...]
    types: frozenset[str]
    """Declared in the file, type parameters too."""
    variables: frozenset[str]
    """These type parameters."""
    fields: Typed
    methods: Typed
    forms: Mapping[str, Forms]
    superclass: str | None

    @classmethod
    def of(cls, file: TestClass) -> "Surroundings":
        """Read from the file without any test."""
        reader = _FileReader(file.class_name)
        waiting = [_PARSER.parse(file.text.encode()).root_node]
        while waiting:
            waiting.extend(reader.read(waiting.pop()))
        return cls(
            imports=tuple(reader.imports),
            types=frozenset(reader.types),
            variables=frozenset(reader.variables),
            fields=reader.fields,
            methods=reader.methods,
            forms=reader.forms,
            superclass=reader.superclass,
        )


class _FileReader:
    def __init__(self, own: str) -> None:
        self._own, self._around = own.rpartition(".")[2], own.split(".")
        self.imports: list[Import] = []
        self.types: set[str] = set()
        self.variables: set[str] = set()
        self.fields: dict[str, str | None] = {}
        self.methods: dict[str, str | None] = {}
        self.forms: dict[str, Forms] = {}
        self.superclass: str | None = None

    def read(self, node: Node) -> list[Node]:
        """Note what ``node`` declares; the nodes in it that may declare more."""
        handle = _NOTED.get(node.type)
        if handle is not None:
            handle(self, node)
            return []
        if node.type in _TYPES:
            name = _text(node.child_by_field_name("name"))
            self.types.add(name)
            above = node.child_by_field_name("superclass")
            if name == self._own and above is not None:
                self.superclass = simple_type(_text(above).removeprefix("extends"))
            if name not in self._around:
                return []  # What another class declares is its own: of this one only its name is seen.
        return node.named_children

    def note_import(self, node: Node) -> None:
        text = _text(node).removeprefix("import").rstrip(";").strip()
        static = text.startswith("static ")
        name = text.removeprefix("static ").strip()
        self.imports.append(Import(name.removesuffix(".*"), static, name.endswith(".*")))

    def note_type_parameter(self, node: Node) -> None:
        found = {_text(child) for child in node.named_children if child.type == "type_identifier"}
        self.types |= found
        self.variables |= found

    def note_field(self, node: Node) -> None:
        written = _text(node.child_by_field_name("type"))
        for one in node.children_by_field_name("declarator"):
            # ``int name[]`` is an array too.
            of = simple_type(written + _text(one.child_by_field_name("dimensions")))
            self.fields[_text(one.child_by_field_name("name"))] = of

    def note_constant(self, node: Node) -> None:
        self.fields[_text(node.child_by_field_name("name"))] = None

    def note_method(self, node: Node) -> None:
        of = simple_type(_text(node.child_by_field_name("type")))
        name = _text(node.child_by_field_name("name"))
        declared = node.child_by_field_name("parameters")
        self.methods[name] = of
        thrown = next((child for child in node.children if child.type == "throws"), None)
        form = form_of(
            [
                _parameter(one)
                for one in (declared.named_children if declared is not None else ())
                if one.type in _TAKEN
            ],
            of,
            [_text(one) for one in (thrown.named_children if thrown is not None else ())],
            self.variables | _variables(node),
        )
        self.forms[name] = (*self.forms.get(name, ()), form)


_NOTED = {
    "import_declaration": _FileReader.note_import,
    "type_parameter": _FileReader.note_type_parameter,
    "field_declaration": _FileReader.note_field,
    "enum_constant": _FileReader.note_constant,
    "method_declaration": _FileReader.note_method,
}


def form_of(
    parameters: Sequence[str], returns: str | None, throws: Sequence[str], variables: Container[str] = ()
) -> Form:
    """The form of a method with these types as written; type ``variables`` may be anything."""
    types = [simple_type(one) for one in parameters]
    return Form(
        tuple(None if one is not None and one.removesuffix("[]") in variables else one for one in types),
        returns,
        bool(parameters) and parameters[-1].rstrip().endswith("..."),
        tuple(one for one in map(simple_type, throws) if one is not None),
    )


def _variables(method: Node) -> set[str]:
    declared = method.child_by_field_name("type_parameters")
    named = [one.named_children for one in (declared.named_children if declared is not None else ())]
    return {_text(child) for children in named for child in children if child.type.endswith("identifier")}


def _parameter(node: Node) -> str:
    """Type of a parameter as written."""
    if node.type == "spread_parameter":
        kinds = [child for child in node.named_children if child.type not in {"modifiers", "variable_declarator"}]
        return _text(kinds[0] if kinds else None) + "..."
    return _text(node.child_by_field_name("type")) + _text(node.child_by_field_name("dimensions"))


def simple_type(written: str | None) -> str | None:
    """``Entry`` of ``java.util.Map.Entry<K, V>``, ``byte[]`` of ``byte[]``; None of nothing and of type parameters."""
    text = re.sub(r"<.*>|@\w+(\([^)]*\))?", "", written or "", flags=re.DOTALL).strip()
    arrays = text.count("[") + text.count("...")
    simple = text.partition("[")[0].replace("...", "").strip().rpartition(".")[2]
    if not simple or (len(simple) == 1 and simple.isupper()):
        return None
    return simple + "[]" * arrays


def _text(node: Node | None) -> str:
    return node.text.decode("utf-8", errors="replace") if node is not None and node.text else ""
