"""From screening to a signed report: every state a study passes, and those it may rest in."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from overread.domain.adjudication import Grade
from overread.domain.errors import InputError, NotFoundError, PreconditionError, RuleError
from overread.domain.findings import Finding, Label
from overread.domain.identifiers import PersonKey, VersionKey
from overread.domain.reports import AlreadySignedError, Report, ReportStatus
from overread.domain.screening import Outcome
from overread.domain.studies import Reason, StudyState
from overread.domain.tasks import Task
from overread.store.unit_of_work import UnitOfWork
from overread.studies.deletion import delete
from overread.studies.predicting import claim_next, keep_prediction
from overread.studies.reporting import Draft, add_addendum, current, require_match, write
from overread.studies.screening import PREDICT, keep_screening, quarantine, release
from tests.builders import (
    RULES,
    a_finding,
    a_prediction,
    a_screening,
    a_study,
    keep_predicted,
    keep_study,
    uid,
)

RITA, OLGA = PersonKey("rita"), PersonKey("olga")
NOTHING: dict[str, Any] = {"outcomes": {}, "cohort": False, "label": None, "probability": None}


def a_draft(
    label: Label = Label.NO_FINDING, *, findings: tuple[Finding, ...] = (), sign: bool = False
) -> Draft:
    return Draft(
        language="en", label=label, findings=findings, findings_text="text", impression="said", sign=sign
    )


def received(work: UnitOfWork) -> None:
    keep_study(work, a_study(state=StudyState.RECEIVED, **NOTHING))


def screened(work: UnitOfWork, now: datetime) -> None:
    received(work)
    keep_screening(work, uid(), a_screening(R07=Outcome.UNKNOWN), fingerprint=b"f", now=now)


def predicted(work: UnitOfWork, task: Task, now: datetime, *, language: str = "zh") -> Report:
    screened(work, now)
    keep_prediction(work, a_prediction(), task=task, language=language, now=now)
    return current(work, uid(), language=language)


def test_a_study_that_may_be_read_waits_for_the_model(work: UnitOfWork, now: datetime) -> None:
    screened(work, now)
    study = work.studies.get(uid())
    assert (study.state, study.reasons, study.fingerprint) == (StudyState.SCREENED, (), b"f")
    assert not study.cohort  # R07 is unknown until a report is signed
    assert work.outbox.waiting(PREDICT) == 1


def test_a_study_the_model_must_not_read_is_excluded_with_reasons(work: UnitOfWork, now: datetime) -> None:
    received(work)
    study = keep_screening(work, uid(), a_screening(R05=Outcome.FAIL), fingerprint=None, now=now)
    assert (study.state, [reason.code for reason in study.reasons]) == (StudyState.EXCLUDED, ["R05"])
    assert {o.rule for o in study.screening.outcomes} == set(RULES)  # every outcome is kept
    assert work.outbox.waiting(PREDICT) == 0


def test_screening_twice_changes_nothing(work: UnitOfWork, now: datetime) -> None:
    screened(work, now)
    keep_screening(work, uid(), a_screening(R05=Outcome.FAIL), fingerprint=None, now=now)
    assert work.studies.get(uid()).state is StudyState.SCREENED
    assert work.outbox.waiting(PREDICT) == 1


def test_a_claimed_study_comes_back_if_its_worker_dies(work: UnitOfWork, now: datetime) -> None:
    screened(work, now)
    assert claim_next(work, PREDICT, now=now) is not None
    assert claim_next(work, PREDICT, now=now) is None
    again = claim_next(work, PREDICT, now=now + timedelta(hours=1))
    assert again is not None
    assert again[1].uid == uid()


def test_what_was_settled_meanwhile_is_not_handed_out(work: UnitOfWork, now: datetime) -> None:
    screened(work, now)
    quarantine(work, uid(), [Reason(code="BURNED_IN", text="text")], now=now)
    assert claim_next(work, PREDICT, now=now) is None
    assert work.outbox.waiting(PREDICT) == 0


def test_an_answer_is_kept_once_and_opens_the_draft(work: UnitOfWork, task: Task, now: datetime) -> None:
    report = predicted(work, task, now)
    study = work.studies.get(uid())
    assert (study.state, study.label, study.probability) == (StudyState.PREDICTED, Label.NO_FINDING, 0.2)
    assert (report.version, report.status, report.label) == (1, ReportStatus.DRAFT, Label.NO_FINDING)
    rows = len(work.audit.rows())
    other = a_prediction(probability=0.9)
    assert keep_prediction(work, other, task=task, language="zh", now=now) == study
    assert len(work.audit.rows()) == rows


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_first_draft_is_the_whole_normal_report_in_the_sites_language(
    work: UnitOfWork, task: Task, now: datetime, language: str
) -> None:
    report = predicted(work, task, now, language=language)
    assert (report.findings_text, report.impression) == task.draft_text(Label.NO_FINDING, language)
    assert report.language == language
    assert report.signed_by is None


def test_a_finding_leaves_the_text_to_the_doctor(work: UnitOfWork, task: Task, now: datetime) -> None:
    screened(work, now)
    keep_prediction(work, a_prediction(probability=0.9), task=task, language="zh", now=now)
    report = current(work, uid(), language="zh")
    assert (report.label, report.findings_text, report.impression) == (Label.HAS_FINDING, "", "")


def test_a_new_model_does_not_rewrite_an_old_answer(work: UnitOfWork, task: Task, now: datetime) -> None:
    predicted(work, task, now)
    later = a_prediction(probability=0.9, model_version=VersionKey("2"), made_at=now + timedelta(days=1))
    study = keep_prediction(work, later, task=task, language="zh", now=now)
    assert (study.label, study.probability) == (Label.NO_FINDING, 0.2)
    assert current(work, uid(), language="zh").version == 1
    shown = work.studies.prediction(uid())
    assert shown is not None
    assert shown.model_version == "1"


def test_a_report_begun_before_the_answer_stays_as_it_is(work: UnitOfWork, task: Task, now: datetime) -> None:
    screened(work, now)
    empty = current(work, uid(), language="en")
    assert empty.version == 0
    mine = write(work, empty, a_draft(Label.HAS_FINDING), task=task, by=RITA, now=now)
    study = keep_prediction(work, a_prediction(), task=task, language="zh", now=now)
    assert study.state is StudyState.PREDICTED
    assert current(work, uid(), language="en") == mine


def test_a_study_signed_before_the_answer_is_reported_once_it_comes(
    work: UnitOfWork, task: Task, now: datetime
) -> None:
    screened(work, now)
    empty = current(work, uid(), language="en")
    signed = write(work, empty, a_draft(sign=True), task=task, by=RITA, now=now)
    assert work.studies.get(uid()).state is StudyState.SCREENED
    study = keep_prediction(work, a_prediction(), task=task, language="zh", now=now)
    assert study.state is StudyState.REPORTED
    assert current(work, uid(), language="en") == signed


def test_a_signature_reports_the_study_and_labels_it(work: UnitOfWork, task: Task, now: datetime) -> None:
    draft = predicted(work, task, now)
    stated = a_draft(Label.HAS_FINDING, findings=(a_finding(),), sign=True)
    signed = write(work, draft, stated, task=task, by=RITA, now=now)
    study = work.studies.get(uid())
    assert (signed.version, signed.signed_by, signed.signed_at) == (2, "rita", now)
    assert (study.state, study.cohort) == (StudyState.REPORTED, True)  # R07 and R08 are answered
    (label,) = work.labels.of_study(uid())
    assert (label.label, label.grade, label.source) == (Label.HAS_FINDING, Grade.REPORT, "signed-report")
    assert [finding.code for finding in label.findings] == ["nodule"]


def test_a_draft_is_a_version_and_no_label(work: UnitOfWork, task: Task, now: datetime) -> None:
    draft = predicted(work, task, now)
    edited = write(work, draft, a_draft(), task=task, by=RITA, now=now)
    assert (edited.version, edited.status, edited.edited_by) == (2, ReportStatus.DRAFT, "rita")
    assert work.labels.of_study(uid()) == []
    assert work.studies.get(uid()).state is StudyState.PREDICTED


def test_a_signed_report_takes_addenda_and_nothing_else(work: UnitOfWork, task: Task, now: datetime) -> None:
    signed = write(work, predicted(work, task, now), a_draft(sign=True), task=task, by=RITA, now=now)
    with pytest.raises(AlreadySignedError):
        write(work, signed, a_draft(), task=task, by=RITA, now=now)
    added = add_addendum(work, signed, text="seen again", by=OLGA, now=now)
    assert [addendum.text for addendum in added.addenda] == ["seen again"]
    assert current(work, uid(), language="en") == added


@pytest.mark.parametrize(
    "draft",
    [
        a_draft(Label.HAS_FINDING, findings=(a_finding("unheard_of"),)),
        a_draft(Label.HAS_FINDING, findings=(a_finding(box=(0, 0, 1801, 5)),)),
        a_draft(Label.NO_FINDING, findings=(a_finding(),)),
    ],
)
def test_a_report_that_cannot_be_true_is_refused(
    work: UnitOfWork, task: Task, now: datetime, draft: Draft
) -> None:
    report = predicted(work, task, now)
    with pytest.raises(InputError):
        write(work, report, draft, task=task, by=RITA, now=now)


def test_a_stale_copy_is_refused(work: UnitOfWork, task: Task, now: datetime) -> None:
    draft = predicted(work, task, now)
    edited = write(work, draft, a_draft(), task=task, by=RITA, now=now)
    require_match(edited, f'"other", {edited.etag}')
    require_match(edited, "*")
    with pytest.raises(PreconditionError):
        require_match(edited, draft.etag)


def test_no_report_is_written_on_a_study_nobody_received(work: UnitOfWork) -> None:
    with pytest.raises(NotFoundError):
        current(work, uid(), language="en")


def test_each_write_of_a_report_is_one_row_with_a_subject_of_its_own(
    work: UnitOfWork, task: Task, now: datetime
) -> None:
    draft = predicted(work, task, now)
    signed = write(work, draft, a_draft(sign=True), task=task, by=RITA, now=now)
    added = add_addendum(work, signed, text="one", by=RITA, now=now)
    add_addendum(work, added, text="two", by=RITA, now=now)
    written = [row.event for row in work.audit.rows() if row.event.by == RITA]
    assert [event.action for event in written] == ["report-signed", "report-addended", "report-addended"]
    assert len({event.subject for event in written}) == 3


def test_a_signature_alone_does_not_make_an_unscreened_study_fit_to_train(
    work: UnitOfWork, task: Task, now: datetime
) -> None:
    received(work)
    quarantine(work, uid(), [Reason(code="UNREADABLE", text="cut short")], now=now)
    write(work, current(work, uid(), language="en"), a_draft(sign=True), task=task, by=RITA, now=now)
    study = work.studies.get(uid())
    assert (study.state, study.cohort) == (StudyState.QUARANTINED, False)


def test_a_person_releases_a_quarantined_study(work: UnitOfWork, task: Task, now: datetime) -> None:
    received(work)
    set_aside = quarantine(work, uid(), [Reason(code="BURNED_IN", text="text")], now=now)
    assert (set_aside.state, set_aside.reasons[0].code) == (StudyState.QUARANTINED, "BURNED_IN")
    freed = release(work, uid(), by=OLGA, reason="a side marker", now=now)
    assert (freed.state, freed.reasons) == (StudyState.SCREENED, ())
    assert claim_next(work, PREDICT, now=now) is not None
    row = work.audit.rows()[-1].event
    assert (row.by, row.action, row.details["why"]) == ("olga", "study-released", "a side marker")


def test_an_answered_study_that_was_set_aside_and_released_has_its_answer_back(
    work: UnitOfWork, task: Task, now: datetime
) -> None:
    predicted(work, task, now)
    quarantine(work, uid(), [Reason(code="BURNED_IN", text="text")], now=now)
    release(work, uid(), by=OLGA, reason="a side marker", now=now)
    again = keep_prediction(work, a_prediction(), task=task, language="zh", now=now)
    assert (again.state, again.label) == (StudyState.PREDICTED, Label.NO_FINDING)
    assert current(work, uid(), language="zh").version == 1


def test_a_reported_study_is_never_set_aside(work: UnitOfWork, now: datetime) -> None:
    study = replace(keep_predicted(work), state=StudyState.REPORTED)
    work.studies.save(study)
    assert quarantine(work, study.uid, [Reason(code="UNREADABLE", text="x")], now=now) == study
    assert work.audit.rows() == []


def test_only_a_quarantined_study_is_released_or_deleted(work: UnitOfWork, now: datetime) -> None:
    keep_predicted(work)
    with pytest.raises(RuleError, match="quarantined"):
        release(work, uid(), by=OLGA, reason="x", now=now)
    with pytest.raises(RuleError, match="quarantined"):
        delete(work, uid(), by=OLGA, reason="x", now=now)


def test_a_deleted_study_leaves_its_record(work: UnitOfWork, now: datetime) -> None:
    received(work)
    quarantine(work, uid(), [Reason(code="UNREADABLE", text="x")], now=now)
    delete(work, uid(), by=OLGA, reason="not a radiograph", now=now)
    study = work.studies.get(uid())
    assert (study.state, study.reasons[0].code) == (StudyState.EXCLUDED, "DELETED")
    row = work.audit.rows()[-1].event
    assert (row.action, row.study, row.details["why"]) == ("study-deleted", uid(), "not a radiograph")
