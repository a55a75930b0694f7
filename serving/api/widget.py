"""What the widget in a foreign page calls, and the server of that page for it."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from bootstrap.credentials import lend_token
from overread.domain.corrections import standing
from overread.domain.identifiers import PersonKey, StudyUid
from overread.domain.people import WIDGET_LASTS
from overread.domain.studies import StudyState
from overread.store.unit_of_work import UnitOfWork
from serving.api.feedback import FeedbackAnswer, feedback_answer
from serving.api.predictions import (
    PredictionAnswer,
    ReasonAnswer,
    prediction_answer,
    reasons_of,
    refuse_hidden,
)
from serving.api.shapes import Answer, Body, Instant, named, study_named
from serving.contexts import Context
from serving.security.permissions import GuardedRoute, PredictionViewer, Voucher
from serving.wiring import Web, Wired

router = APIRouter(prefix="/api/v1", tags=["widget"], route_class=GuardedRoute)

MINUTES = 60

Name = Annotated[str, Field(max_length=64)]


class OwnWord(Answer):
    """The caller's latest word that stands, and how long it can be taken back."""

    feedback: FeedbackAnswer
    undo_seconds: float


class CardAnswer(Answer):
    """What the widget shows of one study: nothing that says whose it is."""

    study_instance_uid: str
    state: StudyState
    reasons: list[ReasonAnswer]
    prediction: PredictionAnswer | None
    near: float | None
    own: OwnWord | None


class TokenBody(Body):
    """For whom a foreign page needs a token."""

    person: Name
    minutes: Annotated[int, Field(ge=1, le=WIDGET_LASTS // timedelta(minutes=1))] = MINUTES


class TokenAnswer(Answer):
    """A token, told this once."""

    person: str
    token: str
    expires_at: Instant


class ContextBody(Body):
    """Which study a person has opened elsewhere; null closes it."""

    person: Name
    study_instance_uid: Annotated[str, Field(max_length=64)] | None


class ContextAnswer(Answer):
    """What the caller has open elsewhere; `at` is null where nobody has told."""

    study_instance_uid: str | None
    at: Instant | None


@router.get("/studies/{uid}/card")
def show_card(uid: str, by: PredictionViewer, web: Wired) -> CardAnswer:
    """Return state, answer and the caller's own word of one study."""
    with web.look() as work:
        study = work.studies.get(study_named(uid))
        refuse_hidden(work, web, by, study.uid)
        prediction = None if study.set_aside else work.studies.answer(study.uid)
        return CardAnswer(
            study_instance_uid=study.uid,
            state=study.state,
            reasons=reasons_of(study),
            prediction=None if prediction is None else prediction_answer(work, prediction),
            near=None if prediction is None else prediction.near,
            own=_own(work, web, by.key, study.uid),
        )


def _own(work: UnitOfWork, web: Web, person: PersonKey, uid: StudyUid) -> OwnWord | None:
    """Return the word of a person on a study that stands."""
    for word in standing(work.corrections.of_study(uid)):
        if word.by == person:
            left = (word.undo_until - web.now()).total_seconds()
            return OwnWord(feedback=feedback_answer(word), undo_seconds=max(left, 0))
    return None


@router.post("/widget-tokens", status_code=201)
def lend(body: TokenBody, by: Voucher, web: Wired) -> TokenAnswer:
    """Give the server of a foreign page a short-lived token for the person who sits before it."""
    person = named(PersonKey, body.person)
    token, ends = lend_token(
        web.services.storage, person, lasts=timedelta(minutes=body.minutes), by=by.key, now=web.now()
    )
    return TokenAnswer(person=person, token=token, expires_at=ends)


@router.post("/context", status_code=204)
def tell_context(body: ContextBody, by: Voucher, web: Wired) -> None:
    """Take which study a person has opened in another program."""
    del by
    person = named(PersonKey, body.person)
    uid = None if body.study_instance_uid is None else study_named(body.study_instance_uid)
    with web.look() as work:
        work.people.account(person)  # a name nobody has would be told to nobody, in silence
    web.contexts.tell(person, Context(study=uid, at=web.now()))


@router.get("/context")
def show_context(by: PredictionViewer, web: Wired) -> ContextAnswer:
    """Return which study the caller has open in another program."""
    context = web.contexts.of(by.key, now=web.now())
    if context is None:
        return ContextAnswer(study_instance_uid=None, at=None)
    return ContextAnswer(study_instance_uid=context.study, at=context.at)
