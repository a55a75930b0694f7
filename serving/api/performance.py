"""Production's accuracy from random audits, where the stop rule stands, and the switch it works on."""

from dataclasses import asdict
from datetime import date, timedelta

from fastapi import APIRouter

from monitoring.normal_text import switch
from monitoring.performance import Gap, live_performance
from monitoring.stop_rule import watched
from overread.domain.normal_text import TextSwitch
from overread.store.unit_of_work import UnitOfWork
from serving.api.shapes import Answer, Body, Instant, Reason
from serving.security.permissions import GuardedRoute, TextSwitcher
from serving.wiring import Web, Wired

router = APIRouter(prefix="/api/v1/monitoring", tags=["monitoring"], route_class=GuardedRoute)


class EstimateAnswer(Answer):
    """A number with its limits."""

    estimate: float | None
    lower: float | None
    upper: float | None
    level: float
    method: str
    n: int


class AccuracyAnswer(Answer):
    """Sensitivity and specificity of all of a version's answers."""

    sensitivity: EstimateAnswer
    specificity: EstimateAnswer


class PerformanceAnswer(Answer):
    """One version in one month, or in all (`month` null); an accuracy is null where `gaps` says why."""

    version: str
    month: date | None
    flagged: int
    cleared: int
    disputed: int
    audits_drawn: int
    audits_read: int
    missed: EstimateAnswer
    believed_reports: int
    horvitz_thompson: AccuracyAnswer | None
    begg_greenes: AccuracyAnswer | None
    gaps: list[Gap]


class StopAnswer(Answer):
    """The stop rule: the sequential test between its bounds, the cumulative sum up to its threshold."""

    version: str
    since: Instant
    audited: int
    missed: int
    p0: float
    p1: float
    start: str
    log_likelihood_ratio: float
    lower_bound: float
    upper_bound: float
    height: float
    threshold: float
    fired_by: str | None


class NormalTextAnswer(Answer):
    """Whether normal report text is filled in by itself; `since`, `by` and `reason` null: it always was."""

    automatic: bool
    since: Instant | None
    by: str | None
    reason: str | None


class NormalTextBody(Body):
    """What is wanted, and why."""

    automatic: bool
    reason: Reason


@router.post("/normal-text", status_code=201)
def switch_normal_text(body: NormalTextBody, by: TextSwitcher, web: Wired) -> NormalTextAnswer:
    """Switch the automatic normal text on or off, with a reason that is kept."""
    with web.work() as work:
        made = switch(
            work,
            task=web.task.name,
            automatic=body.automatic,
            by=by.key,
            reason=body.reason,
            now=web.now(),
        )
        work.commit()
    return normal_text_answer(made)


def normal_text_answer(latest: TextSwitch | None) -> NormalTextAnswer:
    """Return the wire's shape of the change that counts."""
    if latest is None:
        return NormalTextAnswer(automatic=True, since=None, by=None, reason=None)
    return NormalTextAnswer(automatic=latest.automatic, since=latest.at, by=latest.by, reason=latest.reason)


def stop_answer(work: UnitOfWork, web: Web) -> StopAnswer | None:
    """Return where the stop rule stands for the version in production."""
    seen = watched(work, web.task)
    if seen is None:
        return None
    rule = web.task.audit.stop
    stated = {"version": seen.version, "since": seen.since, "p0": rule.p0, "p1": rule.p1}
    return StopAnswer.model_validate(stated | asdict(seen.verdict))


def performance_answers(work: UnitOfWork, web: Web, *, days: int) -> list[PerformanceAnswer]:
    """Return each version that answered in the last `days`: in all, then by month, the latest first."""
    return [
        PerformanceAnswer.model_validate(found, from_attributes=True)
        for version in work.lots.versions(since=web.now() - timedelta(days=days))
        for found in live_performance(work, version)
    ]
