"""Plots as Plotly figures (plain JSON). Colours are names of the page's CSS variables, to follow its theme."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from tailorbird.records import CurvePoint, Result
from tailorbird.report.columns import BLEU, EDIT, LOSS, SYNTAX, Column
from tailorbird.report.labels import label_places
from tailorbird.report.rows import BASE, DEVELOPERS, NO_MODEL, REFERENCES, in_order, model_of, models, title
from tailorbird.report.units import number, scaled, seconds
from tailorbird.report.useful import useful_column

Figure = dict[str, Any]
"""``data`` and ``layout``, as Plotly.newPlot takes them."""

_USEFUL, _OBSERVED = useful_column(1, "as_written"), useful_column(1, "with_observed_values")
CHOICES = (_USEFUL, _OBSERVED, LOSS, BLEU, EDIT, SYNTAX)
"""Measures of quality that the Pareto plot can show."""

_SYMBOLS = {"custom": "circle", "l-eo": "diamond", "l-ldb": "square", "prefix": "triangle-up"}
_DASHES = {"base": "dash", "retrieval-copy": "dot", "no-model": "dashdot"}
_SMALLEST, _LARGEST = 10.0, 34.0
"""Diameters of the bubbles, in pixels; their area goes with the delta's bytes."""
_PAD = 0.12


def colour(strategy: str) -> str:
    """Name of the strategy's CSS variable."""
    name = model_of(strategy)
    return f"--series-{name if name in _SYMBOLS or name in REFERENCES else 'other'}"


def pareto_figure(results: Iterable[Result], column: Column) -> Figure | None:
    """Quality against training compute, with the Pareto front; None where no personalised row has both."""
    ordered = in_order(results)
    points = [
        (float(one.cost.train_flops), value, one)
        for one in models(ordered)
        if (value := column.value(one)) is not None and one.cost.train_flops > 0
    ]
    if not points:
        return None
    # The developers' own tests are no rival, and would squeeze the rest into a corner.
    rivals = [one for one in ordered if one.strategy in REFERENCES and one.strategy != DEVELOPERS]
    free = [(one, value) for one in rivals if (value := column.value(one)) is not None]
    low, high = _log_range([x for x, _, _ in points])
    front = pareto_front([(x, y) for x, y, _ in points], [value for _, value in free], column)
    largest = max(one.cost.delta_bytes for _, _, one in points) or 1
    data = [_front_trace(front, low, high, column)] if front else []
    bottom, top = _range([y for _, y, _ in points] + [value for _, value in free])
    lines = [(value - bottom) / (top - bottom) for _, value in free]
    # The front comes to its points from the worse side, so their labels stand on the better one.
    places = label_places(
        [((math.log10(x) - low) / (high - low), (y - bottom) / (top - bottom)) for x, y, _ in points],
        [((x, y) in front) == (column.better == "lower") for x, y, _ in points],
        lines,
    )
    data += [_bubble(one, x, y, column, place, largest) for (x, y, one), place in zip(points, places, strict=True)]
    return {
        "data": data,
        "layout": {
            "showlegend": False,
            "xaxis": {
                "type": "log",
                "range": [low, high],
                "title": {"text": "training compute (logarithmic)"},
                **_flop_ticks(low, high),
            },
            "yaxis": {
                "title": {
                    "text": f"{column.title.lower() if column is not BLEU else column.title} {_direction(column)}"
                },
                "range": [bottom, top],
                "tickformat": ".0%" if column in (_USEFUL, _OBSERVED, EDIT, SYNTAX) else "",
            },
            "shapes": [_reference_line(one, value) for one, value in free],
            "annotations": [_reference_label(one, value, column) for one, value in free],
        },
    }


def _direction(column: Column) -> str:
    return f"({column.better} is better {column.arrow})"


def pareto_front(
    points: Sequence[tuple[float, float]], free: Sequence[float], column: Column
) -> list[tuple[float, float]]:
    """Points with no cheaper-or-equal rival as good; what costs nothing (``free``) is a rival of all.

    The front starts at the best free value, if there is one, at a cost of 0.
    """
    sign = 1 if column.better == "lower" else -1
    front = [(0.0, sign * min(sign * value for value in free))] if free else []
    for x, y in sorted(points, key=lambda point: (point[0], sign * point[1])):
        if not front or column.beats(y, front[-1][1]):
            front.append((x, y))
    return front


def _front_trace(front: Sequence[tuple[float, float]], low: float, high: float, column: Column) -> Figure:
    # A logarithmic axis has no 0: what costs nothing comes in from the left edge.
    points = [(10**low if x == 0 else x, y) for x, y in front] + [(10**high, front[-1][1])]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [x for x, _ in points],
        "y": [y for _, y in points],
        "line": {"shape": "hv", "color": "--front", "width": 2},
        "hoverinfo": "skip",
        "name": f"Pareto front ({column.title})",
    }


