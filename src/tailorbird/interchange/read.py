"""Others' files as a data set of ours."""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tailorbird import __version__
from tailorbird.errors import DataError
from tailorbird.interchange.methods2test import ClassForm, Corpus, Dataset, MethodForm, read_forms
from tailorbird.interchange.tables import read_parquet
from tailorbird.java_text import canonical_layout
from tailorbird.mining import dataset, splits
from tailorbird.mining.classes import source_class
from tailorbird.mining.context import PUBLISHED, Level, focal_context
from tailorbird.mining.declarations import JavaType, Method
from tailorbird.mining.java import JavaParser
from tailorbird.mining.names import TypeIndex
from tailorbird.mining.recognise import Recogniser
from tailorbird.mining.similarity import Shingles
from tailorbird.mining.uses import Reader
from tailorbird.records import (
    CONSTRUCTOR,
    FORMAT_VERSION,
    ClassField,
    ClassMethod,
    DataManifest,
    FocalMethod,
    Pair,
    Provenance,
    SourceClass,
    TestCase,
)
from tailorbird.storage import sha256_bytes

_FRAMEWORKS = "import org.junit.*; import static org.junit.Assert.*;"
_EVIDENCE = ("methods2test",)


def read_methods2test(folder: Path, out: Path, *, seed: int = 0) -> DataManifest:
    """Make the data set ``out`` of all files of either form under ``folder``.

    Where every file lies in a folder ``train``, ``eval`` or ``test`` that split is kept; otherwise the pairs are split
    by class and near-duplicate cluster. The published data says nothing of packages and lines: classes are told apart
    by their files, and the corpus form, which has not even these, by their names.
    """
    read = [_Read(name, split, *_pair(name, form)) for name, split, form in read_forms(folder)]
    pairs = tuple(one.pair for one in read)
    given = [one.split for one in read]
    if all(given) and set(given) == set(splits.NAMES):
        divided = _as_given(pairs, given)
    else:
        divided = splits.split(pairs, seed=seed)
    classes = {(one.path, one.class_name): one for each in read for one in each.classes}
    return _save(out, folder, "methods2test", divided, tuple(classes[key] for key in sorted(classes)), seed=seed)


def read_tables(folder: Path, out: Path) -> DataManifest:
    """Make the data set ``out`` of the Parquet files that `tailorbird export` wrote, split as they are."""
    pairs = read_parquet(folder)
    return _save(out, folder, "parquet", splits.measure(pairs, Shingles(splits.texts(pairs))), (), seed=0)


def _save(
    out: Path, folder: Path, kind: str, divided: splits.SplitPairs, classes: tuple[SourceClass, ...], *, seed: int
) -> DataManifest:
    added = {
        "skeleton": any(pair.skeleton for pair in divided.pairs),
        "neighbour": any(pair.neighbour for pair in divided.pairs),
    }
    sizes = Counter(pair.split for pair in divided.pairs)
    start = time.perf_counter()
    pairs_sha256 = dataset.save_pairs(out, divided.pairs)
    manifest = DataManifest(
        format_version=FORMAT_VERSION,
        tailorbird=__version__,
        source=Provenance(kind=kind, location=folder.resolve().name),
        context_level=str(Level(PUBLISHED[-1], **added)),
        heuristics="methods2test" if kind == "methods2test" else "tailorbird",
        seed=seed,
        files=0,
        test_cases=len(divided.pairs),
        pairs=len(divided.pairs),
        unasserted=sum(not pair.test.assertions for pair in divided.pairs),
        splits={name: sizes[name] for name in splits.NAMES},
        leakage=divided.leakage,
        skipped=(),
        seconds=round(time.perf_counter() - start, 3),
        pairs_sha256=pairs_sha256,
        classes_sha256=dataset.save_classes(out, classes),
        test_classes_sha256=dataset.save_test_classes(out, ()),
    )
    dataset.save_manifest(out, manifest)
    return manifest


@dataclass(frozen=True, slots=True)
class _Read:
    name: str
    split: str
    pair: Pair
    classes: tuple[SourceClass, ...]


def _as_given(pairs: Sequence[Pair], given: Iterable[str]) -> splits.SplitPairs:
    shingles = Shingles(splits.texts(pairs))
    cluster_of = splits.clusters(shingles)
    done = tuple(
        replace(pair, cluster=cluster, split=split)
        for pair, cluster, split in zip(pairs, cluster_of, given, strict=True)
    )
    return splits.measure(done, shingles)


def _pair(name: str, form: Dataset | Corpus) -> tuple[Pair, tuple[SourceClass, ...]]:
    if isinstance(form, Corpus):
        owner = form.src_fm_fc.partition("{")[0].split()
        halves = _halves(name, form.src_fm, ClassForm(owner[-1] if owner else "Unknown", file=name), form.target)
        focal, test, classes = halves
        return _joined(name, replace(focal, context=canonical_layout(form.src_fm_fc_ms_ff)), test), classes
    focal, test, classes = _halves(
        name, form.focal_method.body, form.focal_class, form.test_case.body, test_class=form.test_class
    )
    return _joined(name, focal, test), classes


