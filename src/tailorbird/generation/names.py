"""What names a test can use where it goes: those of its file, its imports, its package, and the classes that are known.

Of the test class the file without any test is read, of the project's other classes what the data set holds. Members
of classes from elsewhere are known from the training tests and from a list of names that are common in Java. Held-out
tests are never looked at.
"""

import re
from bisect import bisect_left
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files

from tailorbird.generation.expressions import Wanted
from tailorbird.generation.jdk import ASSERTIONS, FORMS, jdk_classes, jdk_packages, object_methods
from tailorbird.generation.surroundings import Import, Surroundings, Typed, form_of, simple_type
from tailorbird.generation.types import PRIMITIVE, VOID, Assignment, Form, Forms
from tailorbird.mining.dataset import DataSet
from tailorbird.records import CONSTRUCTOR, FocalMethod, KnownClass, KnownMethod, Pair, TestClass

_NAME = re.compile(r"[^\W\d][\w$]*")
_MEMBER = re.compile(r"(?:\.|::)\s*([^\W\d][\w$]*)")
_CALLED = re.compile(r"(?<![\w.:])([a-z_$][\w$]*)\s*\(")
_ANNOTATION = re.compile(r"@([A-Z]\w*)")
_WITH_ARGUMENTS = re.compile(r"\b([A-Z]\w*)<")
_LAMBDA = re.compile(r"\b([a-z_$][\w$]*)\s*->")

_OTHER_KINDS = frozenset({
    "ParameterizedTest", "MethodSource", "ValueSource", "CsvSource", "EnumSource", "ArgumentsSource", "TestFactory",
    "TestTemplate", "Theory", "RepeatedTest", "Override", "Before", "After", "BeforeEach", "AfterEach", "BeforeClass",
    "AfterClass", "BeforeAll", "AfterAll", "Disabled", "Ignore",
})  # fmt: skip
"""Annotations of methods that are no tests by themselves."""
_OF_TESTS = ("Test", "Tests", "TestCase")
_THROWN = ("Exception", "Error", "Throwable")
_NUMERIC = PRIMITIVE - {"boolean"}
_ANSWERING = {"assertThrows", "assertThrowsExactly", "assertDoesNotThrow", "assertInstanceOf"}
_GENERIC = frozenset({
    "ArrayList", "BiFunction", "BinaryOperator", "Callable", "Class", "Collection", "Comparable", "Comparator",
    "CompletableFuture", "Consumer", "Deque", "Entry", "Function", "Future", "HashMap", "HashSet", "Iterable",
    "Iterator", "LinkedHashMap", "LinkedHashSet", "LinkedList", "List", "ListIterator", "Map", "Optional", "Predicate",
    "PriorityQueue", "Queue", "Set", "SortedMap", "SortedSet", "Stream", "Supplier", "TreeMap", "TreeSet",
    "UnaryOperator", "Vector",
})  # fmt: skip
_FUNCTIONS = frozenset({
    "Callable", "Comparator", "FileFilter", "FilenameFilter", "Iterable", "PrivilegedAction",
    "PrivilegedExceptionAction", "Runnable", "ThreadFactory", "UncaughtExceptionHandler",
})  # fmt: skip
"""Interfaces of the JDK that lambdas are commonly made for, beside those of its package of functions."""
_PLAIN_VALUES = {
    **dict.fromkeys(("int", "long", "float", "double", "Integer"), "0"),
    **dict.fromkeys(("String", "CharSequence", "Object", "Comparable"), '""'),
    **dict.fromkeys(("boolean", "Boolean"), "true"),
    "byte": "(byte) 0",
    "short": "(short) 0",
    "char": "'a'",
    "Long": "0L",
}
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

    def begins_but(self, beginning: str, excluded: Container[str]) -> bool:
        """Whether one that is not ``excluded`` begins so."""
        at = bisect_left(self._sorted, beginning)
        while at < len(self._sorted) and self._sorted[at].startswith(beginning):
            if self._sorted[at] not in excluded:
                return True
            at += 1
        return False


