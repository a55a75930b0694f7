"""The reading page's two buttons before the model's answer is shown."""

from fastapi import APIRouter, Response

from feedback.own_calls import give_own_call
from overread.domain.own_calls import AlreadyCalledError
from serving.api.own_calls import OwnCallBody
from serving.api.predictions import refuse_blinded
from serving.api.shapes import study_named
from serving.pages.forms import Form, body_of
from serving.pages.routing import PageRoute
from serving.pages.visits import Visiting, back_to
from serving.security.permissions import Reader

router = APIRouter(prefix="/studies/{uid}", include_in_schema=False, route_class=PageRoute)


@router.post("/own-call")
def call_study(uid: str, by: Reader, visit: Visiting, form: Form) -> Response:
    """Keep the reader's own call and show the study with its answer; the first of two presses counts."""
    study, web = study_named(uid), visit.web
    label = body_of(OwnCallBody, {"label": form.text("label")}).label
    with web.work() as work:
        refuse_blinded(work, web, by.key, study)
        try:
            give_own_call(work, study, label, by=by.key, now=web.now())
            work.commit()
        except AlreadyCalledError:
            pass  # pressed twice, or in two windows: the page shows the call that stands
    return back_to(f"/studies/{study}")
