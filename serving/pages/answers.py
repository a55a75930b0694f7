"""The reading page's answers of several models, and its button that asks for a further one."""

from typing import Any

from fastapi import APIRouter, Response

from overread.domain.people import Permission, Person
from overread.domain.predictions import Prediction
from overread.domain.studies import Study
from overread.store.unit_of_work import UnitOfWork
from overread.studies.rescoring import RESCORE, RESCORED_IN, ask_again
from serving.api.answers import version_serving
from serving.api.predictions import refuse_hidden
from serving.api.shapes import study_named
from serving.pages.forms import Form
from serving.pages.routing import PageRoute
from serving.pages.visits import Visit, Visiting, back_to
from serving.security.permissions import Rescorer

router = APIRouter(prefix="/studies/{uid}", include_in_schema=False, route_class=PageRoute)


@router.post("/predictions")
def ask_for_answer(uid: str, by: Rescorer, visit: Visiting, form: Form) -> Response:
    """Queue the study for the model that serves now."""
    del form  # its token was checked
    study, web = study_named(uid), visit.web
    with web.work() as work:
        refuse_hidden(work, web, by, study)
        ask_again(work, study, version_serving(work, web), by=by.key, now=web.now())
        work.commit()
    web.worker.wake()
    return back_to(f"/studies/{study}")


def answers_view(
    work: UnitOfWork,
    visit: Visit,
    person: Person,
    study: Study,
    shown: Prediction | None,
    *,
    seen: int | None,
) -> dict[str, Any]:
    """Return the other answers on a study, and which model could answer or is about to.

    `came` says to a page that showed `seen` answers and waits whether there is a further one; None meanwhile.
    """
    if shown is None:
        return {"others": [], "asking": None, "could_ask": None, "answers": 0, "came": None}
    kept = work.studies.answers(study.uid)
    serving = work.models.production(visit.web.task.name)
    fresh = serving is not None and serving.version not in {each.model_version for each in kept}
    asking = fresh and work.outbox.is_waiting(RESCORE, study.uid)
    may_ask = person.may(Permission.RESCORE) and study.state in RESCORED_IN
    version = serving.version if serving is not None and fresh else None
    return {
        "others": [_other(visit, each) for each in kept if each.model_version != shown.model_version],
        "asking": version if asking else None,
        "could_ask": version if may_ask and not asking else None,
        "answers": len(kept),
        "came": None if asking or seen is None else len(kept) > seen,
        "made_at": visit.formats.instant(shown.made_at),
    }


def _other(visit: Visit, answer: Prediction) -> dict[str, Any]:
    return {
        "version": answer.model_version,
        "label": answer.label.value,
        "probability": answer.probability,
        "threshold": answer.threshold,
        "at": visit.formats.instant(answer.made_at),
    }
