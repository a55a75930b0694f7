"""An interval as a small drawing, each scaled to its own limit, so that one line is the limit of all rows."""

from dataclasses import dataclass

WIDTH = 200.0
LIMIT_AT = 40.0  # where the limit stands in every row
ZERO_AT = 95.0  # where no difference stands
EDGE = 4.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Plot:
    """Positions in a drawing 200 wide; `says` is the same in words."""

    limit: float
    zero: float | None
    lower: float
    estimate: float
    upper: float
    status: str
    says: str


def difference_plot(limits: tuple[float, float, float], margin: float, *, status: str, says: str) -> Plot:
    """Return the drawing of (lower, estimate, upper) of a difference whose limit is -margin."""
    unit = (ZERO_AT - LIMIT_AT) / margin
    lower, estimate, upper = (_inside(ZERO_AT + unit * value) for value in limits)
    return Plot(
        limit=LIMIT_AT, zero=ZERO_AT, lower=lower, estimate=estimate, upper=upper, status=status, says=says
    )


def floor_plot(limits: tuple[float, float, float], floor: float, *, status: str, says: str) -> Plot:
    """Return the drawing of a share whose lower limit must reach a floor; the right edge is 1."""
    unit = (WIDTH - EDGE - LIMIT_AT) / max(1 - floor, 1e-9)
    lower, estimate, upper = (_inside(LIMIT_AT + unit * (value - floor)) for value in limits)
    return Plot(
        limit=LIMIT_AT, zero=None, lower=lower, estimate=estimate, upper=upper, status=status, says=says
    )


def _inside(position: float) -> float:
    return round(min(max(position, EDGE), WIDTH - EDGE), 1)
