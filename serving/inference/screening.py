"""Screens what has arrived: the rules on its header and picture, and by what it is known again."""

from functools import partial

from bootstrap.web import WebServices
from overread.domain.studies import Study
from overread.store.outbox import Parcel
from overread.store.unit_of_work import UnitOfWork
from overread.studies.arrivals import likeness_of, screen_stored
from overread.studies.intake import SCREEN
from overread.studies.screening import keep_screening
from serving.inference.batching import LARGEST
from serving.inference.parcels import Parcels
from serving.inference.pictures import DecodedPictures


class Screening:
    """A batch of studies a turn."""

    def __init__(self, services: WebServices, parcels: Parcels, pictures: DecodedPictures) -> None:
        self._services = services
        self._parcels = parcels
        self._pictures = pictures

    def turn(self) -> bool:
        """Screen what waits; say whether there was anything."""
        claimed = self._parcels.claimed(SCREEN, LARGEST)
        for parcel, study in claimed:
            self._parcels.safely("screen", parcel, partial(self._screen, parcel, study))
        return bool(claimed)

    def _screen(self, parcel: Parcel, study: Study) -> None:
        services = self._services
        with services.storage.look() as work:
            instances = work.studies.instances_of(study.uid)
        shown = next((instance for instance in instances if instance.rows > 0), None)
        content = services.storage.objects.get((shown or instances[0]).digest)
        picture = None if shown is None else self._pictures.to_screen(study.uid, content)
        screening = screen_stored(content, picture, instances)
        likeness = None if picture is None else likeness_of(picture)

        def keep(work: UnitOfWork) -> Study:
            return keep_screening(work, study.uid, screening, fingerprint=likeness, now=services.now())

        self._parcels.settle(parcel, keep)