def _joined(name: str, focal: FocalMethod, test: TestCase) -> Pair:
    return Pair(
        id=sha256_bytes(name.encode())[:16],
        focal=focal,
        test=test,
        evidence=_EVIDENCE,
        confidence=0.5,
        cluster=-1,
        split="",
    )


def _halves(
    name: str, focal_text: str, focal_class: ClassForm, test_text: str, *, test_class: ClassForm | None = None
) -> tuple[FocalMethod, TestCase, tuple[SourceClass, ...]]:
    owner, method = _parsed(name, focal_text, focal_class.identifier, test=False)
    record = _described(source_class(owner), method, focal_class)
    focal = FocalMethod(
        class_name=owner.name,
        package=_package(focal_class.file),
        name=method.name,
        signature=method.signature,
        parameters=method.parameters,
        path=focal_class.file,
        line=method.line,
        end_line=method.end_line,
        text=focal_text,
        context=focal_context(record, focal_text, method.signature, method.line),
    )
    home = test_class or ClassForm(f"{focal_class.identifier}Test", file=name)
    test_owner, test_method = _parsed(name, test_text, home.identifier, test=True)
    recognised = Recogniser(index := TypeIndex([test_owner])).cases(test_owner)
    reader = Reader(index, test_owner)
    test = TestCase(
        class_name=test_owner.name,
        package=_package(home.file),
        name=test_method.name,
        framework=recognised[0][1].framework if recognised else "junit4",
        kind=recognised[0][1].kind if recognised else "test",
        annotations=tuple(one.name.rpartition(".")[2] for one in test_method.annotations),
        assertions=reader.assertions(test_method),
        path=home.file,
        line=test_method.line,
        end_line=test_method.end_line,
        text=test_text,
    )
    test_record = _described(source_class(test_owner), test_method, home)
    return focal, test, (record, test_record)


def _parsed(name: str, text: str, class_name: str, *, test: bool) -> tuple[JavaType, Method]:
    """A class with the one method that ``text`` is, in a file of its own."""
    if not class_name.replace("_", "a").replace("$", "a").isalnum():
        raise DataError(f"{name} calls its class {class_name!r}, which is no name in Java: leave the file out.")
    path = "src/test/java/T.java" if test else "src/main/java/F.java"
    source = f"{_FRAMEWORKS if test else ''} class {class_name} {{ {text}\n}}"
    types = JavaParser().parse(path, source.encode())
    members = (*types[0].constructors, *types[0].methods) if types else ()
    if not members:
        raise DataError(f"{name} holds no method where one should be ({text[:40]!r}): leave the file out.")
    return types[0], members[0]


def _described(parsed: SourceClass, method: Method, form: ClassForm) -> SourceClass:
    """The class as the form describes it, the pair's own method as parsed."""
    others = (
        _declared(one, form.identifier, number)
        for number, one in enumerate(form.methods, start=2)
        if one.parameters != _own(parsed, method).parameters or one.identifier != _spoken(method, form)
    )
    members = (_own(parsed, method), *others)
    return replace(
        parsed,
        path=form.file,
        package=_package(form.file),
        superclass=form.superclass.removeprefix("extends").strip() or None,
        interfaces=tuple(
            part.strip() for part in form.interfaces.removeprefix("implements").split(",") if part.strip()
        ),
        fields=tuple(
            ClassField(
                name=one.var_name, type=one.type, modifiers=tuple(one.modifier.split()), text=one.original_string
            )
            for one in form.fields
        ),
        methods=tuple(sorted(members, key=lambda one: one.name != CONSTRUCTOR)),
    )


def _own(parsed: SourceClass, method: Method) -> ClassMethod:
    return next(one for one in parsed.methods if (one.signature, one.line) == (method.signature, method.line))


def _spoken(method: Method, form: ClassForm) -> str:
    return form.identifier if method.name == CONSTRUCTOR else method.name


def _declared(one: MethodForm, class_name: str, line: int) -> ClassMethod:
    constructor = bool(one.constructor) and one.identifier == class_name
    return ClassMethod(
        name=CONSTRUCTOR if constructor else one.identifier,
        line=line,
        modifiers=tuple(word for word in one.modifiers.split() if not word.startswith("@")),
        returns="" if constructor else one.returns,
        parameters=one.parameters,
        signature=" ".join(part for part in (*_plain(one.modifiers), one.signature) if part),
        calls=(),
    )


def _plain(modifiers: str) -> list[str]:
    return [word for word in modifiers.split() if not word.startswith("@")]


def _package(file: str) -> str:
    """What a path says of the package: the folders below a source root."""
    folder = file.rpartition("/")[0]
    for root in ("src/main/java/", "src/test/java/"):
        if root in f"{folder}/":
            return f"{folder}/".partition(root)[2].rstrip("/").replace("/", ".")
    return ""
