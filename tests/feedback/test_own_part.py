"""A conflict is named: what a reviewer disputed or read that the candidate was trained on."""

from datetime import timedelta

from bootstrap.storage import Storage
from feedback.own_part import OwnPart, own_part
from overread.domain.datasets import Split
from overread.domain.identifiers import PersonKey
from overread.store.unit_of_work import UnitOfWork
from tests.builders import NOW, a_read, a_study, an_agreement, keep_study, uid
from tests.feedback.test_outcomes import HOUR, RITA, a_row, claimed, frozen_at

REMY = PersonKey("remy")


def test_own_words_count_once_a_study_if_they_came_before_the_dataset(
    work: UnitOfWork, storage: Storage
) -> None:
    for number in (1, 2, 3, 4):
        claimed(work, number)
    keep_study(work, a_study(5))
    work.corrections.add(an_agreement(5))
    work.corrections.withdraw("correction-3-rita", at=NOW + HOUR)
    for number, minutes in ((1, 30), (2, 30), (4, 300)):
        case = f"case-{number:04}"
        work.cases.add_read(a_read(id=f"read-{number}", case=case, at=NOW + timedelta(minutes=minutes)))
    rows = [a_row(1), a_row(2, correction=False), a_row(3), a_row(4, split=Split.TUNE), a_row(5)]
    dataset = frozen_at(work, storage, 2, *rows).version

    disputed = own_part(work, storage.objects, RITA, dataset=dataset)
    assert disputed == OwnPart(disputed=frozenset({uid(1), uid(4)}))
    assert disputed.studies == 2
    read = own_part(work, storage.objects, REMY, dataset=dataset)
    assert read == OwnPart(read=frozenset({uid(1)}))
    assert own_part(work, storage.objects, PersonKey("ruth"), dataset=dataset) == OwnPart()


def test_of_a_dataset_that_is_not_kept_nobody_can_say(work: UnitOfWork, storage: Storage) -> None:
    assert own_part(work, storage.objects, RITA, dataset="elsewhere") is None
