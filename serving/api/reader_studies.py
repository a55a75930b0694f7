"""Reader studies: one case at a time in the order drawn; no study, patient, truth or other read is named."""

import io
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from bootstrap.clock import new_id
from feedback.reader_studies import open_to, standing_in, take_read
from overread.domain.errors import NotFoundError
from overread.domain.findings import Label
from overread.domain.identifiers import Identifier
from overread.domain.people import Permission, Person
from overread.domain.reader_studies import (
    HIGHEST_RATING,
    Arm,
    CrossoverCase,
    CrossoverRead,
    CrossoverStudy,
    Standing,
    WashoutError,
)
from overread.domain.studies import Instance
from overread.store.unit_of_work import UnitOfWork
from serving.api.adjudication import PictureAnswer
from serving.api.pictures import AskedRendering, grey_levels, picture_response, pictures_of, rendered
from serving.api.repeats import Key, Once
from serving.api.shapes import (
    Answer,
    Body,
    Findings,
    FindingShape,
    Instant,
    Listed,
    domain_findings,
    finding_shapes,
    named,
)
from serving.inference.heatmaps import overlay, png
from serving.security.permissions import CaseReader, CaseViewer, GuardedRoute
from serving.wiring import Web, Wired

PREFIX = "/api/v1/reader-studies"
router = APIRouter(prefix=PREFIX, tags=["reader studies"], route_class=GuardedRoute)


class OpenStudy(Answer):
    """A reader study with reads left; `done` of `total` are read in `arm`, None while the washout lasts."""

    reader_study: str
    name: str
    arm: Arm | None
    done: int
    total: int
    opens_at: Instant | None


class Aid(Answer):
    """What the aided arm shows beside the picture; no heatmap for what the model does not call."""

    probability: float
    threshold: float
    label: Label
    heatmap: str | None


class CrossoverCaseAnswer(Answer):
    """The case that is due."""

    reader_study: str
    case: str
    arm: Arm
    image: PictureAnswer
    aid: Aid | None
    done: int
    total: int


class CrossoverReadBody(Body):
    """One read; `rating` is 0 (surely no finding) to 100 (surely a finding); `arm` is the one read in."""

    case: Annotated[str, Field(max_length=64)]
    arm: Arm
    label: Label
    rating: Annotated[int, Field(ge=0, le=HIGHEST_RATING)]
    findings: Findings = ()
    seconds: Annotated[float, Field(ge=0, le=86_400)] | None = None


class CrossoverReadAnswer(Answer):
    """A read as it is kept, and how far its reader has come."""

    id: str
    reader_study: str
    case: str
    arm: Arm
    label: Label
    rating: int
    findings: list[FindingShape]
    seconds: float | None
    by: str
    at: Instant
    left_in_arm: int


@router.get("")
def list_open(by: CaseReader, web: Wired) -> Listed[OpenStudy]:
    """Return the reader studies in which this person has reads left."""
    with web.look() as work:
        found = open_to(work, by.key, now=web.now())
    return Listed(items=[_open_study(study, where) for study, where in found])


def _open_study(study: CrossoverStudy, where: Standing) -> OpenStudy:
    return OpenStudy(
        reader_study=study.id,
        name=study.name,
        arm=where.arm,
        done=where.done,
        total=where.total,
        opens_at=where.opens_at,
    )


@router.get(
    "/{reader_study}/next",
    response_model=CrossoverCaseAnswer,
    responses={204: {"description": "You have read every case in both arms"}},
)
def show_next(reader_study: str, by: CaseReader, web: Wired) -> Response:
    """Return the case that is due, the same one till it is read; 409 `washout` until the second arm opens."""
    with web.look() as work:
        study = work.reader_studies.get(named(Identifier, reader_study))
        where = standing_in(work, study, by.key, now=web.now())
        if where.finished:
            return Response(status_code=204)
        return JSONResponse(due_case(work, study, where).plain())


def due_case(work: UnitOfWork, study: CrossoverStudy, where: Standing) -> CrossoverCaseAnswer:
    """Return the case that is due as it goes out; raise `WashoutError` while none is."""
    if where.opens_at is not None:
        raise WashoutError(where.opens_at)
    if where.case is None or where.arm is None:
        raise NotFoundError("every case is read in both arms")
    case, place = study.case(where.case), f"{PREFIX}/{study.id}/cases/{where.case}"
    picture = _picture(work, case)
    return CrossoverCaseAnswer(
        reader_study=study.id,
        case=case.key,
        arm=where.arm,
        image=PictureAnswer(url=f"{place}/image.png", rows=picture.rows, columns=picture.columns),
        aid=_aid(study, case, place) if where.arm is Arm.AIDED else None,
        done=where.done,
        total=where.total,
    )


