"""Retrainings: which ran, start one, call one off."""

from fastapi import APIRouter

from bootstrap.clock import new_id
from model_registry.retrainings import cancel_run, request_run
from overread.domain.identifiers import Identifier
from overread.domain.models import RunState, TrainingRun
from serving.api.shapes import Answer, Instant, Listed, named
from serving.cursors import Paging, page_of
from serving.security.permissions import (
    GuardedRoute,
    RetrainingCanceller,
    RetrainingStarter,
    RetrainingViewer,
)
from serving.wiring import Wired

router = APIRouter(prefix="/api/v1/retrainings", tags=["retrainings"], route_class=GuardedRoute)


class RetrainingAnswer(Answer):
    """One retraining; `progress` runs from 0 to 1."""

    id: str
    state: RunState
    requested_by: str
    requested_at: Instant
    trigger: str
    progress: float
    step: str
    flow_run: str | None
    dataset_version: str | None
    candidates: list[str]
    finished_at: Instant | None
    message: str


def retraining_answer(run: TrainingRun) -> RetrainingAnswer:
    """Return the wire's shape of a retraining."""
    return RetrainingAnswer(
        id=run.id,
        state=run.state,
        requested_by=run.requested_by,
        requested_at=run.requested_at,
        trigger=run.trigger,
        progress=run.progress,
        step=run.step,
        flow_run=run.flow_run,
        dataset_version=run.dataset_version,
        candidates=list(run.candidates),
        finished_at=run.finished_at,
        message=run.message,
    )


@router.get("")
def list_retrainings(_by: RetrainingViewer, web: Wired, paging: Paging) -> Listed[RetrainingAnswer]:
    """Return retrainings, the latest first."""
    with web.look() as work:
        runs = work.monitoring.runs()
    page, cursor = page_of(runs, paging, web.cursors, of="retrainings", key=lambda run: run.id)
    return Listed(items=[retraining_answer(run) for run in page], next_cursor=cursor)


@router.post("", status_code=202)
def start(by: RetrainingStarter, web: Wired) -> RetrainingAnswer:
    """Ask for a retraining now; it begins once no other runs."""
    with web.work() as work:
        run = request_run(work, new_id(), by=by.key, now=web.now())
        work.commit()
    return retraining_answer(run)


@router.delete("/{run}")
def cancel(run: str, by: RetrainingCanceller, web: Wired) -> RetrainingAnswer:
    """Call a retraining off."""
    with web.work() as work:
        cancelled = cancel_run(work, named(Identifier, run), by=by.key, now=web.now())
        work.commit()
    return retraining_answer(cancelled)
