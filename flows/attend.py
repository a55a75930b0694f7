"""Looks for work every minute; imports nothing heavy, since mostly there is none."""

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client

from flows.follow import hand_on_flow
from flows.sweep import sweep
from pipeline.retraining import next_waiting
from pipeline.services import pipeline_services
from pipeline.triggers import start_due

IMPROVE = "improve/improve"


@task(cache_policy=NO_CACHE)
def triggered() -> str | None:
    """Ask for the retraining that a trigger starts now; return what started it."""
    run = start_due(pipeline_services())
    return None if run is None else run.trigger


@flow(name="attend")
def attend(training: str | None = None) -> str | None:
    """Sweep, hand on, pull triggers, start the retraining that has waited longest; return its flow run.

    Told twice before it has begun, it is started once; put back by the sweeper, it is started anew.
    """
    sweep()
    hand_on_flow()
    triggered()
    waiting = next_waiting(pipeline_services())
    if waiting is None:
        return None
    attempt = "first" if waiting.heartbeat is None else waiting.heartbeat.isoformat()
    parameters = {"run_id": waiting.id, "requested_by": waiting.requested_by, "training": training}
    with get_client(sync_client=True) as client:
        started = client.create_flow_run_from_deployment(
            client.read_deployment_by_name(IMPROVE).id,
            parameters=parameters,
            idempotency_key=f"{waiting.id}:{attempt}",
        )
    return str(started.id)
