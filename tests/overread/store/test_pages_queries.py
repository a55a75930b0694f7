"""The two counts that pages show, on both databases."""

from dataclasses import replace

from overread.domain.audit import AuditEvent
from overread.store.unit_of_work import UnitOfWork
from tests.builders import NOW, a_study, keep_study, uid


def test_answers_are_counted_by_maker_and_studies_without_one_are_not(work: UnitOfWork) -> None:
    plain = a_study()
    for number, (maker, probability) in enumerate(
        (("Acme", 0.9), ("Acme", 0.1), ("", 0.5), ("Bolt", None)), 1
    ):
        study = a_study(number, probability=probability)
        keep_study(work, replace(study, acquisition=replace(plain.acquisition, manufacturer=maker)))
    assert work.studies.count_answers_by_maker() == {"Acme": 2, "": 1}
    assert work.studies.count_answers_by_maker(among=[uid(1), uid(4)]) == {"Acme": 1}
    assert work.studies.count_answers_by_maker(among=[]) == {}


def test_the_chains_length_is_its_number_of_rows(work: UnitOfWork) -> None:
    assert work.audit.length() == 0
    for subject in ("first", "second"):
        work.audit.append(AuditEvent(at=NOW, by="rita", action="tested", subject=subject))
    assert work.audit.length() == 2
