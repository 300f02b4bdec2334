"""What a test can name where it goes: what its file declares and imports, its package, and what its project knows.

Of the test class the file without any test is read.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cached_property

from tailorbird.generation.expressions import Wanted
from tailorbird.generation.jdk import ASSERTIONS, FOR_THROWN, jdk_packages
from tailorbird.generation.lexicon import Keywords, Lexicon
from tailorbird.generation.project import Members, Project, assertion_forms, outer_of
from tailorbird.generation.surroundings import Import, Surroundings, Typed
from tailorbird.generation.types import PRIMITIVE, VOID, Forms
from tailorbird.mining.assertions import DOES_NOT_THROW
from tailorbird.mining.dataset import DataSet
from tailorbird.records import Pair, TestClass

_NAME = re.compile(r"[^\W\d][\w$]*")
_CALLED = re.compile(r"(?<![\w.:])([a-z_$][\w$]*)\s*\(")
_CONSTANT = re.compile(r"(?<![\w.$])([A-Z][A-Z\d_]+)(?![\w$(])")
_OTHER_KINDS = frozenset({
    "ParameterizedTest", "MethodSource", "ValueSource", "CsvSource", "EnumSource", "ArgumentsSource", "TestFactory",
    "TestTemplate", "Theory", "RepeatedTest", "Override", "Before", "After", "BeforeEach", "AfterEach", "BeforeClass",
    "AfterClass", "BeforeAll", "AfterAll", "Disabled", "Ignore",
})  # fmt: skip
"""Annotations of methods that are no tests by themselves."""
_OF_TESTS = ("Test", "Tests", "TestCase")
_THROWN = ("Exception", "Error", "Throwable")
_ASSERTING_CLASSES = ("Assertions", "Assert")
_ASSERTING = frozenset(name for names in ASSERTIONS.values() for name in names)


class Known:
    """What the tests of a data set can name."""

    def __init__(
        self,
        project: Project,
        files: Mapping[tuple[str, str], TestClass],
        beside: Mapping[tuple[str, str], Sequence[str]],
    ) -> None:
        self._project, self._files, self._beside = project, files, beside
        self._names: dict[tuple[str, str, str, str, str], Names] = {}

    @classmethod
    def of(cls, data: DataSet, *, plain: bool = False) -> "Known | None":
        """From the training pairs and the known classes; None where the data set has no tree to know them from.

        In ``plain`` tests nothing is compared but numbers: assertions say the rest.
        """
        classes = data.known_classes
        if not classes:
            return None
        pairs = data.split("train")
        beside: dict[tuple[str, str], list[str]] = {}
        for pair in pairs:
            beside.setdefault((pair.test.path, pair.test.class_name), []).append(pair.test.text)
        return cls(
            Project.of(pairs, classes, plain=plain),
            {(one.path, one.class_name): one for one in data.test_classes},
            beside,
        )

    def names(self, pair: Pair) -> "Names":
        """What a test of ``pair`` can name where the pair's own test stood."""
        at = (pair.test.path, pair.test.class_name, pair.focal.path, pair.focal.class_name, pair.focal.name)
        if at not in self._names:
            self._names[at] = Names(self._project, self._files.get(at[:2]), pair, self._beside.get(at[:2], ()))
        return self._names[at]


