"""The curves of candidate and production as small drawings, and the same numbers as tables."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Any

Record = Mapping[str, Any]
Place = Callable[[float, float], tuple[float, float]]

WIDTH, HEIGHT = 240.0, 170.0
LEFT, RIGHT, TOP, BOTTOM = 34.0, 8.0, 8.0, 24.0
SHOWN = ("production", "candidate")  # the latter is drawn over the former
LOWEST_WORTH = -0.05  # of net benefit, where calling everybody is worth far less
_NO_BIN = (None, None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One part's curve: points as SVG takes them, and the dots on it."""

    part: str
    points: str
    dots: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Chart:
    """One drawing with its axes' ends; `guide` is what no model would give, `rows` the numbers behind it."""

    name: str
    lines: tuple[Line, ...]
    guide: str
    low: float
    high: float
    rows: tuple[tuple[float | None, ...], ...]
    parts: tuple[str, ...]


def charts(comparison: Record) -> list[Chart]:
    """Return the drawings of a comparison; none where it was made before curves were kept."""
    kept: Record = comparison.get("curves") or {}
    parts = tuple(part for part in SHOWN if kept.get(part))
    if not parts:
        return []
    return [_roc(kept, parts), _calibration(kept, parts), _worth(kept, parts)]


def _roc(kept: Record, parts: tuple[str, ...]) -> Chart:
    place = _scale(0.0, 1.0)
    lines = tuple(
        Line(part=part, points=_path(kept[part]["roc"], place), dots=(place(*kept[part]["operating"]),))
        for part in parts
    )
    columns = [[y for _, y in kept[part]["roc"]] for part in parts]
    rows = tuple(zip([x for x, _ in kept[parts[0]]["roc"]], *columns, strict=True))[::5]
    guide = _path([(0, 0), (1, 1)], place)
    return Chart(name="roc", lines=lines, guide=guide, low=0.0, high=1.0, rows=rows, parts=parts)


def _calibration(kept: Record, parts: tuple[str, ...]) -> Chart:
    """Draw bins of equally many studies; tied probabilities share one, so a model may have fewer of them."""
    place = _scale(0.0, 1.0)
    bins = {
        part: [(each["mean_predicted"], each["observed"]) for each in kept[part]["calibration"]]
        for part in parts
    }
    lines = tuple(
        Line(part=part, points=_path(points, place), dots=tuple(place(*point) for point in points))
        for part, points in bins.items()
    )
    rows = tuple(tuple(chain(*row)) for row in zip_longest(*bins.values(), fillvalue=_NO_BIN))
    guide = _path([(0, 0), (1, 1)], place)
    return Chart(name="calibration", lines=lines, guide=guide, low=0.0, high=1.0, rows=rows, parts=parts)


def _worth(kept: Record, parts: tuple[str, ...]) -> Chart:
    thresholds = kept[parts[0]]["thresholds"]
    everybody = kept[parts[0]]["treat_all"]
    most = max(max(kept[part]["net_benefit"]) for part in parts)
    high = max(round(most + 0.05, 1), 0.1)
    place = _scale(LOWEST_WORTH, high)
    lines = tuple(
        Line(part=part, points=_path(zip(thresholds, kept[part]["net_benefit"], strict=True), place))
        for part in parts
    )
    worth_showing = [point for point in zip(thresholds, everybody, strict=True) if point[1] >= LOWEST_WORTH]
    guide = _path(worth_showing, place)
    rows = tuple(zip(thresholds, *(kept[part]["net_benefit"] for part in parts), everybody, strict=True))
    return Chart(name="worth", lines=lines, guide=guide, low=LOWEST_WORTH, high=high, rows=rows, parts=parts)


def _scale(low: float, high: float) -> Place:
    def place(x: float, y: float) -> tuple[float, float]:
        share = (min(max(y, low), high) - low) / (high - low)
        across = LEFT + x * (WIDTH - LEFT - RIGHT)
        return round(across, 1), round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)

    return place


def _path(points: Any, place: Place) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in (place(*point) for point in points))
