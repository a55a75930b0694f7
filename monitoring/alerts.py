"""When to page, once, what to say, and when it is over; the words are in the catalogue, keyed by the kind."""

from collections.abc import Mapping
from datetime import datetime

from overread.domain.alerts import CONDITION_GONE, Alert, Urgency
from overread.domain.audit import AuditEvent
from overread.domain.identifiers import PersonKey, derived_id
from overread.store.unit_of_work import UnitOfWork

SYSTEM = PersonKey("overread")


def raise_once(
    work: UnitOfWork, kind: str, urgency: Urgency, facts: Mapping[str, str], *, now: datetime
) -> Alert:
    """Raise an alert unless one of its kind is unresolved; return the one that stands."""
    for known in work.monitoring.alerts(unresolved=True):
        if known.kind == kind:
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


def resolve(work: UnitOfWork, alert_id: str, *, by: PersonKey, reason: str, now: datetime) -> Alert:
    """Keep that an alert is over, and who says so and why.

    Raises
    ------
    NotFoundError
        There is no such alert.
    AlreadyResolvedError, InputError
        As `Alert.resolved` says.
    """
    alert = work.monitoring.alert(alert_id).resolved(by=by, reason=reason, at=now)
    work.monitoring.save_alert(alert)
    work.audit.append(
        AuditEvent(
            at=now,
            by=by,
            action="alert-resolved",
            subject=f"alert-resolved:{alert.id}",
            details={"kind": alert.kind, "why": alert.resolution},
        )
    )
    return alert


def resolve_gone(work: UnitOfWork, kind: str, *, now: datetime) -> list[Alert]:
    """Resolve what stands of one kind, for its condition has gone; nothing stands: nothing is written."""
    return [
        resolve(work, alert.id, by=SYSTEM, reason=CONDITION_GONE, now=now)
        for alert in work.monitoring.alerts(unresolved=True)
        if alert.kind == kind
    ]
