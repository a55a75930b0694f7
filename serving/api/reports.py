"""The structured report: draft, change under If-Match, sign, add to."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from feedback.implicit import file_if_contradicted
from feedback.own_calls import was_shown
from overread.domain.errors import InputError
from overread.domain.findings import Label
from overread.domain.identifiers import StudyUid
from overread.domain.people import Person
from overread.domain.reports import AlreadySignedError, Report, ReportStatus
from overread.settings.environment import Language
from overread.store.unit_of_work import UnitOfWork
from overread.studies import reporting
from serving.api.predictions import refuse_blinded, refuse_hidden
from serving.api.shapes import (
    Answer,
    Body,
    Findings,
    FindingShape,
    Instant,
    Words,
    domain_findings,
    finding_shapes,
    study_named,
)
from serving.problems import PreconditionRequiredError
from serving.security.permissions import Check, GuardedRoute, ReportWriter, Viewer
from serving.wiring import Web, Wired, wired_now

router = APIRouter(prefix="/api/v1", tags=["reports"], route_class=GuardedRoute)


class ReportText(Body):
    """The two parts of a report's text."""

    findings: Words = ""
    impression: Words = ""


class ReportBody(Body):
    """What a person writes; what only a server can say may come back along and is ignored."""

    status: ReportStatus
    language: Language
    label: Label
    findings: Findings = ()
    text: ReportText
    version: object = Field(default=None, exclude=True)
    signed_by: object = Field(default=None, exclude=True)
    signed_at: object = Field(default=None, exclude=True)
    addenda: object = Field(default=None, exclude=True)

    def draft(self) -> reporting.Draft:
        """Return it as the service takes it; raise `InputError` where label and findings contradict."""
        if self.label is Label.NO_FINDING and self.findings:
            raise InputError("no_finding goes with no findings")
        return reporting.Draft(
            language=self.language,
            label=self.label,
            findings=domain_findings(self.findings),
            findings_text=self.text.findings,
            impression=self.text.impression,
            sign=self.status is ReportStatus.SIGNED,
        )


class AddendumBody(Body):
    """What is added to a signed report."""

    text: Annotated[Words, Field(min_length=1)]


class AddendumAnswer(Answer):
    """One addendum."""

    text: str
    by: str
    at: Instant


class ReportAnswer(Answer):
    """One version of a report."""

    version: int
    status: ReportStatus
    language: str
    label: Label
    findings: list[FindingShape]
    text: ReportText
    signed_by: str | None
    signed_at: Instant | None
    addenda: list[AddendumAnswer]


def report_answer(report: Report) -> ReportAnswer:
    """Return the wire's shape of a report."""
    return ReportAnswer(
        version=report.version,
        status=report.status,
        language=report.language,
        label=report.label,
        findings=finding_shapes(report.findings),
        text=ReportText(findings=report.findings_text, impression=report.impression),
        signed_by=report.signed_by,
        signed_at=report.signed_at,
        addenda=[AddendumAnswer(text=a.text, by=a.by, at=a.at) for a in report.addenda],
    )


def _answered(report: Report, *, status: int = 200) -> JSONResponse:
    return JSONResponse(report_answer(report).plain(), status_code=status, headers={"ETag": report.etag})


def current_report(work: UnitOfWork, web: Web, uid: StudyUid, by: Person) -> Report:
    """Return the report that counts.

    Raises
    ------
    BlindedError
        The person holds the study's case.
    OwnCallFirstError
        It is a draft, which follows from an answer that the person may not see yet.
    """
    report = reporting.current(work, uid, language=web.services.settings.language)
    refuse_blinded(work, web, by.key, uid)
    if report.status is ReportStatus.DRAFT:
        refuse_hidden(work, web, by, uid)
    return report


class IfMatch(Check):
    """The caller's copy, judged before the body: none 428, stale 412, signed 409."""

    header = "If-Match"

    def judge(self, request: Request) -> str:
        """Return the If-Match header once it names the current version."""
        web = wired_now(request)
        uid = study_named(request.path_params["uid"])
        stated = request.headers.get(self.header)
        with web.look() as work:
            report = current_report(work, web, uid, request.state.caller.person)
        require_editable(report, stated)
        return stated or ""


def require_editable(report: Report, if_match: str | None) -> None:
    """Raise unless `if_match` names this very version and it is still a draft."""
    if not if_match:
        raise PreconditionRequiredError
    reporting.require_match(report, if_match)
    if report.status is ReportStatus.SIGNED:
        raise AlreadySignedError


@router.get("/studies/{uid}/report", response_model=ReportAnswer)
def show_report(uid: str, by: Viewer, web: Wired) -> Response:
    """Return the draft or signed report with its ETag."""
    with web.look() as work:
        report = current_report(work, web, study_named(uid), by)
    return _answered(report)


@router.put("/studies/{uid}/report", response_model=ReportAnswer)
def write_report(
    uid: str, body: ReportBody, by: ReportWriter, if_match: Annotated[str, Depends(IfMatch())], web: Wired
) -> Response:
    """Keep the next version; status `signed` signs it, and one that contradicts the model opens a case."""
    with web.work() as work:
        report = current_report(work, web, study_named(uid), by)
        require_editable(report, if_match)
        written = reporting.write(work, report, body.draft(), task=web.task, by=by.key, now=web.now())
        shown = was_shown(work, written.study, written.label, by=by.key)
        file_if_contradicted(work, written, task=web.task, answer_shown=shown)
        work.commit()
    return _answered(written)


@router.post("/studies/{uid}/report/addenda", status_code=201, response_model=ReportAnswer)
def add_addendum(uid: str, body: AddendumBody, by: ReportWriter, web: Wired) -> Response:
    """Add to a signed report."""
    with web.work() as work:
        report = current_report(work, web, study_named(uid), by)
        written = reporting.add_addendum(work, report, text=body.text, by=by.key, now=web.now())
        work.commit()
    return _answered(written, status=201)
