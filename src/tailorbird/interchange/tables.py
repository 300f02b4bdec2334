"""Parquet, in the layout that Hugging Face `datasets` loads: ``load_dataset(FOLDER)`` gives the three splits."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from tailorbird.errors import DataError, ToolMissingError
from tailorbird.interchange.methods2test import Classes, corpus_form
from tailorbird.mining.dataset import DataSet
from tailorbird.mining.splits import NAMES
from tailorbird.records import FocalMethod, Neighbour, Pair, TestCase
from tailorbird.storage import atomic_file

_FILE = "{}-00000-of-00001.parquet"
_CARD = """---
license: other
license_name: {licence}
language: [code]
task_categories: [text2text-generation]
configs:
- config_name: default
  data_files:
{files}
---

# {location}: focal methods and their test cases

{pairs} pairs from {location} ({origin}), mined by Tailorbird {version}. Licence of the code: {licence}.
Splits by {kind}: {splits}. Closest test pair to a training pair: Jaccard similarity {similarity:.2f}.

Columns: the two halves of each pair with their places, the published levels of focal context (`src_fm` to
`src_fm_fc_ms_ff`), and what Tailorbird knows of the pair (evidence, confidence, assertions, cluster).
"""


def write_parquet(data: DataSet, classes: Classes, out: Path) -> int:
    """Write ``data/SPLIT-00000-of-00001.parquet`` and the card; returns the number of pairs.

    Raises ToolMissingError without pyarrow.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ToolMissingError("Parquet needs pyarrow: install it with pip install 'tailorbird[tables]'.") from error
    folder = out / "data"
    folder.mkdir(parents=True, exist_ok=True)
    for split in data.manifest.splits:
        rows = [_row(pair, classes) for pair in data.split(split)]
        table = pyarrow.Table.from_pylist(rows, schema=pyarrow.schema(_schema(pyarrow)))
        with atomic_file(folder / _FILE.format(split)) as file:
            pyarrow.parquet.write_table(table, file, compression="zstd")
    with atomic_file(out / "README.md") as file:
        file.write(_card(data).encode())
    return len(data.pairs)


