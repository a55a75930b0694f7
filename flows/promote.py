"""A comparison and a drift check become a request."""

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from flows.follow import hand_on_flow
from overread.domain.identifiers import Digest, PersonKey
from pipeline.promoting import ask_for_promotion
from pipeline.services import pipeline_services

__all__ = ["hand_on_flow", "promote"]


@task(retries=2, retry_delay_seconds=5, cache_policy=NO_CACHE)
def ask(record: str, drift_check: str | None, requested_by: str, flow_runs: list[str]) -> str:
    """Open the request, once."""
    return ask_for_promotion(
        pipeline_services(),
        Digest(record),
        requested_by=PersonKey(requested_by),
        drift_check=drift_check,
        flow_runs=tuple(flow_runs),
    )


@flow(name="promote")
def promote(
    record: str,
    drift_check: str | None = None,
    requested_by: str = "overread",
    flow_runs: list[str] | None = None,
) -> str:
    """Ask two people to decide about the candidate of a comparison; return its version."""
    return ask(record, drift_check, requested_by, [*(flow_runs or []), str(flow_run.get_id())])
