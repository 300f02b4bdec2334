"""Methods2Test's two forms (Tufano et al., MSR 2022, arXiv 2203.12776), written and read.

The data-set form is one JSON file a pair, ``dataset/SPLIT/REPO/REPO_N.json``, with the focal class, focal method, test
class and test case taken apart; the corpus form is one JSON file a pair, ``corpus/json/SPLIT/REPO/REPO_N_corpus.json``,
with ``target`` and the input at the five published levels.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from tailorbird.errors import DataError
from tailorbird.mining.context import PUBLISHED, focal_context
from tailorbird.mining.dataset import DataSet
from tailorbird.records import CONSTRUCTOR, ClassField, ClassMethod, Pair, Provenance, SourceClass
from tailorbird.storage import read_bytes, sha256_bytes, write_json

Classes = Mapping[tuple[str, str], SourceClass]
SPLITS = {"train": "train", "validation": "eval", "test": "test"}
"""Our names and theirs."""


class Corpus(msgspec.Struct, frozen=True):
    """A file of the corpus form."""

    target: str
    src_fm: str
    src_fm_fc: str
    src_fm_fc_co: str
    src_fm_fc_ms: str
    src_fm_fc_ms_ff: str


class Repository(msgspec.Struct, frozen=True):
    """``repository``: where a pair comes from; what Tailorbird does not know is left at its zero."""

    repo_id: int
    url: str
    language: str = "Java"
    is_fork: bool = False
    fork_count: int = 0
    stargazer_count: int = 0
    licence: str = ""


class FieldForm(msgspec.Struct, frozen=True):
    """A field."""

    original_string: str = ""
    modifier: str = ""
    type: str = ""
    declarator: str = ""
    var_name: str = ""


class MethodForm(msgspec.Struct, frozen=True, rename={"returns": "return"}):
    """A method, its ``body`` the whole source text; empty in the list of a class's methods."""

    identifier: str
    parameters: str = "()"
    modifiers: str = ""
    returns: str = ""
    body: str = ""
    signature: str = ""
    full_signature: str = ""
    class_method_signature: str = ""
    testcase: bool = False
    constructor: bool | str = False
    invocations: tuple[str, ...] = ()


class ClassForm(msgspec.Struct, frozen=True):
    """A class."""

    identifier: str
    superclass: str = ""
    interfaces: str = ""
    fields: tuple[FieldForm, ...] = ()
    methods: tuple[MethodForm, ...] = ()
    file: str = ""


class Dataset(msgspec.Struct, frozen=True):
    """A file of the data-set form."""

    repository: Repository
    focal_class: ClassForm
    focal_method: MethodForm
    test_class: ClassForm
    test_case: MethodForm


def write_corpus(data: DataSet, classes: Classes, out: Path) -> int:
    """Write the corpus form of all pairs; returns their number."""
    return _write(data, out / "corpus" / "json", "_corpus", lambda pair: corpus_form(pair, classes))


def write_dataset(data: DataSet, classes: Classes, out: Path) -> int:
    """Write the data-set form of all pairs; returns their number."""
    repository = Repository(
        _repo_id(data.manifest.source), _url(data.manifest.source), licence=data.manifest.source.licence or ""
    )
    return _write(data, out / "dataset", "", lambda pair: dataset_form(pair, classes, repository))


def _write(data: DataSet, root: Path, suffix: str, form: Callable[[Pair], msgspec.Struct]) -> int:
    repo = str(_repo_id(data.manifest.source))
    for number, pair in enumerate(data.pairs):
        write_json(root / SPLITS[pair.split] / repo / f"{repo}_{number}{suffix}.json", form(pair))
    return len(data.pairs)


def _repo_id(source: Provenance) -> int:
    """A number for a source, the same each time."""
    return int(sha256_bytes(f"{source.location} {source.version} {source.commit}".encode())[:8], 16)


def _url(source: Provenance) -> str:
    return source.location if source.kind == "git" else f"{source.kind}:{source.location}"


def corpus_form(pair: Pair, classes: Classes) -> Corpus:
    """The test case with its focal method at each published level, in canonical layout."""
    owner = class_of_half(classes, pair.focal.path, pair.focal.class_name)
    focal = pair.focal
    inputs = [focal_context(owner, focal.text, focal.signature, focal.line, level) for level in PUBLISHED]
    return Corpus(pair.test.text, *inputs)


