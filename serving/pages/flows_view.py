"""What runs by itself: the retraining under way or the last one, the drift check, the shadow."""

from typing import Any

from model_registry.retrainings import UNFINISHED
from overread.domain.people import Permission, Person
from overread.store.unit_of_work import UnitOfWork
from serving.pages.formats import NOTHING, percent
from serving.pages.links import flow_run_link
from serving.pages.visits import Visit


def flows_view(work: UnitOfWork, visit: Visit, by: Person) -> dict[str, Any]:
    """Return the flows with how they stand, and where the site shows Prefect and MLflow."""
    settings = visit.web.services.settings
    return {
        "rows": [_retraining(work, visit, by), _drift(work, visit), _shadow(work, visit)],
        "prefect": settings.prefect_ui or None,
        "mlflow": settings.mlflow_ui or None,
    }


def _retraining(work: UnitOfWork, visit: Visit, by: Person) -> dict[str, Any]:
    runs = work.monitoring.runs()
    under_way = [run for run in runs if run.state in UNFINISHED]
    shown = (under_way or runs)[:1]
    href = "/retraining" if by.may(Permission.SEE_RETRAININGS) else None
    row = _row(visit.words.text("retraining.title"), NOTHING, href=href)
    for run in shown:
        row["said"] = visit.words.text(f"run.{run.state}")
        if run.state in UNFINISHED and run.step:
            row["said"] += f" · {visit.words.text_or(f'retraining.step.{run.step}', run.step)}"
        in_progress = run.state in UNFINISHED
        row["at"] = percent(run.progress) if in_progress else visit.formats.instant(run.finished_at)
        row["prefect"] = flow_run_link(visit.web.services.settings, run.flow_run)
    return row


def _drift(work: UnitOfWork, visit: Visit) -> dict[str, Any]:
    checks = work.monitoring.checks(limit=1)
    said = visit.words.text("monitoring.flow.daily" if checks else "monitoring.no_drift")
    at = visit.formats.instant(checks[0].at) if checks else NOTHING
    return _row(visit.words.text("monitoring.drift"), said, at=at, href="#drift")


def _shadow(work: UnitOfWork, visit: Visit) -> dict[str, Any]:
    running = work.shadows.running(visit.web.task.name)
    said = visit.words.text("monitoring.flow.no_shadow")
    if running is not None:
        said = visit.words.text("monitoring.flow.shadow", version=running.candidate)
    return _row(visit.words.text("monitoring.flow.shadows"), said)


def _row(name: str, said: str, *, at: str = "", href: str | None = None) -> dict[str, Any]:
    return {"name": name, "said": said, "at": at, "href": href, "prefect": None}
