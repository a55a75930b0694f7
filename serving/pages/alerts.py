"""The buttons of an alert on the monitoring page: take it, hand it back, resolve it."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Response

from monitoring.alerts import hand_back, resolve, take
from overread.domain.alerts import AlreadyTakenError
from overread.domain.errors import ForbiddenError, NotFoundError, OverreadError
from overread.domain.people import Person
from overread.store.unit_of_work import UnitOfWork
from serving.api.alerts import ResolutionBody, TakingBody
from serving.pages.forms import Filled, Form, body_of
from serving.pages.monitoring import monitoring_view
from serving.pages.periods import AskedPeriod, Period
from serving.pages.routing import PageRoute
from serving.pages.visits import Visit, Visiting, back_to
from serving.security.permissions import AlertResolver

router = APIRouter(prefix="/monitoring/alerts", include_in_schema=False, route_class=PageRoute)


@router.post("/{alert}/take")
def take_alert(alert: str, by: AlertResolver, visit: Visiting, period: AskedPeriod, form: Form) -> Response:
    """Say that one sees to an alert; over from whom the page showed."""

    def act(work: UnitOfWork) -> None:
        body = body_of(TakingBody, _holder(form))
        take(work, alert, by=by.key, now=visit.web.now(), holder=body.seen)

    return _done_or_shown(visit, by, period, act, typed=form, part=f"take:{alert}")


@router.post("/{alert}/hand-back")
def hand_alert_back(
    alert: str, by: AlertResolver, visit: Visiting, period: AskedPeriod, form: Form
) -> Response:
    """Say that one does not see to an alert any more."""

    def act(work: UnitOfWork) -> None:
        hand_back(work, alert, by=by.key, now=visit.web.now())

    return _done_or_shown(visit, by, period, act, typed=form, part=f"take:{alert}")


@router.post("/{alert}/resolution")
def resolve_alert(
    alert: str, by: AlertResolver, visit: Visiting, period: AskedPeriod, form: Form
) -> Response:
    """Say that an alert is over, and what was done."""

    def act(work: UnitOfWork) -> None:
        body = body_of(ResolutionBody, {"reason": form.text("reason").strip(), **_holder(form)})
        resolve(work, alert, by=by.key, reason=body.reason, now=visit.web.now(), holder=body.seen)

    return _done_or_shown(visit, by, period, act, typed=form, part=f"resolution:{alert}")


def _holder(form: Filled) -> dict[str, object]:
    return {"holder": form.text("holder") or None}


def _done_or_shown(
    visit: Visit, by: Person, period: Period, act: Callable[[UnitOfWork], None], *, typed: Filled, part: str
) -> Response:
    """Do it and lead back; where a rule forbids it, show the page with the reason beside what was typed."""
    try:
        with visit.web.work() as work:
            act(work)
            work.commit()
    except (NotFoundError, ForbiddenError):
        raise
    except AlreadyTakenError as error:
        facts: dict[str, Any] = {"failure": visit.words.text("alert.taken_before", by=error.by)}
        refusal: OverreadError = error
    except OverreadError as error:
        refusal, facts = error, {}
    else:
        return back_to(period.address)
    view = monitoring_view(visit, by, period)
    return visit.page("monitoring/page.html", view=view, error=refusal, typed=typed, failed_at=part, **facts)
