"""Whether a candidate asserts anything, read as if it stood in its test class."""

from collections.abc import Sequence

import msgspec

from tailorbird.mining.declarations import Import, JavaType, Method
from tailorbird.mining.java import JavaParser
from tailorbird.mining.names import TypeIndex
from tailorbird.mining.recognise import Recogniser
from tailorbird.mining.uses import Reader
from tailorbird.records import TestClass

_BEFORE, _AFTER = "import org.junit.Test;\nclass X {\n", "\n}\n"
"""The import makes it a test file, whose bodies are read."""


class CandidateAssertions:
    """Reads candidates with the project's own helpers; ``types`` are those of the whole tree, tests included."""

    def __init__(self, types: Sequence[JavaType]) -> None:
        self._index = TypeIndex(types)
        self._types = {(one.scope.path, one.name): one for one in types}
        self._recogniser = Recogniser(self._index)
        self._parser = JavaParser()
        self._readers: dict[tuple[str, str, tuple[str, ...]], tuple[JavaType, Reader]] = {}
        # What was read is remembered by identity, so that nothing of it may go.
        self._kept: list[Method | JavaType] = []

    def of_method(self, home: TestClass, text: str, imports: Sequence[str] = ()) -> bool | None:
        """Of one method that stands in a test class; ``imports`` are added around it. None where it cannot be read."""
        reader = self._reader(home, tuple(imports))
        types = self._parser.parse(home.path, f"{_BEFORE}{text}{_AFTER}".encode("utf-8", errors="replace"))
        if reader is None or not types or not types[0].methods:
            return None
        method = types[0].methods[0]
        self._kept.append(method)
        return reader.asserts(method)

    def of_file(self, home: TestClass, text: str) -> bool | None:
        """Of a whole file beside a test class: whether any of its tests does. None where it has no test."""
        types = self._parser.parse(home.path, text.encode("utf-8", errors="replace"))
        self._kept += types
        found = [
            Reader(self._index, owner).asserts(method)
            for owner in types
            for method, _ in self._recogniser.cases(owner)
        ]  # fmt: skip
        return any(found) if found else None

    def _reader(self, home: TestClass, imports: tuple[str, ...]) -> Reader | None:
        owner = self._types.get((home.path, home.class_name))
        if owner is None:
            return None
        key = (home.path, home.class_name, imports)
        if key not in self._readers:
            if imports:
                added = tuple(Import(one.removeprefix("static "), one.startswith("static "), False) for one in imports)
                scope = msgspec.structs.replace(owner.scope, imports=(*owner.scope.imports, *added))
                owner = msgspec.structs.replace(owner, scope=scope)
            self._readers[key] = owner, Reader(self._index, owner)
        return self._readers[key][1]
