"""Studies a day as columns, and how far the score lies from the reference at each drift check."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from overread.store.monitoring import DriftCheck
from overread.store.readings import DayCount
from serving.pages.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, line_chart
from serving.pages.formats import decimal, grouped
from serving.pages.visits import Visit

SCORE = "score"  # the column of the drift check
WIDEST = 26.0  # px of a day's column
FEWEST_POINTS = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One day: where its column stands and how high its two parts are; `says` is the same in words."""

    x: float
    width: float
    clear_top: float
    clear_height: float
    finding_top: float
    finding_height: float
    says: str


def volume_chart(days: Sequence[DayCount], visit: Visit) -> dict[str, Any] | None:
    """Return a column a day, findings at the foot; None without an answer."""
    if not days:
        return None
    span = (days[-1].day - days[0].day).days + 1
    step = (WIDTH - LEFT - RIGHT) / span
    most = max(day.answers for day in days)
    tall = (HEIGHT - TOP - BOTTOM) / most
    columns = []
    for day in days:
        x = LEFT + step * (day.day - days[0].day).days
        finding, clear = tall * day.flagged, tall * (day.answers - day.flagged)
        foot = HEIGHT - BOTTOM
        columns.append(
            Column(
                x=round(x, 1),
                width=round(min(WIDEST, 0.8 * step), 1),
                finding_top=round(foot - finding, 1),
                finding_height=round(finding, 1),
                clear_top=round(foot - finding - clear, 1),
                clear_height=round(clear, 1),
                says=visit.words.text(
                    "monitoring.day",
                    day=visit.formats.day(day.day),
                    n=grouped(day.answers),
                    finding=grouped(day.flagged),
                ),
            )
        )
    first, last = visit.formats.day(days[0].day), visit.formats.day(days[-1].day)
    return {"columns": columns, "most": grouped(most), "first": first, "last": last}


def score_chart(checks: Sequence[DriftCheck], visit: Visit) -> dict[str, Any]:
    """Return the distance of the score's distribution from the reference, check by check, and the latest."""
    measured = [
        (check.at, measure)
        for check in reversed(checks)
        for measure in check.verdict.measures
        if measure.column == SCORE
    ]
    points = [(at.timestamp(), each.statistic) for at, each in measured if each.statistic is not None]
    top = ceil(10 * max((height for _, height in points), default=0.1)) / 10
    name = visit.column_name(SCORE)
    view: dict[str, Any] = {"chart": None, "latest": None}
    if len(points) >= FEWEST_POINTS:
        view["chart"] = line_chart({name: points}, low=0.0, high=max(top, 0.1))
    if measured:
        at, latest = measured[-1]
        view["latest"] = {
            "at": visit.formats.instant(at),
            "drifted": latest.drifted,
            "statistic": decimal(latest.statistic, 3),
            "method": latest.method,
        }
    return view