class Names:
    """What a test of one test class can name, of one focal class."""

    def __init__(self, project: Project, file: TestClass | None, pair: Pair, beside: Sequence[str] = ()) -> None:
        """What stands around them is read from ``file``, what else is there from the training tests ``beside``."""
        focal = pair.focal.class_name.rpartition(".")[2]
        around = Surroundings.of(file) if file is not None else None
        package = pair.test.package
        if around is not None:
            project = project.seen_from(package, around.imports, pair.focal)
        self.project = project
        self.own = pair.test.class_name.rpartition(".")[2]
        """Of the test's class the simple name."""
        types = {*project.packages.get(package, ()), *jdk_packages()["java.lang"]}
        if around is None or not project.plain:
            types.add(focal)
        self.fields: dict[str, str | None] = {}
        self._variables: frozenset[str] = frozenset()
        called: dict[str, str | None] = {}
        self.loose = around is None
        """Not all is known that this class inherits or imports: what training tests use is let pass too."""
        forms = self._surround(around, types, called) if around is not None else {}
        imported = set(types)
        if self.loose and around is not None and project.plain:
            self.loose = False
            self._take_from(beside, types, called)
        if self.loose:
            self._loosen(types, called)
        self.types = Lexicon(types)
        self._values = Lexicon(types - _OTHER_KINDS - {"Test", "SuppressWarnings", "Deprecated"} - self._variables)
        """Types that a value can begin with: no annotations, no type variables."""
        self.called: Typed = called
        self.forms: Mapping[str, Forms] = {} if self.loose else forms
        """Of what is called without a receiver."""
        self.operands = Lexicon([*types - _OTHER_KINDS - {"Test"}, *self.fields, *called, *project.lambdas])
        # JUnit 3's ``Test`` is an interface.
        interface = around is not None and any(one.name == "junit.framework.Test" for one in around.imports)
        annotations = (types if around is None else imported) & project.annotations - ({"Test"} if interface else set())
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
    def exceptions(self) -> Lexicon:
        """Of these the exceptions: what a test expects to be thrown."""
        return Lexicon(one for one in self.types if one.endswith("Exception"))

    def written(self, simple: str) -> str | None:
        """How a class is named here, a nested one with what it is nested in; None where it cannot be."""
        if simple in self.types:
            return simple
        outers = map(outer_of, self.project.known(simple))
        return next((f"{outer}.{simple}" for outer in outers if outer in self.types), None)

    @cached_property
    def asserting(self) -> list[str]:
        """What a statement that asserts something begins with; empty where nothing is known to."""
        others = DOES_NOT_THROW | FOR_THROWN
        called = [one for one in self.called if one.startswith("assert") and one not in others]
        return called or [one for one in _ASSERTING_CLASSES if one in self.types]

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
                one for one in self.types if wanted and any(self.project.leads(of, wanted) for of in project.inner(one))
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

    def _surround(self, around: Surroundings, types: set[str], called: dict[str, str | None]) -> dict[str, Forms]:
        """Take what stands around the tests of a class; how what is called without a receiver is called."""
        types |= around.types
        self._variables = around.variables
        self.fields |= around.fields
        called |= around.methods
        for one in around.imports:
            self._import(one, types, called)
        self._inherit(around.superclass, types, called)
        return self._own_forms(around)

    def _own_forms(self, around: Surroundings) -> dict[str, Forms]:
        """How helpers and assertions are called, where no other form of the same name can be meant."""
        asserted: dict[str, Forms] = {}
        if around.superclass is not None:
            above = self.project.members_of(around.superclass)
            heritage, whole = self.project.supertypes(around.superclass) or (frozenset[str](), False)
            if not (whole or around.superclass == "TestCase" or self.project.plain):
                return {}
            if "TestCase" in {around.superclass, *heritage}:
                asserted |= assertion_forms("TestCase")
            asserted |= above.forms if above is not None else {}
        for one in around.imports:
            if one.static:
                owner = one.name if one.wildcard else one.name.rpartition(".")[0]
                known = assertion_forms(owner.rpartition(".")[2])
                asserted |= known if one.wildcard else {one.simple: known.get(one.simple, ())}
        # A helper that bears an imported name hides it.
        return asserted | dict(around.forms)

    def _take_from(self, beside: Sequence[str], types: set[str], called: dict[str, str | None]) -> None:
        """What a class inherits or imports from elsewhere, as far as its own training tests use it."""
        for text in beside:
            types.update(name for name in _NAME.findall(text) if name[0].isupper() and not name.isupper())
            called |= dict.fromkeys(name for name in _CALLED.findall(text) if name not in called)
            self.fields |= dict.fromkeys(name for name in _CONSTANT.findall(text) if name not in self.fields)

    def _loosen(self, types: set[str], called: dict[str, str | None]) -> None:
        """What training tests use may be meant too."""
        types.update(word for word in self.project.words if word[:1].isupper())
        called |= dict.fromkeys(self.project.called)

    def _import(self, one: Import, types: set[str], called: dict[str, str | None]) -> None:
        if not one.wildcard:
            if one.static:
                called[one.simple] = None
                self.fields |= {one.simple: None} if one.simple not in _ASSERTING else {}
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
