"""What a promotion, a rollback or a shadow leaves to do: MLflow follows, and the record's head is signed."""

from model_registry.promotion import FOLLOW_ALIAS
from model_registry.versions import follow_alias
from pipeline.attesting import attest
from pipeline.services import PipelineServices
from pipeline.shadowing import tag_shadows


def hand_on(services: PipelineServices) -> int:
    """Tell MLflow what serves and what shadows showed; return how many things it was told."""
    return follow_production(services) + tag_shadows(services)  # what serves comes first


def follow_production(services: PipelineServices) -> int:
    """Let MLflow's alias follow promotions and rollbacks, and sign their record; return how many."""
    done = 0
    while True:
        with services.storage.work() as work:
            parcel = work.outbox.claim(FOLLOW_ALIAS, now=services.now())
            production = work.models.production(services.task.name)
            work.commit()
        if parcel is None:
            if done:
                attest(services)
            return done
        if production is not None:  # whatever was asked for, the alias names what serves now
            follow_alias(services.tracking.client, services.task.name, production.version)
        with services.storage.work() as work:
            work.outbox.done(parcel, at=services.now())
            work.commit()
        done += 1
