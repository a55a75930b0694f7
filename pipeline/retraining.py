"""The life of one retraining: asked for, taken up, beating, done; swept up and taken up again when killed."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from threading import Event, Thread

from feedback.datasets import Recipe, gather, keep
from model_registry.retrainings import cancel_run
from model_registry.room import require_room
from monitoring.alerts import raise_once, resolve_gone
from overread.domain.alerts import Urgency
from overread.domain.audit import SYSTEM, AuditEvent
from overread.domain.errors import ConflictError, NotFoundError
from overread.domain.identifiers import PersonKey
from overread.domain.models import RunState, TrainingRun
from overread.store.failures import FAILURES
from overread.store.unit_of_work import UnitOfWork
from pipeline.leaks import hidden_leaks
from pipeline.room import has_room
from pipeline.services import PipelineServices

SILENT = timedelta(minutes=2)
BEAT_SECONDS = 10.0
logger = logging.getLogger(__name__)
_ENDED = frozenset({RunState.DONE, RunState.FAILED, RunState.CANCELLED})
_CALLED_OFF = frozenset({RunState.STOPPING, RunState.CANCELLED})
FAILED_ALERT = "retraining-failed"


class CancelledError(ConflictError):
    """A person called the retraining off."""

    code = "cancelled"

    def __init__(self) -> None:
        super().__init__("this retraining was cancelled; ask for a new one")


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
    """Mark a retraining as running in this process; raise `ConflictError` where it, or another one, runs."""
    now = services.now()
    with services.storage.work() as work:
        for other in _held(work):
            if other.id != run_id:
                raise ConflictError("another retraining is running; this one waits for its turn")
            if other.flow_run != flow_run and not _is_silent(other, now, SILENT):
                raise ConflictError("this retraining is running in another process")
        run = work.monitoring.run(run_id)
        if run.state in _CALLED_OFF:
            raise CancelledError
        if run.state in _ENDED:
            raise ConflictError(f"this retraining is {run.state}; ask for a new one")
        run = replace(run, state=RunState.RUNNING, heartbeat=now, flow_run=flow_run, message="")
        work.monitoring.save_run(run)
        work.commit()
    return run


@contextmanager
def under_way(services: PipelineServices, run_id: str, *, flow_run: str | None) -> Iterator[TrainingRun]:
    """Hold a retraining while its steps run: taken up, beating, at the end done, or failed with its step.

    A process that is stopped or killed leaves it as it is, for the sweeper to put back.
    """
    run = take_up(services, run_id, flow_run=flow_run)
    with _letting_go(services, run_id):
        try:
            with services.storage.look() as work:
                require_room(work, services.settings.folder)
            with _beating(services, run_id):
                yield run
        except CancelledError:
            raise
        except Exception as error:
            finish(services, run_id, state=RunState.FAILED, message=str(error)[:500])
            raise
        finish(services, run_id, state=RunState.DONE)


@contextmanager
def _letting_go(services: PipelineServices, run_id: str) -> Iterator[None]:
    """Note that the process has stopped, where a person called the retraining off."""
    try:
        yield
    except CancelledError:
        let_go(services, run_id)
        raise


@contextmanager
def _beating(services: PipelineServices, run_id: str) -> Iterator[None]:
    """Say that the process lives for as long as the block runs."""
    over = Event()
    heart = Thread(target=_beat, args=(services, run_id, over), daemon=True)
    heart.start()
    try:
        yield
    finally:
        over.set()
        heart.join()


def _beat(services: PipelineServices, run_id: str, over: Event) -> None:
    """Say every few seconds that the process lives, whatever step it is at."""
    while not over.wait(BEAT_SECONDS):
        try:
            change(services, run_id, lambda run: run)
        except ConflictError:
            return  # cancelled: the next step hears of it
        except FAILURES:
            logger.warning("the database did not take a heartbeat; the next one may")


def next_waiting(services: PipelineServices) -> TrainingRun | None:
    """Return the retraining that has waited longest, while none runs and there is room for it."""
    with services.storage.look() as work:
        if _held(work):
            return None
        waiting = work.monitoring.runs(state=RunState.WAITING)
    return waiting[-1] if has_room(services) and waiting else None


def change(
    services: PipelineServices, run_id: str, told: Callable[[TrainingRun], TrainingRun]
) -> TrainingRun:
    """Keep what is new about a retraining, and that its process lives; raise where a person cancelled it."""
    with services.storage.work() as work:
        run = work.monitoring.run(run_id)
        if run.state in _CALLED_OFF:
            raise CancelledError
        if run.state is RunState.WAITING:  # swept while its process was only slow
            run = replace(run, state=RunState.RUNNING, message="")
        run = replace(told(run), heartbeat=services.now())
        work.monitoring.save_run(run)
        if run.state in _ENDED:
            _record(work, run, f"retraining-{run.state}", by=SYSTEM, at=services.now())
            _tell(work, run, now=services.now())
        work.commit()
    return run


def _tell(work: UnitOfWork, run: TrainingRun, *, now: datetime) -> None:
    """Alert to a retraining that failed; one that ends well resolves it."""
    if run.state is RunState.FAILED:
        facts = {"run": run.id[:8], "step": run.step}
        raise_once(
            work,
            FAILED_ALERT,
            Urgency.WARNING,
            facts,
            now=now,
            worse=lambda before: before["run"] != facts["run"],  # each failure is one of its own
        )
    elif run.state is RunState.DONE:
        resolve_gone(work, FAILED_ALERT, now=now)


def let_go(services: PipelineServices, run_id: str) -> None:
    """Note that the process of a retraining that was called off has stopped; twice changes nothing."""
    with services.storage.work() as work:
        run = work.monitoring.run(run_id)
        if run.state is RunState.STOPPING:
            run = replace(run, state=RunState.CANCELLED, finished_at=services.now())
            work.monitoring.save_run(run)
            _record(work, run, "retraining-stopped", by=SYSTEM, at=services.now())
            work.commit()


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


def sweep(services: PipelineServices, *, silent_for: timedelta = SILENT) -> list[TrainingRun]:
    """Put back retrainings whose process has said nothing for a while; they go on from their checkpoints.

    Returned as they were, with the flow run that died.
    """
    now = services.now()
    with services.storage.work() as work:
        dead = [run for run in _held(work) if _is_silent(run, now, silent_for)]
        for run in dead:
            work.monitoring.save_run(_swept(run, now))
            _record(work, run, "retraining-swept", by=SYSTEM, at=now)
        work.commit()
    services.tracking.sweep(now=now, silent_for=silent_for)
    return dead


def _swept(run: TrainingRun, now: datetime) -> TrainingRun:
    if run.state is RunState.STOPPING:
        return replace(run, state=RunState.CANCELLED, finished_at=now)
    return replace(run, state=RunState.WAITING, message="its process died; it resumes")


def _held(work: UnitOfWork) -> list[TrainingRun]:
    """Return the retrainings that a process holds."""
    return [
        run for state in (RunState.RUNNING, RunState.STOPPING) for run in work.monitoring.runs(state=state)
    ]


def _is_silent(run: TrainingRun, now: datetime, silent_for: timedelta) -> bool:
    return run.heartbeat is None or now - run.heartbeat > silent_for


def cancel(services: PipelineServices, *, by: PersonKey) -> TrainingRun:
    """Call off the retraining that runs or, if none does, the latest that waits; raise where none is."""
    with services.storage.work() as work:
        open_ = [*_held(work), *work.monitoring.runs(state=RunState.WAITING)]
        if not open_:
            raise NotFoundError("no retraining runs or waits; there is nothing to cancel")
        run = cancel_run(work, open_[0].id, by=by, now=services.now())
        work.commit()
    return run


def build_dataset(services: PipelineServices, recipe: Recipe, *, by: str) -> str:
    """Freeze a dataset version from what is labelled now and return its version."""
    with services.storage.look() as work:
        gathered = gather(
            work,
            task=services.task,
            recipe=recipe,
            compare=services.look_alikes,
            guard=partial(hidden_leaks, services),
        )
    with services.storage.work() as work:
        dataset = keep(work, services.storage.objects, gathered, by=by, now=services.now())
        work.commit()
    return dataset.version


def _record(work: UnitOfWork, run: TrainingRun, action: str, *, by: PersonKey, at: datetime) -> None:
    subject = f"{action}:{run.id}:{at.isoformat()}"
    details = {"run": run.id, "trigger": run.trigger, "message": run.message}
    work.audit.append(AuditEvent(at=at, by=by, action=action, subject=subject, details=details))