class Keywords(Lexicon):
    """Of Java's own words."""


@dataclass(frozen=True, slots=True)
class Focal:
    """The focal method as a test calls it."""

    name: str
    simple: str
    """Of its class."""
    constructs: bool
    static: bool
    parameters: tuple[str | None, ...]
    """Their types, None for what may be anything."""
    returns: str | None
    throws: bool
    """All of its forms throw what must be caught or declared."""
    heirs: frozenset[str]
    """Classes that extend or implement its class."""

    def own_forms(self, forms: Forms) -> Forms:
        """Of the forms of its name those that are its own; all of them where none surely is."""
        count = len(self.parameters)
        found = tuple(
            form
            for form in forms
            if len(form.parameters) == count
            and all(None in (one, own) or one == own for one, own in zip(form.parameters, self.parameters, strict=True))
        )
        return found or forms


_ASSERTING = frozenset(name for names in ASSERTIONS.values() for name in names)


@dataclass(frozen=True, slots=True)
class Members:
    """What can follow a dot."""

    methods: Typed
    """With the types that they return."""
    fields: Typed
    """Nested types too."""
    whole: bool
    """There are no others: no superclass that is not known."""
    forms: Mapping[str, Forms] = field(default_factory=dict)
    """How they are called, where that is known."""
    bound: frozenset[str] = frozenset()
    """Methods that need an instance."""

    def types(self, name: str) -> tuple[str | None, ...]:
        """Types that a member may come to: those that all forms of a method return."""
        forms = self.forms.get(name)
        return tuple({one.returns for one in forms}) if forms else (self.methods.get(name, self.fields.get(name)),)


