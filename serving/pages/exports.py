"""Lists as files: what pages show to whoever asks, times in the site's zone; who takes one is recorded."""

from collections.abc import Iterator

from fastapi import APIRouter, Response

from bootstrap.clock import new_id
from overread.domain.adjudication import Case, CaseState
from overread.domain.audit import AuditEvent
from overread.domain.people import Person
from overread.studies import worklist
from serving.api.predictions import as_told
from serving.pages.alerts_view import alert_view
from serving.pages.choices import Asking, Chosen
from serving.pages.routing import PageRoute
from serving.pages.spreadsheets import long_sheet, sheet
from serving.pages.visits import OWN_PASSWORD, Visit, Visiting, back_to
from serving.pages.worklist import Line, lines_of
from serving.security.permissions import CaseLister, MonitoringViewer, Viewer

router = APIRouter(include_in_schema=False, route_class=PageRoute)

AT_ONCE = 500  # studies that are in memory at a time
_COLUMNS = ("priority", "result", "probability", "patient", "patient_id", "sex_age", "scanner")


@router.get("/worklist.csv")
def export_worklist(by: Viewer, visit: Visiting, chosen: Asking) -> Response:
    """Return the whole list as it is narrowed, in its order; what the page hides is hidden here."""
    if by.must_change_password:
        return back_to(OWN_PASSWORD)
    chosen.filter(by.key)  # words it does not know are refused before anything is kept or sent
    _record(
        visit,
        by,
        "worklist",
        state=chosen.state,
        label=chosen.label,
        searched=bool(chosen.q),
        mine=chosen.mine,
    )
    text = visit.words.text
    header = [text("export.study"), *(text(f"worklist.{name}") for name in _COLUMNS)]
    header += [text("worklist.study_date"), visit.in_zone(text("worklist.received"))]
    header += [text("worklist.state"), text("worklist.feedback")]
    return long_sheet(text("export.worklist"), header, _pages(visit, by, chosen))


@router.get("/adjudication/cases.csv")
def export_cases(by: CaseLister, visit: Visiting) -> Response:
    """Return the cases without study, raiser or reader; how a case was read is said once it is closed."""
    _record(visit, by, "cases")
    with visit.web.look() as work:
        cases = [case for state in CaseState for case in work.cases.in_state(state)]
    text, clock = visit.words.text, visit.formats.stamp
    header = [text("export.case"), visit.in_zone(text("export.opened")), text("worklist.state")]
    rows = (
        [
            case.id,
            clock(case.opened_at),
            text(f"case_state.{case.state}"),
            str(len(case.reads)),
            _label(visit, case),
        ]
        for case in sorted(cases, key=lambda case: (case.opened_at, case.id))
    )
    return sheet(text("export.cases"), [*header, text("export.reads"), text("export.settled")], rows)


@router.get("/monitoring/alerts.csv")
def export_alerts(by: MonitoringViewer, visit: Visiting) -> Response:
    """Return every alert that was ever raised; the page shows the first few."""
    _record(visit, by, "alerts")
    with visit.web.look() as work:
        alerts = work.monitoring.alerts()
    text, clock = visit.words.text, visit.formats.stamp
    shown = [(alert, alert_view(visit, by, alert)) for alert in alerts]
    return sheet(
        text("export.alerts"),
        [
            visit.in_zone(text("export.raised")),
            *(text(f"export.{name}") for name in ("urgency", "alert", "what")),
            visit.in_zone(text("export.taken")),
            text("export.taken_by"),
            visit.in_zone(text("export.resolved")),
            *(text(f"export.{name}") for name in ("resolved_by", "resolution")),
            visit.in_zone(text("export.gone")),
        ],
        [
            [
                clock(alert.raised_at),
                text(f"urgency.{alert.urgency}"),
                view["title"],
                " ".join(part for part in (view["what"], view["facts"]) if part),
                clock(alert.taken_at),
                view["taken_by"] or "",
                clock(alert.resolved_at),
                view["resolved_by"] or "",
                view["resolution"],
                clock(alert.gone_at),
            ]
            for alert, view in shown
        ],
    )


def _record(visit: Visit, by: Person, what: str, **how: str | bool) -> None:
    """Keep who took which list away; what was searched for may be a name, and is not kept."""
    with visit.web.work() as work:
        event = AuditEvent(
            at=visit.web.now(),
            by=by.key,
            action="list-exported",
            subject=f"export:{new_id()}",
            details={"list": what, **how},
        )
        work.audit.append(event)
        work.commit()


def _pages(visit: Visit, by: Person, chosen: Chosen) -> Iterator[list[list[str]]]:
    """Give the list some hundred rows at a time, each page in a reading of its own."""
    web, after = visit.web, None
    while True:
        with web.look() as work:
            wanted = as_told(work, web, by, chosen.filter(by.key))
            found = worklist.by_priority(
                work, wanted, after=after, limit=AT_ONCE, vocabulary=web.task.vocabulary
            )
            lines = lines_of(work, visit, by, chosen, [row for row, _ in found])
        yield [_cells(visit, line) for line in lines]
        if len(found) < AT_ONCE:
            return
        after = found[-1][1]


def _cells(visit: Visit, line: Line) -> list[str]:
    text = visit.words.text
    without = "not_scored" if line.state in {"excluded", "quarantined"} else "waiting"
    return [
        line.uid,
        str(line.priority),
        text(f"label.{line.label or without}"),
        "" if line.probability is None else f"{line.probability:.4f}",
        line.name,
        line.patient_id,
        line.sex_age,
        line.scanner,
        line.study_date,
        line.received_at,
        text(f"state.{line.state}"),
        "" if line.word is None else text(f"verdict.{line.word}"),
    ]


def _label(visit: Visit, case: Case) -> str:
    """Return what a closed case was settled as; an open one tells nothing."""
    if case.state is not CaseState.CLOSED or not case.reads:
        return ""
    settled = case.reads[-1].label if case.resolution is None else case.resolution.label
    return visit.words.text(f"label.{settled}")
