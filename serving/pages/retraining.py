"""Retrainings: which run, which ran, what waits for the next one; start and cancel."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Response

from bootstrap.clock import new_id
from model_registry.retrainings import cancel_run, request_run
from overread.domain.adjudication import CaseState, Stage
from overread.domain.errors import NotFoundError, OverreadError
from overread.domain.models import RunState, TrainingRun
from overread.domain.people import Permission, Person
from overread.store.unit_of_work import UnitOfWork
from serving.pages.formats import percent
from serving.pages.forms import Form
from serving.pages.routing import PageRoute, explained
from serving.pages.visits import Visit, Visiting, back_to
from serving.problems import status_of
from serving.security.permissions import RetrainingCanceller, RetrainingStarter, RetrainingViewer

router = APIRouter(prefix="/retraining", include_in_schema=False, route_class=PageRoute)

_UNDER_WAY = frozenset({RunState.WAITING, RunState.RUNNING})
MOST_RUNS = 50


@router.get("")
def show_retrainings(by: RetrainingViewer, visit: Visiting) -> Response:
    """Show the run in progress, those before, and what waits for the next."""
    return _page(visit, by)


@router.post("")
def start(by: RetrainingStarter, visit: Visiting, form: Form) -> Response:
    """Ask for a retraining now; a double click asks once."""
    web = visit.web
    try:
        with web.work() as work:
            request_run(work, form.key(), by=by.key, now=web.now())
            work.commit()
    except OverreadError as error:
        return _page(visit, by, error=error)
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


def _page(visit: Visit, by: Person, *, error: OverreadError | None = None) -> Response:
    with visit.web.look() as work:
        runs = work.monitoring.runs()
        made = {str(model.version): model.lineage.dataset_version for model in work.models.all()}
        waiting, dataset = _waiting(work), _dataset(work, visit)
    view = {
        "key": new_id(),
        "may_start": by.may(Permission.RUN_RETRAININGS),
        "may_cancel": by.may(Permission.CANCEL_RETRAININGS),
        "running": [_run(visit, run, made) for run in runs if run.state in _UNDER_WAY],
        "runs": [_run(visit, run, made) for run in runs[:MOST_RUNS]],
        "waiting": waiting,
        "dataset": dataset,
    }
    return visit.page(
        "retraining/page.html",
        status=200 if error is None else status_of(error),
        view=view,
        failure=None if error is None else explained(visit.words.text_or, error),
    )


def _run(visit: Visit, run: TrainingRun, made: Mapping[str, str]) -> dict[str, Any]:
    """Return one run's line; `made` says from which dataset each version was trained."""
    formats = visit.formats
    datasets = [made[version] for version in run.candidates if version in made]
    if run.dataset_version is not None:
        datasets = [run.dataset_version]
    return {
        "id": run.id,
        "state": run.state.value,
        "at": formats.instant(run.requested_at),
        "by": run.requested_by,
        "trigger": run.trigger,
        "datasets": list(dict.fromkeys(version[:12] for version in datasets)),
        "candidates": run.candidates,
        "step": run.step,
        "share": run.progress,
        "progress": percent(run.progress),
        "message": run.message,
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
