"""A row that needs no model: the method under test, called with simple values on a simple object.

What it returns is compared with a placeholder, so that the repair of observed values can make a regression test of it.
Whatever else is repaired so has to beat this.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from tailorbird.generation.simple_values import SimpleValues, combinations, is_type_variable
from tailorbird.mining.dataset import DataSet
from tailorbird.records import CONSTRUCTOR, FocalMethod, KnownClass, Pair, TestClass

_MODIFIERS = frozenset(
    {
        "public", "protected", "private", "static", "final", "abstract", "synchronized", "native", "strictfp",
        "default", "transient",
    }
)  # fmt: skip
_TESTS = {
    "junit4": ("org.junit.Test", "org.junit.Assert"),
    "junit5": ("org.junit.jupiter.api.Test", "org.junit.jupiter.api.Assertions"),
    "testng": ("org.testng.annotations.Test", "org.testng.Assert"),
}
_WHOLE = frozenset({"byte", "short", "int", "long"})
_REAL = frozenset({"float", "double"})
_TOLERANCE = "0.000001"
# Types of the JDK whose text says what they hold, and not where they lie.
_TELLING = frozenset(
    {
        "Boolean", "Character", "Byte", "Short", "Integer", "Long", "Float", "Double", "Number", "String",
        "CharSequence", "StringBuilder", "StringBuffer", "Object", "Comparable", "Class", "Enum", "Iterable",
        "Collection", "List", "Set", "Map", "SortedMap", "SortedSet", "Deque", "Queue", "ArrayList", "LinkedList",
        "HashMap", "HashSet", "TreeMap", "TreeSet", "LinkedHashMap", "LinkedHashSet", "Optional", "OptionalInt",
        "OptionalLong", "OptionalDouble", "BigInteger", "BigDecimal", "Date", "Instant", "LocalDate", "LocalTime",
        "LocalDateTime", "ZonedDateTime", "Duration", "Period", "URI", "URL", "Locale", "Charset", "Pattern", "UUID",
        "File", "Path", "Properties", "BitSet",
    }
)  # fmt: skip


def simple_calls(data: DataSet, wanted: Sequence[Pair], samples: int) -> list[list[str]]:
    """``samples`` tests for each pair; those of one focal method go on where the last pair's ended.

    Where a method has fewer distinct ones, they begin again.
    """
    known = data.known_classes
    # A data set that was imported from another format has no test classes.
    classes = data.test_classes if data.manifest.test_classes_sha256 else ()
    homes = {(one.path, one.class_name): one for one in classes}
    pairs_of: dict[str, int] = defaultdict(int)
    made: dict[str, list[str]] = {}
    values: dict[str, SimpleValues] = {}
    for pair in wanted:
        pairs_of[pair.focal_key] += 1
    seen: dict[str, int] = defaultdict(int)
    texts = []
    for pair in wanted:
        package, key = pair.test.package, pair.focal_key
        if package not in values:
            values[package] = SimpleValues.of(known, package)
        calls = made.get(key)
        if calls is None:
            calls = made[key] = list(islice(focal_calls(pair.focal, values[package]), samples * pairs_of[key]))
        writer = _Writer(pair, homes.get((pair.test.path, pair.test.class_name)), values[package])
        start = samples * seen[key]
        seen[key] += 1
        texts.append([writer.test(calls[(start + at) % len(calls)]) for at in range(samples)])
    return texts


def focal_calls(focal: FocalMethod, values: SimpleValues) -> Iterator[str]:
    """Expressions that call the method under test, the simplest first; at least one."""
    owner = _owner(focal, values)
    overloads = {one.parameters for one in owner.methods if one.name == focal.name}
    cast = sum(len(one) == len(focal.parameters) for one in overloads) > 1
    if focal.name == CONSTRUCTOR:
        yield from values.calls(f"new {values.name(owner)}", focal.parameters, cast=cast)
        return
    if "static" in _modifiers(focal):
        yield from values.calls(f"{values.name(owner)}.{focal.name}", focal.parameters, cast=cast)
        return
    # Where no way is found, what a developer would try first.
    receivers = values.objects(owner) or (f"new {values.name(owner)}()",)
    arguments = [", ".join(one) for one in islice(values.arguments(focal.parameters, cast=cast), 200)]
    for receiver, given in combinations((receivers, arguments)):
        yield f"{receiver}.{focal.name}({given})"


def returned_type(focal: FocalMethod) -> str:
    """What the method returns, as its signature has it; empty for a constructor."""
    if focal.name == CONSTRUCTOR:
        return ""
    before = re.split(rf"\b{re.escape(focal.name)}\s*\(", focal.signature, maxsplit=1)[0]
    return " ".join(_words(before, modifiers=False))


def _modifiers(focal: FocalMethod) -> set[str]:
    return set(_words(focal.signature.partition("(")[0], modifiers=True))


def _words(text: str, *, modifiers: bool) -> list[str]:
    """The modifiers of a declaration, or the words of its type."""
    text = re.sub(r"@\w+(?:\.\w+)*(?:\([^()]*\))?", " ", text)
    words = text.split()
    count = next((at for at, one in enumerate(words) if one not in _MODIFIERS), len(words))
    if modifiers:
        return words[:count]
    rest = " ".join(words[count:])
    return _without_type_parameters(rest).split()


def _without_type_parameters(text: str) -> str:
    """``<T extends List<T>> T`` is ``T``."""
    if not text.startswith("<"):
        return text
    depth = 0
    for at, letter in enumerate(text):
        depth += (letter == "<") - (letter == ">")
        if depth == 0:
            return text[at + 1 :].strip()
    return ""


def _owner(focal: FocalMethod, values: SimpleValues) -> KnownClass:
    """The focal class; one without any knowledge where the data set has none of it."""
    for one in values.classes.get(focal.class_name, ()):
        if one.package == focal.package:
            return one
    return KnownClass(
        class_name=focal.class_name,
        package=focal.package,
        path=focal.path,
        kind="class",
        creatable=True,
        superclass=None,
        interfaces=(),
        constants=(),
        fields=(),
        methods=(),
    )


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes tests in the framework of one pair's test class."""

    pair: Pair
    home: TestClass | None
    values: SimpleValues

    def test(self, call: str) -> str:
        focal, framework = self.pair.focal, self.pair.test.framework
        name = "Constructor" if focal.name == CONSTRUCTOR else focal.name[:1].upper() + focal.name[1:]
        head = f"public void test{name}WithSimpleValues() throws Exception {{\n\t{self._statement(call)}\n}}"
        return head if framework not in _TESTS else f"@{self._annotation(_TESTS[framework][0])}\n{head}"

    def _statement(self, call: str) -> str:
        kind = returned_type(self.pair.focal)
        if kind == "void":
            return f"{call};"
        if kind == "boolean":
            return f"{self._assertion('assertTrue')}({call});"
        if kind in _WHOLE:
            return self._equals("0", call)
        if kind == "char":
            return self._equals("'a'", call)
        if kind in _REAL:
            return self._equals("0.0", call, _TOLERANCE)
        if kind == "String":
            return self._equals('""', call)
        if kind.endswith("[]"):
            text = "deepToString" if kind.endswith("[][]") else "toString"
            return self._equals('""', f"java.util.Arrays.{text}({call})")
        if self._tells(kind):
            return self._equals('""', f"String.valueOf({call})")
        return f"{self._assertion('assertNotNull')}({call});"

    def _equals(self, expected: str, actual: str, *tolerance: str) -> str:
        # TestNG has them the other way round.
        both = (actual, expected) if self.pair.test.framework == "testng" else (expected, actual)
        return f"{self._assertion('assertEquals')}({', '.join((*both, *tolerance))});"

    def _tells(self, kind: str) -> bool:
        """Whether the text of an object of a type says what it holds."""
        focal = self.pair.focal
        name = (kind or focal.class_name).partition("<")[0].rpartition(".")[2]
        if name in _TELLING or is_type_variable(name):
            return True
        one = _owner(focal, self.values) if not kind else self.values.find(name)
        seen: set[str] = set()
        while one is not None and one.class_name not in seen:
            seen.add(one.class_name)
            if one.kind in {"enum", "record"} or any(
                method.name == "toString" and not method.parameters for method in one.methods
            ):
                return True
            above = (one.superclass or "").partition("<")[0].rpartition(".")[2]
            one = self.values.find(above)
        return False

    def _assertion(self, name: str) -> str:
        """As its test class can call it without a further import."""
        framework = self.pair.test.framework
        if framework not in _TESTS:
            return name  # Inherited from TestCase.
        owner = _TESTS[framework][1]
        text = self.home.text if self.home is not None else ""
        imported = re.search(rf"import\s+static\s+{re.escape(owner)}\.(?:{name}|\*)\s*;", text)
        return name if imported else f"{owner}.{name}"

    def _annotation(self, name: str) -> str:
        text = self.home.text if self.home is not None else ""
        package, _, simple = name.rpartition(".")
        imported = re.search(rf"import\s+{re.escape(package)}\.(?:{simple}|\*)\s*;", text)
        return simple if imported else name
