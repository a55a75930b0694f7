"""Alerts as the monitoring page shows them: what happened, what it may mean, what to do, and where."""

from datetime import datetime
from typing import Any

from overread.domain.alerts import Alert
from overread.domain.audit import SYSTEM
from overread.domain.people import Permission, Person
from overread.measures.proportion import wilson
from serving.pages.formats import between, grouped, percent
from serving.pages.visits import Visit

MOST_ALERTS = 6  # with those that are resolved
MOST_COLUMNS = 6  # of a drift alert; the check below it has all
PLACES = {
    "drift": ("#drift", Permission.SEE_MONITORING),
    "queue": ("/?state=screened", Permission.SEE_STUDIES),
    "senior": ("/people", Permission.SEE_PEOPLE),
    "corrections": ("#by-scanner", Permission.SEE_MONITORING),
    "normal-text-off": ("#performance", Permission.SEE_MONITORING),
    "retraining-failed": ("/retraining", Permission.SEE_RETRAININGS),
    "no-room": ("/retraining#resources", Permission.SEE_RETRAININGS),
    "chain": ("/audit", Permission.SEE_AUDIT),
}
"""Where the first step is taken, and who may open it."""
_RATES = frozenset({"recent", "before", "scanner_recent", "scanner_before"})


def first_alerts(alerts: list[Alert]) -> list[Alert]:
    """Return all that is unresolved, urgent first, and the latest resolved where room is left."""
    ordered = sorted(alerts, key=lambda alert: (alert.resolved_at is not None, alert.urgency != "urgent"))
    return ordered[: max(MOST_ALERTS, sum(alert.resolved_at is None for alert in alerts))]


def alert_view(visit: Visit, by: Person, alert: Alert) -> dict[str, Any]:
    """Return an alert in words, with the place of its first step if `by` may open it."""
    words = visit.words
    facts = " · ".join(_fact(visit, name, value) for name, value in alert.facts.items())
    known = f"alert.{alert.kind}"
    by_system = alert.resolved_by == SYSTEM
    href, needed = PLACES.get(alert.kind, ("#drift", Permission.SEE_MONITORING))
    return {
        "id": alert.id,
        "urgency": alert.urgency.value,
        "title": words.text_or(f"{known}.title", alert.kind),
        "what": words.text_or(f"{known}.what", ""),
        "facts": facts,
        "do": words.text_or(f"{known}.do", words.text("alert.otherwise_do")),
        "href": href if by.may(needed) else None,
        "at": visit.formats.instant(alert.raised_at),
        "taken_by": alert.taken_by,
        "taken_at": None if alert.taken_at is None else visit.formats.instant(alert.taken_at),
        "own": alert.taken_by == by.key,
        "others": alert.taken_by not in {None, by.key},
        "resolved_at": None if alert.resolved_at is None else visit.formats.instant(alert.resolved_at),
        "resolved_by": words.text("alert.system") if by_system else alert.resolved_by,
        "resolution": words.text("alert.gone") if by_system else alert.resolution,
        "gone": alert.gone_at is not None,
    }


def _rate(visit: Visit, value: str) -> str:
    """Return a rate, written as corrected/answered studies, with its counts and Wilson's limits."""
    count, n = map(int, value.split("/"))
    share = wilson(count, n)
    interval = between(100 * share.lower, 100 * share.upper, 1)
    of = visit.words.text("stat.of", count=grouped(count), n=grouped(n), interval=interval)
    return f"{percent(share.estimate)} ({of})"


def _fact(visit: Visit, name: str, value: str) -> str:
    """Return a fact of an alert in words; columns are named as in the drift check below it."""
    words = visit.words
    if name in _RATES:
        value = _rate(visit, value)
    elif name == "since":
        value = visit.formats.instant(datetime.fromisoformat(value))
    elif name == "scanner":
        value = value or words.text("monitoring.unknown")
    elif name == "columns":
        codes = value.split(", ")
        value = words.text("list.comma").join(visit.column_name(code) for code in codes[:MOST_COLUMNS])
        if len(codes) > MOST_COLUMNS:
            value += words.text("alert.more_columns", n=len(codes) - MOST_COLUMNS)
    return f"{words.text_or(f'fact.{name}', name)} {value}"
