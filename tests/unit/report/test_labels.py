"""Labels of points stand clear of one another."""

import pytest

from tailorbird.report.labels import label_places


def test_a_label_alone_stands_on_the_side_that_is_asked_for() -> None:
    assert label_places([(0.5, 0.5)], [True], []) == ["bottom center"]
    assert label_places([(0.5, 0.5)], [False], []) == ["top center"]


@pytest.mark.parametrize(
    ("height", "lines", "place"),
    [
        (0.5, [], "bottom center"),
        (0.5, [0.9], "bottom center"),
        (0.5, [0.42], "top center"),
        (0.5, [0.58], "bottom center"),
    ],
)
def test_a_label_keeps_off_the_reference_lines(height: float, lines: list[float], place: str) -> None:
    assert label_places([(0.5, height)], [True], lines) == [place]


def test_a_reference_line_moves_a_label_to_the_other_side() -> None:
    assert label_places([(0.5, 0.5)], [True], [0.42]) == ["top center"]


def test_labels_of_two_points_in_one_place_do_not_meet() -> None:
    first, second = label_places([(0.5, 0.5), (0.52, 0.5)], [False, False], [])
    assert first != second


def test_no_label_goes_over_the_edge() -> None:
    assert label_places([(0.02, 0.5)], [True], []) == ["middle right"]
    assert label_places([(0.98, 0.5)], [True], []) == ["middle left"]
    assert label_places([(0.5, 0.03)], [True], []) == ["top center"]
