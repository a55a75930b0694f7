"""Whether the intake still looks like what production was tested on."""

from datetime import timedelta

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from pipeline.drifting import MOST, check_drift
from pipeline.services import pipeline_services


@task(retries=1, retry_delay_seconds=5, cache_policy=NO_CACHE)
def check(days: float, most: int) -> dict[str, str | bool | None]:
    """Check the latest window and keep verdict and report."""
    kept = check_drift(pipeline_services(), window=timedelta(days=days), most=most)
    return {"check": kept.id, "passed": kept.verdict.passed, "drifted": ", ".join(kept.verdict.drifted)}


@flow(name="drift")
def drift(days: float = 7.0, most: int = MOST) -> dict[str, str | bool | None]:
    """Return the check's id, whether it passed, and the columns that drifted."""
    return check(days, most)
