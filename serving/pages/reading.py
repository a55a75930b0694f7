"""The reading page: picture, answer, feedback and report of one study, or why the model must not read it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from feedback.corrections import NoPredictionError, file_correction, withdraw
from feedback.implicit import file_if_contradicted
from feedback.own_calls import was_shown
from overread.domain.corrections import Kind
from overread.domain.errors import ForbiddenError, NotFoundError, OverreadError, PreconditionError
from overread.domain.findings import Label
from overread.domain.identifiers import StudyUid
from overread.domain.people import Person
from overread.domain.predictions import Prediction
from overread.domain.reports import AlreadySignedError
from overread.settings.environment import Language
from overread.store.unit_of_work import UnitOfWork
from overread.studies import deletion, reporting, screening, worklist
from serving.api.feedback import FeedbackBody, correction_of, feedback_answer
from serving.api.pictures import Film
from serving.api.predictions import as_told, refuse_hidden
from serving.api.repeats import Once
from serving.api.reports import AddendumBody, ReportBody, current_report, require_editable
from serving.api.shapes import study_named
from serving.api.studies import WhyBody
from serving.pages.choices import Chosen
from serving.pages.findings_view import offered
from serving.pages.forms import Filled, Form, body_of
from serving.pages.locks import locks_of_others
from serving.pages.reading_view import reading_view
from serving.pages.report_view import Asked, kept_report, text_of
from serving.pages.routing import PageRoute
from serving.pages.visits import (
    OWN_PASSWORD,
    REPORT_COOKIE,
    Visit,
    Visiting,
    back_telling,
    back_to,
    caller_of,
    keep_choice,
)
from serving.problems import ForgeryError
from serving.security.permissions import Reader, Releaser, ReportWriter, Viewer

router = APIRouter(prefix="/studies/{uid}", include_in_schema=False, route_class=PageRoute)

_OTHER = {Label.NO_FINDING: Label.HAS_FINDING, Label.HAS_FINDING: Label.NO_FINDING}
MOST_ANSWERS = 10_000
_SIGN_AND_NEXT = "sign-next"
_ABOUT_THE_PICTURE = frozenset({Kind.WRONG_REGION, Kind.BAD_IMAGE})


def _asked(
    report: Annotated[Language | None, Query()] = None,
    came_from: Annotated[str, Query(alias="list", max_length=1000)] = "",
    film: Film = 0,
    seen: Annotated[int | None, Query(ge=0, le=MOST_ANSWERS)] = None,
) -> Asked:
    return Asked(language=report, came_from=Chosen.told(came_from), film=film, seen=seen)


@router.get("")
def show_study(uid: str, by: Viewer, visit: Visiting, asked: Annotated[Asked, Depends(_asked)]) -> Response:
    """Show a study to read; `list` is where it was opened.

    `report` starts the draft again in a language, which this browser's next drafts begin in.
    """
    if by.must_change_password:
        return back_to(OWN_PASSWORD)
    response = _page(visit, study_named(uid), asked)
    if asked.language is not None:
        keep_choice(response, visit.request, REPORT_COOKIE, asked.language)
    return response


@router.post("/feedback")
def press_feedback(uid: str, by: Reader, visit: Visiting, form: Form) -> Response:
    """Take the feedback button: one press records what it most likely means, details are a further word."""
    study, web = study_named(uid), visit.web

    def speak() -> None:
        with web.work() as work:
            refuse_hidden(work, web, by, study)
            body = _spoken(work, study, form)
            once = Once(visit.request, by.key, form.key(), body)
            if once.before(work) is None:
                correction = correction_of(work, web, study, body, by=by)
                once.keep(work, feedback_answer(file_correction(work, correction, task=web.task)), web)
                work.commit()

    return _done_or_shown(visit, study, "feedback", form, speak)


@router.post("/feedback/{correction}/undo")
def take_back(uid: str, correction: str, by: Reader, visit: Visiting, form: Form) -> Response:
    """Take one's own correction back within the minute."""
    study, web = study_named(uid), visit.web

    def undo() -> None:
        with web.work() as work:
            if work.corrections.get(correction).study != study:
                raise NotFoundError("no such correction of this study")
            withdraw(work, correction, by=by.key, now=web.now())
            work.commit()

    return _done_or_shown(visit, study, "feedback", form, undo)


@router.post("/report")
def write_report(uid: str, by: ReportWriter, visit: Visiting, form: Form) -> Response:
    """Keep the draft, or sign it and go on; a signed report that contradicts the answer is a correction."""
    study, web = study_named(uid), visit.web

    def write() -> str | None:
        body = _written(form)
        with web.work() as work:
            report = current_report(work, web, study, by)
            require_editable(report, form.text("etag"))
            written = reporting.write(work, report, body.draft(), task=web.task, by=by.key, now=web.now())
            shown = was_shown(work, study, written.label, by=by.key)
            file_if_contradicted(work, written, task=web.task, answer_shown=shown)
            work.commit()
        return _next(visit, by, study, _came_from(form)) if form.text("act") == _SIGN_AND_NEXT else None

    return _done_or_shown(visit, study, "report", form, write)