def dataset_form(pair: Pair, classes: Classes, repository: Repository) -> Dataset:
    """The pair taken apart."""
    focal = class_of_half(classes, pair.focal.path, pair.focal.class_name)
    test = class_of_half(classes, pair.test.path, pair.test.class_name)
    return Dataset(
        repository=repository,
        focal_class=_class_form(focal, methods=True),
        focal_method=_method_form(focal, _declared(focal, pair.focal.line, pair.focal.name), body=pair.focal.text),
        test_class=_class_form(test, methods=False),
        test_case=_method_form(
            test, _declared(test, pair.test.line, pair.test.name), body=pair.test.text, testcase=True
        ),
    )


def class_of_half(classes: Classes, path: str, name: str) -> SourceClass:
    """The class that a half of a pair stands in; DataError where the data set lacks it."""
    try:
        return classes[path, name]
    except KeyError as error:
        raise DataError(f"The data set's classes.jsonl lacks {name} of {path}: mine it again.") from error


def _declared(owner: SourceClass, line: int, name: str) -> ClassMethod:
    for one in owner.methods:
        if (one.line, one.name) == (line, name):
            return one
    raise DataError(f"{owner.class_name} of {owner.path} has no method {name} at line {line}: mine the data set again.")


def _class_form(one: SourceClass, *, methods: bool) -> ClassForm:
    return ClassForm(
        identifier=_simple(one),
        superclass=f"extends {one.superclass}" if one.superclass else "",
        interfaces=f"implements {', '.join(one.interfaces)}" if one.interfaces else "",
        fields=tuple(_field_form(field) for field in one.fields),
        methods=tuple(_method_form(one, method) for method in one.methods) if methods else (),
        file=one.path,
    )


def _simple(one: SourceClass) -> str:
    return one.class_name.rpartition(".")[2]


def _field_form(field: ClassField) -> FieldForm:
    declarator = re.search(rf"\b{re.escape(field.name)}\b.*?(?=;?\s*$)", field.text, re.DOTALL)
    return FieldForm(
        original_string=field.text,
        modifier=" ".join(field.modifiers),
        type=field.type,
        declarator=declarator.group() if declarator else field.name,
        var_name=field.name,
    )


def _method_form(owner: SourceClass, method: ClassMethod, *, body: str = "", testcase: bool = False) -> MethodForm:
    name = _simple(owner) if method.name == CONSTRUCTOR else method.name
    signature = " ".join(part for part in (method.returns, name + method.parameters) if part)
    return MethodForm(
        identifier=name,
        parameters=method.parameters,
        modifiers=" ".join(method.modifiers),
        returns=method.returns,
        body=body,
        signature=signature,
        full_signature=" ".join([*method.modifiers, signature]),
        class_method_signature=f"{_simple(owner)}.{name}{method.parameters}",
        testcase=testcase,
        constructor=method.name == CONSTRUCTOR,
        invocations=method.calls,
    )


def read_forms(folder: Path) -> Iterator[tuple[str, str, Dataset | Corpus]]:
    """(file, split, content) of every JSON file of either form under ``folder``, in order of path.

    Raises DataError for a file that is neither, naming it, and for a folder without any.
    """
    paths: Iterable[Path] = sorted(folder.rglob("*.json"))
    found = False
    for path in paths:
        found = True
        yield path.relative_to(folder).as_posix(), _split_of(path.relative_to(folder)), _decoded(path)
    if not found:
        raise DataError(f"{folder} holds no JSON files of Methods2Test: give its dataset or corpus folder.")


def _split_of(path: Path) -> str:
    """The split that a folder on the way names; empty where none does."""
    known = {**{theirs: ours for ours, theirs in SPLITS.items()}, **{ours: ours for ours in SPLITS}}
    return next((known[part] for part in path.parts[:-1] if part in known), "")


def _decoded(path: Path) -> Dataset | Corpus:
    data = read_bytes(path)
    try:
        if "target" in msgspec.json.decode(data, type=dict[str, msgspec.Raw]):
            return msgspec.json.decode(data, type=Corpus)
        return msgspec.json.decode(data, type=Dataset)
    except msgspec.DecodeError as error:
        raise DataError(f"{path} is neither of Methods2Test's forms ({error}): leave it out.") from error
