"""The headline table, for the page, for Markdown and for a terminal."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from tailorbird.records import Result
from tailorbird.report.columns import BLEU, COLUMNS, EDIT, EXACT, Column
from tailorbird.report.rows import DEVELOPERS, base_of, in_order, is_reference, models, personalised, subtitle, title
from tailorbird.report.units import percent
from tailorbird.report.useful import executed_columns

NOT_APPLICABLE = "\N{EN DASH}"

_OVERLAP = (BLEU, EXACT, EDIT)
"""Of the developers' tests with themselves: no figures."""
_NAMES = {"as_written": "as written", "with_observed_values": "observed values", "quality": "", "cost": ""}
"""What stands over the names of the rows in a terminal."""

Mark = Literal["", "best", "ahead"]
"""``best`` of the personalised rows; ``ahead``: a reference row that is better than all of them."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure as it is written."""

    text: str
    note: str = ""
    hint: str = ""
    mark: Mark = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One strategy."""

    strategy: str
    title: str
    subtitle: str
    reference: bool
    cells: tuple[Cell, ...]
    """One for each of the columns."""


def table_rows(results: Iterable[Result], columns: Sequence[Column]) -> tuple[Row, ...]:
    """The table's rows in the report's order, with differences to the base in the notes."""
    ordered = in_order(results)
    bases = {result.strategy: base_of(ordered, result.strategy) for result in ordered}
    return tuple(
        Row(
            strategy=result.strategy,
            title=title(result.strategy),
            subtitle=subtitle(result.strategy),
            reference=is_reference(result),
            cells=tuple(
                _cell(column, result, bases[result.strategy], _mark(column, result, ordered)) for column in columns
            ),
        )
        for result in ordered
    )


def _cell(column: Column, result: Result, base: Result | None, mark: Mark) -> Cell:
    value = column.value(result)
    if value is None or (column.group == "cost" and is_reference(result)):
        return Cell(NOT_APPLICABLE)
    if result.strategy == DEVELOPERS and column in _OVERLAP:
        return Cell(NOT_APPLICABLE)
    rival = base is not None and result.strategy not in {base.strategy, DEVELOPERS}
    note = column.against(result, base) if base is not None and rival else ""
    if column.key == "trainable_parameters" and result.cost.total_parameters:
        note = percent(value / result.cost.total_parameters, 1)
    return Cell(column.text(value), note=note, hint=column.hint(result), mark=mark)


def _mark(column: Column, result: Result, results: Sequence[Result]) -> Mark:
    rivals = [value for one in personalised(results) if (value := column.value(one)) is not None]
    value = column.value(result)
    if value is None or not rivals or not column.ranked or result.strategy == DEVELOPERS:
        return ""
    best = min(rivals) if column.better == "lower" else max(rivals)
    if is_reference(result):
        return "ahead" if column.group != "cost" and column.beats(value, best) else ""
    # What all have in common distinguishes none; what reads the same is not told apart by hidden digits.
    written = {column.text(rival) for rival in rivals}
    return "best" if len(written) > 1 and column.text(value) == column.text(best) else ""


def markdown_table(results: Iterable[Result]) -> str:
    """The comparison as a Markdown table; the best personalised value of each column is bold."""
    results = tuple(results)
    columns = (*executed_columns(results), *COLUMNS)
    lines = [
        "| | " + " | ".join(f"{column.title} {column.arrow}" for column in columns) + " |",
        "|---|" + "---:|" * len(columns),
    ]
    for row in table_rows(results, columns):
        name = f"*{row.title}*" if row.reference else f"`{row.title}`"
        cells = (
            f"**{_starred(column, cell)[:-1]}**" if cell.mark == "best" else _starred(column, cell)[:-1]
            for column, cell in zip(columns, row.cells, strict=True)
        )
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def terminal_table(results: Iterable[Result]) -> str:
    """The comparison as plain text, quality above cost; ``*`` marks the best personalised value of each column."""
    ordered = in_order(results)
    columns = (*executed_columns(ordered), *COLUMNS)
    blocks = []
    for group, name in _NAMES.items():
        rows = models(ordered) if group == "cost" else ordered
        chosen = [column for column in columns if column.group == group]
        if rows and chosen:
            blocks.append(_block(rows, chosen, name))
    return "\n\n".join(blocks)


def _block(results: Sequence[Result], columns: Sequence[Column], name: str) -> str:
    rows = table_rows(results, columns)
    lines = [[name, *(f"{column.short} {column.arrow} " for column in columns)]]
    for row in rows:
        lines.append([row.title, *(_starred(column, cell) for column, cell in zip(columns, row.cells, strict=True))])
    widths = [max(len(line[place]) for line in lines) for place in range(len(lines[0]))]
    drawn = [
        "  ".join(
            [line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))]
        )
        for line in lines
    ]
    rule = "-" * max(map(len, drawn))
    below = 1 + sum(row.reference for row in rows)
    parts = [drawn[0], rule, *drawn[1:below], *([rule] if 1 < below < len(drawn) else []), *drawn[below:]]
    return "\n".join(part.rstrip() for part in parts)


def _starred(column: Column, cell: Cell) -> str:
    share = f" ({cell.note})" if column.key == "trainable_parameters" and cell.note else ""
    return cell.text + share + ("*" if cell.mark == "best" else " ")
