"""Lots of the random audits: chance decides about a study once, and its probability is kept."""

from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

from feedback.audits import draw_audits
from feedback.corrections import file_correction, withdraw
from feedback.doubts import Doubt, open_doubts
from overread.domain.adjudication import Case
from overread.domain.corrections import Origin
from overread.domain.errors import InputError
from overread.domain.findings import Label
from overread.domain.identifiers import PatientKey, PersonKey
from overread.domain.lots import AuditPlan, StopRule
from overread.domain.reports import ReportStatus
from overread.domain.studies import StudyState
from overread.domain.tasks import Task
from overread.store.unit_of_work import UnitOfWork
from tests.builders import (
    NOW,
    a_correction,
    a_prediction,
    a_report,
    a_study,
    an_instance,
    keep_predicted,
    keep_study,
    uid,
)

ROSA = PersonKey("rosa")
SALT = b"0123456789abcdef"
HAS, NO = Label.HAS_FINDING, Label.NO_FINDING


def auditing(task: Task, cleared: float, *, flagged: float = 0.0) -> Task:
    return replace(task, audit=replace(task.audit, cleared=cleared, flagged=flagged))


def reported(work: UnitOfWork, number: int, *, called: Label = NO, at: datetime = NOW) -> None:
    """Keep a study with its answer of that time, signed by rosa as the model had called it."""
    probability = 0.9 if called is HAS else 0.2
    study = a_study(
        number,
        patient=PatientKey(f"patient-{number}"),
        state=StudyState.REPORTED,
        label=called,
        probability=probability,
    )
    keep_study(work, study)
    work.studies.add_prediction(a_prediction(number, probability=probability, made_at=at))
    work.reports.add(
        a_report(number, label=called, status=ReportStatus.SIGNED, signed_by=ROSA, signed_at=NOW)
    )


def drawn(work: UnitOfWork, task: Task, *, salt: bytes = SALT) -> list[Case]:
    return draw_audits(work, task=task, salt=salt, now=NOW)


def test_a_case_is_opened_for_undisputed_studies_alone_and_its_reporter_is_barred(
    work: UnitOfWork, task: Task
) -> None:
    reported(work, 1)
    reported(work, 2, called=HAS)
    reported(work, 3)
    file_correction(work, a_correction(3), task=task)
    keep_predicted(work, 4)  # not reported yet
    (case,) = drawn(work, auditing(task, 1.0))
    assert (case.study, case.origin, case.barred) == (uid(1), Origin.AUDIT.value, frozenset({ROSA}))
    lots = {lot.study: lot for lot in work.lots.all()}
    assert {study: (lot.share, lot.drawn, lot.disputed, lot.case) for study, lot in lots.items()} == {
        uid(1): (1.0, True, False, case.id),
        uid(2): (0.0, False, False, None),
        uid(3): (1.0, True, True, None),
    }


def test_confirmed_findings_are_drawn_by_a_share_of_their_own(work: UnitOfWork, task: Task) -> None:
    reported(work, 1)
    reported(work, 2, called=HAS)
    (case,) = drawn(work, auditing(task, 0.0, flagged=1.0))
    assert case.study == uid(2)


def test_chance_decides_once_whatever_the_share_becomes(work: UnitOfWork, task: Task) -> None:
    for number in range(100):
        reported(work, number)
    first = drawn(work, auditing(task, 0.1))
    assert 2 <= len(first) <= 22
    before = work.lots.all()
    assert drawn(work, auditing(task, 1.0)) == []
    assert drawn(work, auditing(task, 1.0), salt=b"another") == []
    assert work.lots.all() == before
    assert {lot.share for lot in before} == {0.1}


def test_the_kept_share_is_the_chance_to_be_drawn_over_drawings_with_changing_shares(
    work: UnitOfWork, task: Task
) -> None:
    rng = np.random.default_rng(7)
    for number, share in enumerate((0.5, 0.1, 0.3)):
        for study in range(1000 * number, 1000 * number + 120):
            reported(work, study)
        drawn(work, auditing(task, share), salt=rng.bytes(16))
        drawn(work, auditing(task, 0.9), salt=rng.bytes(16))
    lots = work.lots.all()
    for share in (0.5, 0.1, 0.3):
        taken = [lot.drawn for lot in lots if lot.share == share]
        assert len(taken) == 120
        four_errors = 4 * (share * (1 - share) / 120) ** 0.5
        assert abs(np.mean(taken) - share) < four_errors


def test_a_claim_that_was_taken_back_is_no_dispute_and_one_that_was_signed_is(
    work: UnitOfWork, task: Task
) -> None:
    for number in (1, 2):
        reported(work, number)
        origin = Origin.BUTTON if number == 1 else Origin.SIGNED_REPORT
        claim = file_correction(work, a_correction(number, origin=origin), task=task)
        withdraw(work, claim.id, by=claim.by, now=NOW)
    assert [case.study for case in drawn(work, auditing(task, 1.0))] == [uid(1)]
    assert [lot.disputed for lot in work.lots.all()] == [False, True]


def test_a_doubted_label_s_case_is_the_audit_s_too(work: UnitOfWork, task: Task) -> None:
    reported(work, 1)
    work.studies.add_instance(an_instance(1))
    doubt = Doubt(study=uid(1), label=NO, probability=0.9)
    (doubted,) = open_doubts(work, [doubt], task=task, most=5, now=NOW)
    assert drawn(work, auditing(task, 1.0)) == []
    (lot,) = work.lots.all()
    assert lot.case == doubted.id


def test_a_study_s_own_lot_is_not_changed_by_a_later_dispute(work: UnitOfWork, task: Task) -> None:
    reported(work, 1)
    (case,) = drawn(work, auditing(task, 1.0))
    filed = file_correction(work, a_correction(1), task=task)
    assert filed.case == case.id
    drawn(work, auditing(task, 1.0))
    (lot,) = work.lots.all()
    assert (lot.disputed, lot.case) == (False, case.id)


def test_the_lot_is_about_the_first_answer_the_one_the_reader_saw(work: UnitOfWork, task: Task) -> None:
    reported(work, 1)
    work.studies.add_prediction(
        a_prediction(1, probability=0.9, model_version="2", made_at=datetime.max.replace(tzinfo=NOW.tzinfo))
    )
    drawn(work, auditing(task, 1.0))
    (lot,) = work.lots.all()
    assert (lot.called, lot.answered_at) == (NO, NOW)


def test_a_drawing_is_one_row_of_the_record_each_audit_another_and_nothing_new_none(
    work: UnitOfWork, task: Task
) -> None:
    for number in range(3):
        reported(work, number)
    before = len(work.audit.rows())
    drawn(work, auditing(task, 1.0))
    rows = [row.event for row in work.audit.rows()[before:]]
    assert [row.action for row in rows] == ["audit-drawn"] * 3 + ["lots-drawn"]
    assert rows[0].details == {"probability": 1.0}
    assert rows[-1].details == {
        "shares": {"no_finding": 1.0, "has_finding": 0.0},
        "lots": 3,
        "drawn": 3,
    }
    drawn(work, auditing(task, 1.0))
    assert len(work.audit.rows()) == before + 4


RULE = StopRule(p0=0.03, p1=0.09, alpha=0.05, beta=0.1, threshold=4.5)


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_what_is_no_share_is_refused(share: float) -> None:
    with pytest.raises(InputError, match="share"):
        AuditPlan(cleared=share, flagged=0.0, stop=RULE)
