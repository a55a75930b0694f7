"""Doubted labels become cases: so many at once, one a study, with nothing said to whoever reads them."""

from datetime import datetime

import pytest

from feedback.adjudication import take_read
from feedback.cases import open_or_join, withdraw_claim
from feedback.doubts import Doubt, open_doubts, places_left
from overread.domain.adjudication import CaseState, Stage
from overread.domain.corrections import Origin
from overread.domain.findings import Label
from overread.domain.identifiers import PersonKey
from overread.domain.reports import ReportStatus
from overread.domain.tasks import Task
from overread.store.unit_of_work import UnitOfWork
from tests.builders import (
    NOW,
    a_case,
    a_correction,
    a_label,
    a_person,
    a_read,
    a_report,
    an_instance,
    keep_predicted,
    uid,
)

ROSA = PersonKey("rosa")


@pytest.fixture
def doubts(work: UnitOfWork) -> list[Doubt]:
    """Five training studies with a picture and a label each, in the order of the doubt."""
    for number in range(1, 6):
        keep_predicted(work, number)
        work.studies.add_instance(an_instance(number))
        work.labels.add(a_label(number))
    return [Doubt(study=uid(n), label=Label.NO_FINDING, probability=1 - n / 10) for n in range(1, 6)]


def numbers(work: UnitOfWork, doubts: list[Doubt], task: Task, most: int) -> list[int]:
    """Open cases and return the numbers of their studies."""
    opened = open_doubts(work, doubts, task=task, most=most, now=NOW)
    return [int(case.study.rsplit(".", 1)[1]) for case in opened]


def settled(work: UnitOfWork, number: int, task: Task) -> None:
    """Let two readers agree on a study's case."""
    (case,) = work.cases.of_study(uid(number))
    for reader, stage in (("remy", Stage.FIRST), ("rita", Stage.SECOND)):
        take_read(work, a_read(reader, case=case.id, stage=stage), a_person(reader), task=task)


def test_the_most_doubtful_are_opened_once_and_more_as_cases_close(
    work: UnitOfWork, doubts: list[Doubt], task: Task
) -> None:
    assert places_left(work, 2) == 2
    assert numbers(work, doubts, task, 2) == [1, 2]
    assert numbers(work, doubts, task, 2) == []
    assert places_left(work, 2) == 0
    settled(work, 1, task)
    assert numbers(work, doubts, task, 2) == [3]
    assert numbers(work, doubts, task, 10) == [4, 5]
    assert numbers(work, doubts, task, 10) == []


def test_a_study_with_a_case_or_without_a_picture_is_left_out(
    work: UnitOfWork, doubts: list[Doubt], task: Task
) -> None:
    work.cases.add(a_case(1))
    work.cases.add(a_case(2, state=CaseState.CLOSED))
    keep_predicted(work, 6)
    pictureless = Doubt(study=uid(6), label=Label.NO_FINDING, probability=0.99)
    assert numbers(work, [pictureless, *doubts], task, 9) == [3, 4, 5]
    assert places_left(work, 9) == 6  # cases of another origin take no place


def test_a_doubt_is_on_record_bars_who_signed_and_leaves_the_label(
    work: UnitOfWork, doubts: list[Doubt], task: Task
) -> None:
    work.reports.add(a_report(1, status=ReportStatus.SIGNED, signed_by=ROSA, signed_at=NOW))
    (case,) = open_doubts(work, doubts, task=task, most=1, now=NOW)
    assert (case.origin, case.barred, case.opened_at) == (Origin.DOUBT.value, frozenset({ROSA}), NOW)
    assert work.cases.get(case.id) == case
    (event,) = (row.event for row in work.audit.rows() if row.event.action == "label-doubted")
    assert (event.subject, event.study) == (case.id, uid(1))
    assert dict(event.details) == {"label": "no_finding", "probability": 0.9}
    assert [label.label for label in work.labels.of_study(uid(1))] == [Label.NO_FINDING]


def test_a_withdrawn_claim_leaves_the_case_that_a_doubt_opened(
    work: UnitOfWork, doubts: list[Doubt], task: Task, now: datetime
) -> None:
    (case,) = open_doubts(work, doubts, task=task, most=1, now=now)
    claim = a_correction(1, case=case.id)
    assert open_or_join(work, claim, task=task).id == case.id
    work.corrections.add(claim)
    work.corrections.withdraw(claim.id, at=now)
    withdraw_claim(work, claim)
    assert work.cases.get(case.id).state is CaseState.OPEN
