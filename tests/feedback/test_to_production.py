"""How long a correction takes into production, and where those stand that have not arrived."""

from dataclasses import replace
from datetime import timedelta

from bootstrap.storage import Storage
from feedback.datasets import Gathered, Recipe, keep
from feedback.to_production import Journeys, Place, journeys
from overread.domain.datasets import Erratum
from overread.domain.findings import Label
from overread.store.unit_of_work import UnitOfWork
from tests.builders import NOW, a_case, a_model
from tests.feedback.test_outcomes import HOUR, a_row, claimed, settled

TASK = "cxr-binary"


def found(work: UnitOfWork, storage: Storage) -> dict[Place, int]:
    """Return the places where a correction is."""
    return {place: n for place, n in gone(work, storage).places.items() if n}


def gone(work: UnitOfWork, storage: Storage) -> Journeys:
    return journeys(work, storage.objects, TASK, work.corrections.words())


def test_corrections_are_followed_step_by_step_and_only_those_that_arrived_are_timed(
    storage: Storage,
) -> None:
    with storage.work() as work:
        for number in range(1, 6):  # said at NOW and so many minutes
            claimed(work, number)
        assert found(work, storage) == {Place.READ: 5}
        for number in (1, 2, 5):
            settled(work, number)
        settled(work, 3, label=Label.NO_FINDING)
        work.labels.add_erratum(Erratum(study=a_case(5).study, case=a_case(5).id, at=NOW))
        ended = {Place.READ: 1, Place.NOT_ACCEPTED: 1, Place.TEST_PATIENT: 1}
        assert found(work, storage) == {Place.DATASET: 2} | ended

        gathered = Gathered(task=TASK, recipe=Recipe(), rows=(a_row(1), a_row(2)), leaks=())
        dataset = keep(work, storage.objects, gathered, by="olga", now=NOW + 2 * HOUR)
        assert found(work, storage) == {Place.MODEL: 2} | ended
        made = a_model("2")
        made = replace(made, lineage=replace(made.lineage, dataset_version=dataset.version))
        work.models.add(made)
        assert found(work, storage) == {Place.RELEASE: 2} | ended
        assert gone(work, storage).median is None

        for hours, version in ((5, "2"), (9, "2")):  # promoted again later: the first time counts
            work.models.put_in_production(
                TASK, made.version, at=NOW + hours * HOUR, by=("ruth", "rolf"), reason=version, rollback=False
            )
        assert found(work, storage) == {Place.SERVED: 2} | ended
        arrived = gone(work, storage)
    minute = timedelta(minutes=1)
    assert arrived.times == (5 * HOUR - 2 * minute, 5 * HOUR - minute)
    assert arrived.median == 5 * HOUR - 1.5 * minute
