"""Reader studies: what one has to read, then one case at a time, alone or with the model's answer."""

from typing import Any

from fastapi import APIRouter, Response

from bootstrap.clock import new_id
from feedback.reader_studies import open_to, standing_in
from overread.domain.errors import ForbiddenError, NotFoundError, OverreadError
from overread.domain.findings import Label
from overread.domain.identifiers import Identifier
from overread.domain.people import Person
from overread.domain.reader_studies import HIGHEST_RATING, PERIODS, CrossoverStudy, Standing
from overread.store.unit_of_work import UnitOfWork
from serving.api.reader_studies import CrossoverReadBody, due_case, keep_read
from serving.api.repeats import Once
from serving.api.shapes import named
from serving.pages.findings_view import offered
from serving.pages.forms import Filled, Form, body_of, slots_of
from serving.pages.navigation import READER_STUDIES
from serving.pages.reading_view import PREVIEW
from serving.pages.routing import PageRoute
from serving.pages.timing import seconds_since
from serving.pages.visits import OWN_PASSWORD, Visit, Visiting, back_telling, back_to
from serving.security.permissions import CaseReader

router = APIRouter(prefix=READER_STUDIES, include_in_schema=False, route_class=PageRoute)


@router.get("")
def show_open(by: CaseReader, visit: Visiting) -> Response:
    """Show the reader studies in which a person has reads left."""
    if by.must_change_password:
        return back_to(OWN_PASSWORD)
    with visit.web.look() as work:
        rows = [_row(visit, *each) for each in open_to(work, by.key, now=visit.web.now())]
    return visit.page("reader_studies/list.html", rows=rows)


def _row(visit: Visit, study: CrossoverStudy, where: Standing) -> dict[str, Any]:
    return {
        "name": study.name,
        "href": f"{READER_STUDIES}/{study.id}",
        "arm": where.arm,
        "period": where.period + 1,
        "done": where.done,
        "total": where.total,
        "opens_at": None if where.opens_at is None else visit.formats.instant(where.opens_at),
    }


@router.get("/{reader_study}")
def show_case(reader_study: str, by: CaseReader, visit: Visiting) -> Response:
    """Show the case that is due; nothing of a study is left to show during the washout and at the end."""
    if by.must_change_password:
        return back_to(OWN_PASSWORD)
    return _page(visit, by, reader_study)


@router.post("/{reader_study}/reads")
def give_read(reader_study: str, by: CaseReader, visit: Visiting, form: Form) -> Response:
    """Keep the read of the case that is due; the next one follows."""
    web = visit.web
    try:
        body = _body(form, visit)
        with web.work() as work:
            once = Once(visit.request, by.key, form.key(), body.model_copy(update={"seconds": None}))
            if once.before(work) is None:
                once.keep(work, keep_read(work, web, reader_study, body, by), web)
                work.commit()
    except (NotFoundError, ForbiddenError):
        raise
    except OverreadError as error:
        return _page(visit, by, reader_study, failed=(form, error))
    return back_telling(f"{READER_STUDIES}/{reader_study}", "read")


def _body(form: Filled, visit: Visit) -> CrossoverReadBody:
    found = form.findings() if form.text("label") == Label.HAS_FINDING else []
    return body_of(
        CrossoverReadBody,
        {
            "case": form.text("case"),
            "arm": form.text("arm"),
            "label": form.text("label"),
            "rating": form.text("rating"),
            "findings": found,
            "seconds": seconds_since(form.text("opened"), visit.web.now()),
        },
    )


def _page(
    visit: Visit, by: Person, reader_study: str, *, failed: tuple[Filled, OverreadError] | None = None
) -> Response:
    form, error = failed or (None, None)
    with visit.web.look() as work:
        study = work.reader_studies.get(named(Identifier, reader_study))
        where = standing_in(work, study, by.key, now=visit.web.now())
        view = _row(visit, study, where) | {"periods": PERIODS, "case": None}
        if where.case is not None:
            view |= _case_view(work, visit, study, where)
    if form is not None:
        view["slots"] = form.slots()
    return visit.page(
        "reader_studies/page.html",
        view=view,
        highest=HIGHEST_RATING,
        **offered(visit.web.task.vocabulary),
        error=error,
        typed=form,
    )


def _case_view(work: UnitOfWork, visit: Visit, study: CrossoverStudy, where: Standing) -> dict[str, Any]:
    case = due_case(work, study, where)
    image = case.image.url
    return {
        **case.plain(),
        "image": image,
        "preview": f"{image}?longest={PREVIEW}",
        "pixels": f"{image.removesuffix('image.png')}pixels",
        "rows": case.image.rows,
        "columns": case.image.columns,
        "heatmap": None if case.aid is None else case.aid.heatmap,
        "prior": None,
        "boxless": False,
        "further": [],
        "key": new_id(),
        "opened": visit.web.now().isoformat(),
        "slots": slots_of(()),
    }
