"""Blinded reads: a picture, an own call, and for the senior the others' after it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Response

from bootstrap.clock import new_id
from feedback.agreement import two_reader_agreement
from feedback.cases import next_case, waiting_for
from overread.domain.adjudication import Case, CaseState, Read, Stage
from overread.domain.errors import ForbiddenError, NotFoundError, OverreadError
from overread.domain.findings import Label
from overread.domain.people import Person
from overread.store.unit_of_work import UnitOfWork
from serving.api.adjudication import ReadBody, ResolutionBody, keep_read, keep_resolution
from serving.api.pictures import pictures_of
from serving.api.repeats import Once
from serving.pages.case_pictures import case_picture
from serving.pages.findings_view import offered
from serving.pages.forms import Filled, Form, body_of, box_of, slots_of
from serving.pages.own_reads import today_view
from serving.pages.routing import PageRoute
from serving.pages.timing import seconds_since
from serving.pages.visits import OWN_PASSWORD, Visit, Visiting, back_telling, back_to
from serving.security.permissions import CaseReader, Senior

router = APIRouter(prefix="/adjudication", include_in_schema=False, route_class=PageRoute)

_STAGES = ("first", "second", "senior")
_LETTERS = {Stage.FIRST: "A", Stage.SECOND: "B"}


@router.get("")
def show_case(by: CaseReader, visit: Visiting) -> Response:
    """Show the case a person holds, or hold the next one for them."""
    if by.must_change_password:
        return back_to(OWN_PASSWORD)
    return _page(visit, by)


@router.post("/{case}/reads")
def give_read(case: str, by: CaseReader, visit: Visiting, form: Form) -> Response:
    """Keep a blinded read; the next case follows, or the others' reads for the senior."""
    web = visit.web

    def read() -> None:
        body = body_of(
            ReadBody,
            {
                "label": form.text("label"),
                "findings": _findings(form),
                "quality": form.text("quality") or None,
                "confidence": form.text("confidence") or None,
                "seconds": seconds_since(form.text("opened"), web.now()),
                "comment": form.text("comment").strip(),
            },
        )
        with web.work() as work:
            once = Once(visit.request, by.key, form.key(), body.model_copy(update={"seconds": None}))
            if once.before(work) is None:
                once.keep(work, keep_read(work, web, case, body, by), web)
                work.commit()

    return _done_or_shown(visit, by, form, read)


@router.post("/{case}/resolution")
def decide(case: str, by: Senior, visit: Visiting, form: Form) -> Response:
    """Settle a case on which the first two reads differ."""
    web = visit.web

    def settle() -> None:
        body = body_of(
            ResolutionBody,
            {
                "label": form.text("label"),
                "findings": _findings(form),
                "reason": form.text("reason").strip(),
            },
        )
        with web.work() as work:
            keep_resolution(work, web, case, body, by)
            work.commit()

    return _done_or_shown(visit, by, form, settle)


def _findings(form: Filled) -> list[dict[str, object]]:
    return form.findings() if form.text("label") == Label.HAS_FINDING else []


def _done_or_shown(visit: Visit, by: Person, form: Filled, act: Callable[[], None]) -> Response:
    try:
        act()
    except (NotFoundError, ForbiddenError):
        raise
    except OverreadError as error:
        return _page(visit, by, failed=(form, error))
    return back_telling("/adjudication", "read")


def _page(visit: Visit, by: Person, *, failed: tuple[Filled, OverreadError] | None = None) -> Response:
    form, error = failed or (None, None)
    web = visit.web
    with web.work() as work:
        given = next_case(work, by.key, by.role, now=web.now())
        view = _progress(work, by) | {"today": today_view(work, visit, by)}
        if given is not None:
            view |= _case_view(work, visit, by, *given)
        work.commit()
    if form is not None:
        view["slots"] = form.slots()
    return visit.page(
        "adjudication/page.html",
        view=view,
        **offered(web.task.vocabulary),
        error=error,
        typed=form,
    )


def _progress(work: UnitOfWork, by: Person) -> dict[str, Any]:
    counts = work.cases.count_by_state()
    return {
        "case": None,
        "waiting": waiting_for(work, by.key, by.role),
        "open": counts.get(CaseState.OPEN, 0),
        "closed": counts.get(CaseState.CLOSED, 0),
        "kappa": two_reader_agreement(work),
    }


def _case_view(work: UnitOfWork, visit: Visit, by: Person, case: Case, until: datetime) -> dict[str, Any]:
    """Return what may be seen of a case: pictures, its stage, and others' reads only after an own one."""
    pictures = pictures_of(work, work.studies.get(case.study))
    own = case.read_of(by.key)
    stage = case.stage.value
    return {
        **case_picture(visit, case.id, pictures),
        "case": case.id,
        "stage": stage,
        "past": _STAGES[: _STAGES.index(stage)],
        "held_until": visit.formats.clock(until),
        "key": new_id(),
        "opened": visit.web.now().isoformat(),
        "slots": slots_of(() if own is None else own.findings),
        "others": None if own is None else [_read_view(visit, read, own) for read in case.reads],
    }


def _read_view(visit: Visit, read: Read, own: Read) -> dict[str, Any]:
    """Return a read in words; the boxes of others, named by a letter, are drawn beside one's own."""
    is_own = read.id == own.id
    findings = [
        {"name": visit.finding_name(finding.code), "box": "" if is_own else box_of(finding)}
        for finding in read.findings
    ]
    return {
        "who": visit.words.text("adjudication.yours" if is_own else f"stage.{read.stage}"),
        "letter": _LETTERS.get(read.stage, ""),
        "label": read.label.value,
        "findings": findings,
        "confidence": read.confidence,
        "comment": read.comment,
    }