def _bubble(result: Result, x: float, y: float, column: Column, label: str, largest: int) -> Figure:
    share = math.sqrt(result.cost.delta_bytes / largest)
    size = scaled(result.cost.delta_bytes, "B")
    return {
        "type": "scatter",
        "mode": "markers+text",
        "name": title(result.strategy),
        "x": [x],
        "y": [y],
        "text": [f"<b>{title(result.strategy)}</b>  {size}"],
        "textposition": label,
        "textfont": {"color": colour(result.strategy)},
        "cliponaxis": False,
        "marker": {
            "color": colour(result.strategy),
            "symbol": _SYMBOLS.get(model_of(result.strategy), "star"),
            "size": max(_SMALLEST, _LARGEST * share),
            "opacity": 0.85,
            "line": {"width": 1.5, "color": "--surface"},
        },
        "hovertemplate": (
            f"<b>{title(result.strategy)}</b><br>{column.title} {column.text(y)}<br>{scaled(x, 'FLOP')}, "
            f"{seconds(result.cost.train_seconds)}<br>delta {size}<extra></extra>"
        ),
    }


def _reference_line(result: Result, value: float) -> Figure:
    return {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": value,
        "y1": value,
        "layer": "below",
        "line": {"color": colour(result.strategy), "width": 1.5, "dash": _DASHES.get(result.strategy, "dash")},
    }


def _reference_label(result: Result, value: float, column: Column) -> Figure:
    # Side by side, so that lines near one another keep their labels apart.
    at, anchor = {BASE: (0.0, "left"), NO_MODEL: (0.5, "center")}.get(result.strategy, (1.0, "right"))
    return {
        "xref": "paper",
        "x": at,
        "xanchor": anchor,
        "y": value,
        "yanchor": "bottom",
        "text": f"{title(result.strategy)} {column.text(value)}",
        "showarrow": False,
        "font": {"color": colour(result.strategy), "size": 12},
    }


def curves_figure(results: Iterable[Result], axis: str) -> Figure | None:
    """Learning curves against ``step`` or ``seconds``: validation solid, training dotted. None where there are none."""
    data: list[Figure] = []
    for result in models(results):
        data += _curve(result, result.curve, axis)
    if not data:
        return None
    return {
        "data": data,
        "layout": {
            "showlegend": True,
            "hovermode": "x unified" if axis == "step" else "closest",
            "xaxis": {
                "title": {"text": "training steps" if axis == "step" else "seconds of training"},
                "rangemode": "tozero",
            },
            "yaxis": {"title": {"text": "loss, nats per token (lower is better ↓)"}},
        },
    }


def _curve(result: Result, curve: Sequence[CurvePoint], axis: str) -> list[Figure]:
    traces = []
    for name, losses, line in (
        ("validation", [point.validation_loss for point in curve], {"width": 2.5}),
        ("training", [point.train_loss for point in curve], {"width": 1.5, "dash": "dot"}),
    ):
        shown = [(getattr(point, axis), loss) for point, loss in zip(curve, losses, strict=True) if loss is not None]
        if not shown:
            continue
        solid = name == "validation"
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers" if solid else "lines",
                "name": title(result.strategy) if solid else f"{title(result.strategy)}, training",
                "legendgroup": result.strategy,
                "showlegend": solid,
                "x": [x for x, _ in shown],
                "y": [y for _, y in shown],
                "line": {"color": colour(result.strategy), **line},
                "marker": {
                    "symbol": _SYMBOLS.get(model_of(result.strategy), "star"),
                    "size": 7,
                    "color": colour(result.strategy),
                },
                "hovertemplate": "%{y:.2f}",
            }
        )
    return traces


def input_gain_figure(results: Iterable[Result]) -> Figure | None:
    """A bar for each model: what its own input is worth to it. None where no row has an input gain."""
    rows = [(one, gain) for one in in_order(results) if (gain := one.metrics.input_gain) is not None]
    if not rows:
        return None
    return {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "x": [gain for _, gain in rows],
                "y": [title(one.strategy) for one, _ in rows],
                "marker": {"color": [colour(one.strategy) for one, _ in rows]},
                "text": [number(gain) for _, gain in rows],
                "textposition": "outside",
                "cliponaxis": False,
                "hovertemplate": "<b>%{y}</b><br>input gain %{x:.3f} nats per token<extra></extra>",
            }
        ],
        "layout": {
            "showlegend": False,
            "bargap": 0.45,
            "xaxis": {"title": {"text": "input gain, nats per token (higher is better ↑)"}, "rangemode": "tozero"},
            "yaxis": {"autorange": "reversed", "showgrid": False},
        },
    }


def _log_range(values: Sequence[float]) -> tuple[float, float]:
    low, high = math.log10(min(values)), math.log10(max(values))
    pad = max(0.18, _PAD * (high - low))
    return low - pad, high + pad


def _range(values: Sequence[float]) -> list[float]:
    low, high = min(values), max(values)
    pad = (high - low) * 0.18 or abs(high) * 0.1 or 1.0
    return [low - pad, high + pad]


def _flop_ticks(low: float, high: float) -> Figure:
    steps = (1, 2, 5) if high - low < 2 else (1,)
    ticks = [
        step * 10.0**power
        for power in range(math.floor(low), math.ceil(high) + 1)
        for step in steps
        if low <= math.log10(step * 10.0**power) <= high
    ]
    return {
        "tickvals": ticks,
        "ticktext": [scaled(tick, "FLOP").replace(".00", "").replace(".0", "") for tick in ticks],
    }