_NO_MEMBERS = Members({}, {}, True)


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
    annotations: frozenset[str]
    """Those of training tests, and the usual one."""
    generic: frozenset[str]
    """Types with type arguments: those that have some in training tests and around them, and the usual ones."""
    plain: bool = False
    """Nothing is compared but numbers."""
    _of: dict[str, Members | None] = field(default_factory=dict)
    _above: dict[str, tuple[frozenset[str], bool] | None] = field(default_factory=dict)
    _usable: dict[tuple[str, bool, Wanted, bool, bool], Lexicon] = field(default_factory=dict)
    _leads: dict[tuple[str, Wanted], bool] = field(default_factory=dict)

    @classmethod
    def of(cls, pairs: Iterable[Pair], classes: Iterable[KnownClass], *, plain: bool = False) -> "Project":
        """From the training ``pairs`` and all ``classes`` of the tree."""
        known: dict[str, tuple[KnownClass, ...]] = {}
        packages: dict[str, list[str]] = {}
        for one in classes:
            simple = one.class_name.rpartition(".")[2]
            known[simple] = (*known.get(simple, ()), one)
            if simple == one.class_name:  # Others are named with what they are nested in.
                packages.setdefault(one.package, []).append(simple)
        texts = [pair.test.text for pair in pairs]
        around = [text for pair in pairs for text in (pair.focal.text, pair.focal.context)]
        every = [one for same in known.values() for one in same]
        own = {method.name for one in every for method in one.methods} - {CONSTRUCTOR}
        own.update(*(one.constants for one in every), *((name for name, _ in one.fields) for one in every))
        own.update(method.name for same in jdk_classes().values() for one in same for method in one.methods)
        return cls(
            plain=plain,
            classes=known,
            packages={package: tuple(names) for package, names in packages.items()},
            members=Lexicon(own.union(*(_MEMBER.findall(text) for text in texts), _common_members())),
            called=Lexicon(name for text in texts for name in _CALLED.findall(text)),
            words=Lexicon(name for text in (*texts, *around) for name in _NAME.findall(text)),
            annotations=frozenset({"Test", *(name for text in texts for name in _ANNOTATION.findall(text))}),
            generic=_GENERIC.union(*(_WITH_ARGUMENTS.findall(text) for text in (*texts, *around))),
            lambdas=Lexicon([*_PARAMETERS, *(name for text in texts for name in _LAMBDA.findall(text))]),
        )

    @cached_property
    def assignment(self) -> Assignment:
        """Which values can go where."""
        return Assignment(self.supertypes, self.classes)

    def members_of(self, simple: str | None) -> Members | None:
        """The members of a class by its simple name, inherited ones too; None where nothing is known of it."""
        if simple is None:
            return None
        if simple not in self._of:
            self._of[simple] = self._found(simple)
        return self._of[simple]

    def _found(self, simple: str) -> Members | None:
        if simple in PRIMITIVE or simple in {VOID, "null"}:
            return _NO_MEMBERS
        if simple.endswith("[]"):
            bound = frozenset({"clone", "getClass", "length"})
            forms = {"clone": (Form((), simple),), "getClass": (Form((), "Class"),)}
            methods = {name: of.returns for name, (of,) in forms.items()}
            return Members(methods, {"length": "int", "class": "Class"}, True, forms, bound)
        if self.known(simple):
            return self._members(simple)
        if simple in ASSERTIONS:
            return Members(dict.fromkeys(ASSERTIONS[simple]), {}, False, assertion_forms(simple))
        return None

    def known(self, simple: str) -> tuple[KnownClass, ...]:
        """The classes of that name: the project's, or else the JDK's."""
        own, others = self.classes.get(simple, ()), jdk_classes().get(simple, ())
        if self.plain and own:
            return tuple(one for one in own if "." not in one.class_name) or own
        # Of classes that are nested in others either may be meant.
        nested = any("." in one.class_name for one in (*own, *others))
        return (*own, *others) if nested or not own else own

    def is_known(self, simple: str) -> bool:
        """Whether all is known of a type that it takes to tell what it is."""
        plain = simple.removesuffix("[]")
        return plain in PRIMITIVE or bool(self.known(plain))

    def _members(self, simple: str) -> Members:
        methods: dict[str, str | None] = dict(object_methods())
        fields: dict[str, str | None] = {}
        (root,) = jdk_classes()["Object"]
        forms: dict[str, Forms] = {}
        own = set[str]()
        same = self.known(simple)
        lineage, whole = self._lineage(same)
        for one in (*lineage, root):
            for method in one.methods:
                if method.name != CONSTRUCTOR:
                    returns = simple_type(method.returns)
                    # Any of several forms may be meant.
                    known = method.name not in forms or methods[method.name] == returns
                    methods[method.name] = returns if known else None
                    forms[method.name] = (*forms.get(method.name, ()), _form(method))
                    own |= {method.name} if method.static else set()
            fields = {name: simple_type(of) for name, of in one.fields} | fields
            if one.kind == "enum":
                fields |= dict.fromkeys(one.constants, simple)
                methods |= {"values": f"{simple}[]", "valueOf": simple}
                own |= {"values", "valueOf"}
        if self.plain and len(same) > 1:  # Whichever is meant, it has what all have.
            shared = frozenset.intersection(*(self._names_of(one) for one in same)).union(object_methods())
            methods = {name: of for name, of in methods.items() if name in shared}
            fields = {name: of for name, of in fields.items() if name in shared}
        nested = _inner(self, simple)
        nested += [one.class_name.rpartition(".")[2] for one in _nested_in_jdk().get(simple, ())]
        return Members(
            methods,
            fields | dict.fromkeys(nested, None),
            whole,
            forms if whole else {},
            frozenset(methods) - own if whole else frozenset(),
        )

    def _names_of(self, one: KnownClass) -> frozenset[str]:
        """Of all members of one class, inherited ones too."""
        lineage, _ = self._lineage((one,))
        enums = {"values", "valueOf"} if one.kind == "enum" else set[str]()
        methods = {method.name for of in lineage for method in of.methods}
        fields = {name for of in lineage for name, _ in of.fields}
        return frozenset(enums.union(methods, fields, *(of.constants for of in lineage)))

    def constructors(self, simple: str) -> Forms:
        """How ``new`` is called; nothing where that is not known."""
        found: list[Form] = []
        for one in self.known(simple):
            declared = [_form(method) for method in one.methods if method.name == CONSTRUCTOR]
            found += declared or [Form(())]
        return tuple(found)

    def creatable(self, simple: str) -> bool:
        """Whether ``new`` can make one as it is, as far as is known."""
        same = self.known(simple)
        return not same or any(one.creatable for one in same)

    def values(self, wanted: Wanted, types: Lexicon) -> Iterator[str]:
        """Short values of the ``wanted`` types, of whichever where there are none, in classes of these ``types``."""
        for simple in wanted:
            if simple in _PLAIN_VALUES:
                yield _PLAIN_VALUES[simple]
            elif simple is not None and simple in types and self.known(simple):
                yield from (f"{simple}.{name}" for one in self.known(simple) for name in one.constants[:1])
                if any(one.creatable for one in self.known(simple)):
                    yield f"new {simple}("
            elif simple is not None and simple.endswith("[]") and simple[:-2] in {*PRIMITIVE, *_PLAIN_VALUES}:
                yield f"new {simple[:-2]}[0]"
        yield from ("null",) if wanted else ("null", "0", '""', "true")

    def is_functional(self, simple: str | None) -> bool:
        """Whether a lambda may be one, as far as is known."""
        same = self.known(simple or "")
        if simple is not None and (simple.endswith("[]") or simple in PRIMITIVE):
            return False
        interfaces = [one for one in same if one.kind == "interface"]
        return not same or (any(map(self._is_function, interfaces)) if self.plain else bool(interfaces))

    def _is_function(self, one: KnownClass) -> bool:
        """Whether an interface has one method to implement, as far as that is known: of default ones only the JDK's."""
        if one.package.startswith("java."):
            return one.package == "java.util.function" or one.class_name in _FUNCTIONS
        lineage = self._lineage(self.known(one.class_name.rpartition(".")[2]))[0]
        return len({method.name for above in lineage for method in above.methods if not method.static}) <= 1

    def supertypes(self, simple: str) -> tuple[frozenset[str], bool] | None:
        """What a class extends and implements as far as is known, and whether that is all; None of no known class."""
        if simple not in self._above:
            self._above[simple] = self._found_above(simple)
        return self._above[simple]

    def _found_above(self, simple: str) -> tuple[frozenset[str], bool] | None:
        if not self.known(simple):
            return None
        lineage, whole = self._lineage(self.known(simple))
        named = [written for one in lineage for written in (one.class_name, one.superclass, *one.interfaces)]
        return frozenset(filter(None, map(simple_type, named))), whole

    def leads(self, simple: str | None, wanted: Wanted) -> bool:
        """Whether a value of a type is ``wanted``, or one of its own members is."""
        if not wanted or simple is None:
            return True
        key = (simple, wanted)
        if key not in self._leads:
            # In a plain test reflection leads nowhere.
            ends = simple == VOID or (self.plain and simple == "Class")
            self._leads[key] = self.fits(simple, wanted) or (not ends and self._leads_on(simple, wanted))
        return self._leads[key]

    def is_end(self, simple: str | None, wanted: Wanted) -> bool:
        """Whether a value is ``wanted`` as it is, or but for a comparison or an index."""
        return (
            self.fits(simple, wanted)
            or ("boolean" in wanted and (simple in PRIMITIVE or (simple != VOID and not self.plain)))
            or (simple is not None and simple.endswith("[]") and self.fits(simple.removesuffix("[]"), wanted))
        )

    def _leads_on(self, simple: str, wanted: Wanted) -> bool:
        """Whether something can be made of a value: by a comparison, an index, or one of its members."""
        if "boolean" in wanted and (simple in PRIMITIVE or not self.plain):
            return True
        if simple.endswith("[]") and self.leads(simple.removesuffix("[]"), wanted):
            return True
        members = self.members_of(simple)
        if members is None or self._holds_more(members) or self._has(simple, members, wanted):
            return True
        return len(members.forms.get("toString", ())) > 1 and self.fits("String", wanted)

    def made(self, simple: str, wanted: Wanted) -> bool:
        """Whether one makes an instance for what is ``wanted``: for itself, or to ask it for more than a number."""
        asked = tuple(of for of in wanted if of not in _NUMERIC)
        members = self.members_of(simple) or _NO_MEMBERS
        return self.fits(simple, wanted) or (bool(asked) and self._has(simple, members, asked))

    def _has(self, simple: str, members: Members, wanted: Wanted) -> bool:
        """Whether a member comes to what is ``wanted``; one of any type whatever does in collections and the like."""
        holds = any(one.path or one.package.startswith("java.util") for one in self.known(simple))
        return any(self.fits(of, wanted) for of in _worth(members) if holds or of is not None)

    def leads_by_class(self, simple: str, wanted: Wanted) -> bool:
        """Whether the name of a class begins a ``wanted`` value: it has a member of its own for that."""
        if not wanted:
            return True
        key = (f"class {simple}", wanted)
        if key not in self._leads:
            members = self.members_of(simple)
            self._leads[key] = False  # For a class that has itself in it.
            self._leads[key] = (
                members is None
                or self._holds_more(members)
                or (self.fits if self.plain else self.leads)("Class", wanted)
                or any(
                    self.leads(of, wanted)
                    for name in (*members.methods, *members.fields)
                    if not (self._is_bound(name, members) or self._is_blind(name, members, wanted))
                    for of in members.types(name)
                )
            )
        return self._leads[key]

    def usable(self, simple: str, by_class: bool, wanted: Wanted, handles: bool, last: bool = False) -> Lexicon:
        """The members of a known class that lead to what is ``wanted``, or are it, where it is the ``last`` of a chain.

        Asked of the class itself (``by_class``) those that need no instance; where nothing ``handles`` a checked
        exception, those that may throw none.
        """
        key = (simple, by_class, wanted, handles, last)
        leads = self.is_end if last else self.leads
        if key not in self._usable:
            members = self.members_of(simple) or _NO_MEMBERS
            # What a type argument decides is taken for an object in a plain test, and for nothing else.
            objects = not wanted or "Object" in wanted or not (self.plain and members.whole)
            found = [
                name
                for name in (*members.methods, *members.fields)
                if not (by_class and self._is_bound(name, members))
                and any(
                    leads(of, wanted) and (of is not None or objects or name not in members.methods)
                    for of in members.types(name)
                )
                and not self._is_blind(name, members, wanted)
                and (handles or not self._throws(members.forms.get(name, ())))
            ]
            self._usable[key] = Lexicon(found)
        return self._usable[key]

    def _holds_more(self, members: Members) -> bool:
        """Whether members that are not known may be meant: not in a plain test."""
        return not (members.whole or self.plain)

    def _is_blind(self, name: str, members: Members, wanted: Wanted) -> bool:
        """Whether a member is a class that nothing leads on from, in a plain test."""
        inner = name not in members.methods and members.fields.get(name) is None and self.members_of(name) is not None
        return self.plain and inner and not self.leads_by_class(name, wanted)

    def _is_bound(self, name: str, members: Members) -> bool:
        """Whether a member needs an instance: of fields only the names tell."""
        return name in members.bound or (self.plain and name in members.fields and name[:1].islower())

    def _throws(self, forms: Forms) -> bool:
        """Whether all of the forms throw what must be caught or declared."""
        return bool(forms) and all(any(map(self.assignment.is_checked, one.throws)) for one in forms)

    def focal(self, method: FocalMethod) -> Focal:
        """What there is to know of a focal method."""
        simple = method.class_name.rpartition(".")[2]
        constructs = method.name == CONSTRUCTOR
        members = self.members_of(simple) or _NO_MEMBERS
        forms = self.constructors(simple) if constructs else members.forms.get(method.name, ())
        heirs = [one for one in self.classes if simple in (self.supertypes(one) or (frozenset(),))[0]]
        return Focal(
            name=method.name,
            simple=simple,
            constructs=constructs,
            static=method.name not in members.bound and not constructs,
            parameters=tuple(map(simple_type, method.parameters)),
            returns=simple if constructs else members.methods.get(method.name),
            throws=self._throws(forms),
            heirs=frozenset(heirs),
        )

    def fits(self, value: str | None, wanted: Wanted, *, variable: bool = False) -> bool:
        """Whether a value is one of the ``wanted``."""
        fits = self.assignment.fits_variable if variable else self.assignment.fits
        return not wanted or any(fits(value, one) for one in wanted)

    def _lineage(self, same: Iterable[KnownClass]) -> tuple[list[KnownClass], bool]:
        """Classes of one name with what they extend, nearest first, and whether all of that is known."""
        waiting, found, whole = list(same), dict[int, KnownClass](), True
        while waiting:
            one = waiting.pop(0)
            if id(one) in found:
                continue
            found[id(one)] = one
            written = (*one.interfaces, one.superclass or ("Enum" if one.kind == "enum" else None))
            for above in {simple_type(name) for name in written} - {None, "Object"}:
                known = self.known(above or "")
                whole &= bool(known)
                # Where a name has no class before it, one that is nested elsewhere is seldom meant.
                waiting.extend([one for one in known if "." not in one.class_name] or known)
        return list(found.values()), whole


