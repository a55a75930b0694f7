"""The feedback button: agree, or say what the model got wrong; a minute to take it back."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from bootstrap.clock import new_id
from feedback.corrections import NoPredictionError, file_correction, withdraw
from feedback.own_calls import was_shown
from overread.domain.adjudication import CaseState
from overread.domain.corrections import Correction, Kind, Verdict
from overread.domain.errors import NotFoundError
from overread.domain.findings import Label
from overread.domain.identifiers import Identifier, StudyUid
from overread.domain.people import Permission, Person, Role
from overread.store.unit_of_work import UnitOfWork
from serving.api.predictions import refuse_hidden
from serving.api.repeats import Key, Once
from serving.api.shapes import (
    Answer,
    Body,
    Findings,
    FindingShape,
    Instant,
    Words,
    domain_findings,
    finding_shapes,
    named,
    study_named,
)
from serving.security.permissions import GuardedRoute, Reader
from serving.wiring import Web, Wired

router = APIRouter(prefix="/api/v1", tags=["feedback"], route_class=GuardedRoute)


class FeedbackBody(Body):
    """What a radiologist says of the model's answer."""

    verdict: Verdict
    label: Label
    kind: Kind | None = None
    findings: Findings = ()
    comment: Words = ""


class ModelDigest(Answer):
    """Which model a correction is about."""

    version: str
    digest: str


class FeedbackAnswer(Answer):
    """A correction as it is kept."""

    id: str
    verdict: Verdict
    label: Label
    kind: Kind | None
    findings: list[FindingShape]
    comment: str
    study_instance_uid: str
    by: str
    at: Instant
    model: ModelDigest
    answer_shown: bool
    case: str | None
    undo_until: Instant


def feedback_answer(correction: Correction) -> FeedbackAnswer:
    """Return the wire's shape of a correction."""
    return FeedbackAnswer(
        id=correction.id,
        verdict=correction.verdict,
        label=correction.label,
        kind=correction.kind,
        findings=finding_shapes(correction.findings),
        comment=correction.comment,
        study_instance_uid=correction.study,
        by=correction.by,
        at=correction.at,
        model=ModelDigest(version=correction.model_version, digest=correction.model_digest),
        answer_shown=correction.answer_shown,
        case=correction.case,
        undo_until=correction.undo_until,
    )


@router.post("/studies/{uid}/feedback", status_code=201, response_model=FeedbackAnswer)
def give_feedback(
    uid: str, body: FeedbackBody, by: Reader, key: Key, request: Request, web: Wired
) -> JSONResponse:
    """File a correction of one study; answered once it is durable."""
    once = Once(request, by.key, key, body)
    with web.work() as work:
        if (before := once.before(work)) is not None:
            return before
        correction = correction_of(work, web, study_named(uid), body, by=by)
        filed = file_correction(work, correction, task=web.task)
        answer = once.keep(work, feedback_answer(filed), web)
        work.commit()
    return answer


def correction_of(work: UnitOfWork, web: Web, uid: StudyUid, body: FeedbackBody, *, by: Person) -> Correction:
    """Return what a body says about the answer that readers were shown.

    Raises
    ------
    BlindedError
        The person holds the study's case: a refusal of a label would tell the model's.
    OwnCallFirstError
        So would it before the person's own call.
    NoPredictionError
        The model has not answered on the study.
    """
    work.studies.get(uid)
    refuse_hidden(work, web, by, uid)
    prediction = work.studies.answer(uid)
    if prediction is None:
        raise NoPredictionError
    return Correction(
        id=new_id(),
        study=uid,
        by=by.key,
        at=web.now(),
        verdict=body.verdict,
        label=body.label,
        kind=body.kind,
        findings=domain_findings(body.findings),
        comment=body.comment,
        model_version=prediction.model_version,
        model_digest=prediction.model_digest,
        model_label=prediction.label,
        answer_shown=was_shown(work, uid, body.label, by=by.key),
    )


@router.delete("/studies/{uid}/feedback/{correction}", status_code=204)
def take_back(uid: str, correction: str, by: Reader, web: Wired) -> None:
    """Take one's own correction back within the minute."""
    with web.work() as work:
        correction = named(Identifier, correction)
        if work.corrections.get(correction).study != study_named(uid):
            raise NotFoundError("no such correction of this study")
        withdraw(work, correction, by=by.key, now=web.now())
        work.commit()


def visible_feedback(work: UnitOfWork, person: Person, uid: StudyUid) -> list[FeedbackAnswer]:
    """Return one's own corrections of a study, and others' once they can no longer sway a read."""
    said = [correction for correction in work.corrections.of_study(uid) if correction.withdrawn_at is None]
    everything = _sees_all(work, person, uid)
    return [feedback_answer(correction) for correction in said if everything or correction.by == person.key]


def _sees_all(work: UnitOfWork, person: Person, uid: StudyUid) -> bool:
    if person.may(Permission.SEE_ALL_FEEDBACK):
        return True
    states = {case.state for case in work.cases.of_study(uid)}
    if CaseState.OPEN not in states:
        return CaseState.CLOSED in states
    opened = work.cases.open_of(uid)
    has_read = opened is not None and any(read.by == person.key for read in opened.reads)
    return person.role is Role.SENIOR and has_read