def read_parquet(folder: Path) -> tuple[Pair, ...]:
    """The pairs of a folder that `write_parquet` wrote, training pairs first.

    Raises DataError for a folder without them or a table of other columns, ToolMissingError without pyarrow.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ToolMissingError("Parquet needs pyarrow: install it with pip install 'tailorbird[tables]'.") from error
    rows: list[tuple[str, dict[str, Any]]] = []
    for split in NAMES:
        path = folder / "data" / _FILE.format(split)
        try:
            table = pyarrow.parquet.read_table(path)
        except (OSError, pyarrow.ArrowException) as error:
            raise DataError(f"{path} could not be read as Parquet ({error}): export the data set again.") from error
        if missing := [name for name in _COLUMNS if name not in table.column_names]:
            raise DataError(f"{path} lacks the column {missing[0]!r}: write it with 'tailorbird export'.")
        rows += [(split, row) for row in table.to_pylist()]
    shown = {row["id"]: row for _, row in rows}
    return tuple(_pair(split, row, shown) for split, row in rows)


def _pair(split: str, row: Mapping[str, Any], shown: Mapping[str, Mapping[str, Any]]) -> Pair:
    neighbour = shown.get(row["neighbour"])
    return Pair(
        id=row["id"],
        focal=FocalMethod(
            class_name=row["focal_class"],
            package=row["focal_package"],
            name=row["focal_method"],
            signature=row["focal_signature"],
            parameters=tuple(row["focal_parameters"]),
            path=row["focal_path"],
            line=row["focal_line"],
            end_line=row["focal_end_line"],
            text=row["focal_text"],
            context=row["context"],
            outline=row["focal_outline"],
        ),
        test=TestCase(
            class_name=row["test_class"],
            package=row["test_package"],
            name=row["test_name"],
            framework=row["test_framework"],
            kind=row["test_kind"],
            annotations=tuple(row["test_annotations"]),
            assertions=tuple(row["assertions"]),
            path=row["test_path"],
            line=row["test_line"],
            end_line=row["test_end_line"],
            text=row["target"],
            providers=tuple(row["test_providers"]),
        ),
        evidence=tuple(row["evidence"]),
        confidence=row["confidence"],
        cluster=row["cluster"],
        split=split,
        skeleton=row["skeleton"],
        imports=tuple(row["imports"]),
        collaborators=tuple(row["collaborators"]),
        neighbour=None
        if neighbour is None
        else Neighbour(pair_id=neighbour["id"], focal_text=neighbour["focal_text"], test_text=neighbour["target"]),
    )


def _schema(pyarrow: Any) -> list[tuple[str, Any]]:
    text, number, words = pyarrow.string(), pyarrow.int64(), pyarrow.list_(pyarrow.string())
    kinds = {str: text, int: number, float: pyarrow.float64(), tuple: words}
    return [(name, kinds[kind]) for name, kind in _COLUMNS.items()]


_COLUMNS: Mapping[str, type] = {
    "id": str,
    "focal_package": str,
    "focal_class": str,
    "focal_method": str,
    "focal_signature": str,
    "focal_path": str,
    "focal_line": int,
    "focal_end_line": int,
    "focal_parameters": tuple,
    "focal_text": str,
    "focal_outline": str,
    "test_package": str,
    "test_class": str,
    "test_name": str,
    "test_framework": str,
    "test_kind": str,
    "test_path": str,
    "test_line": int,
    "test_end_line": int,
    "test_annotations": tuple,
    "test_providers": tuple,
    "assertions": tuple,
    "evidence": tuple,
    "confidence": float,
    "cluster": int,
    "context": str,
    "skeleton": str,
    "imports": tuple,
    "collaborators": tuple,
    "neighbour": str,
    "target": str,
    "src_fm": str,
    "src_fm_fc": str,
    "src_fm_fc_co": str,
    "src_fm_fc_ms": str,
    "src_fm_fc_ms_ff": str,
}


def _row(pair: Pair, classes: Classes) -> dict[str, object]:
    focal, test = pair.focal, pair.test
    return {
        "id": pair.id,
        "focal_package": focal.package,
        "focal_class": focal.class_name,
        "focal_method": focal.name,
        "focal_signature": focal.signature,
        "focal_path": focal.path,
        "focal_line": focal.line,
        "focal_end_line": focal.end_line,
        "focal_parameters": list(focal.parameters),
        "focal_text": focal.text,
        "focal_outline": focal.outline,
        "test_package": test.package,
        "test_class": test.class_name,
        "test_name": test.name,
        "test_framework": test.framework,
        "test_kind": test.kind,
        "test_path": test.path,
        "test_line": test.line,
        "test_end_line": test.end_line,
        "test_annotations": list(test.annotations),
        "test_providers": list(test.providers),
        "assertions": list(test.assertions),
        "evidence": list(pair.evidence),
        "confidence": pair.confidence,
        "cluster": pair.cluster,
        "context": focal.context,
        "skeleton": pair.skeleton,
        "imports": list(pair.imports),
        "collaborators": list(pair.collaborators),
        "neighbour": pair.neighbour.pair_id if pair.neighbour is not None else None,
        **msgspec.to_builtins(corpus_form(pair, classes)),
    }


def _card(data: DataSet) -> str:
    manifest = data.manifest
    source = manifest.source
    return _CARD.format(
        licence=source.licence or "unknown",
        files="\n".join(
            f"  - split: {split}\n    path: data/{split}-00000-of-00001.parquet" for split in manifest.splits
        ),
        location=source.location,
        pairs=manifest.pairs,
        origin=", ".join(part for part in (source.kind, source.version, source.commit) if part),
        version=manifest.tailorbird,
        kind="time" if manifest.older is not None else "focal class and near-duplicate cluster",
        splits=", ".join(f"{count} {name}" for name, count in manifest.splits.items()),
        similarity=manifest.leakage.max_similarity,
    )
