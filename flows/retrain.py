"""Dataset versions in, registered candidates out; never two retrainings at once."""

from dataclasses import replace

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.concurrency.sync import concurrency
from prefect.runtime import flow_run

from overread.domain.models import RunState
from pipeline.candidates import Plan, jobs_of, register_candidate, train_side_by_side
from pipeline.retraining import change, finish, take_up
from pipeline.services import pipeline_services

LIMIT = "retrain"


@task(retries=2, retry_delay_seconds=5, cache_policy=NO_CACHE)
def train(run_id: str, plans: list[Plan], flow_runs: list[str]) -> list[str]:
    """Train and register all planned candidates side by side; run again, trainings resume."""
    services = pipeline_services()
    jobs = jobs_of(services, plans)

    def beat(progress: float) -> None:
        change(services, run_id, lambda run: replace(run, progress=progress, step="training"))

    trained = train_side_by_side(services, jobs, on_progress=beat)
    versions = [register_candidate(services, one, flow_runs=tuple(flow_runs)) for one in trained]
    change(services, run_id, lambda run: replace(run, candidates=tuple(versions), step="registered"))
    return [str(version) for version in versions]


@flow(name="retrain")
def retrain(run_id: str, plans: list[Plan]) -> list[str]:
    """Return the versions of the candidates, in the order of their plans."""
    services = pipeline_services()
    own = str(flow_run.get_id())
    with concurrency(LIMIT, strict=True):
        take_up(services, run_id, flow_run=own)
        try:
            versions = train(run_id, plans, [own])
        except BaseException as error:
            finish(services, run_id, state=RunState.FAILED, message=str(error)[:500])
            raise
        finish(services, run_id, state=RunState.DONE)
    return versions
