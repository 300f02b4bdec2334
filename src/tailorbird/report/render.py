"""The comparison as one page that opens anywhere, without a network."""

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from tailorbird.errors import StorageError
from tailorbird.records import DataManifest, Result
from tailorbird.report.code import showcases
from tailorbird.report.columns import COLUMNS, LOSS
from tailorbird.report.contamination import contamination
from tailorbird.report.funnel import STAGES, funnel_rows
from tailorbird.report.plots import CHOICES, Figure, colour, curves_figure, input_gain_figure, pareto_figure
from tailorbird.report.provenance import provenance
from tailorbird.report.rows import leading, models, personalised, read_results, title
from tailorbird.report.summary import caveats, summary
from tailorbird.report.tables import table_rows
from tailorbird.report.units import number, percent, scaled
from tailorbird.report.useful import executed_columns
from tailorbird.storage import atomic_file, read_json

_TEMPLATES = Path(__file__).parent / "templates"


def render_report(results: Path, out: Path) -> Path:
    """Write the page for the results in ``results`` to ``out``, and return that.

    The data set's own figures are added where ``results/../data/manifest.json`` belongs to these results. Raises
    DataError for a folder without comparable results, StorageError for a file that is no result.
    """
    rows = read_results(results)
    manifest = _manifest(results, rows)
    context = _context(rows, manifest) | {"contamination": contamination(results, rows, manifest)}
    page = _environment().get_template("report.html.j2").render(context)
    with atomic_file(out) as file:
        file.write(page.encode())
    return out


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "percent": percent, "scaled": scaled}
    return environment


def _context(results: Sequence[Result], manifest: DataManifest | None) -> dict[str, Any]:
    best = min(personalised(results), key=lambda one: LOSS.value(one) or float("inf"), default=results[0])
    base = leading(results)
    executed = executed_columns(results)
    return {
        "source": base.meta.source,
        "meta": base.meta,
        "base": base,
        "personalised": [(one.strategy, title(one.strategy)) for one in personalised(results)],
        "summary": summary(results),
        "caveats": caveats(results),
        "columns": COLUMNS,
        "rows": table_rows(results, COLUMNS),
        "executed_columns": executed,
        "executed_rows": table_rows([one for one in results if one.executed is not None], executed),
        "stages": STAGES,
        "funnels": funnel_rows(results),
        "plots": _plots(results),
        "choices": [(column.key, column.title) for column in CHOICES],
        "showcases": showcases(results),
        "shown_first": best.strategy,
        "colour": colour,
        "manifest": manifest,
        "epochs": _epochs(results),
        "cuts": max((one.meta.truncation for one in results), key=lambda cuts: cuts.pairs),
        "provenance": provenance(results),
        "plotly": _plotly(),
    }


def _plots(results: Sequence[Result]) -> dict[str, dict[str, Figure]]:
    """Plot -> choice -> figure; a choice without data is left out."""
    pareto = {column.key: pareto_figure(results, column) for column in CHOICES}
    gain = {"input_gain": input_gain_figure(results)}
    curves = {axis: curves_figure(results, axis) for axis in ("step", "seconds")}
    plots = {"pareto": pareto, "curves": curves, "gain": gain}
    return {
        name: {key: figure for key, figure in choices.items() if figure is not None} for name, choices in plots.items()
    }


def _epochs(results: Sequence[Result]) -> str:
    """How many epochs each strategy was trained for; empty where they differ."""
    found = {result.meta.settings.get("training.epochs") for result in models(results)}
    (epochs, *others) = found or {None}
    return "" if others or not isinstance(epochs, int | float) else f"{epochs:g}"


def _manifest(results: Path, rows: Sequence[Result]) -> DataManifest | None:
    path = results.absolute().parent / "data" / "manifest.json"
    try:
        manifest = read_json(path, DataManifest)
    except StorageError:
        # The section is an extra: results stand on their own, wherever they were moved to.
        return None
    return manifest if manifest.pairs_sha256 == rows[0].meta.data_sha256 else None


def _plotly() -> Markup:
    # What plotly.offline.get_plotlyjs() reads, without the import of all of plotly.
    script = files("plotly").joinpath("package_data", "plotly.min.js").read_text(encoding="utf-8")
    return Markup(script.replace("</script", "<\\/script"))
