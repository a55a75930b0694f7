"""The whole loop: labels to dataset, dataset to candidate, candidate to verdict, verdict to request."""

from dataclasses import replace

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Cancelled

from flows.compare import compare
from flows.drift import drift
from flows.promote import promote
from flows.relabel import relabel
from flows.retrain import train
from flows.slots import alone
from overread.domain.identifiers import PersonKey
from overread.domain.models import RunState, TrainingRun
from overread.domain.retraining import Step
from pipeline.candidates import Plan
from pipeline.retraining import CancelledError, change, request_run, under_way
from pipeline.services import PipelineServices, pipeline_services


@flow(name="improve")
def improve(
    run_id: str | None = None, requested_by: str = "overread", training: str | None = None
) -> str | State[str]:
    """Retrain on corrections, compare, check drift, ask two people; return the candidate's version.

    Started again after its process died, it goes on with the same dataset, training and look; done before,
    it changes nothing. `training` names another recipe than the task's own.
    """
    services, own = pipeline_services(), str(flow_run.get_id())
    asked = request_run(services, run_id or own, by=PersonKey(requested_by), trigger="flow")
    if asked.state is RunState.DONE:
        return asked.candidates[0]
    try:
        with alone(), under_way(services, asked.id, flow_run=own) as run:
            return _steps(services, run, training=training, own=own)
    except CancelledError as cancelled:
        return Cancelled(message=str(cancelled))


def _steps(services: PipelineServices, run: TrainingRun, *, training: str | None, own: str) -> str:
    with services.storage.look() as work:
        first = work.models.production(services.task.name) is None
    recipe, variant = plan_of(services.task.name, first=first)
    change(services, run.id, lambda run: replace(run, step=Step.DATASET))
    dataset = run.dataset_version or relabel()
    change(services, run.id, lambda run: replace(run, dataset_version=dataset))
    (version,) = train(run.id, [Plan(dataset=dataset, recipe=training or recipe, variant=variant)], [own])
    change(services, run.id, lambda run: replace(run, step=Step.COMPARING))
    compared = compare(version, by=run.requested_by)
    checked = None if first else drift()
    change(services, run.id, lambda run: replace(run, step=Step.ASKING))
    return promote(
        compared["record"],
        drift_check=str(checked["check"]) if checked else None,
        requested_by=run.requested_by,
        flow_runs=[own],
    )


def plan_of(task: str, *, first: bool) -> tuple[str, str | None]:
    """Return recipe and variant of a task's next training."""
    return ("demo" if task == "demo" else "production"), (None if first else "v2")
