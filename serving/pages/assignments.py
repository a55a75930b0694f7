"""Whose a study is to read: taken from the list, given back, or taken from somebody by naming them."""

from dataclasses import dataclass

from fastapi import APIRouter, Response

from overread.domain.assignments import Assignment
from overread.domain.identifiers import PersonKey
from overread.studies.assigning import assign
from serving.api.shapes import study_named
from serving.pages.forms import Form
from serving.pages.routing import PageRoute
from serving.pages.visits import Visit, Visiting
from serving.security.permissions import ReportWriter

router = APIRouter(prefix="/studies/{uid}/assignment", include_in_schema=False, route_class=PageRoute)


@dataclass(frozen=True, kw_only=True, slots=True)
class AssignmentShown:
    """An assignment in words: whose study, since when in the site's zone."""

    who: str
    since: str
    mine: bool


def assignment_shown(visit: Visit, standing: Assignment | None, by: PersonKey) -> AssignmentShown | None:
    """Return how an assignment is shown to a person, None where there is none."""
    if standing is None:
        return None
    at = visit.formats.instant(standing.at)
    return AssignmentShown(who=standing.person, since=at, mine=standing.person == by)


@router.post("", status_code=204)
def give(uid: str, by: ReportWriter, visit: Visiting, form: Form) -> Response:
    """Take the study on, or give it back; `had` is who had it as this page showed it."""
    had, web = form.text("had")[:64], visit.web
    with web.work() as work:
        assign(
            work,
            study_named(uid),
            to=by.key if form.text("to") else None,
            instead_of=PersonKey(had) if had else None,
            by=by.key,
            now=web.now(),
        )
        work.commit()
    return Response(status_code=204)
