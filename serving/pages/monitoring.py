"""Is production still the model that was tested? Every number with its denominator."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Response

from feedback.agreement import two_reader_agreement
from monitoring.alerts import SYSTEM, resolve
from monitoring.normal_text import switch
from overread.domain.adjudication import CaseState
from overread.domain.alerts import Alert
from overread.domain.corrections import Correction
from overread.domain.errors import ForbiddenError, NotFoundError, OverreadError
from overread.domain.people import Permission, Person
from overread.domain.studies import StudyState
from overread.measures.proportion import wilson
from overread.store.monitoring import DriftCheck
from overread.store.unit_of_work import UnitOfWork
from serving.api.monitoring import ResolutionBody
from serving.api.performance import NormalTextBody
from serving.pages.candidate_view import drift_view, drift_word
from serving.pages.formats import between, decimal, grouped, percent
from serving.pages.forms import Form, body_of
from serving.pages.performance_view import performance_view
from serving.pages.routing import PageRoute, explained
from serving.pages.visits import Visit, Visiting, back_to
from serving.problems import status_of
from serving.security.permissions import AlertResolver, MonitoringViewer, TextSwitcher

router = APIRouter(include_in_schema=False, route_class=PageRoute)

MOST_ALERTS = 6
MOST_CHECKS = 12


@router.get("/monitoring")
def show_monitoring(by: MonitoringViewer, visit: Visiting) -> Response:
    """Show alerts first, then volumes, what readers corrected, and drift."""
    return visit.page("monitoring/page.html", view=_view(visit, by))


@router.post("/monitoring/alerts/{alert}/resolution")
def resolve_alert(alert: str, by: AlertResolver, visit: Visiting, form: Form) -> Response:
    """Say that an alert is over, and why."""
    web = visit.web

    def end() -> None:
        why = body_of(ResolutionBody, {"reason": form.text("reason").strip()}).reason
        with web.work() as work:
            resolve(work, alert, by=by.key, reason=why, now=web.now())
            work.commit()

    return _done_or_shown(visit, by, end)


@router.post("/monitoring/normal-text")
def switch_normal_text(by: TextSwitcher, visit: Visiting, form: Form) -> Response:
    """Switch the automatic normal text on or off, and say why."""
    web = visit.web

    def turn() -> None:
        asked = {"automatic": form.text("automatic") == "on", "reason": form.text("reason").strip()}
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

    return _done_or_shown(visit, by, turn)


def _done_or_shown(visit: Visit, by: Person, act: Callable[[], None]) -> Response:
    """Do it and lead back; where a rule forbids it, show the page with the reason."""
    try:
        act()
    except (NotFoundError, ForbiddenError):
        raise
    except OverreadError as error:
        said = explained(visit.words.text_or, error)
        return visit.page(
            "monitoring/page.html", status=status_of(error), view=_view(visit, by), failure=said
        )
    return back_to("/monitoring")


def _view(visit: Visit, by: Person) -> dict[str, Any]:
    with visit.web.look() as work:
        states = work.studies.count_by_state()
        said = [c for c in work.corrections.all() if c.withdrawn_at is None]
        answers = work.studies.count_answers_by_maker()
        wrong = work.studies.count_answers_by_maker(among=sorted({c.study for c in said if c.disagrees}))
        checks = work.monitoring.checks(limit=MOST_CHECKS)
        view: dict[str, Any] = {
            "alerts": [_alert(visit, alert) for alert in _first(work.monitoring.alerts())],
            "may_resolve": by.may(Permission.RESOLVE_ALERT),
            "total": sum(states.values()),
            "states": _states(states),
            "tiles": _tiles(work, visit, said, answers=sum(answers.values())),
            "makers": _makers(answers, wrong),
            "findings": _findings(visit, said),
            "disagreements": sum(c.disagrees for c in said),
            "production": _production(work, visit),
            "performance": performance_view(work, visit, by),
        }
    latest = checks[0] if checks else None
    view["drift"] = None if latest is None else _latest(visit, latest)
    view["checks"] = [_check(visit, check) for check in checks[1:]]
    return view


def _first(alerts: list[Alert]) -> list[Alert]:
    """Return what is unresolved, urgent first; the latest resolved ones only where room is left."""
    ordered = sorted(alerts, key=lambda alert: (alert.resolved_at is not None, alert.urgency != "urgent"))
    return ordered[:MOST_ALERTS]


def _alert(visit: Visit, alert: Alert) -> dict[str, Any]:
    words = visit.words
    facts = " · ".join(_fact(visit, name, value) for name, value in alert.facts.items())
    known = f"alert.{alert.kind}"
    by_system = alert.resolved_by == SYSTEM
    return {
        "id": alert.id,
        "urgency": alert.urgency.value,
        "title": words.text_or(f"{known}.title", alert.kind),
        "what": " ".join(part for part in (words.text_or(f"{known}.what", ""), facts) if part),
        "do": words.text_or(f"{known}.do", words.text("alert.otherwise_do")),
        "at": visit.formats.instant(alert.raised_at),
        "taken_by": alert.taken_by,
        "resolved_at": None if alert.resolved_at is None else visit.formats.instant(alert.resolved_at),
        "resolved_by": words.text("alert.system") if by_system else alert.resolved_by,
        "resolution": words.text("alert.gone") if by_system else alert.resolution,
    }


def _fact(visit: Visit, name: str, value: str) -> str:
    """Return a fact of an alert in words; columns are named as in the drift check below it."""
    words = visit.words
    if name == "columns":
        value = words.text("list.comma").join(visit.column_name(code) for code in value.split(", "))
    return f"{words.text_or(f'fact.{name}', name)} {value}"


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


def _tiles(work: UnitOfWork, visit: Visit, said: list[Correction], *, answers: int) -> list[dict[str, str]]:
    """Return the figures on top; each says of what it is."""
    words = visit.words
    spoken, wrong = len({c.study for c in said}), len({c.study for c in said if c.disagrees})
    cases = work.cases.count_by_state()
    kappa = two_reader_agreement(work)
    return [
        _tile(
            words.text("monitoring.tile.answers"), grouped(answers), words.text("monitoring.tile.answers_of")
        ),
        _rate(visit, "spoken", spoken, answers),
        _rate(visit, "disagreed", wrong, answers),
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


def _rate(visit: Visit, name: str, count: int, n: int) -> dict[str, str]:
    share = wilson(count, n)
    interval = between(100 * share.lower, 100 * share.upper, 1)
    of = visit.words.text("stat.of", count=grouped(count), n=grouped(n), interval=interval)
    return _tile(visit.words.text(f"monitoring.tile.{name}"), percent(share.estimate), of)


def _makers(answers: dict[str, int], wrong: dict[str, int]) -> list[dict[str, Any]]:
    """Return the share of answers that a reader disagreed with, by maker; a mark where it surely leads."""
    overall = wilson(sum(wrong.values()), sum(answers.values()))
    lines = []
    for name, n in sorted(answers.items()):
        share = wilson(wrong.get(name, 0), n)
        lines.append(
            {
                "name": name,
                "k": grouped(wrong.get(name, 0)),
                "n": grouped(n),
                "share": share.estimate,
                "lower": share.lower,
                "upper": share.upper,
                "rate": percent(share.estimate),
                "interval": between(100 * share.lower, 100 * share.upper, 1),
                "warn": share.lower > overall.upper,
            }
        )
    return lines


def _findings(visit: Visit, said: list[Correction]) -> list[dict[str, Any]]:
    counts = Counter(finding.code for c in said if c.disagrees for finding in c.findings)
    most = max(counts.values(), default=1)
    return [
        {"name": visit.finding_name(code), "n": n, "share": n / most} for code, n in counts.most_common(10)
    ]


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
