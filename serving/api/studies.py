"""Worklist, one study and its answer; release and deletion of a quarantined one."""

from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query

from overread.domain.findings import Label
from overread.domain.identifiers import StudyUid
from overread.domain.people import Permission, Person
from overread.domain.reports import Report, ReportStatus
from overread.domain.studies import Study, StudyState
from overread.store.studies import Filter
from overread.store.unit_of_work import UnitOfWork
from overread.studies import deletion, screening, worklist
from serving.api.feedback import FeedbackAnswer, visible_feedback
from serving.api.predictions import (
    PredictionAnswer,
    ReasonAnswer,
    answer_on,
    as_told,
    blinded_for,
    hidden_among,
    is_untold,
    prediction_answer,
    reasons_of,
    refuse_hidden,
    seen_by,
)
from serving.api.shapes import Answer, Body, Instant, Listed, Reason, study_named
from serving.cursors import Paging
from serving.security.permissions import GuardedRoute, OwnOrAll, PredictionOrOwn, Releaser, Viewer
from serving.wiring import Web, Wired

router = APIRouter(prefix="/api/v1", tags=["studies"], route_class=GuardedRoute)

LIST = "studies"


class PatientAnswer(Answer):
    """A patient as the hospital knows them."""

    name: str
    id: str
    birth_date: date | None
    sex: str


class ReportNamed(Answer):
    """Which report a study has."""

    version: int
    status: ReportStatus


class StudyAnswer(Answer):
    """One study with all that is known of it."""

    study_instance_uid: str
    site: str
    state: StudyState
    reasons: list[ReasonAnswer]
    patient: PatientAnswer
    study_date: date | None
    prediction: PredictionAnswer | None
    report: ReportNamed | None
    feedback: list[FeedbackAnswer]


class WorklistRow(Answer):
    """One line of the worklist; priority 1 is read first."""

    study_instance_uid: str
    state: StudyState
    label: Label | None
    probability: float | None
    priority: int
    patient_name: str
    study_date: date | None
    received_at: Instant


class WhyBody(Body):
    """Why a person decides so."""

    reason: Reason


async def filter_asked(
    state: StudyState | None = None,
    label: Label | None = None,
    q: Annotated[str, Query(max_length=200)] = "",
    since: Instant | None = None,
) -> Filter:
    """Read what the worklist is narrowed to from the address."""
    return Filter(state=state, label=label, text=q.replace("\x00", ""), since=since)


Mine = Annotated[Literal["me"] | None, Query(description="the asker's own studies alone")]


@router.get("/studies")
def list_studies(
    by: Viewer,
    web: Wired,
    paging: Paging,
    wanted: Annotated[Filter, Depends(filter_asked)],
    assigned: Mine = None,
) -> Listed[WorklistRow]:
    """Return the worklist, the latest received first."""
    position = web.cursors.read(LIST, paging.cursor)
    after = None if position is None else (datetime.fromisoformat(str(position[0])), str(position[1]))
    with web.look() as work:
        wanted = replace(as_told(work, web, by, wanted), assigned_to=by.key if assigned else None)
        rows = worklist.page(
            work, wanted, after=after, limit=paging.limit + 1, vocabulary=web.task.vocabulary
        )
        hidden = hidden_among(work, web, by, [row.study.uid for row in rows])
    page = rows[: paging.limit]
    cursor = None
    if len(rows) > paging.limit:
        last = page[-1].study
        cursor = web.cursors.sign(LIST, [last.received_at.isoformat(), last.uid])
    shown = [row for row in page if wanted.label is None or row.study.uid not in hidden]
    return Listed(items=[_row(row, blinded=row.study.uid in hidden) for row in shown], next_cursor=cursor)


def _row(row: worklist.Row, *, blinded: bool) -> WorklistRow:
    study = row.study
    return WorklistRow(
        study_instance_uid=study.uid,
        state=study.state,
        label=None if blinded else study.label,
        probability=None if blinded else study.probability,
        priority=3 if blinded else row.priority,
        patient_name=row.patient.name,
        study_date=study.study_date,
        received_at=study.received_at,
    )


@router.get("/studies/{uid}")
def show_study(uid: str, by: OwnOrAll, web: Wired) -> StudyAnswer:
    """Return one study; what was said of it stays hidden from whoever holds its case."""
    with web.look() as work:
        study = seen_by(work, by, study_named(uid))
        return study_answer(work, web, by, study)


def study_answer(work: UnitOfWork, web: Web, by: Person, study: Study) -> StudyAnswer:
    """Return the wire's shape of a study for one person."""
    patient = work.studies.patient(study.patient)
    hidden = study.uid in hidden_among(work, web, by, [study.uid])
    program = not by.may(Permission.SEE_STUDIES)
    prediction = None if hidden else work.studies.answer(study.uid)
    report = None if program else _report_shown(work, web, by, study.uid)
    return StudyAnswer(
        study_instance_uid=study.uid,
        site=study.site,
        state=study.state,
        reasons=reasons_of(study),
        patient=PatientAnswer(
            name=patient.name, id=patient.id, birth_date=patient.birth_date, sex=patient.sex
        ),
        study_date=study.study_date,
        prediction=None if prediction is None else prediction_answer(work, prediction),
        report=None if report is None else ReportNamed(version=report.version, status=report.status),
        feedback=[] if hidden or program else visible_feedback(work, by, study.uid),
    )


def _report_shown(work: UnitOfWork, web: Web, by: Person, uid: StudyUid) -> Report | None:
    """Return the report that a person may see; before the own call a draft would tell the answer."""
    report = work.reports.latest(uid)
    if report is None or uid in blinded_for(work, web, by.key):
        return None
    is_draft = report.status is ReportStatus.DRAFT
    return None if is_draft and is_untold(work, web, by, uid) else report


@router.get("/studies/{uid}/prediction")
def show_prediction(uid: str, by: PredictionOrOwn, web: Wired) -> PredictionAnswer:
    """Return the model's answer; 409 with reasons where the model must not read the study."""
    with web.look() as work:
        study = seen_by(work, by, study_named(uid))
        refuse_hidden(work, web, by, study.uid)
        return prediction_answer(work, answer_on(work, study))


@router.post("/studies/{uid}/release")
def release(uid: str, body: WhyBody, by: Releaser, web: Wired) -> StudyAnswer:
    """Let a quarantined study go on."""
    with web.work() as work:
        study = screening.release(work, study_named(uid), by=by.key, reason=body.reason, now=web.now())
        answer = study_answer(work, web, by, study)
        work.commit()
    web.worker.wake()
    return answer


@router.delete("/studies/{uid}", status_code=204)
def delete(uid: str, body: WhyBody, by: Releaser, web: Wired) -> None:
    """Take a quarantined study out of use; the record of it stays."""
    with web.work() as work:
        deletion.delete(work, study_named(uid), by=by.key, reason=body.reason, now=web.now())
        work.commit()
