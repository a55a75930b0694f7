"""All answers on one study, and asking for a further one by the model that serves now."""

from fastapi import APIRouter

from overread.domain.errors import ConflictError
from overread.domain.identifiers import VersionKey
from overread.domain.predictions import Prediction, counting
from overread.store.unit_of_work import UnitOfWork
from overread.studies.rescoring import ask_again
from serving.api.predictions import PredictionAnswer, prediction_answer, refuse_hidden, seen_by
from serving.api.shapes import Answer, study_named
from serving.security.permissions import GuardedRoute, OwnOrAll, Rescorer
from serving.wiring import Web, Wired

router = APIRouter(prefix="/api/v1", tags=["studies"], route_class=GuardedRoute)


class NoModelError(ConflictError):
    """Nothing serves, so nothing can answer."""

    code = "no-model"

    def __init__(self) -> None:
        super().__init__("no model is in production; two reviewers approve one first")


class KeptAnswer(PredictionAnswer):
    """One answer; `counts` is true for the one that list, report and feedback go by."""

    counts: bool
    asked_by: str | None


class AnswersAnswer(Answer):
    """Every answer on a study, the first first."""

    items: list[KeptAnswer]


class AskedAnswer(Answer):
    """What was queued."""

    study_instance_uid: str
    model_version: str


def version_serving(work: UnitOfWork, web: Web) -> VersionKey:
    """Return the version that serves; raise `NoModelError`."""
    production = work.models.production(web.task.name)
    if production is None:
        raise NoModelError
    return production.version


@router.get("/studies/{uid}/predictions")
def list_answers(uid: str, by: OwnOrAll, web: Wired) -> AnswersAnswer:
    """Return every answer on a study, the first first."""
    with web.look() as work:
        study = seen_by(work, by, study_named(uid))
        refuse_hidden(work, web, by, study.uid)
        kept = work.studies.answers(study.uid)
        latest = counting(kept)
        return AnswersAnswer(items=[_kept(work, each, counts=each is latest) for each in kept])


def _kept(work: UnitOfWork, prediction: Prediction, *, counts: bool) -> KeptAnswer:
    answer = prediction_answer(work, prediction).model_dump()
    if answer["heatmap"] is not None and not counts:
        answer["heatmap"] += f"?model={prediction.model_version}"
    return KeptAnswer(**answer, counts=counts, asked_by=prediction.asked_by)


@router.post("/studies/{uid}/predictions", status_code=202)
def ask_for_answer(uid: str, by: Rescorer, web: Wired) -> AskedAnswer:
    """Queue a study for the model that serves; 409 `already-answered` where it has answered."""
    study = study_named(uid)
    with web.work() as work:
        refuse_hidden(work, web, by, study)
        version = version_serving(work, web)
        ask_again(work, study, version, by=by.key, now=web.now())
        work.commit()
    web.worker.wake()
    return AskedAnswer(study_instance_uid=study, model_version=version)
