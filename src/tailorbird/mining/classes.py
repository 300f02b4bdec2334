"""Classes as records: in full those that pairs speak of, in short all of them."""

from collections.abc import Iterable

from tailorbird.mining.declarations import JavaType, Method
from tailorbird.mining.java import invoked_names
from tailorbird.records import CONSTRUCTOR, ClassField, ClassMethod, KnownClass, KnownMethod, SourceClass


def source_classes(types: Iterable[JavaType]) -> tuple[SourceClass, ...]:
    """Each type once, in order of path and name."""
    found = {(one.scope.path, one.name): one for one in types}
    return tuple(source_class(found[key]) for key in sorted(found))


def source_class(one: JavaType) -> SourceClass:
    """The record of one type."""
    return SourceClass(
        class_name=one.name,
        package=one.scope.package,
        path=one.scope.path,
        superclass=one.superclass,
        interfaces=one.interfaces,
        constants=one.constants,
        fields=tuple(
            ClassField(name=field.name, type=field.type, modifiers=field.modifiers, text=field.text)
            for field in one.fields
        ),
        methods=tuple(_method(method) for method in (*one.constructors, *one.methods)),
    )


def known_class(one: JavaType, tests: Iterable[Method] = ()) -> KnownClass:
    """The record of one type in short, without ``tests``: nothing is to be learned from them."""
    hidden = {id(test) for test in tests}
    private = one.scope.is_test
    return KnownClass(
        class_name=one.name,
        package=one.scope.package,
        path=one.scope.path,
        kind=one.kind,
        creatable=one.kind in {"class", "record"}
        and (not one.constructors or any(private or "private" not in method.modifiers for method in one.constructors)),
        superclass=one.superclass,
        interfaces=one.interfaces,
        constants=one.constants,
        fields=tuple((field.name, field.type) for field in one.fields if private or not field.private),
        methods=tuple(
            KnownMethod(
                name=method.name,
                returns="" if method.name == CONSTRUCTOR else method.returns,
                parameters=method.parameters,
                static="static" in method.modifiers,
                throws=method.throws,
            )
            for method in (*one.constructors, *one.methods)
            if id(method) not in hidden and (private or "private" not in method.modifiers)
        ),
    )


def _method(method: Method) -> ClassMethod:
    _, bracket, parameters = method.signature.partition("(")
    return ClassMethod(
        name=method.name,
        line=method.line,
        modifiers=method.modifiers,
        returns="" if method.name == CONSTRUCTOR else method.returns,
        parameters=bracket + parameters,
        signature=method.signature,
        calls=tuple(sorted(invoked_names(method))),
    )
