"""Runs whose process was killed are found, put back and closed."""

from datetime import timedelta

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from flows.slots import close_dead
from pipeline.retraining import SILENT
from pipeline.retraining import sweep as sweep_runs
from pipeline.services import pipeline_services


@task(cache_policy=NO_CACHE)
def dead_runs(silent_seconds: float) -> list[str]:
    """Put back retrainings that have said nothing for a while; close their runs in MLflow and in Prefect."""
    dead = sweep_runs(pipeline_services(), silent_for=timedelta(seconds=silent_seconds))
    for run in dead:
        if run.flow_run is not None:
            close_dead(run.flow_run)
    return [run.id for run in dead]


@flow(name="sweep")
def sweep(silent_seconds: float = SILENT.total_seconds()) -> list[str]:
    """Return the retrainings that were put back."""
    return dead_runs(silent_seconds)
