"""What a worker is asked and what it answers: JSON, the field names as in its Java (``jvm/worker``)."""

from collections.abc import Iterator
from typing import Literal

import msgspec

PROTOCOL = 4


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


class Find(msgspec.Struct, frozen=True):
    """Look for names on the class path of the tests."""

    types: tuple[str, ...]
    """Simple names of types."""
    owners: tuple[str, ...]
    """Qualified names of classes whose static methods are wanted."""
    operation: str = "find"


class FoundType(msgspec.Struct, frozen=True):
    """A class that others can name."""

    name: str
    """As an import has it."""
    package_name: str
    origin: Literal["main", "tests", "jdk", "dependencies"]
    everywhere: bool
    """Everybody can name it; else its package alone."""


class FoundOwner(msgspec.Struct, frozen=True):
    """A class with static methods, its superclasses' included."""

    name: str
    everywhere: tuple[str, ...]
    """Public ones."""
    near: tuple[str, ...]
    """Others that are not private."""


class Found(msgspec.Struct, frozen=True):
    """What there is of the names."""

    types: tuple[FoundType, ...]
    owners: tuple[FoundOwner, ...]


class Run(msgspec.Struct, frozen=True):
    """Run the test methods of one name."""

    classes: str
    owner: str
    method: str
    deadline_ms: int
    fresh: bool
    focal: Focal
    observe: bool = False
    """It was compiled to say what its assertions look at."""
    operation: str = "run"


class Mutate(Run, frozen=True):
    """Run a passing candidate against mutants of its focal method."""

    limit: int = 100
    """Most mutants; of more so many are drawn by ``seed``."""
    seed: int = 0
    first: int = 0
    """Of those drawn, the first one to run: an earlier answer had those before it."""
    budget_ms: int = 20_000
    """After so long the answer is given, with what is done by then."""
    factor: int = 5
    """A mutant's deadline: so many times the candidate's own time, but no less than ``least_ms``."""
    least_ms: int = 1_000
    operation: str = "mutate"


class Mutant(msgspec.Struct, frozen=True):
    """What one mutant came to."""

    index: int
    """Among all of the method, in the order of its code."""
    operator: str
    line: int
    status: str
    """``killed``, ``survived``, ``not_covered``, ``timed_out`` or ``invalid``."""
    asserted: bool = False
    """Killed by an assertion that failed, or by an expected exception that was missing."""


class Mutated(msgspec.Struct, frozen=True):
    """What mutants came to."""

    passed: bool
    """Without a mutant the candidate passes, before and after."""
    total: int
    """All mutants of the method, drawn or not."""
    mutants: tuple[Mutant, ...]
    complete: bool
    """None of those drawn is left to run."""
    spent: bool
    """Something is left behind in the JVM."""
    milliseconds: float


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


Line = tuple[int, int, int, int, int]
"""Of a line with code: its number, covered and all instructions, covered and all branches."""


class ClassCoverage(msgspec.Struct, frozen=True):
    """Coverage of one class."""

    name: str
    lines: tuple[int, ...]
    """The numbers of each `Line`, one after the other."""

    def each_line(self) -> Iterator[Line]:
        """The lines with code, in order."""
        numbers = iter(self.lines)
        return zip(numbers, numbers, numbers, numbers, numbers, strict=True)


class Observation(msgspec.Struct, frozen=True):
    """What one assertion looked at, one of the times that it was come to."""

    place: int
    failed: bool
    literal: str | None = None
    """The value as Java writes it; None where no literal stands for it in each run."""


class Ran(msgspec.Struct, frozen=True):
    """What happened."""

    events: tuple[Event, ...]
    timeout: bool
    out_of_memory: bool
    threads: int
    """Threads left behind; of a run that was ended for having too many, those it had."""
    processes: int
    """Other processes left behind."""
    milliseconds: float
    pinned: bool
    """The system class loader has told of classes, which it goes on telling of: dependencies cannot be loaded anew."""
    pinned_own: bool
    """And of the project's: no other candidate can run there."""
    entered: bool
    """The focal method was entered, however it ended."""
    coverage: tuple[ClassCoverage, ...]
    crash: Thrown | None = None
    exit: int | None = None
    observations: tuple[Observation, ...] = ()
