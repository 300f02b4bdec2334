"""Where the labels of points go, so that none stands on another, on a point, on a line or over the edge."""

from collections.abc import Sequence
from dataclasses import dataclass

Point = tuple[float, float]
"""Shares of the axes, (0, 0) at the lower left."""

_WIDTH, _HEIGHT = 0.32, 0.06
"""Of a label, as shares of a plot 300 px wide and 230 px high."""
_GAP = 0.05
"""From a point's middle to its label's edge."""
_COSTS = {"label": 8.0, "point": 4.0, "line": 3.0, "edge": 5.0, "front": 1.0}


@dataclass(frozen=True, slots=True)
class _Box:
    left: float
    bottom: float
    right: float
    top: float

    def meets(self, other: "_Box") -> bool:
        return (
            self.left < other.right and other.left < self.right and self.bottom < other.top and other.bottom < self.top
        )


def label_places(points: Sequence[Point], below_first: Sequence[bool], lines: Sequence[float]) -> list[str]:
    """Plotly's ``textposition`` for each point's label, one after the other, each where it disturbs least.

    ``below_first`` says which side of a point its label stands on where nothing is in the way; ``lines`` are heights.
    """
    taken: list[_Box] = []
    places: list[str] = []
    for at, point in enumerate(points):
        others = [_around(other) for number, other in enumerate(points) if number != at]
        sides = ("bottom center", "top center") if below_first[at] else ("top center", "bottom center")
        boxes = {side: _box(point, side) for side in (*sides, "middle right", "middle left")}
        costs = {
            side: rank * _COSTS["front"] + _disturbed(box, taken, others, lines)
            for rank, (side, box) in enumerate(boxes.items())
        }
        place = min(costs, key=lambda side: costs[side])
        taken.append(boxes[place])
        places.append(place)
    return places


def _disturbed(box: _Box, labels: Sequence[_Box], points: Sequence[_Box], lines: Sequence[float]) -> float:
    return (
        _COSTS["label"] * sum(box.meets(one) for one in labels)
        + _COSTS["point"] * sum(box.meets(one) for one in points)
        + _COSTS["line"] * sum(box.bottom < line < box.top for line in lines)
        + _COSTS["edge"] * (box.left < 0 or box.right > 1 or box.bottom < 0 or box.top > 1)
    )


def _around(point: Point) -> _Box:
    return _Box(point[0] - _GAP / 2, point[1] - _GAP / 2, point[0] + _GAP / 2, point[1] + _GAP / 2)


def _box(point: Point, side: str) -> _Box:
    x, y = point
    if side.startswith("middle"):
        left = x + _GAP if side.endswith("right") else x - _GAP - _WIDTH
        return _Box(left, y - _HEIGHT / 2, left + _WIDTH, y + _HEIGHT / 2)
    bottom = y + _GAP if side.startswith("top") else y - _GAP - _HEIGHT
    return _Box(x - _WIDTH / 2, bottom, x + _WIDTH / 2, bottom + _HEIGHT)
