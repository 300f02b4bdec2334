"""What names a test can use where it goes: those of its file, its imports, its package, and the classes that are known.

Of the test class the file without any test is read, of the project's other classes what the data set holds. Members
of classes from elsewhere are known from the training tests and from a list of names that are common in Java. Held-out
tests are never looked at.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from tailorbird.generation.jdk import ARGUMENTS, ASSERTIONS, JAVA_LANG, MEMBERS, PACKAGES
from tailorbird.generation.surroundings import Arities, Import, Surroundings, Typed, arity, simple_type
from tailorbird.mining.dataset import DataSet
from tailorbird.records import CONSTRUCTOR, KnownClass, KnownMethod, Pair, TestClass

_NAME = re.compile(r"[^\W\d][\w$]*")
_MEMBER = re.compile(r"(?:\.|::)\s*([^\W\d][\w$]*)")
_CALLED = re.compile(r"(?<![\w.:])([a-z_$][\w$]*)\s*\(")
_LAMBDA = re.compile(r"\b([a-z_$][\w$]*)\s*->")

_PARAMETERS = [
    "a",
    "b",
    "c",
    "e",
    "i",
    "k",
    "n",
    "o",
    "p",
    "r",
    "s",
    "t",
    "v",
    "x",
    "key",
    "value",
    "entry",
    "item",
    "line",
    "name",
]


class Lexicon:
    """A set of names that can be asked which beginnings lead to one."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)
        self._sorted = sorted(self._names)

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._sorted)

    def begins(self, beginning: str) -> bool:
        """Whether one of the names begins so."""
        at = bisect_left(self._sorted, beginning)
        return at < len(self._sorted) and self._sorted[at].startswith(beginning)


@dataclass(frozen=True, slots=True)
class Members:
    """What can follow a dot."""

    methods: Typed
    """With the types that they return."""
    fields: Typed
    """Nested types too."""
    whole: bool
    """There are no others: no superclass that is not known."""
    arities: Mapping[str, Arities] = field(default_factory=dict)
    """How many arguments they take, where that is known."""


@dataclass(frozen=True)
class Project:
    """What every test of a project may know."""

    classes: Mapping[str, tuple[KnownClass, ...]]
    """By simple name: several may share one."""
    packages: Mapping[str, tuple[str, ...]]
    """The simple names of the classes in each package."""
    members: Lexicon
    """After a dot in training tests or in Java everywhere, and the members of all known classes."""
    called: Lexicon
    """Called without a receiver in training tests."""
    words: Lexicon
    """All names of the training tests and of what stands around them."""
    lambdas: Lexicon
    """Parameters of lambda expressions: those of training tests, and the usual ones."""
    _of: dict[str, Members | None] = field(default_factory=dict)

    @classmethod
    def of(cls, pairs: Iterable[Pair], classes: Iterable[KnownClass]) -> "Project":
        """From the training ``pairs`` and all ``classes`` of the tree."""
        known: dict[str, tuple[KnownClass, ...]] = {}
        packages: dict[str, list[str]] = {}
        for one in classes:
            simple = one.class_name.rpartition(".")[2]
            known[simple] = (*known.get(simple, ()), one)
            packages.setdefault(one.package, []).append(simple)
        texts = [pair.test.text for pair in pairs]
        around = [text for pair in pairs for text in (pair.focal.text, pair.focal.context)]
        every = [one for same in known.values() for one in same]
        own = {method.name for one in every for method in one.methods} - {CONSTRUCTOR}
        own.update(*(one.constants for one in every), *((name for name, _ in one.fields) for one in every))
        return cls(
            classes=known,
            packages={package: tuple(names) for package, names in packages.items()},
            members=Lexicon(
                own.union(*(_MEMBER.findall(text) for text in texts), *MEMBERS.values(), _common_members())
            ),
            called=Lexicon(name for text in texts for name in _CALLED.findall(text)),
            words=Lexicon(name for text in (*texts, *around) for name in _NAME.findall(text)),
            lambdas=Lexicon([*_PARAMETERS, *(name for text in texts for name in _LAMBDA.findall(text))]),
        )

    def members_of(self, simple: str | None) -> Members | None:
        """The members of a class by its simple name, inherited ones too; None where nothing is known of it."""
        if simple is None:
            return None
        if simple not in self._of:
            self._of[simple] = self._found(simple)
        return self._of[simple]

    def _found(self, simple: str) -> Members | None:
        if simple.endswith("[]"):
            return Members({"clone": simple, "getClass": "Class"}, {"length": None, "class": "Class"}, True)
        if simple in MEMBERS:
            return Members(MEMBERS[simple], {name: None for name in MEMBERS[simple] if name[0].isupper()}, True)
        if simple in ASSERTIONS and simple not in self.classes:
            return Members(dict.fromkeys(ASSERTIONS[simple]), {}, False)
        if simple not in self.classes:
            return None
        methods: dict[str, str | None] = dict(MEMBERS["Object"])
        fields: dict[str, str | None] = {}
        arities: dict[str, Arities] = {}
        lineage, whole = self._lineage(simple)
        for one in lineage:
            for method in one.methods:
                if method.name != CONSTRUCTOR:
                    # What stands nearer was there first; any of several forms may be meant.
                    methods[method.name] = methods.get(method.name) or simple_type(method.returns)
                    arities[method.name] = (*arities.get(method.name, ()), _arity(method))
            fields = {name: simple_type(of) for name, of in one.fields} | fields
            if one.constants:
                fields |= dict.fromkeys(one.constants, simple)
                methods |= {**MEMBERS["Enum"], "values": f"{simple}[]", "valueOf": simple}
        nested = [name for name, of in self.classes.items() if any(f"{simple}.{name}" in one.class_name for one in of)]
        return Members(methods, fields | dict.fromkeys(nested, None), whole, arities if whole else {})

    def constructors(self, simple: str) -> Arities:
        """How many arguments ``new`` takes; nothing where that is not known."""
        same = [[_arity(one) for one in of.methods if one.name == CONSTRUCTOR] for of in self.classes.get(simple, ())]
        return tuple(one for each in same for one in each) if all(same) else ()

    def _lineage(self, simple: str) -> tuple[list[KnownClass], bool]:
        """All classes of that name with what they extend, nearest first, and whether all of that is known."""
        waiting, found, whole = list(self.classes[simple]), dict[int, KnownClass](), True
        while waiting:
            one = waiting.pop(0)
            if id(one) in found:
                continue
            found[id(one)] = one
            for above in {simple_type(written) for written in (one.superclass, *one.interfaces)} - {None, "Object"}:
                whole &= above in self.classes
                waiting.extend(self.classes.get(above or "", ()))
        return list(found.values()), whole


