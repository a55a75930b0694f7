"""What waits in the outbox, one piece after the other."""

from collections.abc import Iterator

from overread.store.outbox import Parcel
from pipeline.services import PipelineServices


def claimed(services: PipelineServices, topic: str) -> Iterator[Parcel]:
    """Yield every due piece of a topic; it is done when the next is asked for.

    A piece whose step fails is not done and comes back later, so doing one twice must be safe.
    """
    while True:
        with services.storage.work() as work:
            parcel = work.outbox.claim(topic, now=services.now())
            work.commit()
        if parcel is None:
            return
        yield parcel
        with services.storage.work() as work:
            work.outbox.done(parcel, at=services.now())
            work.commit()
