"""Model versions, and the way back to the one before."""

import time

from fastapi import APIRouter
from pydantic import Field

from model_registry.promotion import roll_back
from overread.domain.models import ModelState, ModelVersion
from serving.api.shapes import Answer, Body, Instant, Listed, Words
from serving.cursors import Paging, page_of
from serving.security.permissions import GuardedRoute, ModelViewer, RollBacker
from serving.wiring import Wired

router = APIRouter(prefix="/api/v1/models", tags=["models"], route_class=GuardedRoute)


class LineageAnswer(Answer):
    """From labels to weights."""

    parent: str | None
    dataset_version: str
    corrections: int
    code: str
    run: str


class ModelAnswer(Answer):
    """One version."""

    version: str
    state: ModelState
    digest: str
    trained_at: Instant
    lineage: LineageAnswer


class RollbackBody(Body):
    """Why the model before comes back."""

    reason: Words = ""


class RollbackAnswer(Answer):
    """Which version went, which came, and how long it took."""

    gone: str = Field(serialization_alias="from")
    to: str
    at: Instant
    seconds: float


def model_answer(model: ModelVersion) -> ModelAnswer:
    """Return the wire's shape of a version."""
    made = model.lineage
    return ModelAnswer(
        version=model.version,
        state=model.state,
        digest=model.digest,
        trained_at=model.trained_at,
        lineage=LineageAnswer(
            parent=made.parent,
            dataset_version=made.dataset_version,
            corrections=made.corrections,
            code=made.code,
            run=made.run,
        ),
    )


@router.get("")
def list_models(_by: ModelViewer, web: Wired, paging: Paging) -> Listed[ModelAnswer]:
    """Return every version, the latest first."""
    with web.look() as work:
        models = work.models.all()[::-1]
    page, cursor = page_of(models, paging, web.cursors, of="models", key=lambda model: model.version)
    return Listed(items=[model_answer(model) for model in page], next_cursor=cursor)


@router.post("/rollback")
def go_back(by: RollBacker, web: Wired, body: RollbackBody | None = None) -> RollbackAnswer:
    """Put the previous production model back; answered once this process serves it."""
    began = time.perf_counter()
    now = web.now()
    with web.work() as work:
        gone, back = roll_back(
            work, task=web.task.name, by=by.key, reason="" if body is None else body.reason, now=now
        )
        work.commit()
    if web.scoring:
        web.slot.follow()
    web.worker.wake()
    return RollbackAnswer(gone=gone, to=back, at=now, seconds=time.perf_counter() - began)
