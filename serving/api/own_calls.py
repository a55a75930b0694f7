"""A reader's own call, where the site shows the model's answer only after it."""

from fastapi import APIRouter

from feedback.own_calls import give_own_call
from overread.domain.findings import Label
from overread.domain.own_calls import OwnCall
from serving.api.predictions import refuse_blinded
from serving.api.shapes import Answer, Body, Instant, study_named
from serving.security.permissions import GuardedRoute, Reader
from serving.wiring import Wired

router = APIRouter(prefix="/api/v1", tags=["feedback"], route_class=GuardedRoute)


class OwnCallBody(Body):
    """What a reader calls a study."""

    label: Label


class OwnCallAnswer(Answer):
    """A call as it is kept."""

    study_instance_uid: str
    by: str
    at: Instant
    label: Label
    answer_shown: bool


def own_call_answer(call: OwnCall) -> OwnCallAnswer:
    """Return the wire's shape of a call."""
    return OwnCallAnswer(
        study_instance_uid=call.study,
        by=call.by,
        at=call.at,
        label=call.label,
        answer_shown=call.answer_shown,
    )


@router.post("/studies/{uid}/own-call", status_code=201)
def call_study(uid: str, body: OwnCallBody, by: Reader, web: Wired) -> OwnCallAnswer:
    """Keep one's own call; sent again it is the first answer, with another label 409 `already-called`."""
    study = study_named(uid)
    with web.work() as work:
        refuse_blinded(work, web, by.key, study)
        call = give_own_call(work, study, body.label, by=by.key, now=web.now())
        answer = own_call_answer(call)
        work.commit()
    return answer
