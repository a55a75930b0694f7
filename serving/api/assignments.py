"""Whose a study is to read: a person takes it on for themselves, and gives it back."""

from fastapi import APIRouter, Response
from pydantic import Field

from overread.domain.assignments import Assignment
from overread.domain.identifiers import PersonKey, StudyUid
from overread.studies.assigning import assign
from serving.api.shapes import Answer, Body, Instant, study_named
from serving.security.permissions import GuardedRoute, ReportWriter, Viewer
from serving.wiring import Wired

router = APIRouter(prefix="/api/v1/studies/{uid}/assignment", tags=["studies"], route_class=GuardedRoute)


class AssignmentBody(Body):
    """Who has the study as the asker knows it, null for nobody; it is taken from nobody else."""

    instead_of: str | None = Field(default=None, max_length=64)


class AssignmentAnswer(Answer):
    """Whose a study is to read, since when; null where it is anybody's."""

    study_instance_uid: str
    person: str | None
    at: Instant | None


@router.get("")
def show_assignment(uid: str, _by: Viewer, web: Wired) -> AssignmentAnswer:
    """Return who means to read a study."""
    study = study_named(uid)
    with web.look() as work:
        work.studies.get(study)
        return assignment_answer(study, work.assignments.among([study]).get(study))


@router.put("")
def take_on(uid: str, body: AssignmentBody, by: ReportWriter, web: Wired) -> AssignmentAnswer:
    """Take a study on to read it oneself; again, it changes nothing."""
    study = study_named(uid)
    with web.work() as work:
        had = None if body.instead_of is None else PersonKey(body.instead_of)
        taken = assign(work, study, to=by.key, instead_of=had, by=by.key, now=web.now())
        work.commit()
    return assignment_answer(study, taken)


@router.delete("", status_code=204)
def give_back(uid: str, by: ReportWriter, web: Wired) -> Response:
    """Give one's own study back; where nobody has it, nothing changes."""
    with web.work() as work:
        assign(work, study_named(uid), to=None, instead_of=by.key, by=by.key, now=web.now())
        work.commit()
    return Response(status_code=204)


def assignment_answer(study: StudyUid, standing: Assignment | None) -> AssignmentAnswer:
    """Return the wire's shape of an assignment, or of none."""
    person, at = (None, None) if standing is None else (standing.person, standing.at)
    return AssignmentAnswer(study_instance_uid=study, person=person, at=at)
