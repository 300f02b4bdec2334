"""What is in scope of a pair's test: its file's imports, and how to make what the focal method takes."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from tailorbird.mining.skeleton import with_outlines
from tailorbird.records import CONSTRUCTOR, KnownClass, KnownMethod, Pair, TestClass

MOST_COLLABORATORS = 3
"""Classes shown for a focal method; a method that takes more of them is rare."""
MOST_MEMBERS = 6
"""Ways shown to make each."""

_IMPORT = re.compile(r"^\s*import\s+(static\s+)?([\w.]+(?:\.\*)?)\s*;", re.MULTILINE)
_WORD = re.compile(r"[A-Za-z_$][\w$]*")


def with_scope(pairs: Iterable[Pair], tests: Iterable[TestClass], known: Iterable[KnownClass]) -> tuple[Pair, ...]:
    """The pairs, each with its test class's outline and imports, and its focal method's collaborators."""
    classes = tuple(tests)
    imports = {(one.path, one.class_name): file_imports(one.text) for one in classes}
    index = _Index(known)
    return tuple(
        replace(
            pair,
            imports=imports.get((pair.test.path, pair.test.class_name), ()),
            collaborators=index.collaborators(pair),
        )
        for pair in with_outlines(pairs, classes)
    )


def file_imports(text: str) -> tuple[str, ...]:
    """The imports of a file as they stand between ``import`` and ``;``, in order, each once."""
    found = (f"{'static ' if static else ''}{name}" for static, name in _IMPORT.findall(text))
    return tuple(dict.fromkeys(found))


class _Index:
    """All classes of a tree by their simple names."""

    def __init__(self, known: Iterable[KnownClass]) -> None:
        self._named: dict[str, list[KnownClass]] = defaultdict(list)
        for one in known:
            self._named[one.class_name.rpartition(".")[2]].append(one)

    def collaborators(self, pair: Pair) -> tuple[str, ...]:
        """Outlines of the project's classes that the focal method takes, the focal class's own left out."""
        names = dict.fromkeys(word for parameter in pair.focal.parameters for word in _WORD.findall(parameter))
        found = (self._meant(name, pair) for name in names)
        outlines = [outline(one) for one in found if one is not None]
        return tuple(one for one in outlines if one)[:MOST_COLLABORATORS]

    def _meant(self, name: str, pair: Pair) -> KnownClass | None:
        """The class that ``name`` means in the focal class: of its own package, or the only one of that name."""
        focal = pair.focal
        candidates = self._named.get(name, [])
        near = [one for one in candidates if one.package == focal.package] or candidates
        if len(near) != 1 or (near[0].package, near[0].class_name) == (focal.package, focal.class_name):
            return None
        return near[0]


def outline(one: KnownClass) -> str:
    """How to make a value of a class, in short: its constants, constructors and static factories."""
    name = one.class_name.rpartition(".")[2]
    makers = [method for method in one.methods if method.name == CONSTRUCTOR and one.creatable]
    makers += [method for method in one.methods if method.static and method.returns.partition("<")[0] == name]
    lines = [f"{', '.join(one.constants)};"] if one.constants else []
    lines += [f"{_signature(method, name)};" for method in makers]
    if one.kind == "class" and one.creatable and not any(method.name == CONSTRUCTOR for method in one.methods):
        lines.append(f"{name}();")
    head = one.kind if one.kind in {"interface", "abstract class"} else ""
    if not lines and not head:
        return ""
    return "\n".join([f"{head} {name} {{".lstrip(), *lines[:MOST_MEMBERS], "}"])


def _signature(method: KnownMethod, name: str) -> str:
    parameters: Sequence[str] = method.parameters
    if method.name == CONSTRUCTOR:
        return f"{name}({', '.join(parameters)})"
    return f"static {method.returns} {method.name}({', '.join(parameters)})"
