"""A candidate before the gate on the frozen test set."""

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from pipeline.comparing import compare as compare_on_test_set
from pipeline.services import pipeline_services


@task(retries=2, retry_delay_seconds=5, cache_policy=NO_CACHE, task_run_name="look-at-{version}")
def judge(version: str, by: str, why: str, beside: dict[str, str]) -> dict[str, str]:
    """Score, compare and decide; run again, it is the same look."""
    compared = compare_on_test_set(pipeline_services(), version, by=by, why=why, beside=beside)
    return {"version": compared.version, "verdict": compared.verdict, "record": compared.record}


@flow(name="compare")
def compare(
    version: str, by: str = "overread", why: str = "retrained", beside: dict[str, str] | None = None
) -> dict[str, str]:
    """Return version, verdict and the digest of the comparison's record."""
    return judge(version, by, why, beside or {})
