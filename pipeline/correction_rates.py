"""Readers correct more often than before: a person has to know."""

from monitoring.rise_alerts import watch_corrections
from pipeline.services import PipelineServices


def watch_rates(services: PipelineServices) -> bool | None:
    """Raise, or resolve, the alert to a correction rate that has risen; None with too few studies to say."""
    with services.storage.work() as work:
        risen = watch_corrections(
            work, task=services.task.name, now=services.now(), zone=services.settings.zone
        )
        work.commit()
    return risen
