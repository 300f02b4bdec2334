"""What every test of a project may know: its classes and the JDK's, their members, what training tests write.

Of the project's classes what the data set holds is read. Members of classes from elsewhere are known from the training
tests and from a list of names that are common in Java. Held-out tests are never looked at.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from importlib.resources import files

from tailorbird.generation.expressions import Wanted
from tailorbird.generation.jdk import ASSERTIONS, FORMS, jdk_classes, object_methods
from tailorbird.generation.lexicon import Lexicon
from tailorbird.generation.surroundings import Import, Typed, form_of, simple_type
from tailorbird.generation.types import PRIMITIVE, VOID, Assignment, Form, Forms
from tailorbird.records import CONSTRUCTOR, FocalMethod, KnownClass, KnownMethod, Pair

_NAME = re.compile(r"[^\W\d][\w$]*")
_MEMBER = re.compile(r"(?:\.|::)\s*([^\W\d][\w$]*)")
_CALLED = re.compile(r"(?<![\w.:])([a-z_$][\w$]*)\s*\(")
_ANNOTATION = re.compile(r"@([A-Z]\w*)")
_VALUED = re.compile(r"@([A-Z]\w*)\s*\(\s*(\w*)")
_WITH_ARGUMENTS = re.compile(r"\b([A-Z]\w*)<")
_ASKED = re.compile(r"(?<![\w.$)\]])([^\W\d][\w$]*)\s*\.\s*([^\W\d][\w$]*)\s*\(")
_LAMBDA = re.compile(r"\b([a-z_$][\w$]*)\s*->")
_NUMERIC = PRIMITIVE - {"boolean"}
_ASSERTERS = {"Assert", "Assertions", "TestCase", "MatcherAssert"}
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
    outers: frozenset[str] = frozenset()
    """Classes that its class is nested in."""

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
    valued: Mapping[str, frozenset[str]]
    """The first words in the brackets of the annotations of training tests, and the usual ones; none is a literal."""
    generic: frozenset[str]
    """Types with type arguments: those that have some in training tests and around them, and the usual ones."""
    asked: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By name of a variable or class the methods that training tests call on it."""
    plain: bool = False
    """Nothing is compared but numbers, and nothing is named that is not surely there."""
    _of: dict[str, Members | None] = field(default_factory=dict)
    _above: dict[str, tuple[frozenset[str], bool] | None] = field(default_factory=dict)
    _usable: dict[tuple[str, bool, Wanted, bool, bool], Lexicon] = field(default_factory=dict)
    _leads: dict[tuple[str, Wanted], bool] = field(default_factory=dict)
    _views: dict[tuple[object, ...], "Project"] = field(default_factory=dict)

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
            asked=_grouped(found for text in texts for found in _ASKED.findall(text)),
            valued=_grouped([("SuppressWarnings", ""), *(found for text in texts for found in _VALUED.findall(text))]),
            classes=known,
            packages={package: tuple(names) for package, names in packages.items()},
            members=Lexicon(own.union(*(_MEMBER.findall(text) for text in texts), _common_members())),
            called=Lexicon(name for text in texts for name in _CALLED.findall(text)),
            words=Lexicon(name for text in (*texts, *around) for name in _NAME.findall(text)),
            annotations=frozenset({"Test", *(name for text in texts for name in _ANNOTATION.findall(text))}),
            generic=_GENERIC.union(*(_WITH_ARGUMENTS.findall(text) for text in (*texts, *around))),
            lambdas=Lexicon([*_PARAMETERS, *(name for text in texts for name in _LAMBDA.findall(text))]),
        )

    def seen_from(self, package: str, imports: Iterable[Import], focal: FocalMethod) -> "Project":
        """The same where of several classes of one name that one is meant which is imported, or in the ``package``.

        Failing these it is the focal method's.
        """
        imported = {one.simple: one.name for one in imports if not (one.static or one.wildcard)}
        meant: dict[str, tuple[KnownClass, ...]] = {}
        for simple, same in self.classes.items():
            if simple in imported:  # None of these, if it is of another project.
                meant[simple] = tuple(of for of in same if imported[simple] == f"{of.package}.{of.class_name}")
            elif len(same) > 1:
                found = [of for of in same if (of.package, of.class_name) == (package, simple)]
                found = found or [of for of in same if (of.path, of.class_name) == (focal.path, focal.class_name)]
                meant[simple] = tuple(found) or same
        # Many tests see the same: what is found out of its classes serves them all.
        key = tuple((simple, *map(id, same)) for simple, same in meant.items() if self.classes[simple] != same)
        if not key:
            return self
        if key not in self._views:
            classes = {simple: same for simple, same in {**self.classes, **meant}.items() if same}
            self._views[key] = replace(self, classes=classes, _of={}, _above={}, _usable={}, _leads={}, _views={})
        return self._views[key]

    @cached_property
    def assignment(self) -> Assignment:
        """Which values can go where."""
        return Assignment(self.supertypes, self.classes, strict=self.plain)

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
                form = _form(method)
                before = forms.get(method.name, ())
                if method.name != CONSTRUCTOR and not any(_overrides(one, form) for one in before):
                    # Any of several forms may be meant.
                    known = not before or methods[method.name] == form.returns
                    methods[method.name] = form.returns if known else None
                    forms[method.name] = (*before, form)
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
        nested = self.inner(simple)
        nested += [one.class_name.rpartition(".")[2] for one in _nested_in_jdk().get(simple, ())]
        return Members(
            methods,
            fields | dict.fromkeys(nested, None),
            whole,
            forms if whole or self.plain else {},
            frozenset(methods) - own if whole or self.plain else frozenset(),
        )

    def _names_of(self, one: KnownClass) -> frozenset[str]:
        """Of all members of one class, inherited ones too."""
        lineage, _ = self._lineage((one,))
        enums = {"values", "valueOf"} if one.kind == "enum" else set[str]()
        methods = {method.name for of in lineage for method in of.methods}
        fields = {name for of in lineage for name, _ in of.fields}
        return frozenset(enums.union(methods, fields, *(of.constants for of in lineage)))

    def inner(self, outer: str) -> list[str]:
        """Classes nested in one of the project."""
        return [name for name, of in self.classes.items() if any(outer_of(one) == outer for one in of)]

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
            objects = not wanted or "Object" in wanted or not self.plain
            found = [
                name
                for name in (*members.methods, *members.fields)
                if not (self._is_bound(name, members) if by_class else self._is_static(name, members))
                and any(
                    leads(of, wanted) and (of is not None or objects or name not in members.methods)
                    for of in members.types(name)
                )
                and not self._is_blind(name, members, wanted)
                and (handles or not self.throws(members.forms.get(name, ())))
            ]
            self._usable[key] = Lexicon(found)
        return self._usable[key]

    def _holds_more(self, members: Members) -> bool:
        """Whether members that are not known may be meant: not in a plain test."""
        return not (members.whole or self.plain)

    def _is_blind(self, name: str, members: Members, wanted: Wanted) -> bool:
        """Whether a member is a class that nothing leads on from, in a plain test."""
        return self.plain and self._is_inner(name, members) and not self.leads_by_class(name, wanted)

    def _is_inner(self, name: str, members: Members) -> bool:
        """Whether a member is a class that is known."""
        return name not in members.methods and members.fields.get(name) is None and self.members_of(name) is not None

    def _is_bound(self, name: str, members: Members) -> bool:
        """Whether a member needs an instance: of fields only the names tell."""
        return name in members.bound or (self.plain and name in members.fields and name[:1].islower())

    def _is_static(self, name: str, members: Members) -> bool:
        """Whether a member is not asked of an instance in a plain test: a class, and those of interfaces, cannot be."""
        forms = members.forms.get(name)
        return self.plain and (self._is_inner(name, members) if forms is None else all(one.static for one in forms))

    def throws(self, forms: Forms) -> bool:
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
            throws=self.throws(forms),
            heirs=frozenset(heirs),
            outers=frozenset(filter(None, map(outer_of, self.known(simple)))),
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
                whole &= bool(known) or above in ASSERTIONS
                # Where a name has no class before it, one that is nested elsewhere is seldom meant.
                waiting.extend([one for one in known if "." not in one.class_name] or known)
        return list(found.values()), whole


