"""Labels that look wrong into cases for blinded readers; no label is changed here."""

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from flows.slots import alone, is_passing
from pipeline.doubting import MOST, TRAINING, send_doubtful
from pipeline.services import pipeline_services


@task(retries=2, retry_delay_seconds=10, cache_policy=NO_CACHE, retry_condition_fn=is_passing)
def send(training: str, most: int) -> list[str]:
    """Open cases for the most doubtful labels, until so many stand open; run again, it opens none."""
    return list(send_doubtful(pipeline_services(), training=training, most=most).cases)


@flow(name="doubt")
def doubt(training: str = TRAINING, most: int = MOST) -> list[str]:
    """Return the cases that were opened; it trains, and so waits while a retraining runs."""
    with alone():
        cases: list[str] = send(training, most)
    return cases
