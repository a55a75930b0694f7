"""What a promotion or a rollback leaves to do: MLflow's alias follows what serves."""

from model_registry.promotion import FOLLOW_ALIAS
from model_registry.versions import follow_alias
from pipeline.services import PipelineServices


def hand_on(services: PipelineServices) -> int:
    """Let MLflow's alias follow promotions and rollbacks; return how many times it was moved."""
    done = 0
    while True:
        with services.storage.work() as work:
            parcel = work.outbox.claim(FOLLOW_ALIAS, now=services.now())
            production = work.models.production(services.task.name)
            work.commit()
        if parcel is None:
            return done
        if production is not None:  # whatever was asked for, the alias names what serves now
            follow_alias(services.tracking.client, services.task.name, production.version)
        with services.storage.work() as work:
            work.outbox.done(parcel, at=services.now())
            work.commit()
        done += 1