def assertion_forms(owner: str) -> dict[str, Forms]:
    """How the assertions of a class of JUnit are called."""
    return {
        name: tuple(Form(one, VOID if owner in _ASSERTERS and name not in _ANSWERING else None) for one in forms)
        for name, forms in FORMS.get(owner, {}).items()
    }


def _grouped(found: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    """What stands beside each of the first names."""
    groups: dict[str, set[str]] = {}
    for first, second in found:
        groups.setdefault(first, set()).add(second)
    return {first: frozenset(seconds) for first, seconds in groups.items()}


def outer_of(one: KnownClass) -> str:
    """Simple name of the class that a class is nested in."""
    return one.class_name.rpartition(".")[0].rpartition(".")[2]


def _form(method: KnownMethod) -> Form:
    return form_of(method.parameters, simple_type(method.returns), method.throws)._replace(static=method.static)


def _overrides(form: Form, above: Form) -> bool:
    """Whether a method of a subclass stands in the place of one ``above``, as far as the types of their arguments say.

    A type variable above may have become anything.
    """
    return len(form.parameters) == len(above.parameters) and all(
        one == other or other is None for one, other in zip(form.parameters, above.parameters, strict=True)
    )


def _worth(members: Members) -> Iterator[str | None]:
    """Types of the members that an instance is asked for: not what every object has."""
    yield from (of for of in members.fields.values() if of is not None)
    yield from (of for name in members.methods if name not in object_methods() for of in members.types(name))


@cache
def _nested_in_jdk() -> Mapping[str, list[KnownClass]]:
    found: dict[str, list[KnownClass]] = {}
    for one in (one for same in jdk_classes().values() for one in same):
        if outer_of(one):
            found.setdefault(outer_of(one), []).append(one)
    return found


@cache
def _common_members() -> tuple[str, ...]:
    """Names that stand after a dot in at least six of the base's artifacts: the JDK's and JUnit's, and everyone's."""
    return tuple((files("tailorbird.generation") / "common_members.txt").read_text(encoding="utf-8").split())
