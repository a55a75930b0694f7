"""Corrections into cases: random audits are drawn; what the button and the reports raised is counted."""

import numpy as np
from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from feedback.audits import draw_audits
from pipeline.services import pipeline_services
from pipeline.undecided import tell_of_undecidable

AUDIT_SHARE = 0.05


@task(retries=2, retry_delay_seconds=10, cache_policy=NO_CACHE)
def audits(share: float, seed: int) -> int:
    """Open a case for a random share of undisputed studies; studies with a case are not drawn again."""
    services = pipeline_services()
    with services.storage.work() as work:
        opened = draw_audits(
            work, task=services.task, share=share, rng=np.random.default_rng(seed), now=services.now()
        )
        work.commit()
    return len(opened)


@task(retries=2, retry_delay_seconds=10, cache_policy=NO_CACHE)
def undecidable() -> int:
    """Alert the operator to cases that no senior here may decide."""
    return tell_of_undecidable(pipeline_services())


@task(cache_policy=NO_CACHE)
def waiting() -> dict[str, int]:
    """Count cases by state."""
    services = pipeline_services()
    with services.storage.look() as work:
        return work.cases.count_by_state()


@flow(name="collect")
def collect(share: float = AUDIT_SHARE, seed: int = 1) -> dict[str, int]:
    """Draw audits, alert to cases without a senior, and say how many cases stand in each state."""
    audits(share, seed)
    undecidable()
    return waiting()
