"""Ask for a retraining and call one off: rows that the flows read; nothing is trained here."""

from dataclasses import replace
from datetime import datetime

from model_registry.room import LATEST
from overread.domain.audit import AuditEvent
from overread.domain.errors import ConflictError
from overread.domain.identifiers import PersonKey
from overread.domain.models import RunState, TrainingRun
from overread.domain.resources import TimeAfter
from overread.domain.retraining import Step
from overread.store.unit_of_work import UnitOfWork

UNFINISHED = frozenset({RunState.WAITING, RunState.RUNNING, RunState.STOPPING})


class AlreadyWaitingError(ConflictError):
    """One retraining waits already; a second one would learn the same."""

    code = "already-waiting"

    def __init__(self) -> None:
        super().__init__("a retraining is waiting already; it sees all that is adjudicated until it starts")


def time_after(work: UnitOfWork) -> TimeAfter | None:
    """Return how long the latest retrainings went on after their training, up to asking for review."""
    return TimeAfter.of(work.monitoring.went_on(past=Step.ASKING, limit=LATEST))


def request_run(
    work: UnitOfWork, run_id: str, *, by: PersonKey, now: datetime, reason: str = ""
) -> TrainingRun:
    """Ask for a retraining, which starts once no other runs; under the same id it is asked for once."""
    runs = work.monitoring.runs()
    if known := [run for run in runs if run.id == run_id]:
        return known[0]
    if any(run.state is RunState.WAITING for run in runs):
        raise AlreadyWaitingError
    run = TrainingRun(id=run_id, state=RunState.WAITING, requested_by=by, requested_at=now, reason=reason)
    work.monitoring.add_run(run)
    details = {"why": reason} if reason else {}
    work.audit.append(AuditEvent(at=now, by=by, action="retraining-asked", subject=run.id, details=details))
    return run


def cancel_run(work: UnitOfWork, run_id: str, *, by: PersonKey, now: datetime) -> TrainingRun:
    """Call a retraining off: one that waits ends at once, one that runs once its process has let go.

    Called off twice, it is called off once.

    Raises
    ------
    ConflictError
        It has ended already.
    """
    run = work.monitoring.run(run_id)
    if run.state is RunState.STOPPING:
        return run
    if run.state not in UNFINISHED:
        raise ConflictError(f"this retraining is {run.state} already")
    if run.state is RunState.WAITING:
        run = replace(run, state=RunState.CANCELLED, finished_at=now)
    else:
        run = replace(run, state=RunState.STOPPING)
    work.monitoring.save_run(run)
    work.audit.append(AuditEvent(at=now, by=by, action="retraining-cancelled", subject=f"cancelled:{run.id}"))
    return run
