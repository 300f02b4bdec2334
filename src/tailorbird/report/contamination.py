"""What the base makes of tests that may have been in its training data, beside newer ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tailorbird.errors import DataError, StorageError
from tailorbird.records import DataManifest, Result
from tailorbird.report.columns import COLUMNS, LOSS, Column
from tailorbird.report.rows import BASE, row_of
from tailorbird.report.tables import NOT_APPLICABLE
from tailorbird.report.useful import useful_column
from tailorbird.storage import read_json

OLDER = Path("older") / f"{BASE}.json"
"""Where the base's result on the older tests stands, in the folder of results."""

_PER_CHARACTER = next(column for column in COLUMNS if column.key == "loss_per_character")
_SHOWN = (LOSS, _PER_CHARACTER, useful_column(1, "as_written"), useful_column(10, "as_written"))


@dataclass(frozen=True, slots=True)
class Contamination:
    """The base's figures on older and on newer tests, or why there are none."""

    sentence: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, int, tuple[str, ...]], ...] = ()
    """(Which tests, how many, a text for each column)."""


def contamination(folder: Path, results: Sequence[Result], manifest: DataManifest | None) -> Contamination:
    """The table for the results in ``folder``. Raises DataError for an older result of other data."""
    if manifest is None or manifest.older is None:
        return Contamination(
            "This data set has no time split, so no test has a date: a base that was pre-trained on public code may "
            "have read these tests. Mine with an older version (--older or --since) to tell."
        )
    past = manifest.older.version or manifest.older.commit or manifest.older.location
    older, newer = _older(folder, results), row_of(results, BASE)
    if older is None or newer is None:
        return Contamination(
            f"The tests were added after {past}; the base was not scored on older ones, so that nothing can be "
            "compared. 'tailorbird compare --older' scores it on both."
        )
    shown = [column for column in _SHOWN if column.value(older) is not None or column.value(newer) is not None]
    return Contamination(
        f"The unpersonalised base on tests that were there in {past} and on those added since. If it is much surer of "
        f"the older ones, it may have read them. The newer ones are unread only if {past} is no earlier than the "
        "collection of the base's training data, which is not known here.",
        columns=tuple(column.title for column in shown),
        rows=(
            (f"there in {past}", older.meta.pairs, tuple(_text(column, older) for column in shown)),
            ("added since", newer.meta.pairs, tuple(_text(column, newer) for column in shown)),
        ),
    )


def _older(folder: Path, results: Sequence[Result]) -> Result | None:
    path = folder / OLDER
    if not path.exists():
        return None
    try:
        found = read_json(path, Result)
    except StorageError as error:
        raise DataError(f"{path} is not a result ({error}) Score it again, or remove it.") from error
    if results and found.meta.data_sha256 != results[0].meta.data_sha256:
        raise DataError(f"{path} was scored on other data than {folder}: score it again, or remove it.")
    return found


def _text(column: Column, result: Result) -> str:
    value = column.value(result)
    return NOT_APPLICABLE if value is None else column.text(value)