class Known:
    """What the tests of a data set can name."""

    def __init__(self, project: Project, files: Mapping[tuple[str, str], TestClass]) -> None:
        self._project, self._files = project, files
        self._names: dict[tuple[str, str, str, str], Names] = {}

    @classmethod
    def of(cls, data: DataSet) -> "Known | None":
        """From the training pairs and the known classes; None where the data set has no tree to know them from."""
        classes = data.known_classes
        if not classes:
            return None
        return cls(
            Project.of(data.split("train"), classes), {(one.path, one.class_name): one for one in data.test_classes}
        )

    def names(self, pair: Pair) -> "Names":
        """What a test of ``pair`` can name where the pair's own test stood."""
        at = (pair.test.path, pair.test.class_name, pair.focal.path, pair.focal.class_name)
        if at not in self._names:
            self._names[at] = Names(self._project, self._files.get(at[:2]), pair)
        return self._names[at]


class Names:
    """What a test of one test class can name, of one focal class."""

    def __init__(self, project: Project, file: TestClass | None, pair: Pair) -> None:
        self.project = project
        focal = pair.focal.class_name.rpartition(".")[2]
        around = Surroundings.of(file) if file is not None else None
        package = pair.test.package
        types = {focal, *project.packages.get(package, ()), *JAVA_LANG}
        self.fields: dict[str, str | None] = {}
        called: dict[str, str | None] = {}
        self.loose = around is None
        """Not all is known that this class inherits or imports: what training tests use is let pass too."""
        arities: Mapping[str, Arities] = {}
        if around is not None:
            types |= around.types
            self.fields |= around.fields
            called |= around.methods
            for one in around.imports:
                self._import(one, types, called)
            self._inherit(around.superclass, called)
            arities = self._own_arities(around)
        if self.loose:
            types |= {word for word in project.words if word[:1].isupper()}
            called |= dict.fromkeys(project.called)
        self.types = Lexicon(types)
        self.called: Typed = called
        self.arities: Mapping[str, Arities] = {} if self.loose else arities
        """Of what is called without a receiver."""
        self.operands = Lexicon([*types, *self.fields, *called, *project.lambdas])

    @staticmethod
    def _own_arities(around: Surroundings) -> dict[str, Arities]:
        """How many arguments helpers and assertions take, where no other form of the same name can be meant."""
        if around.superclass is not None:
            return {}
        asserted: dict[str, Arities] = {}
        for one in around.imports:
            owner = one.name if one.wildcard else one.name.rpartition(".")[0]
            known = owner.rpartition(".")[2] in ASSERTIONS
            brought = ARGUMENTS if one.wildcard else {one.simple}
            if one.static:
                asserted |= {name: (ARGUMENTS[name],) if known and name in ARGUMENTS else () for name in brought}
        # A helper that bears an imported name hides it.
        return asserted | dict(around.arities)

    def _import(self, one: Import, types: set[str], called: dict[str, str | None]) -> None:
        if not one.wildcard:
            if one.static:
                called[one.simple] = self.fields[one.simple] = None
            if not one.static or one.simple[:1].isupper():
                types.add(one.simple)
        elif not one.static:
            known = (*PACKAGES.get(one.name, ()), *self.project.packages.get(one.name, ()))
            types.update(known)
            self.loose |= not known
        elif one.simple in ASSERTIONS:
            called |= dict.fromkeys(ASSERTIONS[one.simple])
        else:
            self._take(self.project.members_of(one.simple), called)

    def _inherit(self, superclass: str | None, called: dict[str, str | None]) -> None:
        if superclass is None:
            return
        if superclass not in ASSERTIONS:
            self._take(self.project.members_of(superclass), called)
        # JUnit 3's class stands at the top of many.
        called |= dict.fromkeys(ASSERTIONS["TestCase"])

    def _take(self, members: Members | None, called: dict[str, str | None]) -> None:
        self.loose |= members is None or not members.whole
        if members is not None:
            called |= members.methods
            self.fields |= members.fields


def _arity(method: KnownMethod) -> tuple[int, float]:
    return arity(len(method.parameters), open_ended=method.parameters[-1:] != () and "..." in method.parameters[-1])


@cache
def _common_members() -> tuple[str, ...]:
    """Names that stand after a dot in at least six of the base's artifacts: the JDK's and JUnit's, and everyone's."""
    return tuple((files("tailorbird.generation") / "common_members.txt").read_text(encoding="utf-8").split())
