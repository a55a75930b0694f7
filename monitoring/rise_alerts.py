"""The alert that readers correct the model more often than before, asked once a day of whole days."""

from bisect import bisect_right
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from monitoring.alerts import raise_once, resolve_gone
from monitoring.corrections import latest
from monitoring.rises import ONE_LOOK, PLAINLY, WEEK, Count, has_risen, scanner_behind
from monitoring.volumes import days_between
from overread.domain.alerts import Alert, Urgency
from overread.store.feedback import Answered
from overread.store.readings import Day, Scanner, Tally
from overread.store.unit_of_work import UnitOfWork

KIND = "corrections"
BEFORE = timedelta(weeks=12)
_INSTANT = timedelta(microseconds=1)


def watch_corrections(work: UnitOfWork, *, task: str, now: datetime, zone: tzinfo | None) -> bool | None:
    """Alert to a correction rate that has risen, resolve that once it is over; None with too few to say.

    The last seven whole days are held against the twelve weeks before; a second look on one day sees nothing
    new. While an alert's condition lasts, what was before the alert's own days says when it is over; where a
    person has resolved the alert, its days are the level from which a further rise is news.
    """
    today = now.astimezone(zone).date()
    recent = _days(today - timedelta(days=WEEK), today, zone)
    begins = recent[0].begins - BEFORE
    known = next(iter(work.monitoring.alerts_not_gone(KIND)), None)
    if known is not None:
        lasts = _rate_has_risen(work, recent, _before(_since(known) - BEFORE, _since(known), zone), PLAINLY)
        if lasts is False:
            resolve_gone(work, KIND, now=now)
        if not lasts or known.resolved_at is None:
            return lasts
        begins = max(begins, _since(known))
    before = _before(begins, recent[0].begins, zone)
    risen = _rate_has_risen(work, recent, before, ONE_LOOK)
    if risen:
        facts = _facts(work, recent, before, task)
        raise_once(work, KIND, Urgency.WARNING, facts, now=now, worse=lambda _: True)
    return risen


def _rate_has_risen(work: UnitOfWork, recent: list[Day], before: list[Day], alpha: float) -> bool | None:
    until = recent[-1].ends
    return has_risen(_by_day(work, recent, until), _by_day(work, before, until), alpha=alpha)


def _since(alert: Alert) -> datetime:
    return datetime.fromisoformat(alert.facts["since"])


def _before(begins: datetime, ends: datetime, zone: tzinfo | None) -> list[Day]:
    return _days(begins.astimezone(zone).date(), ends.astimezone(zone).date(), zone)


def _days(first: date, end: date, zone: tzinfo | None) -> list[Day]:
    """Return the days from the first to before the end, as the site counts them."""
    begins, ends = (datetime.combine(day, time(), tzinfo=zone).astimezone(UTC) for day in (first, end))
    return days_between(begins, ends - _INSTANT, zone=zone)


def _by_day(work: UnitOfWork, days: list[Day], until: datetime) -> list[Count]:
    """Count each day's first answers, and those of them that somebody had corrected by an instant."""
    answers = {each.day: each.answers for each in work.readings.by_day(days)}
    begins = [day.begins for day in days]
    wrong = Counter(bisect_right(begins, each.at) - 1 for each in _corrected(work, days, until))
    return [Count(wrong[place], answers.get(day.day, 0)) for place, day in enumerate(days)]


def _by_scanner(work: UnitOfWork, days: list[Day], until: datetime) -> dict[Scanner, Count]:
    later = work.readings.by_scanner(days[-1].ends)
    wrong = Counter(each.scanner for each in _corrected(work, days, until))
    return {
        scanner: Count(wrong[scanner], sent.answers - later.get(scanner, Tally(0, 0)).answers)
        for scanner, sent in work.readings.by_scanner(days[0].begins).items()
    }


def _corrected(work: UnitOfWork, days: list[Day], until: datetime) -> list[Answered]:
    if not days:
        return []
    begins, ends = days[0].begins, days[-1].ends
    said = latest(word for word in work.corrections.words(since=begins) if word.at < until)
    wrong = {word.study for word in said if word.disagrees}
    return [each for each in work.corrections.answered(begins, ends) if each.study in wrong]


def _facts(work: UnitOfWork, recent: list[Day], before: list[Day], task: str) -> dict[str, str]:
    """Return both rates as counts, since when, and what alone may account for it."""
    until = recent[-1].ends
    now, then = (_by_scanner(work, days, until) for days in (recent, before))
    facts = {
        "recent": _written(Count.of([*now.values()])),
        "before": _written(Count.of([*then.values()])),
        "since": recent[0].begins.isoformat(),
    }
    scanner = scanner_behind(now, then)
    if scanner is not None:
        facts["scanner"] = " · ".join(part for part in scanner if part)
        facts["scanner_recent"], facts["scanner_before"] = _written(now[scanner]), _written(then[scanner])
    history = work.models.successions(task)
    if history and history[-1].at >= recent[0].begins:
        facts["new_version"] = history[-1].version
    return facts


def _written(count: Count) -> str:
    return f"{count.corrected}/{count.answers}"
