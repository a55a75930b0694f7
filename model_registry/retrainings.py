"""Ask for a retraining and call one off: rows that the flows read; nothing is trained here."""

from dataclasses import replace
from datetime import datetime

from overread.domain.audit import AuditEvent
from overread.domain.errors import ConflictError
from overread.domain.identifiers import PersonKey
from overread.domain.models import RunState, TrainingRun
from overread.store.unit_of_work import UnitOfWork

UNFINISHED = frozenset({RunState.WAITING, RunState.RUNNING})


class AlreadyWaitingError(ConflictError):
    """One retraining waits already; a second one would learn the same."""

    code = "already-waiting"

    def __init__(self) -> None:
        super().__init__("a retraining is waiting already; it sees all that is adjudicated until it starts")


def request_run(work: UnitOfWork, run_id: str, *, by: PersonKey, now: datetime) -> TrainingRun:
    """Ask for a retraining; it starts once no other runs."""
    if work.monitoring.runs(state=RunState.WAITING):
        raise AlreadyWaitingError
    run = TrainingRun(id=run_id, state=RunState.WAITING, requested_by=by, requested_at=now)
    work.monitoring.add_run(run)
    work.audit.append(AuditEvent(at=now, by=by, action="retraining-asked", subject=run.id))
    return run


def cancel_run(work: UnitOfWork, run_id: str, *, by: PersonKey, now: datetime) -> TrainingRun:
    """Call a retraining off; a running one stops at its next step.

    Raises
    ------
    ConflictError
        It has ended already.
    """
    run = work.monitoring.run(run_id)
    if run.state not in UNFINISHED:
        raise ConflictError(f"this retraining is {run.state} already")
    run = replace(run, state=RunState.CANCELLED, finished_at=now)
    work.monitoring.save_run(run)
    work.audit.append(AuditEvent(at=now, by=by, action="retraining-cancelled", subject=f"cancelled:{run.id}"))
    return run
