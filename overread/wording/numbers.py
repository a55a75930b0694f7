"""Numbers as people read them: a true minus, a fixed number of digits, a dash for what is not defined."""

import math

NOTHING = "—"
MINUS = "\N{MINUS SIGN}"
_SMALLEST = 0.001


def decimal(value: float | None, digits: int) -> str:
    """Return a number with a fixed number of digits; a dash for none."""
    return NOTHING if value is None or math.isnan(value) else f"{value:.{digits}f}".replace("-", MINUS)


def small(value: float | None) -> str:
    """Return a p-value or threshold: three digits, or a bound where they would all be zero."""
    if value is None:
        return NOTHING
    return f"< {_SMALLEST}" if value < _SMALLEST else f"{value:.3f}"


def signed(value: float | None, digits: int) -> str:
    """Return a difference with its sign."""
    if value is None:
        return NOTHING
    shown = f"{value:+.{digits}f}"
    return shown.replace("-", MINUS)


def between(lower: float | None, upper: float | None, digits: int) -> str:
    """Return limits, or a dash where they are not defined."""
    low, high = decimal(lower, digits), decimal(upper, digits)
    return NOTHING if NOTHING in {low, high} else f"{low} … {high}"


def grouped(value: int | None) -> str:
    """Return a count with its thousands apart."""
    return NOTHING if value is None else f"{value:,}"


def percent(value: float | None) -> str:
    """Return a share as a percentage with one digit."""
    return NOTHING if value is None or math.isnan(value) else f"{100 * value:.1f} %"
