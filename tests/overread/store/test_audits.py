"""Lots of the random audits and changes of the automatic normal text, on both databases."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from overread.domain.corrections import Origin
from overread.domain.findings import Label
from overread.domain.identifiers import PatientKey, PersonKey, VersionKey
from overread.domain.lots import Lot, LotCount
from overread.domain.normal_text import TextSwitch
from overread.domain.studies import StudyState
from overread.store.unit_of_work import UnitOfWork
from tests.builders import NOW, a_case, a_correction, a_label, a_prediction, a_study, keep_study, uid

HAS, NO = Label.HAS_FINDING, Label.NO_FINDING
DAY = timedelta(days=1)
ONE, TWO = VersionKey("1"), VersionKey("2")


def reported(work: UnitOfWork, number: int, *, version: str = "1", at: datetime = NOW) -> None:
    keep_study(work, a_study(number, patient=PatientKey(f"patient-{number}"), state=StudyState.REPORTED))
    work.studies.add_prediction(a_prediction(number, model_version=VersionKey(version), made_at=at))


def a_lot(number: int = 1, **changes: object) -> Lot:
    stated: dict[str, object] = {
        "study": uid(number),
        "version": ONE,
        "called": NO,
        "answered_at": NOW,
        "disputed": False,
        "at": NOW + DAY,
        "share": 0.05,
        "drawn": False,
    }
    return Lot(**stated | changes)  # type: ignore[arg-type]  # stated by tests


def test_reported_studies_wait_for_their_lot_with_the_first_answer_and_whether_it_is_disputed(
    work: UnitOfWork,
) -> None:
    reported(work, 1)
    reported(work, 2, at=NOW - DAY)
    work.studies.add_prediction(a_prediction(2, model_version=TWO, probability=0.9, made_at=NOW))
    keep_study(work, a_study(3, patient=PatientKey("patient-3")))
    work.studies.add_prediction(a_prediction(3))
    work.corrections.add(a_correction(1))
    found = work.lots.undecided()
    assert [(each.study, each.version, each.called, each.disputed) for each in found] == [
        (uid(2), "1", NO, False),
        (uid(1), "1", NO, True),
    ]
    work.lots.add([a_lot(1), a_lot(2)])
    assert work.lots.undecided() == []


def test_a_disagreement_that_was_taken_back_is_none_unless_it_was_signed(work: UnitOfWork) -> None:
    for number, origin in ((1, Origin.BUTTON), (2, Origin.SIGNED_REPORT)):
        reported(work, number)
        work.corrections.add(a_correction(number, origin=origin))
        work.corrections.withdraw(f"correction-{number}-rita", at=NOW)
    assert [each.disputed for each in work.lots.undecided()] == [False, True]


def test_a_lot_comes_back_as_it_was_kept_and_a_study_has_one(work: UnitOfWork) -> None:
    reported(work, 1)
    work.cases.add(a_case(1))
    lot = a_lot(1, drawn=True, case="case-0001")
    work.lots.add([lot])
    work.lots.add([])
    assert work.lots.all() == [lot]
    with pytest.raises(IntegrityError):
        work.lots.add([a_lot(1, share=0.9)])


def test_lots_are_counted_by_kind_with_what_blinded_readers_settled(work: UnitOfWork) -> None:
    for number in range(1, 6):
        reported(work, number)
    work.cases.add(a_case(1))
    work.lots.add(
        [
            a_lot(1, drawn=True, case="case-0001"),
            a_lot(2, disputed=True),
            a_lot(3),
            a_lot(4, answered_at=NOW - DAY),
            a_lot(5, version=TWO),
        ]
    )
    work.labels.add(a_label(1, case="case-0001", label=HAS))
    work.labels.add(a_label(9, study=uid(1), case="later", label=NO, at=NOW + DAY))
    work.labels.add(a_label(2, case="case-2", label=NO))
    work.labels.add(a_label(3, label=HAS))  # signed, not settled
    of_today = work.lots.counts(ONE, since=NOW, until=NOW + DAY)
    assert {(c.drawn, c.disputed, c.truth): c.n for c in of_today} == {
        (True, False, HAS): 1,
        (False, True, NO): 1,
        (False, False, None): 1,
    }
    assert LotCount(called=NO, share=0.05, drawn=False, disputed=False, truth=None, n=2) in work.lots.counts(
        ONE
    )
    assert work.lots.counts(VersionKey("3")) == []


def test_versions_and_the_time_of_their_answers(work: UnitOfWork) -> None:
    for number in range(1, 4):
        reported(work, number)
    work.lots.add(
        [a_lot(1, answered_at=NOW - 9 * DAY), a_lot(2), a_lot(3, version=TWO, answered_at=NOW - 5 * DAY)]
    )
    assert work.lots.versions(since=NOW - 7 * DAY) == [ONE, TWO]
    assert work.lots.versions(since=NOW - DAY) == [ONE]
    assert work.lots.span(ONE) == (NOW - 9 * DAY, NOW)
    assert work.lots.span(VersionKey("3")) is None


def test_outcomes_are_of_audits_of_cleared_studies_in_the_order_they_were_settled(work: UnitOfWork) -> None:
    for number in range(1, 6):
        reported(work, number)
        work.cases.add(a_case(number))
    drawn = {number: {"drawn": True, "case": f"case-{number:04}"} for number in range(1, 6)}
    work.lots.add(
        [
            a_lot(1, **drawn[1]),
            a_lot(2, **drawn[2]),
            a_lot(3, called=HAS, **drawn[3]),
            a_lot(4, version=TWO, **drawn[4]),
            a_lot(5, answered_at=NOW - DAY, **drawn[5]),
        ]
    )
    for number in range(1, 6):
        label = HAS if number == 2 else NO
        work.labels.add(a_label(number, case=f"case-{number:04}", label=label, at=NOW - number * DAY))
    assert work.lots.outcomes(ONE, since=NOW) == [HAS, NO]
    assert work.lots.outcomes(ONE, since=NOW - DAY) == [NO, HAS, NO]


def test_the_latest_change_of_the_normal_text_counts_and_without_one_it_is_on(work: UnitOfWork) -> None:
    assert (work.text_switches.latest("cxr-binary"), work.text_switches.automatic("cxr-binary")) == (
        None,
        True,
    )
    for number, automatic in enumerate((False, True, False)):
        made = TextSwitch(
            id=f"switch-{number}",
            task="cxr-binary",
            automatic=automatic,
            at=datetime(2026, 3, 2 + number, tzinfo=UTC),
            by=PersonKey("ruth"),
            reason="seen",
            version=ONE,
        )
        work.text_switches.add(made)
        assert work.text_switches.latest("cxr-binary") == made
        assert work.text_switches.automatic("cxr-binary") is automatic
    assert work.text_switches.automatic("another")
