"""An interval as a small drawing, each scaled to its own limit, so that one line is the limit of all rows."""

from dataclasses import dataclass

WIDTH = 200.0
LIMIT_AT = 40.0  # where the limit stands in every row
ZERO_AT = 95.0  # where no difference stands
EDGE = 4.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Plot:
    """Positions in a drawing 200 wide; `says` is the same in words.

    What lies beyond an edge is said by `more_left` and `more_right`, never drawn at the edge: an estimate
    out there has no position.
    """

    limit: float
    zero: float | None
    lower: float
    estimate: float | None
    upper: float
    more_left: bool
    more_right: bool
    status: str
    says: str


def difference_plot(limits: tuple[float, float, float], margin: float, *, status: str, says: str) -> Plot:
    """Return the drawing of (lower, estimate, upper) of a difference whose limit is -margin."""
    unit = (ZERO_AT - LIMIT_AT) / margin
    return _drawn([ZERO_AT + unit * value for value in limits], ZERO_AT, status=status, says=says)


def floor_plot(limits: tuple[float, float, float], floor: float, *, status: str, says: str) -> Plot:
    """Return the drawing of a share whose lower limit must reach a floor; the right edge is 1."""
    unit = (WIDTH - EDGE - LIMIT_AT) / max(1 - floor, 1e-9)
    return _drawn([LIMIT_AT + unit * (value - floor) for value in limits], None, status=status, says=says)


def _drawn(places: list[float], zero: float | None, *, status: str, says: str) -> Plot:
    first, last = EDGE, WIDTH - EDGE
    lower, estimate, upper = (round(min(max(place, first), last), 1) for place in places)
    return Plot(
        limit=LIMIT_AT,
        zero=zero,
        lower=lower,
        estimate=estimate if first <= places[1] <= last else None,
        upper=upper,
        more_left=places[0] < first,
        more_right=places[2] > last,
        status=status,
        says=says,
    )
