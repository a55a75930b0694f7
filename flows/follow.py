"""What promotions, rollbacks, shadows, reader studies and audits left to do is done."""

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from pipeline.following import hand_on
from pipeline.services import pipeline_services


@task(retries=2, retry_delay_seconds=5, cache_policy=NO_CACHE)
def follow() -> int:
    """Move MLflow's alias to what serves, and tell it what shadows, readers and audits showed."""
    return hand_on(pipeline_services())


@flow(name="hand-on")
def hand_on_flow() -> int:
    """Do what promotions, rollbacks, shadows, reader studies and audits left to do."""
    return follow()