class Known:
    """What the tests of a data set can name."""

    def __init__(self, project: Project, files: Mapping[tuple[str, str], TestClass]) -> None:
        self._project, self._files = project, files
        self._names: dict[tuple[str, str, str, str, str], Names] = {}

    @classmethod
    def of(cls, data: DataSet, *, plain: bool = False) -> "Known | None":
        """From the training pairs and the known classes; None where the data set has no tree to know them from.

        In ``plain`` tests nothing is compared but numbers: assertions say the rest.
        """
        classes = data.known_classes
        if not classes:
            return None
        return cls(
            Project.of(data.split("train"), classes, plain=plain),
            {(one.path, one.class_name): one for one in data.test_classes},
        )

    def names(self, pair: Pair) -> "Names":
        """What a test of ``pair`` can name where the pair's own test stood."""
        at = (pair.test.path, pair.test.class_name, pair.focal.path, pair.focal.class_name, pair.focal.name)
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
        self.own = pair.test.class_name.rpartition(".")[2]
        """Of the test's class the simple name."""
        types = {focal, *project.packages.get(package, ()), *jdk_packages()["java.lang"]}
        self.fields: dict[str, str | None] = {}
        self._variables: frozenset[str] = frozenset()
        called: dict[str, str | None] = {}
        self.loose = around is None
        """Not all is known that this class inherits or imports: what training tests use is let pass too."""
        forms: Mapping[str, Forms] = {}
        if around is not None:
            types |= around.types
            self._variables = around.variables
            self.fields |= around.fields
            called |= around.methods
            for one in around.imports:
                self._import(one, types, called)
            self._inherit(around.superclass, types, called)
            forms = self._own_forms(around)
        imported = set(types)
        self.words = self._loosen(types, called) if self.loose else project.words
        """What may be meant where not all is known."""
        self.types = Lexicon(types)
        self._values = Lexicon(types - _OTHER_KINDS - {"Test", "SuppressWarnings", "Deprecated"} - self._variables)
        """Types that a value can begin with: no annotations, no type variables."""
        self.called: Typed = called
        self.forms: Mapping[str, Forms] = {} if self.loose else forms
        """Of what is called without a receiver."""
        self.operands = Lexicon([*types - _OTHER_KINDS - {"Test"}, *self.fields, *called, *project.lambdas])
        annotations = (types if around is None else imported) & project.annotations
        self.annotations = Lexicon(annotations - _OTHER_KINDS)
        """Of tests that are run as they are: JUnit 3's have none."""
        self.focal = project.focal(pair.focal)
        self._operands: dict[Wanted, Lexicon] = {}
        self._keywords: dict[tuple[Wanted, bool], Keywords] = {}
        self._anonymous: dict[Wanted, Lexicon] = {}
        self._created: dict[Wanted, Lexicon] = {}

    @cached_property
    def thrown(self) -> Lexicon:
        """Types that a throws clause can name, by the ends of their names."""
        return Lexicon(one for one in self.types if one.endswith(_THROWN))

    @cached_property
    def assertions(self) -> list[str]:
        """What is called without a receiver and asserts something, by its name."""
        return [name for name in self.called if name.startswith("assert")]

    def operands_for(self, wanted: Wanted) -> Lexicon:
        """The operands that lead to what is ``wanted``."""
        if wanted not in self._operands:
            project = self.project
            found = [name for name in self._values if project.leads_by_class(name, wanted)]
            found += [
                name for some in (self.fields, self.called) for name, of in some.items() if project.leads(of, wanted)
            ]
            self._operands[wanted] = Lexicon(found)
        return self._operands[wanted]

    def keywords(self, wanted: Wanted, *, anonymous: bool = False) -> Keywords:
        """Java's own words that lead to what is ``wanted``."""
        key = (wanted, anonymous)
        if key not in self._keywords:
            fits = self.project.fits
            found = ["this", *(["new"] if [*self.created(wanted, anonymous=anonymous)] else [])]
            found += ["true", "false"] if fits("boolean", wanted) else []
            found += ["null"] if fits("null", wanted) else []
            found += [*PRIMITIVE, VOID] if fits("Class", wanted) else []
            self._keywords[key] = Keywords(found)
        return self._keywords[key]

    def created(self, wanted: Wanted, *, anonymous: bool = False) -> Lexicon:
        """Types of which ``new`` makes what leads to what is ``wanted``; as ``anonymous`` classes others too."""
        if anonymous:
            return self._bodies(wanted)
        if wanted not in self._created:
            project = self.project
            arrays = [of for of in wanted if of is not None and of.endswith("[]")]
            found = [
                name
                for name in (*self._values, *PRIMITIVE)
                if self._may_create(name, wanted)
                or (arrays and project.fits(f"{name}[]", tuple(arrays)))
                or any(of.startswith(f"{name}[][]") for of in arrays)
            ]
            # The outer class of one that is wanted.
            found += [
                one
                for one in self.types
                if wanted and any(self.project.leads(of, wanted) for of in _inner(project, one))
            ]
            self._created[wanted] = Lexicon(found)
        return self._created[wanted]

    def _may_create(self, name: str, wanted: Wanted) -> bool:
        project = self.project
        if name in PRIMITIVE:  # The elements of an array.
            return not wanted or None in wanted
        if not project.creatable(name) or name.endswith(_OF_TESTS):
            return False
        if not wanted or None in wanted:
            return True
        # Of what is known here nothing extends what is not, as far as plain tests go.
        known = not project.plain or project.known(name) or not all(map(project.is_known, filter(None, wanted)))
        return bool(known) and project.made(name, wanted)

    def _bodies(self, wanted: Wanted) -> Lexicon:
        if wanted not in self._anonymous:
            project = self.project
            bodies = [one for one in self._values if not project.creatable(one) and project.made(one, wanted)]
            self._anonymous[wanted] = Lexicon([*self.created(wanted), *bodies])
        return self._anonymous[wanted]

    def _own_forms(self, around: Surroundings) -> dict[str, Forms]:
        """How helpers and assertions are called, where no other form of the same name can be meant."""
        asserted: dict[str, Forms] = {}
        if around.superclass is not None:
            above = self.project.members_of(around.superclass)
            if around.superclass == "TestCase":
                asserted |= assertion_forms("TestCase")
            elif above is None or not above.whole:
                return {}
            else:
                asserted |= above.forms
        for one in around.imports:
            if one.static:
                owner = one.name if one.wildcard else one.name.rpartition(".")[0]
                known = assertion_forms(owner.rpartition(".")[2])
                asserted |= known if one.wildcard else {one.simple: known.get(one.simple, ())}
        # A helper that bears an imported name hides it.
        return asserted | dict(around.forms)

    def _loosen(self, types: set[str], called: dict[str, str | None]) -> Lexicon:
        """What training tests use may be meant too; but in a plain test no assertions that others here do not use."""
        words = self.project.words
        others = _other_assertions(called) if self.project.plain else frozenset()
        types.update(word for word in words if word[:1].isupper())
        called |= dict.fromkeys(name for name in self.project.called if name not in others)
        return Lexicon(set(words) - others) if others else words

    def _import(self, one: Import, types: set[str], called: dict[str, str | None]) -> None:
        if not one.wildcard:
            if one.static:
                called[one.simple] = self.fields[one.simple] = None
            if not one.static or one.simple[:1].isupper():
                types.add(one.simple)
        elif not one.static:
            known = (*jdk_packages().get(one.name, ()), *self.project.packages.get(one.name, ()))
            types.update(known)
            self.loose |= not known
            if one.name.startswith("org.junit"):
                types.add("Test")
        elif one.simple in ASSERTIONS:
            called |= dict.fromkeys(ASSERTIONS[one.simple])
        else:
            self._take(self.project.members_of(one.simple), called)

    def _inherit(self, superclass: str | None, types: set[str], called: dict[str, str | None]) -> None:
        if superclass is None:
            return
        members = self.project.members_of(superclass)
        if superclass not in ASSERTIONS:
            self._take(members, called)
        if members is not None:
            types.update(name for name, of in members.fields.items() if of is None and name[:1].isupper())
        above, whole = self.project.supertypes(superclass) or (frozenset[str](), False)
        # JUnit 3's class stands at the top of many; and where assertions are imported, it does not.
        if not {superclass, *above}.isdisjoint(ASSERTIONS) or not (whole or _ASSERTING.intersection(called)):
            called |= dict.fromkeys(ASSERTIONS["TestCase"])

    def _take(self, members: Members | None, called: dict[str, str | None]) -> None:
        self.loose |= members is None or not members.whole
        if members is not None:
            called |= members.methods
            self.fields |= members.fields


