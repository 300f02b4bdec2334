"""What a worker is asked and what it answers: JSON, the field names as in its Java (``jvm/worker``)."""

import msgspec

PROTOCOL = 1


class Open(msgspec.Struct, frozen=True):
    """The project that candidates run in."""

    main: tuple[str, ...]
    tests: tuple[str, ...]
    dependencies: tuple[str, ...]
    bridge: str
    options: tuple[str, ...] = ()
    token: str = ""
    operation: str = "open"


class Opened(msgspec.Struct, frozen=True):
    """The worker is ready."""

    version: int
    java: str


class Unit(msgspec.Struct, frozen=True):
    """One source file."""

    path: str
    text: str


class Compile(msgspec.Struct, frozen=True):
    """Compile all units together; class files are written if there is no error at all."""

    units: tuple[Unit, ...]
    out: str
    operation: str = "compile"


class CompileError(msgspec.Struct, frozen=True):
    """One error of javac."""

    unit: str
    at: int
    """Offset in the unit's text, in UTF-16 units; -1 for none."""
    line: int
    code: str
    message: str


class Compiled(msgspec.Struct, frozen=True):
    """What came of it."""

    errors: tuple[CompileError, ...]
    classes: tuple[str, ...]
    """Binary names."""
    units: tuple[str, ...]
    """For each class, the unit that it comes from."""
    shadows: tuple[str, ...]
    """Classes that have the name of a production class."""


class Focal(msgspec.Struct, frozen=True):
    """The focal method, which coverage is told of."""

    owner: str
    """Internal name of its class."""
    name: str
    line: int
    end_line: int


class Run(msgspec.Struct, frozen=True):
    """Run the test methods of one name."""

    classes: str
    owner: str
    method: str
    deadline_ms: int
    fresh: bool
    focal: Focal
    operation: str = "run"


class Thrown(msgspec.Struct, frozen=True):
    """A throwable."""

    type: str
    above: tuple[str, ...]
    message: str
    trace: tuple[str, ...]


class Event(msgspec.Struct, frozen=True):
    """An event of the JUnit Platform: ``started``, ``passed``, ``failed``, ``aborted`` or ``skipped``."""

    kind: str
    name: str
    thrown: Thrown | None = None


class MethodCoverage(msgspec.Struct, frozen=True):
    """Covered and all, of one method."""

    name: str
    descriptor: str
    first_line: int
    last_line: int
    instructions: tuple[int, int]
    branches: tuple[int, int]
    lines: tuple[int, int]


Line = tuple[int, int, int, int, int]
"""Of a line with code: its number, covered and all instructions, covered and all branches."""


class ClassCoverage(msgspec.Struct, frozen=True):
    """Coverage of one class."""

    name: str
    lines: tuple[Line, ...]
    methods: tuple[MethodCoverage, ...]


class Ran(msgspec.Struct, frozen=True):
    """What happened."""

    events: tuple[Event, ...]
    timeout: bool
    out_of_memory: bool
    threads: int
    """Threads left behind."""
    processes: int
    """Other processes left behind."""
    milliseconds: float
    entered: bool
    """The focal method was entered, however it ended."""
    coverage: tuple[ClassCoverage, ...]
    crash: Thrown | None = None
    exit: int | None = None
