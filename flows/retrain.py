"""Dataset versions in, registered candidates out; never two retrainings at once."""

from dataclasses import replace

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from flows.slots import alone, is_passing
from overread.domain.retraining import Step
from pipeline.candidates import Plan, jobs_of, keep_trained, register_candidate, train_side_by_side
from pipeline.curve import Curve
from pipeline.retraining import change, under_way
from pipeline.services import pipeline_services


@task(retries=2, retry_delay_seconds=5, cache_policy=NO_CACHE, retry_condition_fn=is_passing)
def train(run_id: str, plans: list[Plan], flow_runs: list[str]) -> list[str]:
    """Train and register all planned candidates side by side; run again, trainings resume."""
    services = pipeline_services()
    jobs = jobs_of(services, plans)

    def tell(progress: float) -> None:
        change(services, run_id, lambda run: replace(run, progress=progress, step=Step.TRAINING))

    curve = Curve(services=services, run=run_id)
    trained = train_side_by_side(services, jobs, on_progress=tell, on_point=curve.tell)
    versions = [register_candidate(services, one, flow_runs=tuple(flow_runs)) for one in trained]
    keep_trained(services, run_id, trained, versions)
    return [str(version) for version in versions]


@flow(name="retrain")
def retrain(run_id: str, plans: list[Plan]) -> list[str]:
    """Return the versions of the candidates, in the order of their plans."""
    own = str(flow_run.get_id())
    with alone(), under_way(pipeline_services(), run_id, flow_run=own):
        versions: list[str] = train(run_id, plans, [own])
    return versions
