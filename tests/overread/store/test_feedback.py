"""Corrections, cases and labels as rows."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from overread.domain.adjudication import CaseState, Grade, Resolution, Stage
from overread.domain.datasets import Erratum
from overread.domain.errors import NotFoundError
from overread.domain.findings import Label
from overread.domain.identifiers import PersonKey
from overread.store.unit_of_work import UnitOfWork
from tests.builders import (
    NOW,
    a_case,
    a_correction,
    a_finding,
    a_label,
    a_read,
    keep_predicted,
    uid,
)

MINUTE = timedelta(minutes=1)
RITA, REMY, ROSA, SVEN = (PersonKey(name) for name in ("rita", "remy", "rosa", "sven"))


def test_corrections_come_in_order_and_a_withdrawal_is_seen_on_them(work: UnitOfWork) -> None:
    keep_predicted(work)
    second = a_correction(by="remy", at=NOW + MINUTE, findings=(a_finding(box=(1, 1, 5, 5)),), case="case")
    first = a_correction(by="rita")
    work.corrections.add(second)
    work.corrections.add(first)
    assert work.corrections.of_study(uid()) == [first, second]
    assert work.corrections.of_case("case") == [second]
    assert work.corrections.all(since=NOW + MINUTE) == [second]
    work.corrections.withdraw(first.id, at=NOW + MINUTE)
    assert work.corrections.get(first.id).withdrawn_at == NOW + MINUTE
    with pytest.raises(NotFoundError):
        work.corrections.get("unknown")


def test_a_case_comes_back_with_all_that_belongs_to_it(work: UnitOfWork) -> None:
    keep_predicted(work)
    case = a_case(barred=frozenset({RITA}))
    work.cases.add(case)
    # All in one instant: the stage gives the order.
    senior = a_read("sven", stage=Stage.SENIOR, id="a")
    second = a_read("rosa", stage=Stage.SECOND, label=Label.NO_FINDING, id="b")
    first = a_read("remy", id="c", findings=(a_finding(),), seconds=12.5)
    for read in (senior, second, first):
        work.cases.add_read(read)
    resolution = Resolution(
        id="r",
        case=case.id,
        by=SVEN,
        at=NOW,
        label=Label.HAS_FINDING,
        findings=(a_finding(),),
        reason="a nodule",
        changed_after_reveal=False,
    )
    work.cases.add_resolution(resolution)
    kept = work.cases.get(case.id)
    assert kept.reads == (first, second, senior)
    assert (kept.barred, kept.resolution) == (frozenset({RITA}), resolution)
    with pytest.raises(NotFoundError):
        work.cases.get("unknown")


def test_barring_twice_changes_nothing(work: UnitOfWork) -> None:
    keep_predicted(work)
    work.cases.add(a_case(barred=frozenset({RITA})))
    work.cases.bar("case-0001", {RITA, REMY})
    assert work.cases.get("case-0001").barred == {RITA, REMY}


def test_one_person_reads_a_case_once(work: UnitOfWork) -> None:
    keep_predicted(work)
    work.cases.add(a_case())
    work.cases.add_read(a_read("remy"))
    with pytest.raises(IntegrityError):
        work.cases.add_read(a_read("remy", id="another"))


def test_a_study_has_one_open_case_and_keeps_the_closed_ones(work: UnitOfWork) -> None:
    keep_predicted(work)
    work.cases.add(a_case())
    work.cases.set_state("case-0001", CaseState.CLOSED)
    assert work.cases.open_of(uid()) is None
    work.cases.add(a_case(id="case-0002", opened_at=NOW + MINUTE))
    opened = work.cases.open_of(uid())
    assert opened is not None
    assert opened.id == "case-0002"
    assert [case.id for case in work.cases.of_study(uid())] == ["case-0001", "case-0002"]
    assert [case.id for case in work.cases.in_state(CaseState.CLOSED)] == ["case-0001"]
    assert work.cases.count_by_state() == {"open": 1, "closed": 1}


def test_a_hold_ends_by_itself(work: UnitOfWork) -> None:
    keep_predicted(work)
    work.cases.add(a_case())
    work.cases.hold("case-0001", REMY, NOW + MINUTE)
    held = work.cases.held_by(REMY, now=NOW)
    assert held is not None
    assert (held[0].id, held[1]) == ("case-0001", NOW + MINUTE)
    assert work.cases.unread_by(ROSA, free_at=NOW) == []
    assert work.cases.held_by(REMY, now=NOW + MINUTE) is None
    assert work.cases.unread_by(ROSA, free_at=NOW + MINUTE) == [("case-0001", 0)]
    assert work.cases.holder("case-0001") == REMY
    work.cases.hold("case-0001", None, None)
    assert work.cases.holder("case-0001") is None


def test_unread_cases_leave_out_the_barred_the_read_and_the_closed(work: UnitOfWork) -> None:
    for number in range(1, 6):
        keep_predicted(work, number)
        work.cases.add(a_case(number, opened_at=NOW - MINUTE * number))
    work.cases.bar("case-0001", {REMY})
    work.cases.add_read(a_read("remy", case="case-0002"))
    work.cases.set_state("case-0003", CaseState.CLOSED)
    work.cases.add_read(a_read("rosa", case="case-0004"))
    assert work.cases.unread_by(REMY) == [("case-0005", 0), ("case-0004", 1)]


def test_what_a_senior_has_read_but_not_decided_is_found(work: UnitOfWork) -> None:
    keep_predicted(work)
    work.cases.add(a_case())
    work.cases.add_read(a_read("remy"))
    work.cases.add_read(a_read("sven", stage=Stage.SENIOR))
    assert work.cases.undecided_by(SVEN) == ["case-0001"]
    assert work.cases.undecided_by(REMY) == []
    work.cases.set_state("case-0001", CaseState.CLOSED)
    assert work.cases.undecided_by(SVEN) == []


def test_many_cases_are_read_in_a_few_queries(work: UnitOfWork) -> None:
    keep_predicted(work)
    for number in range(1, 521):
        work.cases.add(a_case(number, study=uid(), barred=frozenset({RITA})))
    work.cases.add_read(a_read("remy", case="case-0520"))
    cases = work.cases.in_state(CaseState.OPEN)
    assert len(cases) == 520
    assert all(case.barred == {RITA} for case in cases)
    assert [len(case.reads) for case in cases] == [0] * 519 + [1]


def test_labels_are_appended_and_errata_listed(work: UnitOfWork) -> None:
    keep_predicted(work)
    work.cases.add(a_case())
    registered = a_label()
    settled = a_label(
        id="settled", grade=Grade.DOUBLE, at=NOW + MINUTE, findings=(a_finding(),), complete=False
    )
    work.labels.add(settled)
    work.labels.add(registered)
    assert work.labels.of_study(uid()) == [registered, settled]
    assert work.labels.by_study() == {uid(): [registered, settled]}
    erratum = Erratum(study=uid(), case="case-0001", at=NOW)
    work.labels.add_erratum(erratum)
    assert work.labels.errata() == [erratum]
