"""How production is doing over time: drift, calls on the reader, calibration, agreement and volume."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response

from feedback.agreement import two_reader_agreement
from feedback.to_production import journeys
from monitoring.corrections import correction_rates
from monitoring.volumes import volumes
from overread.domain.corrections import Word
from overread.domain.errors import NotFoundError
from overread.domain.findings import Label
from overread.store.monitoring import DriftCheck
from overread.store.readings import DayCount, SettledAnswer, Waits
from overread.store.unit_of_work import UnitOfWork
from serving.api.alerts import AlertAnswer, alert_answer
from serving.api.candidates import framed_page
from serving.api.corrections import (
    ChosenScanner,
    CorrectionsAnswer,
    JourneysAnswer,
    corrections_answer,
    journeys_answer,
)
from serving.api.drift import AttributionAnswer, attribution_answers
from serving.api.performance import (
    EstimateAnswer,
    NormalTextAnswer,
    PerformanceAnswer,
    StopAnswer,
    normal_text_answer,
    performance_answers,
    stop_answer,
)
from serving.api.shapes import Answer, Instant
from serving.security.permissions import GuardedRoute, MonitoringViewer
from serving.wiring import Wired

router = APIRouter(prefix="/api/v1/monitoring", tags=["monitoring"], route_class=GuardedRoute)

FEWEST_PAIRS = 2
_BINS = 10


class DriftPoint(Answer):
    """One drift check; `report` is where its page lies."""

    id: str
    at: Instant
    passed: bool | None
    n_reference: int
    n_current: int
    columns_tested: int
    drifted: list[str]
    attributions: list[AttributionAnswer]
    report: str | None


class DayAnswer(Answer):
    """One day's answers."""

    day: date
    predicted: int
    has_finding: int
    mean_probability: float


class WaitsAnswer(Answer):
    """Seconds from arrival to first answer: the study in the middle, and the slowest of a hundred."""

    median_seconds: float
    p99_seconds: float


class BinAnswer(Answer):
    """Settled cases of one tenth of probability; they were chosen, so this is not the population."""

    mean_probability: float
    has_finding: float
    n: int


class ReadersAnswer(Answer):
    """What readers said of the model, and how far they agree with each other."""

    agree: int
    disagree: int
    by_kind: dict[str, int]
    kappa: EstimateAnswer | None


class AuditAnswer(Answer):
    """Settled cases, and whether the model had them right; they are not production's cases, but chosen."""

    cases: dict[str, int]
    settled: int
    model_right: int
    model_missed: int
    model_false_alarm: int


class MonitoringAnswer(Answer):
    """All figures of the monitoring page."""

    drift: list[DriftPoint]
    alerts: list[AlertAnswer]
    calibration: list[BinAnswer]
    audit: AuditAnswer
    performance: list[PerformanceAnswer]
    stop_rule: StopAnswer | None
    normal_text: NormalTextAnswer
    readers: ReadersAnswer
    corrections: CorrectionsAnswer
    to_production: JourneysAnswer
    volume: list[DayAnswer]
    waits: WaitsAnswer | None
    studies: dict[str, int]


@router.get("")
def show_monitoring(
    by: MonitoringViewer,
    web: Wired,
    scanner: ChosenScanner,
    days: Annotated[int, Query(ge=1, le=366)] = 90,
) -> MonitoringAnswer:
    """Return the figures of the last `days`.

    With a `scanner`, volume, waits and corrections are of what it took; all else is of all.
    """
    since, zone = web.now() - timedelta(days=days), web.services.settings.zone
    with web.look() as work:
        settled, said = work.readings.settled(), work.corrections.words(since=since)
        rates = correction_rates(work, said, since=since, scanner=scanner)
        return MonitoringAnswer(
            drift=[_drift(check) for check in work.monitoring.checks()],
            alerts=[alert_answer(alert) for alert in work.monitoring.alerts()],
            calibration=calibration_of(settled),
            audit=_audit(work, settled),
            performance=performance_answers(work, web, days=days),
            stop_rule=stop_answer(work, web),
            normal_text=normal_text_answer(work.text_switches.latest(web.task.name)),
            readers=_readers(work, said),
            corrections=corrections_answer(rates, by, web.services.secret),
            to_production=journeys_answer(journeys(work, web.objects, web.task.name, said)),
            volume=[_day(count) for count in volumes(work, since, zone=zone, scanner=scanner)],
            waits=_waits(work.readings.waits(since, scanner)),
            studies=work.studies.count_by_state(),
        )


@router.get("/drift/{check}.html", response_class=Response)
def show_drift_report(check: str, _by: MonitoringViewer, web: Wired) -> Response:
    """Return a drift check's own page, for a sandboxed frame."""
    with web.look() as work:
        report = work.monitoring.check(check).verdict.report
    if report is None:
        raise NotFoundError("there is no report of this drift check")
    return framed_page(web, report)


def _drift(check: DriftCheck) -> DriftPoint:
    verdict = check.verdict
    return DriftPoint(
        id=check.id,
        at=check.at,
        passed=verdict.passed,
        n_reference=verdict.n_reference,
        n_current=verdict.n_current,
        columns_tested=len(verdict.measures),
        drifted=list(verdict.drifted),
        attributions=attribution_answers(verdict),
        report=None if verdict.report is None else f"/api/v1/monitoring/drift/{check.id}.html",
    )


def calibration_of(settled: Iterable[SettledAnswer]) -> list[BinAnswer]:
    """Return observed against predicted, by tenths of probability."""
    bins: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for answer in settled:
        tenth = min(int(answer.probability * _BINS), _BINS - 1)
        bins[tenth].append((answer.probability, answer.truth == Label.HAS_FINDING))
    return [
        BinAnswer(
            mean_probability=sum(p for p, _ in found) / len(found),
            has_finding=sum(truth for _, truth in found) / len(found),
            n=len(found),
        )
        for _, found in sorted(bins.items())
    ]


def _audit(work: UnitOfWork, settled: Sequence[SettledAnswer]) -> AuditAnswer:
    pairs = [(answer.called, answer.truth) for answer in settled]
    return AuditAnswer(
        cases=work.cases.count_by_state(),
        settled=len(pairs),
        model_right=sum(said == truth for said, truth in pairs),
        model_missed=pairs.count((Label.NO_FINDING, Label.HAS_FINDING)),
        model_false_alarm=pairs.count((Label.HAS_FINDING, Label.NO_FINDING)),
    )


def _readers(work: UnitOfWork, said: Sequence[Word]) -> ReadersAnswer:
    disagreeing = sum(word.disagrees for word in said)
    return ReadersAnswer(
        agree=len(said) - disagreeing,
        disagree=disagreeing,
        by_kind=Counter(word.kind for word in said if word.kind is not None),
        kappa=_kappa(work),
    )


def _kappa(work: UnitOfWork) -> EstimateAnswer | None:
    """Return the agreement of the two first reads; None with too few pairs."""
    kappa = two_reader_agreement(work)
    if kappa.n < FEWEST_PAIRS:
        return None
    return EstimateAnswer.model_validate(kappa, from_attributes=True)


def _waits(found: Waits | None) -> WaitsAnswer | None:
    return None if found is None else WaitsAnswer(median_seconds=found.median, p99_seconds=found.p99)


def _day(count: DayCount) -> DayAnswer:
    return DayAnswer(
        day=count.day,
        predicted=count.answers,
        has_finding=count.flagged,
        mean_probability=count.mean_probability,
    )
