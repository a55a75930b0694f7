"""When to page, once, what to say, and when it is over; the words are in the catalogue, keyed by the kind."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from overread.domain.alerts import CONDITION_GONE, Alert, Urgency
from overread.domain.audit import SYSTEM, AuditEvent
from overread.domain.identifiers import PersonKey, derived_id
from overread.store.unit_of_work import UnitOfWork


def _no_worse(_before: Mapping[str, str]) -> bool:
    return False


def raise_once(
    work: UnitOfWork,
    kind: str,
    urgency: Urgency,
    facts: Mapping[str, str],
    *,
    now: datetime,
    worse: Callable[[Mapping[str, str]], bool] = _no_worse,
) -> Alert:
    """Raise an alert unless its condition is known of; return the alert that tells of it.

    It is known of while an alert of its kind stands, and after a person has resolved one until the condition
    was seen to end; then it is news again only if it is `worse` than the facts of the resolved alert were.
    """
    known = next(iter(work.monitoring.alerts_not_gone(kind)), None)
    if known is not None and (known.resolved_at is None or not worse(known.facts)):
        return known
    alert = Alert(
        id=derived_id("alert", kind, now.isoformat()),
        kind=kind,
        urgency=urgency,
        raised_at=now,
        facts=dict(facts),
    )
    work.monitoring.add_alert(alert)
    work.audit.append(
        AuditEvent(at=now, by=SYSTEM, action="alert-raised", subject=alert.id, details={"kind": kind})
    )
    return alert


def take(
    work: UnitOfWork, alert_id: str, *, by: PersonKey, now: datetime, holder: PersonKey | None = None
) -> Alert:
    """Keep who sees to an alert; a `holder` who is named hands it over.

    Raises
    ------
    NotFoundError
        There is no such alert.
    AlreadyResolvedError, AlreadyTakenError
        As `Alert.taken` says.
    """
    before = work.monitoring.alert(alert_id)
    return _changed(work, before, before.taken(by=by, at=now, holder=holder), "alert-taken", by=by, now=now)


def hand_back(work: UnitOfWork, alert_id: str, *, by: PersonKey, now: datetime) -> Alert:
    """Keep that nobody sees to an alert any more; raise as `take` does where another has it."""
    before = work.monitoring.alert(alert_id)
    return _changed(work, before, before.handed_back(by=by), "alert-handed-back", by=by, now=now)


def resolve(
    work: UnitOfWork,
    alert_id: str,
    *,
    by: PersonKey,
    reason: str,
    now: datetime,
    holder: PersonKey | None = None,
) -> Alert:
    """Keep that an alert is over, and who says so and why; a `holder` who is named hands it over.

    Raises
    ------
    NotFoundError
        There is no such alert.
    AlreadyResolvedError, AlreadyTakenError, InputError
        As `Alert.resolved` says.
    """
    before = work.monitoring.alert(alert_id)
    over = before.resolved(by=by, reason=reason, at=now, holder=holder)
    return _changed(work, before, over, "alert-resolved", by=by, now=now)


def resolve_gone(
    work: UnitOfWork, kind: str, *, now: datetime, by: PersonKey = SYSTEM, reason: str = CONDITION_GONE
) -> list[Alert]:
    """Resolve what stands of one kind, whoever has it, for its condition has gone; return all of it."""
    standing = [alert for alert in work.monitoring.alerts_not_gone(kind) if alert.resolved_at is None]
    gone = note_gone(work, kind, now=now)
    for alert in standing:
        over = alert.resolved(by=by, reason=reason, at=now, holder=alert.taken_by)
        gone.append(_changed(work, alert, replace(over, gone_at=now), "alert-resolved", by=by, now=now))
    return gone


def note_gone(work: UnitOfWork, kind: str, *, now: datetime) -> list[Alert]:
    """Keep that the condition of what persons resolved has gone: if it comes back, that is a new alert."""
    return [
        _changed(work, alert, replace(alert, gone_at=now), "alert-gone", by=SYSTEM, now=now)
        for alert in work.monitoring.alerts_not_gone(kind)
        if alert.resolved_at is not None
    ]


def _changed(
    work: UnitOfWork, before: Alert, after: Alert, action: str, *, by: PersonKey, now: datetime
) -> Alert:
    """Keep an alert as it is now, with a row of who had it and why; what did not change writes nothing."""
    if after == before:
        return before
    work.monitoring.save_alert(after)
    details: dict[str, object] = {"kind": after.kind}
    if before.taken_by is not None and before.taken_by != by:
        details["from"] = before.taken_by
    if after.resolved_at != before.resolved_at:
        details["why"] = after.resolution
    work.audit.append(
        AuditEvent(
            at=now,
            by=by,
            action=action,
            subject=f"{action}:{after.id}:{by}:{now.isoformat()}",
            details=details,
        )
    )
    return after
