"""What pages count of first answers, on both databases."""

from datetime import date, timedelta
from math import ceil

from overread.domain.adjudication import CaseState, Resolution, Stage
from overread.domain.findings import Label
from overread.domain.identifiers import PersonKey, VersionKey
from overread.domain.reports import ReportStatus
from overread.domain.studies import Acquisition
from overread.store.readings import Day, DayCount, Reading, SettledAnswer, Tally, Waits
from overread.store.unit_of_work import UnitOfWork
from tests.builders import (
    NOW,
    a_case,
    a_correction,
    a_finding,
    a_prediction,
    a_read,
    a_report,
    keep_predicted,
    uid,
)

HAS, NO = Label.HAS_FINDING, Label.NO_FINDING
DAY = timedelta(days=1)
SCANNER = ("Acme", "One", "DX-1")


def keep_three(work: UnitOfWork) -> None:
    """Keep two answers of one scanner and one without a header, one of them given again a day later."""
    for number, probability in ((1, 0.25), (2, 0.75), (3, 0.5)):
        maker, model, station = SCANNER if number < 3 else ("", "", "")
        header = Acquisition(manufacturer=maker, model=model, station=station)
        keep_predicted(work, number, probability=probability, acquisition=header)
    work.studies.add_prediction(
        a_prediction(1, probability=0.9, model_version=VersionKey("2"), made_at=NOW + DAY)
    )
    signature = {"status": ReportStatus.SIGNED, "signed_by": PersonKey("rita"), "signed_at": NOW}
    work.reports.add(a_report(2, label=HAS, findings=(a_finding("nodule"),), **signature))
    work.corrections.add(a_correction(2, by="remy"))


def test_first_answers_are_counted_by_day_scanner_and_signer(work: UnitOfWork) -> None:
    keep_three(work)
    days = [Day(date(2026, 1, n), NOW + (n - 2) * DAY, NOW + (n - 1) * DAY) for n in (1, 2, 3)]
    assert work.readings.by_day(days) == [DayCount(date(2026, 1, 2), 3, 2, 0.5)]
    assert work.readings.by_scanner(NOW) == {("", "", ""): Tally(1, 1), SCANNER: Tally(2, 1)}
    assert work.readings.by_signer(NOW) == {"rita": 1}
    assert work.readings.signed_findings(NOW) == {uid(2): ["nodule"]}
    assert work.readings.with_words(NOW) == [Reading(uid(2), HAS, "rita", SCANNER)]
    assert work.readings.last() == NOW
    later = NOW + timedelta(seconds=1)
    assert work.readings.by_scanner(later) == {}
    assert work.readings.by_signer(later) == {}
    assert work.readings.with_words(later) == []


def test_what_one_scanner_took_is_counted_alone(work: UnitOfWork) -> None:
    keep_three(work)
    days = [Day(NOW.date(), NOW, NOW + DAY)]
    assert work.readings.by_day(days, SCANNER) == [DayCount(NOW.date(), 2, 1, 0.5)]
    assert work.readings.by_signer(NOW, SCANNER) == {"rita": 1}
    assert work.readings.signed_findings(NOW, SCANNER) == {uid(2): ["nodule"]}
    other = ("Acme", "One", "DX-2")
    assert work.readings.by_day(days, other) == []
    assert work.readings.by_signer(NOW, other) == {}
    assert work.readings.waits(NOW, other) is None


def test_waits_are_those_of_the_study_in_the_middle_and_of_one_in_a_hundred(work: UnitOfWork) -> None:
    assert work.readings.waits(NOW) is None
    waits = [float(number**2 % 211) for number in range(1, 201)]  # seconds, in no order
    for number, waited in enumerate(waits, start=1):
        keep_predicted(work, number, received_at=NOW - timedelta(seconds=waited))
        if number in {1, 2, 199, 200}:
            ordered = sorted(waits[:number])
            middle, late = ordered[ceil(number / 2) - 1], ordered[ceil(number * 0.99) - 1]
            assert work.readings.waits(NOW) == Waits(middle, late)


def test_a_closed_case_says_what_its_reads_or_its_senior_said(work: UnitOfWork) -> None:
    keep_three(work)
    for number in (1, 2, 3):
        work.cases.add(a_case(number, state=CaseState.OPEN if number == 3 else CaseState.CLOSED))
        case = a_case(number).id
        work.cases.add_read(a_read("remy", case=case, label=HAS))
        work.cases.add_read(a_read("rosa", case=case, stage=Stage.SECOND, label=NO if number == 2 else HAS))
    decided = Resolution(
        id="resolved",
        case=a_case(2).id,
        by=PersonKey("sven"),
        at=NOW,
        label=NO,
        findings=(),
        reason="seen twice",
        changed_after_reveal=False,
    )
    work.cases.add_resolution(decided)
    assert work.readings.settled() == [SettledAnswer(NO, 0.25, HAS), SettledAnswer(HAS, 0.75, NO)]
    assert work.cases.count_first_reads() == [(HAS, HAS, 2), (HAS, NO, 1)]


def test_words_leave_out_what_was_taken_back(work: UnitOfWork) -> None:
    keep_predicted(work, 1)
    work.corrections.add(a_correction(1, findings=(a_finding("nodule"), a_finding("effusion")), case="case"))
    work.corrections.add(a_correction(1, by="remy"))
    work.corrections.withdraw("correction-1-remy", at=NOW)
    (word,) = work.corrections.words(since=NOW)
    assert (word.by, word.disagrees, word.findings, word.case) == (
        "rita",
        True,
        ("nodule", "effusion"),
        "case",
    )
    assert work.corrections.words(since=NOW + DAY) == []
