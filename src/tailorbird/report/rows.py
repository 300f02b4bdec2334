"""The rows of a comparison: which results belong together, in which order, and how each is called."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from tailorbird.errors import DataError
from tailorbird.records import FORMAT_VERSION, WITH_NEIGHBOUR, Result
from tailorbird.storage import read_json

BASE = "base"
COPY = "retrieval-copy"
DEVELOPERS = "developers"
NO_MODEL = "no-model"
REFERENCES = (DEVELOPERS, NO_MODEL, COPY, BASE)
_ORDER = (*REFERENCES, "custom", "l-eo", "l-ldb", "prefix")

_TITLES = {COPY: "retrieval copy", NO_MODEL: "no model"}
_SUBTITLES = {
    DEVELOPERS: "their own held-out tests",
    NO_MODEL: "the method, called with simple values",
    BASE: "the model, unpersonalised",
    COPY: "nearest training test, copied",
    "custom": "every parameter",
    "l-eo": "embeddings and output layer",
    "l-ldb": "last decoder block",
    "prefix": "keys and values in front",
}


def read_results(folder: Path) -> tuple[Result, ...]:
    """All results of ``folder`` in the order of the report.

    Raises DataError for an empty folder, two results of one strategy, or results that do not belong to one data set;
    StorageError for a file that is no result.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder: give the one that 'tailorbird score' wrote its results to.")
    paths = sorted(folder.glob("*.json"))
    if not paths:
        raise DataError(f"{folder} holds no results (*.json): make them with 'tailorbird score'.")
    found: dict[str, Path] = {}
    results = []
    for path in paths:
        result = read_json(path, Result)
        _check(result, path, found)
        found[result.strategy] = path
        results.append(result)
    _check_same_data(results, found)
    return in_order(results)


def _check(result: Result, path: Path, found: dict[str, Path]) -> None:
    if result.meta.format_version != FORMAT_VERSION:
        raise DataError(
            f"{path} has format version {result.meta.format_version}, and this Tailorbird reads {FORMAT_VERSION}: "
            f"score it again."
        )
    if result.strategy in found:
        raise DataError(f"{found[result.strategy]} and {path} are both results of {result.strategy}: keep one of them.")


def _check_same_data(results: Iterable[Result], found: dict[str, Path]) -> None:
    keyed = {result.strategy: (result.meta.data_sha256, result.meta.split) for result in results}
    first = BASE if BASE in keyed else next(iter(keyed))
    for strategy, key in keyed.items():
        if key != keyed[first]:
            raise DataError(
                f"{found[strategy]} was scored on other data or another split than {found[first]}: "
                f"compare results of one data set only."
            )


def in_order(results: Iterable[Result]) -> tuple[Result, ...]:
    """Reference rows first, then the paper's strategies, then others by name; each beside the same with neighbours."""
    known = {name: place for place, name in enumerate(_ORDER)}

    def place(result: Result) -> tuple[int, str]:
        return known.get(model_of(result.strategy), len(known)), result.strategy

    return tuple(sorted(results, key=place))


def base_of(results: Sequence[Result], strategy: str = "") -> Result | None:
    """The unpersonalised row; for a ``strategy`` whose prompts had neighbours the base's row with neighbours."""
    beside = row_of(results, f"{BASE}{WITH_NEIGHBOUR}") if is_shown_neighbours(strategy) else None
    return beside or row_of(results, BASE) or row_of(results, f"{BASE}{WITH_NEIGHBOUR}")


def row_of(results: Sequence[Result], strategy: str) -> Result | None:
    """The row of one strategy or reference."""
    return next((result for result in results if result.strategy == strategy), None)


def personalised(results: Iterable[Result]) -> tuple[Result, ...]:
    """The rows that trained something."""
    return tuple(result for result in results if not is_reference(result))


def models(results: Iterable[Result]) -> tuple[Result, ...]:
    """One row for each personalised model: that without neighbours where there are two."""
    found: dict[str, Result] = {}
    for one in sorted(personalised(results), key=lambda one: is_shown_neighbours(one.strategy)):
        found.setdefault(model_of(one.strategy), one)
    return in_order(found.values())


def is_reference(result: Result) -> bool:
    """It trained nothing: a row without a delta, those of other tools among them."""
    return model_of(result.strategy) in REFERENCES or not result.meta.delta_sha256


def leading(results: Sequence[Result]) -> Result:
    """The row whose facts stand for all: the base's, or else another model's; the copy knows of no model."""
    return base_of(results) or next(iter(personalised(results)), results[0])


def subtitle(strategy: str) -> str:
    """What trains, in a few words; empty for a strategy that is not known here."""
    about = _SUBTITLES.get(model_of(strategy), "")
    return f"{about}; a similar test in the prompt".removeprefix("; ") if is_shown_neighbours(strategy) else about


def title(strategy: str) -> str:
    """The strategy's name as people read it."""
    return _TITLES.get(strategy, strategy.replace(WITH_NEIGHBOUR, " + neighbour"))


def model_of(strategy: str) -> str:
    """The strategy, or the reference, whether or not its prompts had neighbours."""
    return strategy.removesuffix(WITH_NEIGHBOUR)


def is_shown_neighbours(strategy: str) -> bool:
    """Its prompts had a similar method's test: a row of retrieval."""
    return strategy.endswith(WITH_NEIGHBOUR)
