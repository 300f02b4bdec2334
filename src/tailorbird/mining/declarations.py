"""Java declarations as mining sees them: types with their methods, constructors and fields.

Plain data, and no syntax tree: a file that has not changed need not be parsed again, and one process can read for
another. A project makes millions of these, so they are the kind of record that is cheapest to make, to encode and to
keep: they hold no cycles, and the garbage collector need not look at them.
"""

from typing import Literal

import msgspec


class Import(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """``import [static] name[.*];``"""

    name: str
    static: bool
    wildcard: bool


class Annotation(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """``@name(arguments)``; the arguments as written, on one line, without the brackets around them."""

    name: str
    arguments: str


class Field(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One declared variable of a type."""

    name: str
    type: str
    declaration: str
    """Modifiers, type and name on one line, without the initialiser."""
    private: bool
    modifiers: tuple[str, ...]
    text: str
    """The whole declaration as written; that of several variables is the same for each."""


CAUGHT = "caught"
"""Such a ``fail`` says that something must not be thrown, and looks at no call's result."""


class Expression(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An expression in a body, its parts as positions in `Code.expressions`, -1 for none or one nested too deep."""

    kind: str
    """The grammar's name for it."""
    start: int
    end: int
    """Byte offsets in the file; in order of ``end`` calls are in order of execution."""
    name: str = ""
    """Of a call, its method; of a field access, the field; of an operation, the operator."""
    text: str = ""
    """An identifier, a literal's last character, the type of a creation or a cast, a field access as written, a
    lambda's number of parameters; `CAUGHT` for a ``fail`` in a catch block.
    """
    target: int = -1
    """What a call, an access or a bracket is on."""
    parts: tuple[int, ...] = ()
    """Arguments or operands."""
    body: bool = False
    """A creation with a class body."""


class Local(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A variable that a body declares."""

    name: str
    type: str
    start: int
    """Byte offset from which it is known."""
    value: int
    """Its initialiser, as a position in `Code.expressions`; -1 for none."""


class Code(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What a body does, as far as finding focal methods needs it."""

    expressions: tuple[Expression, ...]
    """Parts before the whole."""
    calls: tuple[int, ...]
    """Positions of method calls, method references and creations, in order of execution."""
    locals: tuple[Local, ...]
    """In source order."""
    statements: bool
    """It has ``assert`` statements."""


class Method(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A method or constructor declaration as written."""

    name: str
    signature: str
    parameters: tuple[str, ...]
    returns: str
    modifiers: tuple[str, ...]
    throws: tuple[str, ...]
    annotations: tuple[Annotation, ...]
    text: str
    line: int
    end_line: int
    has_body: bool
    code: bytes
    """What the body does, as `encode_code` made it; kept for files with tests only, else empty."""
    span: tuple[int, int]
    """Bytes of its lines in the file, the comments that belong to it included."""


_ENCODER = msgspec.msgpack.Encoder()
_CODE = msgspec.msgpack.Decoder(Code)


def encode_code(code: Code) -> bytes:
    """For `Method.code`. Bodies are most of what a project's tests are, and each is looked at once: kept as records
    they would be most of the memory that mining takes.
    """
    return _ENCODER.encode(code)


def code_of(method: Method) -> Code | None:
    """What a method's body does, where it was kept."""
    return _CODE.decode(method.code) if method.code else None


class Scope(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What a file contributes to the meaning of a name in it."""

    path: str
    package: str
    imports: tuple[Import, ...]
    is_test: bool
    """The file lies under a test source root or imports a test framework."""


TypeKind = Literal["class", "abstract class", "interface", "enum", "record"]


class JavaType(msgspec.Struct, frozen=True, gc=False, array_like=True, eq=False):
    """A class, interface, enum or record; ``name`` is ``Outer.Inner`` for a nested one. Compared by identity."""

    name: str
    kind: TypeKind
    private: bool
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
    span: tuple[int, int]
    """Bytes of its lines in the file, the comments that belong to it included."""
    closing: int
    """Byte offset of its closing brace."""

    @property
    def simple_name(self) -> str:
        """The last part of the name."""
        return self.name.rpartition(".")[2]

    @property
    def qualified_name(self) -> str:
        """With its package, where it has one."""
        return f"{self.scope.package}.{self.name}" if self.scope.package else self.name
