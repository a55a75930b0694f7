"""Blinded reads: a case names no study, patient, raiser or model, and its pictures come from here."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from bootstrap.clock import new_id
from feedback.adjudication import Decided, resolve, take_read
from feedback.cases import next_case, waiting_for
from feedback.own_reads import OwnRead, own_read
from overread.domain.adjudication import Case, CaseState, Confidence, Read, Stage
from overread.domain.errors import ConflictError, NotFoundError
from overread.domain.findings import Label
from overread.domain.identifiers import Identifier
from overread.domain.people import Permission, Person
from overread.domain.studies import Instance
from overread.store.unit_of_work import UnitOfWork
from serving.api.pictures import AskedRendering, grey_levels, pictures_of, rendered
from serving.api.predictions import refuse_blinded
from serving.api.repeats import Key, Once
from serving.api.shapes import (
    Answer,
    Body,
    Findings,
    FindingShape,
    Instant,
    Reason,
    Words,
    domain_findings,
    finding_shapes,
    named,
)
from serving.security.permissions import CaseReader, CaseViewer, GuardedRoute, Senior
from serving.wiring import Web, Wired

router = APIRouter(prefix="/api/v1/adjudication", tags=["adjudication"], route_class=GuardedRoute)


class NotHeldError(ConflictError):
    """Only whoever holds a case reads it."""

    code = "not-held"

    def __init__(self) -> None:
        super().__init__("this case is not yours to read now; ask for the next one")


class PictureAnswer(Answer):
    """One picture of a case."""

    url: str
    rows: int
    columns: int


class CaseAnswer(Answer):
    """A case to read; `waiting` counts the cases this person could read."""

    case: str
    task: str
    stage: Stage
    images: list[PictureAnswer]
    held_until: Instant
    waiting: int


class ReadBody(Body):
    """One blinded read."""

    label: Label
    findings: Findings = ()
    quality: Annotated[str, Field(max_length=32, pattern=r"^[a-z0-9_-]*$")] | None = None
    confidence: Confidence | None = None
    seconds: Annotated[float, Field(ge=0, le=86_400)] | None = None
    comment: Words = ""


class OtherRead(Answer):
    """What another reader said, for a senior who has read the case."""

    stage: Stage
    label: Label
    findings: list[FindingShape]
    quality: str | None
    confidence: Confidence | None
    comment: str


class ReadAnswer(Answer):
    """A read as it is kept; `others` are for the senior only."""

    id: str
    case: str
    label: Label
    findings: list[FindingShape]
    quality: str | None
    confidence: Confidence | None
    seconds: float | None
    comment: str
    by: str
    at: Instant
    state: CaseState
    others: list[OtherRead] | None = None


class ResolutionBody(Body):
    """What the senior decides after an own read."""

    label: Label
    findings: Findings
    reason: Reason


class ResolutionAnswer(Answer):
    """A decision as it is kept."""

    id: str
    case: str
    label: Label
    findings: list[FindingShape]
    reason: str
    by: str
    at: Instant
    state: CaseState


@router.get("/next", response_model=CaseAnswer, responses={204: {"description": "No case waits for you"}})
def show_next(by: CaseReader, web: Wired) -> Response:
    """Return the case a person holds, or hold the next one for them."""
    with web.work() as work:
        given = next_case(work, by.key, by.role, now=web.now())
        if given is None:
            return Response(status_code=204)
        case, until = given
        answer = CaseAnswer(
            case=case.id,
            task=case.task,
            stage=case.stage,
            images=_images(work, case),
            held_until=until,
            waiting=waiting_for(work, by.key, by.role),
        )
        work.commit()
    return JSONResponse(answer.plain())


def _images(work: UnitOfWork, case: Case) -> list[PictureAnswer]:
    pictures = pictures_of(work, work.studies.get(case.study))
    return [
        PictureAnswer(
            url=f"/api/v1/adjudication/{case.id}/images/{number}.png",
            rows=picture.rows,
            columns=picture.columns,
        )
        for number, picture in enumerate(pictures)
    ]


@router.get("/{case}/images/{number}.png", response_class=Response)
def show_picture(case: str, number: int, by: CaseViewer, web: Wired, asked: AskedRendering) -> Response:
    """Return a picture of the case that this person holds or has read; an auditor sees every case's.

    With `longest`, a picture whose longer side has more pixels is reduced to as many.
    """
    return rendered(web, _shown_to(web, by, case, number).digest, asked)


@router.get("/{case}/images/{number}/pixels", response_class=Response)
def show_pixels(case: str, number: int, by: CaseViewer, web: Wired) -> Response:
    """Return all grey levels of a picture of the case, to whoever may see it, as those of a study."""
    return grey_levels(web, _shown_to(web, by, case, number).digest)


def _shown_to(web: Web, by: Person, case: str, number: int) -> Instance:
    """Return the object whose picture a person may see now."""
    with web.look() as work:
        shown = _visible(work, named(Identifier, case), by, web)
        pictures = pictures_of(work, work.studies.get(shown.study))
    if not 0 <= number < len(pictures):
        raise NotFoundError("no such picture")
    return pictures[number]


def _visible(work: UnitOfWork, case: str, by: Person, web: Web) -> Case:
    if by.may(Permission.SEE_CASES):
        return work.cases.get(case)
    held = work.cases.held_by(by.key, now=web.now())
    if held is not None and held[0].id == case:
        return held[0]
    return read_before(work, web, by, case)[0]


def read_before(work: UnitOfWork, web: Web, by: Person, case_id: str) -> tuple[Case, OwnRead]:
    """Return a case that a person has read, and what they said of it, to look at again.

    Raises
    ------
    NotFoundError
        They have not read it.
    BlindedError
        Its study is before them again, in another case or a reader study.
    """
    case = work.cases.some([case_id]).get(case_id)
    own = None if case is None else own_read(case, by.key)
    if case is None or own is None:
        raise NotFoundError("no such case, or you neither hold it nor have read it")
    held = work.cases.held_by(by.key, now=web.now())
    if held is None or held[0].id != case.id:
        refuse_blinded(work, web, by.key, case.study)
    return case, own


@router.post("/{case}/reads", status_code=201, response_model=ReadAnswer)
def give_read(
    case: str, body: ReadBody, by: CaseReader, key: Key, request: Request, web: Wired
) -> JSONResponse:
    """Keep one blinded read of the case that this person holds."""
    once = Once(request, by.key, key, body)
    with web.work() as work:
        if (before := once.before(work)) is not None:
            return before
        answer = once.keep(work, keep_read(work, web, case, body, by), web)
        work.commit()
    return answer


def keep_read(work: UnitOfWork, web: Web, case_id: str, body: ReadBody, by: Person) -> ReadAnswer:
    """Keep a read and return it as it goes out.

    Raises
    ------
    RaiserError, AlreadyReadError, NotHeldError
        This person may not read this case now.
    """
    case = work.cases.get(named(Identifier, case_id))
    read = Read(
        id=new_id(),
        case=case.id,
        by=by.key,
        at=web.now(),
        stage=case.stage,
        label=body.label,
        findings=domain_findings(body.findings),
        quality=body.quality,
        confidence=body.confidence,
        seconds=body.seconds,
        comment=body.comment,
    )
    case.with_read(read, by.role)  # whoever may never read it hears so, held or not
    if work.cases.holder(case.id) != by.key:
        raise NotHeldError
    return _read_answer(take_read(work, read, by, task=web.task), read)


def _read_answer(case: Case, read: Read) -> ReadAnswer:
    shown = read.stage is Stage.SENIOR
    return ReadAnswer(
        id=read.id,
        case=case.id,
        label=read.label,
        findings=finding_shapes(read.findings),
        quality=read.quality,
        confidence=read.confidence,
        seconds=read.seconds,
        comment=read.comment,
        by=read.by,
        at=read.at,
        state=case.state,
        others=others_of(case, read) if shown else None,
    )


def others_of(case: Case, own: Read) -> list[OtherRead]:
    """Return what the others said, without their names."""
    return [
        OtherRead(
            stage=read.stage,
            label=read.label,
            findings=finding_shapes(read.findings),
            quality=read.quality,
            confidence=read.confidence,
            comment=read.comment,
        )
        for read in case.reads
        if read.id != own.id
    ]


@router.post("/{case}/resolution", status_code=201, response_model=ResolutionAnswer)
def decide(case: str, body: ResolutionBody, by: Senior, web: Wired) -> JSONResponse:
    """Settle a case whose first two reads differ; for the senior who read it third."""
    with web.work() as work:
        answer = keep_resolution(work, web, case, body, by)
        work.commit()
    return JSONResponse(answer.plain(), status_code=201)


def keep_resolution(
    work: UnitOfWork, web: Web, case_id: str, body: ResolutionBody, by: Person
) -> ResolutionAnswer:
    """Keep a senior's decision and return it as it goes out."""
    decided = Decided(
        id=new_id(), label=body.label, findings=domain_findings(body.findings), reason=body.reason
    )
    now = web.now()
    case = resolve(work, named(Identifier, case_id), decided, by, task=web.task, now=now)
    return ResolutionAnswer(
        id=decided.id,
        case=case.id,
        label=decided.label,
        findings=finding_shapes(decided.findings),
        reason=decided.reason,
        by=by.key,
        at=now,
        state=case.state,
    )