def _other_assertions(called: Typed) -> frozenset[str]:
    """Assertions that a class does not import which imports some: an unknown superclass is not where they are."""
    return _ASSERTING - set(called) if _ASSERTING.intersection(called) else frozenset()


def assertion_forms(owner: str) -> dict[str, Forms]:
    """How the assertions of a class of JUnit are called."""
    return {
        name: tuple(Form(one, None if name in _ANSWERING else VOID) for one in forms)
        for name, forms in FORMS.get(owner, {}).items()
    }


def _outer(one: KnownClass) -> str:
    """Simple name of the class that a class is nested in."""
    return one.class_name.rpartition(".")[0].rpartition(".")[2]


def _inner(project: Project, outer: str) -> list[str]:
    """Classes nested in one of the project."""
    return [name for name, of in project.classes.items() if any(_outer(one) == outer for one in of)]


def _form(method: KnownMethod) -> Form:
    return form_of(method.parameters, simple_type(method.returns), method.throws)._replace(static=method.static)


def _worth(members: Members) -> Iterator[str | None]:
    """Types of the members that an instance is asked for: not what every object has."""
    yield from (of for of in members.fields.values() if of is not None)
    yield from (of for name in members.methods if name not in object_methods() for of in members.types(name))


@cache
def _nested_in_jdk() -> Mapping[str, list[KnownClass]]:
    found: dict[str, list[KnownClass]] = {}
    for one in (one for same in jdk_classes().values() for one in same):
        if _outer(one):
            found.setdefault(_outer(one), []).append(one)
    return found


@cache
def _common_members() -> tuple[str, ...]:
    """Names that stand after a dot in at least six of the base's artifacts: the JDK's and JUnit's, and everyone's."""
    return tuple((files("tailorbird.generation") / "common_members.txt").read_text(encoding="utf-8").split())