def _aid(study: CrossoverStudy, case: CrossoverCase, place: str) -> Aid:
    label = study.called(case)
    return Aid(
        probability=case.probability,
        threshold=study.threshold,
        label=label,
        heatmap=f"{place}/heatmap.png" if label is Label.HAS_FINDING else None,
    )


def _picture(work: UnitOfWork, case: CrossoverCase) -> Instance:
    pictures = pictures_of(work, work.studies.get(case.study))
    if not pictures:
        raise NotFoundError("the picture of this case is no longer stored; tell whoever runs the study")
    return pictures[0]


@router.get("/{reader_study}/cases/{case}/image.png", response_class=Response)
def show_picture(
    reader_study: str,
    case: str,
    by: CaseViewer,
    web: Wired,
    asked: AskedRendering,
) -> Response:
    """Return the picture of the case that is due; an auditor, who never reads, sees every case's.

    With `longest`, a picture whose longer side has more pixels is reduced to as many.
    """
    return rendered(web, _shown_to(web, by, (reader_study, case)).digest, asked)


@router.get("/{reader_study}/cases/{case}/pixels", response_class=Response)
def show_pixels(reader_study: str, case: str, by: CaseViewer, web: Wired) -> Response:
    """Return all grey levels of the case that is due, to whoever may see it, as those of a study."""
    return grey_levels(web, _shown_to(web, by, (reader_study, case)).digest)


def _shown_to(web: Web, by: Person, place: tuple[str, str]) -> Instance:
    """Return the object whose picture a person may see now."""
    with web.look() as work:
        return _picture(work, _visible(work, web, by, place)[1])


@router.get("/{reader_study}/cases/{case}/heatmap.png", response_class=Response)
def show_heatmap(reader_study: str, case: str, by: CaseViewer, web: Wired) -> Response:
    """Return where the model looked, while the case is due in the aided arm."""
    with web.look() as work:
        study, shown = _visible(work, web, by, (reader_study, case), arm=Arm.AIDED)
        picture = _picture(work, shown)
    if study.called(shown) is Label.NO_FINDING:
        raise NotFoundError("no finding has no heatmap")
    maps = np.load(io.BytesIO(web.objects.get(study.maps)), allow_pickle=False)
    return picture_response(png(overlay(maps[study.cases.index(shown)], picture.rows, picture.columns)))


def _visible(
    work: UnitOfWork, web: Web, by: Person, place: tuple[str, str], *, arm: Arm | None = None
) -> tuple[CrossoverStudy, CrossoverCase]:
    """Return a study and its case where this person may see it now, in that arm if one is named."""
    study_id, key = place
    study = work.reader_studies.get(named(Identifier, study_id))
    if not by.may(Permission.SEE_CASES):
        where = standing_in(work, study, by.key, now=web.now())
        if where.case != key or (arm is not None and where.arm is not arm):
            raise NotFoundError("no such picture, or it is not yours to see now")
    return study, study.case(key)


@router.post("/{reader_study}/reads", status_code=201, response_model=CrossoverReadAnswer)
def give_read(
    reader_study: str, body: CrossoverReadBody, by: CaseReader, key: Key, request: Request, web: Wired
) -> JSONResponse:
    """Keep the read of the case that is due; it cannot be changed."""
    once = Once(request, by.key, key, body)
    with web.work() as work:
        if (before := once.before(work)) is not None:
            return before
        answer = once.keep(work, keep_read(work, web, reader_study, body, by), web)
        work.commit()
    return answer


def keep_read(
    work: UnitOfWork, web: Web, reader_study: str, body: CrossoverReadBody, by: Person
) -> CrossoverReadAnswer:
    """Keep a read and return it as it goes out."""
    read = CrossoverRead(
        id=new_id(),
        reader_study=named(Identifier, reader_study),
        case=body.case,
        reader=by.key,
        arm=body.arm,
        at=web.now(),
        label=body.label,
        rating=body.rating,
        findings=domain_findings(body.findings),
        seconds=body.seconds,
    )
    where = take_read(work, read, by, task=web.task)
    return CrossoverReadAnswer(
        id=read.id,
        reader_study=read.reader_study,
        case=read.case,
        arm=read.arm,
        label=read.label,
        rating=read.rating,
        findings=finding_shapes(read.findings),
        seconds=read.seconds,
        by=read.reader,
        at=read.at,
        left_in_arm=where.left if where.arm is read.arm else 0,
    )
