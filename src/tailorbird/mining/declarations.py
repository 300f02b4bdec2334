"""Java declarations as mining sees them: types with their methods, constructors and fields."""

from dataclasses import dataclass

from tree_sitter import Node


@dataclass(frozen=True, slots=True)
class Import:
    """``import [static] name[.*];``"""

    name: str
    static: bool
    wildcard: bool


@dataclass(frozen=True, slots=True)
class Annotation:
    """``@name(arguments)``; the arguments as written, on one line, without the brackets around them."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Field:
    """One declared variable of a type."""

    name: str
    type: str
    declaration: str
    """Modifiers, type and name on one line, without the initialiser."""
    private: bool
    modifiers: tuple[str, ...]
    text: str
    """The whole declaration as written; that of several variables is the same for each."""


@dataclass(frozen=True, slots=True)
class Method:
    """A method or constructor declaration as written."""

    name: str
    signature: str
    parameters: tuple[str, ...]
    returns: str
    modifiers: tuple[str, ...]
    annotations: tuple[Annotation, ...]
    text: str
    line: int
    end_line: int
    has_body: bool
    node: Node | None
    """Kept for files with tests only: the calls inside are read from it later."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a file contributes to the meaning of a name in it."""

    path: str
    package: str
    imports: tuple[Import, ...]
    is_test: bool
    """The file lies under a test source root or imports a test framework."""


@dataclass(frozen=True, slots=True, eq=False)
class JavaType:
    """A class, interface, enum or record; ``name`` is ``Outer.Inner`` for a nested one. Compared by identity."""

    name: str
    scope: Scope
    annotations: tuple[Annotation, ...]
    type_parameters: tuple[tuple[str, str], ...]
    """Name and first bound of each, the bound empty where there is none."""
    superclass: str | None
    interfaces: tuple[str, ...]
    methods: tuple[Method, ...]
    constructors: tuple[Method, ...]
    """Declared ones, and a record's own, which has no body; each is called ``<init>``."""
    fields: tuple[Field, ...]
    constants: tuple[str, ...]
    """Names of an enum's constants."""

    @property
    def simple_name(self) -> str:
        """The last part of the name."""
        return self.name.rpartition(".")[2]

    @property
    def qualified_name(self) -> str:
        """With its package, where it has one."""
        return f"{self.scope.package}.{self.name}" if self.scope.package else self.name
