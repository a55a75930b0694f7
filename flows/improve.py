"""The whole loop: labels to dataset, dataset to candidate, candidate to verdict, verdict to request."""

from prefect import flow
from prefect.runtime import flow_run

from flows.compare import compare
from flows.drift import drift
from flows.promote import hand_on_flow, promote
from flows.relabel import relabel
from flows.retrain import retrain
from flows.sweep import sweep
from overread.domain.identifiers import PersonKey
from overread.domain.models import TrainingRun
from pipeline.candidates import Plan
from pipeline.retraining import next_waiting, request_run
from pipeline.services import pipeline_services


@flow(name="improve")
def improve(run_id: str | None = None, requested_by: str = "overread") -> str:
    """Retrain on corrections, compare, check drift, ask two people; return the candidate's version."""
    services = pipeline_services()
    own = str(flow_run.get_id())
    run = request_run(services, run_id or own, by=PersonKey(requested_by), trigger="flow")
    with services.storage.look() as work:
        first = work.models.production(services.task.name) is None
    recipe, variant = plan_of(services.task.name, first=first)
    dataset = relabel()
    (version,) = retrain(run.id, [Plan(dataset=dataset, recipe=recipe, variant=variant)])
    compared = compare(version, by=requested_by)
    checked = None if first else drift()
    return promote(
        compared["record"],
        drift_check=str(checked["check"]) if checked else None,
        requested_by=requested_by,
        flow_runs=[own],
    )


def plan_of(task: str, *, first: bool) -> tuple[str, str | None]:
    """Return recipe and variant of a task's next training."""
    return ("demo" if task == "demo" else "production"), (None if first else "v2")


@flow(name="attend")
def attend() -> str | None:
    """Sweep, hand on, and take up the retraining that has waited longest; return its candidate."""
    sweep()
    hand_on_flow()
    waiting: TrainingRun | None = next_waiting(pipeline_services())
    return None if waiting is None else improve(waiting.id, requested_by=waiting.requested_by)
