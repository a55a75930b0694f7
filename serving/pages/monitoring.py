"""Is production still the model that was tested? Every number with its denominator."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Response

from feedback.agreement import two_reader_agreement
from feedback.to_production import journeys
from monitoring.corrections import FEWEST, CorrectionRates, Rate, correction_rates
from monitoring.normal_text import switch
from monitoring.volumes import volumes
from overread.domain.adjudication import CaseState
from overread.domain.errors import ForbiddenError, NotFoundError, OverreadError
from overread.domain.people import Permission, Person
from overread.domain.studies import StudyState
from overread.store.monitoring import DriftCheck
from overread.store.readings import Waits
from overread.store.unit_of_work import UnitOfWork
from serving.api.performance import NormalTextBody
from serving.pages.alerts_view import alert_view, first_alerts
from serving.pages.candidate_view import drift_view, drift_word
from serving.pages.corrections_view import corrections_view, journeys_view, scanner_name
from serving.pages.flows_view import flows_view
from serving.pages.formats import NOTHING, between, decimal, grouped, percent
from serving.pages.forms import Form, body_of
from serving.pages.performance_view import performance_view
from serving.pages.periods import AskedPeriod, Period
from serving.pages.routing import PageRoute
from serving.pages.visits import Visit, Visiting, back_to
from serving.pages.volumes_view import score_chart, volume_chart
from serving.security.permissions import MonitoringViewer, TextSwitcher

router = APIRouter(include_in_schema=False, route_class=PageRoute)

PERIODS = (7, 30, 90)
MOST_CHECKS = 12


@router.get("/monitoring")
def show_monitoring(by: MonitoringViewer, visit: Visiting, period: AskedPeriod) -> Response:
    """Show alerts first, then volumes, what readers corrected, and drift."""
    return visit.page("monitoring/page.html", view=monitoring_view(visit, by, period))


@router.post("/monitoring/normal-text")
def switch_normal_text(by: TextSwitcher, visit: Visiting, period: AskedPeriod, form: Form) -> Response:
    """Switch the automatic normal text on or off, and say why."""
    web = visit.web
    asked = {"automatic": form.text("automatic") == "on", "reason": form.text("reason").strip()}
    try:
        body = body_of(NormalTextBody, asked)
        with web.work() as work:
            switch(
                work,
                task=web.task.name,
                automatic=body.automatic,
                by=by.key,
                reason=body.reason,
                now=web.now(),
            )
            work.commit()
    except (NotFoundError, ForbiddenError):
        raise
    except OverreadError as error:
        view = monitoring_view(visit, by, period)
        return visit.page("monitoring/page.html", view=view, error=error, failed_at="normal-text", typed=form)
    return back_to(period.address)


def monitoring_view(visit: Visit, by: Person, period: Period) -> dict[str, Any]:
    """Return what the page shows of a period."""
    web, days, scanner = visit.web, period.days, period.scanner
    since, zone = web.now() - timedelta(days=days), web.services.settings.zone
    with web.look() as work:
        states = work.studies.count_by_state()
        said = work.corrections.words(since=since)
        rates = correction_rates(work, said, since=since, scanner=scanner)
        checks = work.monitoring.checks(limit=MOST_CHECKS)
        view: dict[str, Any] = {
            "alerts": [alert_view(visit, by, alert) for alert in first_alerts(work.monitoring.alerts())],
            "may_resolve": by.may(Permission.RESOLVE_ALERT),
            "days": days,
            "query": period.query,
            "periods": {each: replace(period, days=each).address for each in PERIODS},
            "scanner": None if scanner is None else scanner_name(visit, scanner),
            "all_scanners": replace(period, scanner=None).address,
            "total": sum(states.values()),
            "states": _states(states),
            "tiles": _tiles(work, visit, rates, work.readings.waits(since, scanner)),
            "volume": volume_chart(volumes(work, since, zone=zone, scanner=scanner), visit),
            "score": score_chart(checks, visit),
            "corrections": corrections_view(visit, rates, by, period),
            "journeys": journeys_view(visit, journeys(work, web.objects, web.task.name, said)),
            "flows": flows_view(work, visit, by),
            "production": _production(work, visit),
            "performance": performance_view(work, visit, by),
        }
    latest = checks[0] if checks else None
    view["drift"] = None if latest is None else _latest(visit, latest)
    view["checks"] = [_check(visit, check) for check in checks[1:]]
    return view


def _states(states: dict[str, int]) -> list[dict[str, Any]]:
    total = sum(states.values())
    return [
        {
            "state": state.value,
            "n": states.get(state, 0),
            "share": states.get(state, 0) / total if total else 0,
        }
        for state in StudyState
    ]


def _tiles(
    work: UnitOfWork, visit: Visit, rates: CorrectionRates, waits: Waits | None
) -> list[dict[str, str]]:
    """Return the figures on top; each says of what it is."""
    words = visit.words
    cases = work.cases.count_by_state()
    kappa = two_reader_agreement(work)
    return [
        _tile(
            words.text("monitoring.tile.answers"),
            grouped(rates.answers),
            words.text("monitoring.tile.answers_of"),
        ),
        _rate(visit, "spoken", rates.spoken),
        _rate(visit, "disagreed", rates.corrected),
        _waits(visit, waits),
        _tile(
            words.text("monitoring.tile.cases"),
            grouped(cases.get(CaseState.OPEN, 0)),
            words.text("monitoring.tile.cases_of", closed=grouped(cases.get(CaseState.CLOSED, 0))),
        ),
        _tile(
            words.text("monitoring.tile.kappa"),
            decimal(kappa.estimate, 2),
            words.text("monitoring.tile.kappa_of", interval=between(kappa.lower, kappa.upper, 2), n=kappa.n),
        ),
    ]


def _tile(title: str, value: str, of: str) -> dict[str, str]:
    return {"title": title, "value": value, "of": of}


def _waits(visit: Visit, waits: Waits | None) -> dict[str, str]:
    title, seconds = visit.words.text("monitoring.tile.waits"), visit.formats.seconds
    if waits is None:
        return _tile(title, NOTHING, "")
    of = visit.words.text("monitoring.tile.waits_of", median=seconds(waits.median))
    return _tile(title, seconds(waits.p99), of)


def _rate(visit: Visit, name: str, rate: Rate) -> dict[str, str]:
    title, count, n = visit.words.text(f"monitoring.tile.{name}"), grouped(rate.count), grouped(rate.n)
    if rate.share is None:
        return _tile(title, f"{count} / {n}", visit.words.text("monitoring.too_few", fewest=FEWEST))
    interval = between(100 * rate.share.lower, 100 * rate.share.upper, 1)
    of = visit.words.text("stat.of", count=count, n=n, interval=interval)
    return _tile(title, percent(rate.share.estimate), of)


def _latest(visit: Visit, check: DriftCheck) -> dict[str, Any]:
    shown = drift_view(visit, check.verdict, f"/api/v1/monitoring/drift/{check.id}.html")
    return shown | {"at": visit.formats.instant(check.at)}


def _check(visit: Visit, check: DriftCheck) -> dict[str, Any]:
    return {
        "at": visit.formats.instant(check.at),
        "word": drift_word(check.verdict),
        "drifted": len(check.verdict.drifted),
        "tested": len(check.verdict.measures),
    }


def _production(work: UnitOfWork, visit: Visit) -> dict[str, str] | None:
    history = work.models.successions(visit.web.task.name)
    if not history:
        return None
    return {"version": history[-1].version, "since": visit.formats.instant(history[-1].at)}
