"""The one way in: known, new, or a conflict; a patient's split stays."""

from dataclasses import replace
from datetime import datetime

import pytest

from overread.domain.datasets import Shares
from overread.domain.errors import ConflictError
from overread.domain.identifiers import Site
from overread.domain.screening import Outcome
from overread.domain.studies import StudyState
from overread.domain.tasks import Task
from overread.store.unit_of_work import UnitOfWork
from overread.studies.intake import SCREEN, OtherBytesError, receive
from overread.studies.predicting import claim_next
from overread.studies.screening import PREDICT, keep_screening
from tests.builders import a_digest, a_screening, an_arrival, uid


def test_a_new_study_is_kept_and_queued_for_screening(work: UnitOfWork, task: Task, now: datetime) -> None:
    receipt = receive(work, an_arrival(), task=task, now=now)
    assert receipt.is_new
    assert receipt.study.state is StudyState.RECEIVED
    assert work.studies.get(uid()) == receipt.study
    assert (receipt.instance.rows, receipt.instance.sent_by) == (2000, "dora")
    claimed = claim_next(work, SCREEN, now=now)
    assert claimed is not None
    assert claimed[1].uid == uid()


def test_the_patients_number_stays_apart_from_the_study(work: UnitOfWork, task: Task, now: datetime) -> None:
    study = receive(work, an_arrival(patient_id="MRN-4711"), task=task, now=now).study
    assert "4711" not in study.patient
    assert work.studies.patient(study.patient).id == "MRN-4711"


def test_the_same_bytes_again_change_nothing(work: UnitOfWork, task: Task, now: datetime) -> None:
    first = receive(work, an_arrival(), task=task, now=now)
    rows = work.audit.rows()
    again = receive(work, an_arrival(), task=task, now=now)
    assert again == replace(first, is_new=False)
    assert work.outbox.waiting(SCREEN) == 1
    assert work.audit.rows() == rows


def test_other_bytes_under_a_known_uid_are_a_conflict(work: UnitOfWork, task: Task, now: datetime) -> None:
    receive(work, an_arrival(), task=task, now=now)
    with pytest.raises(OtherBytesError) as refused:
        receive(work, an_arrival(digest=a_digest("b")), task=task, now=now)
    assert isinstance(refused.value, ConflictError)


def test_every_image_is_one_row_of_the_change_record(work: UnitOfWork, task: Task, now: datetime) -> None:
    receive(work, an_arrival(1), task=task, now=now)
    receive(work, an_arrival(2, study=uid(1)), task=task, now=now)
    assert [row.event.subject for row in work.audit.rows()] == [an_arrival(1).sop_uid, an_arrival(2).sop_uid]
    assert {row.event.study for row in work.audit.rows()} == {uid(1)}


def test_a_patients_split_stays_when_the_shares_change(work: UnitOfWork, task: Task, now: datetime) -> None:
    first = receive(work, an_arrival(1), task=task, now=now).study
    before = work.studies.split(first.patient)
    for number, shares in enumerate((Shares(train=0.01, tune=0.01), Shares(train=0.01, tune=0.98)), start=2):
        later = receive(work, an_arrival(number), task=replace(task, shares=shares), now=now).study
        assert later.patient == first.patient
        assert work.studies.split(first.patient) is before


def test_one_number_at_two_sites_is_two_patients(work: UnitOfWork, task: Task, now: datetime) -> None:
    south = receive(work, an_arrival(1), task=task, now=now).study
    north = receive(work, an_arrival(2, site=Site("north")), task=task, now=now).study
    assert south.patient != north.patient


def test_a_second_image_before_the_answer_is_screened_with_the_first(
    work: UnitOfWork, task: Task, now: datetime
) -> None:
    receive(work, an_arrival(1), task=task, now=now)
    keep_screening(work, uid(1), a_screening(), fingerprint=None, now=now)
    second = receive(work, an_arrival(2, study=uid(1)), task=task, now=now)
    assert second.study.state is StudyState.RECEIVED
    assert claim_next(work, PREDICT, now=now) is None  # the model waits for the new screening
    keep_screening(work, uid(1), a_screening(R06=Outcome.FAIL), fingerprint=None, now=now)
    assert work.studies.get(uid(1)).state is StudyState.EXCLUDED


@pytest.mark.parametrize("state", [StudyState.PREDICTED, StudyState.REPORTED])
def test_a_second_image_after_the_answer_changes_only_the_cohort(
    work: UnitOfWork, task: Task, now: datetime, state: StudyState
) -> None:
    study = receive(work, an_arrival(1), task=task, now=now).study
    answered = replace(study.screened(a_screening()), state=state)
    work.studies.save(answered)
    assert answered.cohort
    flagged = receive(work, an_arrival(2, study=uid(1)), task=task, now=now).study
    assert (flagged.state, flagged.reasons, flagged.cohort) == (state, (), False)
    assert [o.code for o in flagged.screening.cohort_reasons] == ["R06_IMAGE_COUNT"]
    assert work.studies.get(uid(1)) == flagged
