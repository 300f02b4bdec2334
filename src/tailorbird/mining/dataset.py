"""A mined data set on disk: ``pairs.jsonl``, ``test_classes.jsonl`` and ``manifest.json``."""

from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TypeVar

import msgspec

from tailorbird.errors import DataError
from tailorbird.records import FORMAT_VERSION, DataManifest, KnownClass, Pair, SourceClass, TestClass
from tailorbird.storage import read_bytes, read_json, read_jsonl, sha256_file, write_json, write_jsonl

T = TypeVar("T")

PAIRS = "pairs.jsonl"
CLASSES = "classes.jsonl"
TEST_CLASSES = "test_classes.jsonl"
KNOWN_CLASSES = "known_classes.jsonl"
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class DataSet:
    """The pairs of one project and where they came from."""

    manifest: DataManifest
    pairs: tuple[Pair, ...]
    folder: Path | None = None
    """Where it was read from; None for one that was made in memory."""

    @property
    def test_classes(self) -> tuple[TestClass, ...]:
        """The skeletons, read anew each time; none of a data set in memory."""
        return load_test_classes(self.folder) if self.folder is not None else ()

    @property
    def known_classes(self) -> tuple[KnownClass, ...]:
        """All classes of the tree, read anew each time; none of a data set in memory or without a tree."""
        return load_known_classes(self.folder) if self.folder is not None else ()

    def split(self, name: str) -> tuple[Pair, ...]:
        """The pairs of ``train``, ``validation`` or ``test``, in file order; DataError for any other name."""
        if name not in self.manifest.splits:
            known = ", ".join(self.manifest.splits)
            raise DataError(f"There is no split named {name!r}: choose one of {known}.")
        return tuple(pair for pair in self.pairs if pair.split == name)

    def chosen(self, name: str, *, limit: int | None = None, methods: int | None = None) -> tuple[Pair, ...]:
        """The first ``limit`` pairs of a split; with ``methods`` one pair each of so many methods, drawn by the seed.

        The draw of a smaller number is part of that of a larger one. DataError where the split has no pair.
        """
        pairs = self.split(name)
        if not pairs:
            raise DataError(f"The data set has no {name} pairs: choose another --split, or mine more tests.")
        if methods is not None:
            first: dict[str, Pair] = {}
            for pair in pairs:
                first.setdefault(pair.focal_key, pair)
            keys = sorted(first)
            Random(self.manifest.seed).shuffle(keys)
            drawn = {first[key].id for key in keys[:methods]}
            pairs = tuple(pair for pair in pairs if pair.id in drawn)
        return pairs[:limit]


def load_data(folder: Path) -> DataSet:
    """Read a data set and verify that its pairs are those its manifest speaks of.

    Raises DataError for a folder that is none, another format version, or changed pairs.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise DataError(f"{folder} holds no {MANIFEST}: make it with 'tailorbird mine SOURCE --out {folder}'.")
    _check_version(path)
    manifest = read_json(path, DataManifest)
    pairs_path = folder / PAIRS
    if not pairs_path.is_file():
        raise DataError(f"{folder} holds a {MANIFEST} but no {PAIRS}: mine it again.")
    if sha256_file(pairs_path) != manifest.pairs_sha256:
        raise DataError(f"{pairs_path} is not the file that {path} describes (its SHA-256 differs): mine it again.")
    return DataSet(manifest, tuple(read_jsonl(pairs_path, Pair)), folder)


def _check_version(path: Path) -> None:
    class Versioned(msgspec.Struct):
        format_version: int

    try:
        version = msgspec.json.decode(read_bytes(path), type=Versioned).format_version
    except msgspec.DecodeError as error:
        raise DataError(f"{path} is not a data set's manifest ({error}): mine it again.") from error
    if version != FORMAT_VERSION:
        raise DataError(
            f"{path} has format version {version}, and this Tailorbird reads {FORMAT_VERSION}: mine it again."
        )


def save_pairs(folder: Path, pairs: tuple[Pair, ...]) -> str:
    """Write the pairs; returns the file's SHA-256."""
    # An old manifest must not stand beside new pairs if this run is killed in between: it would be refused, not wrong.
    write_jsonl(folder / PAIRS, pairs)
    return sha256_file(folder / PAIRS)


def save_classes(folder: Path, classes: tuple[SourceClass, ...]) -> str:
    """Write the focal and test classes; returns the file's SHA-256."""
    write_jsonl(folder / CLASSES, classes)
    return sha256_file(folder / CLASSES)


def load_classes(folder: Path) -> dict[tuple[str, str], SourceClass]:
    """The classes of the data set in ``folder`` by (path, class name); DataError for missing or changed ones."""
    expected = read_json(folder / MANIFEST, DataManifest).classes_sha256
    return {(one.path, one.class_name): one for one in _verified(folder, CLASSES, expected, SourceClass)}


def save_test_classes(folder: Path, classes: tuple[TestClass, ...]) -> str:
    """Write the skeletons; returns the file's SHA-256."""
    write_jsonl(folder / TEST_CLASSES, classes)
    return sha256_file(folder / TEST_CLASSES)


def load_test_classes(folder: Path) -> tuple[TestClass, ...]:
    """The skeletons of the data set in ``folder``, verified; DataError where they are missing or changed."""
    expected = read_json(folder / MANIFEST, DataManifest).test_classes_sha256
    return _verified(folder, TEST_CLASSES, expected, TestClass)


def save_known_classes(folder: Path, classes: tuple[KnownClass, ...]) -> str:
    """Write all classes of the tree in short; returns the file's SHA-256."""
    write_jsonl(folder / KNOWN_CLASSES, classes)
    return sha256_file(folder / KNOWN_CLASSES)


def load_known_classes(folder: Path) -> tuple[KnownClass, ...]:
    """All classes of the tree that the data set in ``folder`` was mined from, verified; none where there was no tree.

    DataError where they are missing or changed.
    """
    expected = read_json(folder / MANIFEST, DataManifest).known_classes_sha256
    return _verified(folder, KNOWN_CLASSES, expected, KnownClass) if expected else ()


def _verified(folder: Path, name: str, expected: str, kind: type[T]) -> tuple[T, ...]:
    path = folder / name
    if not path.is_file() or sha256_file(path) != expected:
        raise DataError(f"{path} is not the file that {folder / MANIFEST} describes: mine it again.")
    return tuple(read_jsonl(path, kind))


def save_manifest(folder: Path, manifest: DataManifest) -> None:
    """Write the manifest, after the pairs."""
    write_json(folder / MANIFEST, manifest)
