"""Reader studies as rows: what is registered comes back as it was, and a case is read once in an arm."""

from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError

from overread.domain.errors import NotFoundError
from overread.domain.findings import Label
from overread.domain.identifiers import PersonKey
from overread.domain.people import Role
from overread.domain.reader_studies import Arm, CrossoverStudy
from overread.store.unit_of_work import UnitOfWork
from tests.builders import NOW, a_crossover, a_crossover_read, a_finding, a_model, keep_predicted, uid


def kept(work: UnitOfWork) -> CrossoverStudy:
    """Keep a reader study of four studies and two readers."""
    for number in (1, 2, 3, 4):
        keep_predicted(work, number)
    for name in ("remy", "rosa"):
        work.people.add(PersonKey(name), Role.READER, password=None, at=NOW)
    work.models.add(a_model())
    study = a_crossover()
    work.reader_studies.add(study)
    return study


def test_a_study_comes_back_as_it_was_registered(work: UnitOfWork) -> None:
    study = kept(work)
    assert work.reader_studies.get(study.id) == study
    assert work.reader_studies.named("pilot") == study
    assert work.reader_studies.names() == ["pilot"]
    with pytest.raises(NotFoundError):
        work.reader_studies.get("another")
    with pytest.raises(NotFoundError):
        work.reader_studies.named("another")


def test_reads_come_back_whole_and_by_reader(work: UnitOfWork) -> None:
    study = kept(work)
    key = study.cases[0].key
    first = a_crossover_read(key, findings=(a_finding(box=(1, 2, 3, 4)),), seconds=12.5)
    second = a_crossover_read(key, reader="rosa", label=Label.NO_FINDING, rating=3)
    for read in (first, second):
        work.reader_studies.add_read(read)
    assert work.reader_studies.reads(study.id) == [first, second]
    assert work.reader_studies.reads(study.id, PersonKey("rosa")) == [second]


def test_a_case_is_read_once_in_an_arm_by_a_reader(work: UnitOfWork) -> None:
    read = a_crossover_read(kept(work).cases[0].key)
    work.reader_studies.add_read(read)
    work.reader_studies.add_read(replace(read, id="aided", arm=Arm.AIDED))
    with pytest.raises(IntegrityError):
        work.reader_studies.add_read(replace(read, id="again", label=Label.NO_FINDING))


def test_studies_stay_hidden_from_a_reader_until_both_arms_are_read(work: UnitOfWork) -> None:
    study, remy, rosa = kept(work), PersonKey("remy"), PersonKey("rosa")
    assert work.reader_studies.hidden_from(PersonKey("rita")) == frozenset()
    for arm in Arm:
        for case in study.cases:
            assert work.reader_studies.unfinished_of(remy) == [study.id]
            assert work.reader_studies.hidden_from(remy) == {uid(number) for number in (1, 2, 3, 4)}
            work.reader_studies.add_read(a_crossover_read(case.key, arm=arm))
    assert work.reader_studies.unfinished_of(remy) == []
    assert work.reader_studies.hidden_from(remy) == frozenset()
    assert work.reader_studies.unfinished_of(rosa) == [study.id]
