"""Corrections into cases: random audits are drawn; what the button and the reports raised is counted."""

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from pipeline.auditing import draw, watch_audits
from pipeline.correction_rates import watch_rates
from pipeline.services import pipeline_services
from pipeline.undecided import tell_of_undecidable


@task(retries=2, retry_delay_seconds=10, cache_policy=NO_CACHE)
def audits(seed: int | None) -> int:
    """Draw lots for what was reported since; each study is decided about once."""
    return draw(pipeline_services(), seed=seed)


@task(retries=2, retry_delay_seconds=10, cache_policy=NO_CACHE)
def watched() -> str | None:
    """Switch the automatic normal text off where audits found too much; return what fired."""
    seen = watch_audits(pipeline_services())
    return None if seen is None else seen.verdict.fired_by


@task(retries=2, retry_delay_seconds=10, cache_policy=NO_CACHE)
def undecidable() -> int:
    """Alert the operator to cases that no senior here may decide."""
    return tell_of_undecidable(pipeline_services())


@task(retries=2, retry_delay_seconds=10, cache_policy=NO_CACHE)
def corrected() -> bool | None:
    """Alert to a correction rate that has risen; None with too few studies to say."""
    return watch_rates(pipeline_services())


@task(cache_policy=NO_CACHE)
def waiting() -> dict[str, int]:
    """Count cases by state."""
    services = pipeline_services()
    with services.storage.look() as work:
        return work.cases.count_by_state()


@flow(name="collect")
def collect(seed: int | None = None) -> dict[str, int]:
    """Draw audits, judge those that were read, alert to what needs a person, and count cases by state."""
    audits(seed)
    watched()
    undecidable()
    corrected()
    return waiting()
