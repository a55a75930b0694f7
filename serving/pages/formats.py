"""Numbers and instants as people read them: a true minus, a fixed number of digits, the site's zone."""

import math
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

NOTHING = "—"
MINUS = "\N{MINUS SIGN}"
_SMALLEST = 0.001


@dataclass(frozen=True, kw_only=True, slots=True)
class Formats:
    """How one language and one site write; without a zone the system's counts."""

    language: str
    zone: ZoneInfo | None

    def instant(self, at: datetime | None) -> str:
        """Return date and minute: `2026-11-20 14:31`, or `20 Nov 2026 14:31`."""
        if at is None:
            return NOTHING
        local = at.astimezone(self.zone)
        return f"{self.day(local.date())} {local:%H:%M}"

    def clock(self, at: datetime) -> str:
        """Return the time of day with seconds."""
        return f"{at.astimezone(self.zone):%H:%M:%S}"

    def day(self, day: date | None) -> str:
        """Return a date."""
        if day is None:
            return NOTHING
        return f"{day:%Y-%m-%d}" if self.language == "zh" else f"{day.day} {day:%b %Y}"

    def duration(self, length: timedelta | None) -> str:
        """Return a length of time in its one largest fitting unit."""
        if length is None:
            return NOTHING
        minutes = max(0, int(length.total_seconds() // 60))
        units = {"zh": ("分", "小时", "天"), "en": ("min", "h", "d")}[self.language]
        for size, unit in ((1440, units[2]), (60, units[1])):
            if minutes >= 2 * size:
                return f"{minutes // size} {unit}"
        return f"{minutes} {units[0]}" if minutes else f"< 1 {units[0]}"


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
