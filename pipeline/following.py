"""What is left to do after a commit: MLflow follows production and learns results, the head is signed."""

from model_registry.promotion import FOLLOW_ALIAS
from model_registry.versions import follow_alias
from pipeline.attesting import attest
from pipeline.audit_results import tell_audits
from pipeline.parcels import claimed
from pipeline.reader_results import tell_reader_studies
from pipeline.services import PipelineServices
from pipeline.shadowing import tag_shadows


def hand_on(services: PipelineServices) -> int:
    """Tell MLflow what serves and what shadows, readers and audits showed; return how many things."""
    return (
        follow_production(services)  # what serves comes first
        + tag_shadows(services)
        + tell_reader_studies(services)
        + tell_audits(services)
    )


def follow_production(services: PipelineServices) -> int:
    """Let MLflow's alias follow promotions and rollbacks, and sign their record; return how many."""
    done = 0
    for _ in claimed(services, FOLLOW_ALIAS):
        with services.storage.look() as work:
            production = work.models.production(services.task.name)
        if production is not None:  # whatever was asked for, the alias names what serves now
            follow_alias(services.tracking.client, services.task.name, production.version)
        done += 1
    if done:
        attest(services)
    return done
