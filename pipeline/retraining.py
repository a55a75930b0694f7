"""The life of one retraining: asked for, taken up, beating, done; swept up and taken up again when killed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from feedback.datasets import Recipe, build
from overread.domain.audit import AuditEvent
from overread.domain.errors import ConflictError
from overread.domain.identifiers import PersonKey
from overread.domain.models import RunState, TrainingRun
from overread.store.unit_of_work import UnitOfWork
from pipeline.services import PipelineServices

SILENT = timedelta(minutes=2)
_ENDED = frozenset({RunState.DONE, RunState.FAILED, RunState.CANCELLED})


def request_run(services: PipelineServices, run_id: str, *, by: PersonKey, trigger: str) -> TrainingRun:
    """Ask for a retraining; asking again under the same id changes nothing."""
    now = services.now()
    with services.storage.work() as work:
        known = {run.id: run for run in work.monitoring.runs()}
        if run_id in known:
            return known[run_id]
        run = TrainingRun(
            id=run_id, state=RunState.WAITING, requested_by=by, requested_at=now, trigger=trigger
        )
        work.monitoring.add_run(run)
        _record(work, run, "retraining-asked", by=by, at=now)
        work.commit()
    return run


def take_up(services: PipelineServices, run_id: str, *, flow_run: str | None) -> TrainingRun:
    """Mark a waiting retraining as running in this process; raise `ConflictError` where another one runs."""
    now = services.now()
    with services.storage.work() as work:
        running = [run for run in work.monitoring.runs(state=RunState.RUNNING) if run.id != run_id]
        if running:
            raise ConflictError("another retraining is running; this one waits for its turn")
        run = work.monitoring.run(run_id)
        if run.state in _ENDED:
            raise ConflictError(f"this retraining is {run.state}; ask for a new one")
        run = replace(run, state=RunState.RUNNING, heartbeat=now, flow_run=flow_run)
        work.monitoring.save_run(run)
        work.commit()
    return run


def next_waiting(services: PipelineServices) -> TrainingRun | None:
    """Return the retraining that has waited longest, while none runs."""
    with services.storage.look() as work:
        if work.monitoring.runs(state=RunState.RUNNING):
            return None
        waiting = work.monitoring.runs(state=RunState.WAITING)
    return waiting[-1] if waiting else None


def change(
    services: PipelineServices, run_id: str, told: Callable[[TrainingRun], TrainingRun]
) -> TrainingRun:
    """Keep what is new about a retraining, and that its process lives; raise where a person cancelled it."""
    with services.storage.work() as work:
        run = work.monitoring.run(run_id)
        if run.state is RunState.CANCELLED:
            raise ConflictError("this retraining was cancelled")
        run = replace(told(run), heartbeat=services.now())
        work.monitoring.save_run(run)
        if run.state in _ENDED:
            _record(work, run, f"retraining-{run.state}", by=PersonKey("overread"), at=services.now())
        work.commit()
    return run


def finish(services: PipelineServices, run_id: str, *, state: RunState, message: str = "") -> TrainingRun:
    """End a retraining."""
    now = services.now()
    return change(
        services,
        run_id,
        lambda run: replace(
            run,
            state=state,
            finished_at=now,
            message=message,
            progress=1.0 if state is RunState.DONE else run.progress,
        ),
    )


def sweep(services: PipelineServices, *, silent_for: timedelta = SILENT) -> list[str]:
    """Put back retrainings whose process has said nothing for a while; they go on from their checkpoints."""
    now = services.now()
    swept = []
    with services.storage.work() as work:
        for run in work.monitoring.runs(state=RunState.RUNNING):
            if run.heartbeat is None or now - run.heartbeat > silent_for:
                work.monitoring.save_run(
                    replace(run, state=RunState.WAITING, message="its process died; it resumes")
                )
                _record(work, run, "retraining-swept", by=PersonKey("overread"), at=now)
                swept.append(run.id)
        work.commit()
    services.tracking.sweep(now=now, silent_for=silent_for)
    return swept


def build_dataset(services: PipelineServices, recipe: Recipe, *, by: str) -> str:
    """Freeze a dataset version from what is labelled now and return its version."""
    with services.storage.work() as work:
        dataset = build(
            work, services.storage.objects, task=services.task, recipe=recipe, by=by, now=services.now()
        )
        work.commit()
    return dataset.version


def _record(work: UnitOfWork, run: TrainingRun, action: str, *, by: PersonKey, at: datetime) -> None:
    subject = f"{action}:{run.id}:{at.isoformat()}"
    details = {"run": run.id, "trigger": run.trigger, "message": run.message}
    work.audit.append(AuditEvent(at=at, by=by, action=action, subject=subject, details=details))
