"""Small line drawings: points as SVG takes them, with the ends of the axis."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 440.0, 150.0
LEFT, RIGHT, TOP, BOTTOM = 36.0, 8.0, 10.0, 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One series: its name, its points, where it ends and what its last value is."""

    name: str
    points: str
    end: tuple[float, float]
    last: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Chart:
    """Lines between `low` and `high`."""

    lines: tuple[Line, ...]
    low: float
    high: float


def line_chart(
    series: Mapping[str, Sequence[tuple[float, float]]], *, low: float, high: float
) -> Chart | None:
    """Return a drawing of named series of (x, y), x growing; None where no series has a point."""
    drawn = {name: points for name, points in series.items() if points}
    if not drawn:
        return None
    first = min(points[0][0] for points in drawn.values())
    span = max(points[-1][0] for points in drawn.values()) - first
    lines = []
    for name, points in drawn.items():
        placed = [_place((x - first) / (span or 1.0), (y - low) / ((high - low) or 1.0)) for x, y in points]
        path = " ".join(f"{x:g},{y:g}" for x, y in placed)
        lines.append(Line(name=name, points=path, end=placed[-1], last=points[-1][1]))
    return Chart(lines=tuple(lines), low=low, high=high)


def _place(across: float, up: float) -> tuple[float, float]:
    inside = min(max(up, 0.0), 1.0)
    x = LEFT + across * (WIDTH - LEFT - RIGHT)
    return round(x, 1), round(HEIGHT - BOTTOM - inside * (HEIGHT - TOP - BOTTOM), 1)
