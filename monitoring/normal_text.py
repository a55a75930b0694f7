"""Switches the automatic normal text off and on again: a row with its reason each time, and an alert."""

from datetime import datetime

from monitoring.alerts import raise_once, resolve_gone
from overread.domain.alerts import Urgency
from overread.domain.audit import SYSTEM, AuditEvent
from overread.domain.identifiers import PersonKey, derived_id
from overread.domain.normal_text import AlreadySwitchedError, TextSwitch
from overread.store.unit_of_work import UnitOfWork

ALERT = "normal-text-off"


def switch(
    work: UnitOfWork, *, task: str, automatic: bool, by: PersonKey, reason: str, now: datetime
) -> TextSwitch:
    """Switch the automatic normal text; on again, the alert that stood about it is resolved for that reason.

    Raises
    ------
    AlreadySwitchedError
        It is as asked for already.
    InputError
        Nothing is said of why.
    """
    if work.text_switches.automatic(task) is automatic:
        raise AlreadySwitchedError(automatic=automatic)
    production = work.models.production(task)
    made = TextSwitch(
        id=derived_id("text-switch", task, now.isoformat()),
        task=task,
        automatic=automatic,
        at=now,
        by=by,
        reason=reason.strip(),
        version=None if production is None else production.version,
    )
    work.text_switches.add(made)
    work.audit.append(
        AuditEvent(
            at=now,
            by=by,
            action="normal-text-switched",
            subject=made.id,
            details={"automatic": automatic, "why": made.reason, "version": made.version},
        )
    )
    if automatic:
        resolve_gone(work, ALERT, now=now, by=by, reason=made.reason)
    return made


def stop(work: UnitOfWork, *, task: str, reason: str, facts: dict[str, str], now: datetime) -> TextSwitch:
    """Switch it off for the stop rule, and page somebody."""
    made = switch(work, task=task, automatic=False, by=SYSTEM, reason=reason, now=now)
    raise_once(work, ALERT, Urgency.URGENT, facts, now=now)
    return made
