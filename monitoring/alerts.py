"""When to page, once, and what to say; the words are in the catalogue, keyed by the kind of alert."""

from collections.abc import Mapping
from datetime import datetime

from overread.domain.alerts import Alert, Urgency
from overread.domain.audit import AuditEvent
from overread.domain.identifiers import derived_id
from overread.store.unit_of_work import UnitOfWork


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
        AuditEvent(at=now, by="overread", action="alert-raised", subject=alert.id, details={"kind": kind})
    )
    return alert
