"""Who sees to an alert, from when it is taken until it is handed back or over."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from monitoring.alerts import hand_back, resolve, take
from overread.domain.alerts import Alert, Urgency
from overread.domain.identifiers import PersonKey
from serving.api.shapes import Answer, Body, Instant, Reason
from serving.security.permissions import AlertResolver, GuardedRoute
from serving.wiring import Wired

router = APIRouter(prefix="/api/v1/monitoring/alerts", tags=["monitoring"], route_class=GuardedRoute)


class AlertAnswer(Answer):
    """Something a person should look at; `gone_at` is when its condition was seen to hold no longer."""

    id: str
    kind: str
    urgency: Urgency
    raised_at: Instant
    facts: dict[str, str]
    taken_by: str | None
    taken_at: Instant | None
    resolved_at: Instant | None
    resolved_by: str | None
    resolution: str
    gone_at: Instant | None


class TakingBody(Body):
    """Whom an alert is taken over from: the `holder` that one sees, where somebody has it."""

    holder: Annotated[str | None, Field(max_length=64)] = None

    @property
    def seen(self) -> PersonKey | None:
        """The holder as a person; raise `InputError` where nobody can be called so."""
        return PersonKey(self.holder) if self.holder else None


class ResolutionBody(TakingBody):
    """Why an alert is over."""

    reason: Reason


@router.post("/{alert}/take")
def take_alert(alert: str, by: AlertResolver, web: Wired, body: TakingBody | None = None) -> AlertAnswer:
    """Say that one sees to an alert; once more changes nothing."""
    with web.work() as work:
        taken = take(work, alert, by=by.key, now=web.now(), holder=None if body is None else body.seen)
        work.commit()
    return alert_answer(taken)


@router.post("/{alert}/hand-back")
def hand_alert_back(alert: str, by: AlertResolver, web: Wired) -> AlertAnswer:
    """Say that one does not see to an alert any more; once more changes nothing."""
    with web.work() as work:
        free = hand_back(work, alert, by=by.key, now=web.now())
        work.commit()
    return alert_answer(free)


@router.post("/{alert}/resolution", status_code=201)
def resolve_alert(alert: str, body: ResolutionBody, by: AlertResolver, web: Wired) -> AlertAnswer:
    """Say that an alert is over, and why; whoever has it may, and whoever names its holder."""
    with web.work() as work:
        over = resolve(work, alert, by=by.key, reason=body.reason, now=web.now(), holder=body.seen)
        work.commit()
    return alert_answer(over)


def alert_answer(alert: Alert) -> AlertAnswer:
    """Return the wire's shape of an alert."""
    return AlertAnswer(
        id=alert.id,
        kind=alert.kind,
        urgency=alert.urgency,
        raised_at=alert.raised_at,
        facts=alert.facts,
        taken_by=alert.taken_by,
        taken_at=alert.taken_at,
        resolved_at=alert.resolved_at,
        resolved_by=alert.resolved_by,
        resolution=alert.resolution,
        gone_at=alert.gone_at,
    )
