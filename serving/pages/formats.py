"""Numbers and instants as pages show them: those of `overread.wording`, and times in the site's zone."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from overread.wording.numbers import MINUS, NOTHING, between, decimal, grouped, percent, signed, small

__all__ = [
    "MINUS",
    "NOTHING",
    "Formats",
    "between",
    "decimal",
    "grouped",
    "percent",
    "signed",
    "size",
    "small",
]

ONE_DIGIT = 10

MINUTE, TENTHS = 60, 10  # s


def size(n_bytes: int) -> str:
    """Return an amount of data in its one largest fitting unit: `412 GiB`, `3.8 MiB`."""
    power, unit = next(
        ((power, unit) for power, unit in ((30, "GiB"), (20, "MiB")) if n_bytes >= 1 << power), (10, "KiB")
    )
    amount = n_bytes / (1 << power)
    return f"{amount:.{1 if amount < ONE_DIGIT else 0}f} {unit}"


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

    def stamp(self, at: datetime | None) -> str:
        """Return date and time as a spreadsheet reads them in any language; nothing where there is none."""
        return "" if at is None else f"{at.astimezone(self.zone):%Y-%m-%d %H:%M:%S}"

    def clock(self, at: datetime) -> str:
        """Return the time of day with seconds."""
        return f"{at.astimezone(self.zone):%H:%M:%S}"

    def minute(self, at: datetime) -> str:
        """Return the time of day to the minute."""
        return f"{at.astimezone(self.zone):%H:%M}"

    def day(self, day: date | None) -> str:
        """Return a date."""
        if day is None:
            return NOTHING
        return f"{day:%Y-%m-%d}" if self.language == "zh" else f"{day.day} {day:%b %Y}"

    def seconds(self, n: float) -> str:
        """Return a short length of time: tenths below ten seconds; from two minutes on, as `duration`."""
        if n >= 2 * MINUTE:
            return self.duration(timedelta(seconds=n))
        return (
            f"{decimal(n, 1) if n < TENTHS else grouped(round(n))} {'秒' if self.language == 'zh' else 's'}"
        )

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