@router.post("/report/kept")
def compare_reports(uid: str, by: ReportWriter, visit: Visiting, form: Form) -> Response:
    """Show the version that is kept to whoever has written another one meanwhile; nothing is written."""
    with visit.web.look() as work:
        report = current_report(work, visit.web, study_named(uid), by)
    view = {"uid": report.study, "kept": kept_report(visit, report, form)}
    return visit.page("reading/_kept.html", counted=False, view=view)


@router.post("/report/addenda")
def add_addendum(uid: str, by: ReportWriter, visit: Visiting, form: Form) -> Response:
    """Add to a signed report."""
    study, web = study_named(uid), visit.web

    def add() -> None:
        body = body_of(AddendumBody, {"text": form.text("text").strip()})
        with web.work() as work:
            report = current_report(work, web, study, by)
            reporting.add_addendum(work, report, text=body.text, by=by.key, now=web.now())
            work.commit()

    return _done_or_shown(visit, study, "addendum", form, add)


@router.post("/release")
def release_or_delete(uid: str, by: Releaser, visit: Visiting, form: Form) -> Response:
    """Let a quarantined study go on, or take it out of use, on a person's word."""
    study, web = study_named(uid), visit.web

    def settle() -> None:
        why = body_of(WhyBody, {"reason": form.text("reason").strip()}).reason
        with web.work() as work:
            if form.text("act") == "delete":
                deletion.delete(work, study, by=by.key, reason=why, now=web.now())
            else:
                screening.release(work, study, by=by.key, reason=why, now=web.now())
            work.commit()
        web.worker.wake()

    return _done_or_shown(visit, study, "release", form, settle)


def _spoken(work: UnitOfWork, study: StudyUid, form: Filled) -> FeedbackBody:
    """Return what a press means, given the answer that the reader was shown."""
    prediction = work.studies.answer(study)
    if prediction is None:
        raise NoPredictionError
    if form.text("press") == "agree":
        return FeedbackBody.model_validate({"verdict": "agree", "label": prediction.label})
    kind = _kind(prediction, form.text("kind"))
    label = prediction.label if kind in _ABOUT_THE_PICTURE else _OTHER[prediction.label]
    return body_of(
        FeedbackBody,
        {
            "verdict": "disagree",
            "label": label,
            "kind": kind,
            "findings": form.findings() if label is Label.HAS_FINDING else [],
            "comment": form.text("comment").strip(),
        },
    )


def _kind(prediction: Prediction, stated: str) -> Kind:
    if stated in {kind.value for kind in Kind}:
        return Kind(stated)
    return Kind.MISSED_FINDING if prediction.label is Label.NO_FINDING else Kind.FALSE_ALARM


def _written(form: Filled) -> ReportBody:
    """Return the report as the API takes it."""
    return body_of(
        ReportBody,
        {
            "status": "signed" if form.text("act") in {"sign", _SIGN_AND_NEXT} else "draft",
            "language": form.text("language"),
            "label": form.text("label"),
            "findings": form.findings() if form.text("label") == Label.HAS_FINDING else [],
            "text": {
                "findings": text_of(form, "findings_text"),
                "impression": text_of(form, "impression"),
            },
        },
    )


def _came_from(form: Filled) -> Chosen:
    return Chosen.told(form.text("list"))


def _next(visit: Visit, by: Person, left: StudyUid, came_from: Chosen) -> str:
    """Return where to read on: the next unread study of the list, or the list once all of it is read."""
    with visit.web.look() as work:
        others = frozenset(locks_of_others(work, visit, by.key)) | work.assignments.of_others(by.key)
        wanted = as_told(work, visit.web, by, came_from.filter(by.key))
        wanted = replace(wanted, not_so=wanted.not_so | others)
        uid = worklist.next_unread(work, wanted, by=by.key, left=work.studies.get(left))
    return came_from.address(ended="1") if uid is None else came_from.study(uid)


def _done_or_shown(
    visit: Visit, study: StudyUid, part: str, form: Filled, act: Callable[[], str | None]
) -> Response:
    """Do it and lead on; where a rule forbids it, show the page with the reason and what was typed."""
    came_from = _came_from(form)
    try:
        then = act()
    except (NotFoundError, ForbiddenError, ForgeryError):
        raise
    except OverreadError as error:
        # a signed report shows itself and takes the text as an addendum
        part = "addendum" if isinstance(error, AlreadySignedError) else part
        return _page(visit, study, Asked(came_from=came_from), failed=(part, form, error))
    return back_to(came_from.study(study)) if then is None else back_telling(then, "signed")


def _page(
    visit: Visit, study: StudyUid, asked: Asked, *, failed: tuple[str, Filled, OverreadError] | None = None
) -> Response:
    part, form, error = failed or (None, None, None)
    if form is not None and part == "report":
        asked = replace(asked, typed=form)
    web, person = visit.web, caller_of(visit.request).person
    with web.look() as work:
        view = reading_view(work, visit, person, study, asked)
        serving = work.models.production(web.task.name) is not None
    return visit.page(
        "reading/page.html",
        view=view,
        came_from=asked.came_from,
        here=asked.came_from.study(study, film=str(asked.film or "")),  # never what starts the draft again
        serving=serving,
        heat_off=False,
        **offered(web.task.vocabulary),
        failed_at=part,
        stale=isinstance(error, PreconditionError),
        error=error,
        typed=form,
    )
