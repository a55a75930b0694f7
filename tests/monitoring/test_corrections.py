"""How often readers correct the model, counted by hand in small departments."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bootstrap.storage import Storage
from monitoring.corrections import FEWEST, CorrectionRates, Rate, correction_rates
from monitoring.reader_codes import reader_code
from overread.domain.corrections import Kind
from overread.domain.findings import Label
from overread.domain.identifiers import PersonKey, VersionKey
from overread.domain.reports import ReportStatus
from overread.domain.studies import Acquisition
from overread.store.unit_of_work import UnitOfWork
from tests.builders import (
    NOW,
    a_correction,
    a_finding,
    a_report,
    an_agreement,
    keep_predicted,
    uid,
)

MINUTE = timedelta(minutes=1)


def answered(work: UnitOfWork, *numbers: int, station: str = "DX-1", probability: float = 0.2) -> None:
    for number in numbers:
        header = Acquisition(manufacturer="Acme", model="One", station=station)
        keep_predicted(work, number, probability=probability, acquisition=header)


def signed(work: UnitOfWork, number: int, *, by: str, findings: tuple[str, ...] = ()) -> None:
    """Keep a signed report over a draft, which counts for nobody."""
    work.reports.add(a_report(number))
    report = a_report(
        number,
        version=2,
        status=ReportStatus.SIGNED,
        signed_by=PersonKey(by),
        signed_at=NOW,
        label=Label.HAS_FINDING if findings else Label.NO_FINDING,
        findings=tuple(a_finding(code) for code in findings),
    )
    work.reports.add(report)


def rates(work: UnitOfWork) -> CorrectionRates:
    return correction_rates(work, work.corrections.words(), since=NOW)


def counted(rate: Rate) -> tuple[int, int]:
    return rate.count, rate.n


@pytest.fixture
def small(storage: Storage) -> CorrectionRates:
    """Eight answered studies of two rooms; two are called a finding."""
    with storage.work() as work:
        answered(work, 1, 2, 3, 4, 5)
        answered(work, 6, station="CR-4")
        answered(work, 7, 8, probability=0.9)
        signed(work, 1, by="rita", findings=("nodule",))
        signed(work, 2, by="rita", findings=("nodule", "effusion"))
        signed(work, 3, by="remy")
        work.corrections.add(a_correction(1, findings=(a_finding("nodule"),)))
        work.corrections.add(a_correction(6, by="remy", findings=(a_finding("calcification"),)))
        work.corrections.add(a_correction(3, by="remy"))
        work.corrections.add(an_agreement(3, by="remy", at=NOW + MINUTE))  # a person's latest word counts
        work.corrections.add(a_correction(4))
        work.corrections.withdraw("correction-4-rita", at=NOW + MINUTE)
        alarm = {"label": Label.NO_FINDING, "model_label": Label.HAS_FINDING, "kind": Kind.FALSE_ALARM}
        work.corrections.add(a_correction(7, by="rosa", **alarm))
        return rates(work)


def test_a_study_counts_where_a_standing_word_disagrees(small: CorrectionRates) -> None:
    assert small.answers == 8
    assert counted(small.corrected) == (3, 8)  # 1, 6 and 7
    assert counted(small.spoken) == (4, 8)  # and 3
    assert counted(small.false_alarms) == (1, 2)


def test_a_finding_is_counted_of_the_studies_in_which_readers_named_it(small: CorrectionRates) -> None:
    assert {code: counted(rate) for code, rate in small.findings.items()} == {
        "calcification": (1, 1),
        "effusion": (0, 1),
        "nodule": (1, 2),
    }


def test_a_scanner_is_counted_of_all_it_sent(small: CorrectionRates) -> None:
    assert {scanner[2]: counted(rate) for scanner, rate in small.scanners.items()} == {
        "CR-4": (1, 1),
        "DX-1": (2, 7),
    }


def test_a_reader_is_counted_of_what_they_signed_or_gave_a_word_on(small: CorrectionRates) -> None:
    assert {person: counted(rate) for person, rate in small.readers.items()} == {
        "remy": (1, 2),
        "rita": (1, 2),
        "rosa": (1, 1),
    }


def test_of_few_studies_there_are_counts_and_no_rate(small: CorrectionRates, storage: Storage) -> None:
    assert small.corrected.share is None
    assert not small.readers_shown
    with storage.work() as work:
        answered(work, *range(1, FEWEST + 1))
        for number in range(1, 6):
            work.corrections.add(a_correction(number))
        share = rates(work).corrected.share
    assert share is not None
    assert share.estimate == 0.25
    # Wilson 5/20 by the closed form: (p + z²/2n ± z·sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n), z = 1.959964
    assert (share.lower, share.upper) == pytest.approx((0.111861, 0.468701), abs=1e-6)


def test_an_answer_before_the_period_does_not_count_even_when_given_again(storage: Storage) -> None:
    with storage.work() as work:
        answered(work, 1, 2)
        for number, after in ((1, MINUTE), (2, timedelta(0))):  # of two at once the lesser version is first
            again = work.studies.prediction(uid(number))
            assert again is not None
            work.studies.add_prediction(
                replace(
                    again,
                    model_version=VersionKey("2"),
                    made_at=NOW + after,
                    label=Label.HAS_FINDING,
                    probability=0.9,
                )
            )
        assert correction_rates(work, [], since=NOW + MINUTE).answers == 0
        assert rates(work).answers == 2
        assert rates(work).false_alarms.n == 0


def test_a_code_is_a_readers_own_and_says_no_name() -> None:
    codes = {reader_code(name, b"secret") for name in ("rita", "remy", "rosa")}
    assert len(codes) == 3
    assert reader_code("rita", b"secret") in codes
    assert reader_code("rita", b"another") != reader_code("rita", b"secret")
