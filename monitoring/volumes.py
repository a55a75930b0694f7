"""How many studies got an answer on each day, as the site counts days."""

from datetime import UTC, datetime, time, timedelta, tzinfo

from overread.store.readings import Day, DayCount, Scanner
from overread.store.unit_of_work import UnitOfWork


def volumes(
    work: UnitOfWork, since: datetime, *, zone: tzinfo | None, scanner: Scanner | None = None
) -> list[DayCount]:
    """Return the first answers since an instant by day, in order; days without one are left out."""
    last = work.readings.last()
    return [] if last is None else work.readings.by_day(days_between(since, last, zone=zone), scanner)


def days_between(since: datetime, last: datetime, *, zone: tzinfo | None) -> list[Day]:
    """Return the days from one instant to another, both included; the first begins at the first instant.

    A day has 23 to 25 hours where clocks change; `zone` None is the machine's own.
    """
    days, begins = [], since
    while begins <= last:
        day = begins.astimezone(zone).date()
        midnight = datetime.combine(day + timedelta(days=1), time(), tzinfo=zone).astimezone(UTC)
        days.append(Day(day=day, begins=begins, ends=midnight))
        begins = midnight
    return days
