"""Retrainings: which ran, how one goes, what starts the next; start one, call one off."""

from fastapi import APIRouter

from bootstrap.clock import new_id
from model_registry.retrainings import cancel_run, request_run, time_after
from model_registry.room import require_room, room_in
from model_registry.triggers import standing_of
from overread.domain.identifiers import Identifier
from overread.domain.models import RunState, TrainingRun
from overread.domain.retraining import Trigger, due
from serving.api.shapes import Answer, Body, Instant, Listed, Reason, named
from serving.cursors import Paging, page_of
from serving.security.permissions import (
    GuardedRoute,
    RetrainingCanceller,
    RetrainingStarter,
    RetrainingViewer,
)
from serving.wiring import Wired

router = APIRouter(prefix="/api/v1/retrainings", tags=["retrainings"], route_class=GuardedRoute)


class DeviceAnswer(Answer):
    """Where a training computed; `memory` in bytes."""

    place: str
    name: str
    memory: int


class RetrainingAnswer(Answer):
    """One retraining; `progress` runs from 0 to 1, `disk` is the most bytes that its trainings held."""

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
    reason: str
    device: DeviceAnswer | None
    disk: int | None


class StartBody(Body):
    """Why a person asks for a retraining."""

    reason: Reason


class PointAnswer(Answer):
    """How one training of a run stood; `done` of `of` steps, `tuning_auc` null where not measured."""

    name: str
    job: str
    at: Instant
    stage: str
    done: int
    of: int
    loss: float
    tuning_auc: float | None


class FollowedAnswer(RetrainingAnswer):
    """One retraining with the curves of its trainings so far."""

    points: list[PointAnswer]


class TriggerAnswer(Answer):
    """A trigger, and how many newly settled cases it needs."""

    trigger: Trigger
    needed: int


class TriggersAnswer(Answer):
    """When the next retraining starts by itself; `due` is the trigger that starts it now."""

    settled: int
    drifting: bool
    since: Instant | None
    triggers: list[TriggerAnswer]
    next_date: Instant
    due: Trigger | None


class RangeAnswer(Answer):
    """Seconds, of `n` retrainings."""

    shortest: float
    longest: float
    n: int


class ResourcesAnswer(Answer):
    """Bytes free, in all, and needed by the largest of the last retrainings; null where none is known."""

    free: int
    total: int
    needed: int | None
    suffices: bool
    after_training: RangeAnswer | None


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
        reason=run.reason,
        device=None if run.device is None else DeviceAnswer.model_validate(run.device, from_attributes=True),
        disk=run.disk,
    )


@router.get("")
def list_retrainings(_by: RetrainingViewer, web: Wired, paging: Paging) -> Listed[RetrainingAnswer]:
    """Return retrainings, the latest first."""
    with web.look() as work:
        runs = work.monitoring.runs()
    page, cursor = page_of(runs, paging, web.cursors, of="retrainings", key=lambda run: run.id)
    return Listed(items=[retraining_answer(run) for run in page], next_cursor=cursor)


@router.get("/triggers")
def show_triggers(_by: RetrainingViewer, web: Wired) -> TriggersAnswer:
    """Return what starts the next retraining, and how close it is."""
    zone = web.services.settings.zone
    triggers = web.task.triggers
    with web.look() as work:
        standing = standing_of(work)
    return TriggersAnswer(
        settled=standing.settled,
        drifting=standing.drifting,
        since=standing.since,
        triggers=[TriggerAnswer(trigger=each, needed=triggers.needed(each)) for each in Trigger],
        next_date=triggers.next_date(web.now(), zone),
        due=due(triggers, standing, now=web.now(), zone=zone),
    )


@router.get("/resources")
def show_resources(_by: RetrainingViewer, web: Wired) -> ResourcesAnswer:
    """Return the room on the disk for another training, and how long the last ones went on after theirs."""
    with web.look() as work:
        room, after = room_in(web.services.settings.folder, work.monitoring.runs()), time_after(work)
    return ResourcesAnswer(
        free=room.free,
        total=room.total,
        needed=room.needed,
        suffices=room.suffices,
        after_training=None
        if after is None
        else RangeAnswer(
            shortest=after.shortest.total_seconds(), longest=after.longest.total_seconds(), n=after.n
        ),
    )


@router.get("/{run}")
def show(run: str, _by: RetrainingViewer, web: Wired) -> FollowedAnswer:
    """Return one retraining with the curves of its trainings so far."""
    with web.look() as work:
        found = work.monitoring.run(named(Identifier, run))
        points = work.monitoring.points(found.id)
    told = [PointAnswer.model_validate(point, from_attributes=True) for point in points]
    return FollowedAnswer(**retraining_answer(found).model_dump(), points=told)


@router.post("", status_code=202)
def start(by: RetrainingStarter, web: Wired, body: StartBody | None = None) -> RetrainingAnswer:
    """Ask for a retraining now, and say why if you will; it begins once no other runs."""
    reason = "" if body is None else body.reason
    with web.work() as work:
        require_room(work, web.services.settings.folder)
        run = request_run(work, new_id(), by=by.key, now=web.now(), reason=reason)
        work.commit()
    return retraining_answer(run)


@router.delete("/{run}")
def cancel(run: str, by: RetrainingCanceller, web: Wired) -> RetrainingAnswer:
    """Call a retraining off; one that runs is `stopping` until its process has let go."""
    with web.work() as work:
        cancelled = cancel_run(work, named(Identifier, run), by=by.key, now=web.now())
        work.commit()
    return retraining_answer(cancelled)
