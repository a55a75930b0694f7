"""When the next retraining starts by itself, and what it still waits for."""

from typing import Any
from zoneinfo import ZoneInfo

from model_registry.triggers import standing_of
from overread.domain.retraining import Standing, Trigger, due
from overread.store.unit_of_work import UnitOfWork
from serving.pages.formats import grouped
from serving.pages.visits import Visit


def triggers_view(work: UnitOfWork, visit: Visit) -> dict[str, Any]:
    """Return every trigger with how close it is, and the one that starts the next retraining."""
    standing, triggers = standing_of(work), visit.web.task.triggers
    zone, now = _zone(visit), visit.web.now()
    pulled = due(triggers, standing, now=now, zone=zone)
    words, formats = visit.words, visit.formats
    said = "" if pulled is None else words.text(f"trigger.{pulled}")
    return {
        "rows": [_row(visit, trigger, standing) for trigger in Trigger],
        "since": formats.instant(standing.since) if standing.since else words.text("starts.ever"),
        "settled": grouped(standing.settled),
        "now": said,
        "date": formats.instant(triggers.next_date(now, zone)),
        "fewest": grouped(triggers.date),
        "task": visit.web.task.name,
    }


def _row(visit: Visit, trigger: Trigger, standing: Standing) -> dict[str, Any]:
    needed, reached = visit.web.task.triggers.needed(trigger), _holds(visit, trigger, standing)
    return {
        "name": trigger.value,
        "share": min(1.0, standing.settled / needed),
        "said": visit.words.text("starts.of", settled=grouped(standing.settled), needed=grouped(needed)),
        "condition": _condition(visit, trigger, holds=reached),
        "reached": reached and standing.settled >= needed,
    }


def _holds(visit: Visit, trigger: Trigger, standing: Standing) -> bool:
    """Say whether the condition of a trigger holds, however few cases there are."""
    if trigger is Trigger.DRIFT:
        return standing.drifting
    if trigger is Trigger.DATE:
        last = visit.web.task.triggers.last_date(visit.web.now(), _zone(visit))
        return standing.since is None or standing.since < last
    return True


def _condition(visit: Visit, trigger: Trigger, *, holds: bool) -> str:
    if trigger is Trigger.DATE and not holds:
        date = visit.web.task.triggers.next_date(visit.web.now(), _zone(visit))
        return visit.words.text("starts.from", at=visit.formats.instant(date))
    return visit.words.text(f"starts.{trigger}.{'holds' if holds else 'not'}")


def _zone(visit: Visit) -> ZoneInfo | None:
    return visit.formats.zone
