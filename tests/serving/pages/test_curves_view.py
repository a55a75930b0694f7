"""Curves on the review page: what is drawn is what was recorded, and a table says the same."""

from typing import Any

import pytest

from serving.pages.curves_view import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, charts
from tests.serving.pages.builders import some_curves

IN_A_BIN = ("mean_predicted", "observed")


def comparison(*parts: str) -> dict[str, Any]:
    return {"curves": some_curves(*parts)}


def test_production_is_drawn_under_the_candidate_and_the_anchor_not_at_all() -> None:
    drawn = charts(comparison("candidate", "anchor", "production"))
    assert [chart.name for chart in drawn] == ["roc", "calibration", "worth"]
    assert all([line.part for line in chart.lines] == ["production", "candidate"] for chart in drawn)


def test_a_comparison_made_before_there_were_curves_has_none() -> None:
    assert charts({"checks": []}) == []


def test_a_first_release_is_drawn_alone() -> None:
    assert {line.part for chart in charts(comparison("candidate")) for line in chart.lines} == {"candidate"}


def test_points_lie_inside_the_axes_and_the_dot_where_the_threshold_is() -> None:
    kept = comparison("candidate", "production")
    for chart in charts(kept):
        for line in chart.lines:
            for x, y in (tuple(map(float, point.split(","))) for point in line.points.split()):
                assert LEFT <= x <= WIDTH - RIGHT
                assert TOP <= y <= HEIGHT - BOTTOM
    roc = charts(kept)[0]
    (dot,) = roc.lines[1].dots
    across, up = kept["curves"]["candidate"]["operating"]
    assert dot[0] == pytest.approx(LEFT + across * (WIDTH - LEFT - RIGHT), abs=0.06)
    assert dot[1] == pytest.approx(HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM), abs=0.06)


def test_the_table_of_calibration_keeps_the_bins_that_one_model_alone_has() -> None:
    kept = comparison("candidate", "production")
    curves = kept["curves"]
    curves["production"]["calibration"] = curves["production"]["calibration"][:4]
    rows = charts(kept)[1].rows
    assert len(rows) == len(curves["candidate"]["calibration"]) == 10
    assert rows[3][:2] == tuple(curves["production"]["calibration"][3][name] for name in IN_A_BIN)
    assert rows[9] == (None, None, *(curves["candidate"]["calibration"][9][name] for name in IN_A_BIN))


def test_the_table_of_worth_names_both_models_and_calling_everybody_at_each_threshold() -> None:
    kept = comparison("candidate", "production")
    worth = charts(kept)[2]
    curves = kept["curves"]
    assert [row[1] for row in worth.rows] == curves["production"]["net_benefit"]
    assert [row[2] for row in worth.rows] == curves["candidate"]["net_benefit"]
    assert [row[3] for row in worth.rows] == curves["candidate"]["treat_all"]
