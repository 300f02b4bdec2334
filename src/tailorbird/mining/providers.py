"""Where a parameterized test takes its arguments from: the methods and fields that its annotations name."""

import re
from collections.abc import Iterator, Sequence

from tailorbird.mining.declarations import Annotation, JavaType, Method

_STRING = re.compile(r'"((?:\\.|[^"\\])*)"')
_DATA_PROVIDER = re.compile(r'dataProvider\s*=\s*"([^"]*)"')
_NAME = re.compile(r'name\s*=\s*"([^"]*)"')


def providers(method: Method, home: Sequence[JavaType]) -> tuple[str, ...]:
    """The declarations, as written, of what provides the arguments of ``method``; each once, in the order named.

    ``home`` is the test's class and those above it. JUnit 5's ``@MethodSource`` (without a name: the method of the
    test's own) and ``@FieldSource``, and TestNG's ``dataProvider``; what stands in another class is left out.
    """
    named = (text for one in method.annotations for text in _named(one, method, home))
    return tuple(dict.fromkeys(text for text in named if text != method.text))


def _named(annotation: Annotation, method: Method, home: Sequence[JavaType]) -> Iterator[str]:
    kind = annotation.name.rpartition(".")[2]
    if kind in ("MethodSource", "FieldSource"):
        for name in _STRING.findall(annotation.arguments) or [method.name]:
            place, _, local = name.rpartition("#")
            # Outer$Inner#method names its class in full; a name alone means the test's own.
            if not place or place.rpartition(".")[2].rpartition("$")[2] in {one.simple_name for one in home}:
                yield from _declared(local.partition("(")[0], home, fields=kind == "FieldSource")
    elif kind == "Test":
        for name in _DATA_PROVIDER.findall(annotation.arguments):
            yield from _data_provider(name, home)


def _declared(name: str, home: Sequence[JavaType], *, fields: bool) -> Iterator[str]:
    for one in home:
        texts = [member.text for member in (one.fields if fields else one.methods) if member.name == name]
        if texts:
            yield from texts
            return


def _data_provider(name: str, home: Sequence[JavaType]) -> Iterator[str]:
    for one in home:
        for method in one.methods:
            for annotation in method.annotations:
                if annotation.name.rpartition(".")[2] == "DataProvider":
                    given = _NAME.search(annotation.arguments)
                    if name == (given.group(1) if given else method.name):
                        yield method.text
                        return
