"""Removes what deleted studies leave outside the database; the serving process alone is always there."""

from collections.abc import Callable

from bootstrap.web import WebServices
from overread.domain.identifiers import Digest, StudyUid
from overread.learning.cache import forget
from overread.store.outbox import Parcel
from overread.studies.deletion import FORGET_PICTURES, REMOVE_OBJECT, remove_object

TOPICS = (REMOVE_OBJECT, FORGET_PICTURES)


class Removal:
    """Takes one piece a turn; what fails, or is cut short, is tried again in ten minutes.

    `forget_picture` drops a study's picture from the memory of whoever asks.
    """

    def __init__(self, services: WebServices, forget_picture: Callable[[StudyUid], None]) -> None:
        self._services = services
        self._forget_picture = forget_picture

    def turn(self) -> bool:
        """Remove one object or one study's cached pictures; say whether there was anything."""
        with self._services.storage.look() as work:
            waiting = [topic for topic in TOPICS if work.outbox.waiting(topic)]
        for topic in waiting:
            with self._services.storage.work() as work:
                parcel = work.outbox.claim(topic, now=self._services.now())
                work.commit()
            if parcel is not None:
                self._settle(parcel)
                return True
        return False

    def _settle(self, parcel: Parcel) -> None:
        if parcel.topic == FORGET_PICTURES:
            self._forget(StudyUid(parcel.key))
        with self._services.storage.work() as work:
            if parcel.topic == REMOVE_OBJECT:
                remove_object(work, self._services.storage.objects, Digest(parcel.key))
            work.outbox.done(parcel, at=self._services.now())
            work.commit()

    def _forget(self, study: StudyUid) -> None:
        self._forget_picture(study)
        for place in sorted(self._services.settings.caches.glob("[0-9]*")):  # one folder a size
            forget(place, study)
