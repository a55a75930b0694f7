"""Starts the retraining that is due, once."""

from model_registry.retrainings import UNFINISHED
from model_registry.triggers import standing_of
from overread.domain.audit import SYSTEM
from overread.domain.identifiers import derived_id
from overread.domain.models import TrainingRun
from overread.domain.retraining import due
from pipeline.retraining import request_run
from pipeline.services import PipelineServices


def start_due(services: PipelineServices) -> TrainingRun | None:
    """Ask for the retraining that is due; None where no trigger is pulled, or one is under way."""
    with services.storage.look() as work:
        if any(run.state in UNFINISHED for run in work.monitoring.runs()):
            return None
        standing = standing_of(work)
    trigger = due(services.task.triggers, standing, now=services.now(), zone=services.settings.zone)
    if trigger is None:
        return None
    run_id = derived_id("retraining", trigger, str(standing.since))
    return request_run(services, run_id, by=SYSTEM, trigger=trigger)
