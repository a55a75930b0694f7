"""Draft, sign, addend. A person signs, never software; the caller hands a signed report on to feedback."""

from dataclasses import dataclass, replace
from datetime import datetime

from overread.domain.adjudication import Grade
from overread.domain.audit import AuditEvent
from overread.domain.errors import PreconditionError
from overread.domain.findings import Finding, Label, require_consistent
from overread.domain.identifiers import PersonKey, StudyUid, derived_id
from overread.domain.labels import StudyLabel
from overread.domain.predictions import Prediction
from overread.domain.reports import Addendum, Report, ReportStatus
from overread.domain.screening import Outcome, RuleOutcome
from overread.domain.studies import StudyState
from overread.domain.tasks import Task
from overread.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """What a person writes into a report."""

    language: str
    label: Label
    findings: tuple[Finding, ...]
    findings_text: str
    impression: str
    sign: bool


def first_draft(work: UnitOfWork, prediction: Prediction, *, task: Task, language: str) -> Report | None:
    """Open the draft that follows from the answer: the whole normal report, or the abnormal control.

    While the automatic normal text is off, no finding opens no draft: the reader writes the report.
    """
    if prediction.label is Label.NO_FINDING and not work.text_switches.automatic(task.name):
        return None
    text, impression = task.draft_text(prediction.label, language)
    report = Report(
        study=prediction.study,
        version=1,
        status=ReportStatus.DRAFT,
        language=language,
        label=prediction.label,
        findings_text=text,
        impression=impression,
    )
    work.reports.add(report)
    return report


def redraft(work: UnitOfWork, prediction: Prediction, *, task: Task) -> None:
    """Let a draft that nobody has touched follow a further answer of another class."""
    report = work.reports.latest(prediction.study)
    if report is None or report.edited_by is not None or report.status is ReportStatus.SIGNED:
        return
    if report.label is prediction.label:
        return
    automatic = prediction.label is Label.HAS_FINDING or work.text_switches.automatic(task.name)
    text, impression = task.draft_text(prediction.label, report.language) if automatic else ("", "")
    work.reports.add(
        replace(
            report,
            version=report.version + 1,
            label=prediction.label,
            findings_text=text,
            impression=impression,
        )
    )


def current(work: UnitOfWork, uid: StudyUid, *, language: str) -> Report:
    """Return a study's report; before there is one, an empty draft of version 0 to be filled in."""
    work.studies.get(uid)
    return work.reports.latest(uid) or Report(
        study=uid, version=0, status=ReportStatus.DRAFT, language=language, label=Label.NO_FINDING
    )


def write(
    work: UnitOfWork, report: Report, draft: Draft, *, task: Task, by: PersonKey, now: datetime
) -> Report:
    """Keep the next version of `report`, and sign it when asked.

    A signature keeps the class as the study's label (grade: report), answers screening rules R07 and R08,
    makes the study reported and ends its lock and assignment; the caller hands the report to
    `feedback.implicit` in this unit of work.

    Raises
    ------
    AlreadySignedError
        The report is signed; it takes addenda only.
    InputError
        A finding is not in the vocabulary, its box lies outside the picture, or the label contradicts it.
    """
    require_consistent(draft.label, draft.findings)
    task.vocabulary.check(draft.findings)
    work.studies.get(report.study).acquisition.require_inside(draft.findings)
    written = report.edited(
        replace(
            report,
            language=draft.language,
            label=draft.label,
            findings=draft.findings,
            findings_text=draft.findings_text,
            impression=draft.impression,
        ),
        by=by,
    )
    if draft.sign:
        written = written.signed(by=by, at=now)
        _keep_signed(work, written, now=now)
    work.reports.add(written)
    _record(work, written, "report-signed" if draft.sign else "report-edited", by=by, now=now)
    return written


def _keep_signed(work: UnitOfWork, report: Report, *, now: datetime) -> None:
    study = work.studies.get(report.study)
    screening = study.screening.with_outcome(
        RuleOutcome(code="R07_REPORT", outcome=Outcome.PASS, text="signed report")
    ).with_outcome(RuleOutcome(code="R08_CLASS_TEXT", outcome=Outcome.PASS, text=report.label.value))
    study = study.screened(screening)
    if study.state is StudyState.PREDICTED:
        study = replace(study, state=StudyState.REPORTED)
    work.studies.save(study)
    work.reading_locks.end(report.study)
    work.assignments.end(report.study)
    work.labels.add(
        StudyLabel(
            id=derived_id("signed", report.study, str(report.version)),
            study=report.study,
            label=report.label,
            grade=Grade.REPORT,
            source="signed-report",
            at=now,
            findings=report.findings,
        )
    )


def add_addendum(work: UnitOfWork, report: Report, *, text: str, by: PersonKey, now: datetime) -> Report:
    """Add to a signed report."""
    written = report.with_addendum(Addendum(text=text, by=by, at=now))
    work.reports.save(written)
    _record(work, written, "report-addended", by=by, now=now)
    return written


def require_match(report: Report, if_match: str) -> None:
    """Raise `PreconditionError` unless the caller's copy is the current one."""
    given = {tag.strip() for tag in if_match.split(",")}
    if "*" not in given and report.etag not in given:
        raise PreconditionError("the report has changed since you read it; read it again and compare")


def _record(work: UnitOfWork, report: Report, action: str, *, by: PersonKey, now: datetime) -> None:
    subject = f"report:{report.study}:{report.version}:{len(report.addenda)}"
    details = {"version": report.version, "label": report.label, "status": report.status}
    work.audit.append(
        AuditEvent(at=now, by=by, action=action, subject=subject, study=report.study, details=details)
    )
