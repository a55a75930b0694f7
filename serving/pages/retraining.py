"""Retrainings: which run, which ran, what waits for the next one; start and cancel."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Response

from bootstrap.clock import new_id
from model_registry.retrainings import UNFINISHED, cancel_run, request_run, time_after
from model_registry.room import require_room
from overread.domain.adjudication import CaseState, Stage
from overread.domain.errors import NotFoundError, OverreadError
from overread.domain.models import RunState, TrainingRun
from overread.domain.people import Permission, Person
from overread.store.unit_of_work import UnitOfWork
from serving.api.retrainings import StartBody
from serving.pages.forms import Filled, Form, body_of
from serving.pages.links import flow_run_link, tracking_link
from serving.pages.progress_view import progress_view
from serving.pages.resources_view import resources_view
from serving.pages.routing import PageRoute
from serving.pages.triggers_view import triggers_view
from serving.pages.visits import Visit, Visiting, back_to
from serving.security.permissions import RetrainingCanceller, RetrainingStarter, RetrainingViewer

router = APIRouter(prefix="/retraining", include_in_schema=False, route_class=PageRoute)

MOST_RUNS = 50
STOP_POLLING = 286  # htmx asks no more


@router.get("")
def show_retrainings(by: RetrainingViewer, visit: Visiting) -> Response:
    """Show the run in progress, those before, and what waits for the next."""
    return _page(visit, by)


@router.get("/{run}/progress")
def show_progress(run: str, _by: RetrainingViewer, visit: Visiting) -> Response:
    """Show how far a retraining is; once it has ended, have the page loaded again and ask no more."""
    with visit.web.look() as work:
        found, points, after = work.monitoring.run(run), work.monitoring.points(run), time_after(work)
    if found.state not in UNFINISHED:
        return Response(status_code=STOP_POLLING, headers={"HX-Refresh": "true"})
    return visit.page(
        "retraining/_progress.html", counted=False, progress=progress_view(visit, found, points, after)
    )


@router.post("")
def start(by: RetrainingStarter, visit: Visiting, form: Form) -> Response:
    """Ask for a retraining now, and say why; a double click asks once."""
    web = visit.web
    try:
        why = body_of(StartBody, {"reason": form.text("reason").strip()}).reason
        with web.work() as work:
            require_room(work, web.services.settings.folder)
            request_run(work, form.key(), by=by.key, now=web.now(), reason=why)
            work.commit()
    except OverreadError as error:
        return _page(visit, by, error=error, typed=form)
    return back_to("/retraining")


@router.post("/{run}/cancel")
def cancel(run: str, by: RetrainingCanceller, visit: Visiting, form: Form) -> Response:
    """Call a retraining off."""
    del form
    web = visit.web
    try:
        with web.work() as work:
            cancel_run(work, run, by=by.key, now=web.now())
            work.commit()
    except NotFoundError:
        raise
    except OverreadError as error:
        return _page(visit, by, error=error)
    return back_to("/retraining")


def _page(
    visit: Visit, by: Person, *, error: OverreadError | None = None, typed: Filled | None = None
) -> Response:
    with visit.web.look() as work:
        runs = work.monitoring.runs()
        made = _made(work, visit)
        waiting, dataset, triggers = _waiting(work), _dataset(work, visit), triggers_view(work, visit)
        after = time_after(work)
        under_way = [
            (run, progress_view(visit, run, work.monitoring.points(run.id), after))
            for run in runs
            if run.state in UNFINISHED
        ]
    view = {
        "key": new_id(),
        "may_start": by.may(Permission.RUN_RETRAININGS),
        "may_cancel": by.may(Permission.CANCEL_RETRAININGS),
        "running": [_run(visit, run, made) | {"now": now} for run, now in under_way],
        "waits": any(run.state is RunState.WAITING for run, _ in under_way),
        "triggers": triggers,
        "resources": resources_view(visit, runs),
        "runs": [_run(visit, run, made) for run in runs[:MOST_RUNS]],
        "waiting": waiting,
        "dataset": dataset,
    }
    return visit.page(
        "retraining/page.html",
        view=view,
        error=error,
        typed=typed,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Candidate:
    """What a run's line says of a version it made."""

    version: str
    dataset: str
    verdict: str | None
    tracking: str | None


def _made(work: UnitOfWork, visit: Visit) -> dict[str, _Candidate]:
    """Return every version with its dataset, verdict and run in MLflow."""
    verdicts = {str(request.version): request.verdict for request in work.models.requests()}
    settings = visit.web.services.settings
    return {
        str(model.version): _Candidate(
            version=str(model.version),
            dataset=model.lineage.dataset_version,
            verdict=verdicts.get(str(model.version)),
            tracking=tracking_link(settings, model.lineage.run),
        )
        for model in work.models.all()
    }


def _run(visit: Visit, run: TrainingRun, made: Mapping[str, _Candidate]) -> dict[str, Any]:
    """Return one run's line; `made` says what each version was trained on, and its verdict."""
    formats = visit.formats
    candidates = [made[version] for version in run.candidates if version in made]
    datasets = [candidate.dataset for candidate in candidates]
    if run.dataset_version is not None:
        datasets = [run.dataset_version]
    return {
        "id": run.id,
        "state": run.state.value,
        "at": formats.instant(run.requested_at),
        "by": run.requested_by,
        "trigger": run.trigger,
        "datasets": list(dict.fromkeys(version[:12] for version in datasets)),
        "candidates": candidates,
        "message": run.message,
        "reason": run.reason,
        "flow_run": flow_run_link(visit.web.services.settings, run.flow_run),
        "took": formats.duration(None if run.finished_at is None else run.finished_at - run.requested_at),
    }


def _waiting(work: UnitOfWork) -> list[dict[str, object]]:
    """Return the cases by what they wait for, and the errata of test patients, which never train."""
    stages = [case.stage for case in work.cases.in_state(CaseState.OPEN)]
    return [
        *_counted(stages),
        {"name": "closed", "n": work.cases.count_by_state().get(CaseState.CLOSED, 0)},
        {"name": "errata", "n": len(work.labels.errata())},
    ]


def _counted(stages: list[Stage]) -> list[dict[str, object]]:
    return [{"name": stage.value, "n": stages.count(stage)} for stage in Stage]


def _dataset(work: UnitOfWork, visit: Visit) -> dict[str, object] | None:
    datasets = work.datasets.all()
    if not datasets:
        return None
    latest = datasets[-1]
    return {
        "version": latest.version[:16],
        "corrections": latest.corrections,
        "at": visit.formats.instant(latest.created_at),
    }
