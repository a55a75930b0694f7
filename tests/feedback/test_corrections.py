"""The button, the signed report that contradicts, and a minute to take it back."""

from datetime import datetime, timedelta

import pytest

from feedback.adjudication import take_read
from feedback.cases import open_case, open_or_join
from feedback.corrections import file_correction, withdraw
from feedback.implicit import file_if_contradicted
from overread.domain.adjudication import CaseState
from overread.domain.corrections import Kind, Origin, TooLateError
from overread.domain.errors import ForbiddenError, InputError, NotFoundError
from overread.domain.findings import Label
from overread.domain.identifiers import PersonKey
from overread.domain.reports import Report, ReportStatus
from overread.domain.tasks import Task
from overread.store.unit_of_work import UnitOfWork
from tests.builders import (
    a_case,
    a_correction,
    a_finding,
    a_person,
    a_read,
    a_report,
    an_agreement,
    keep_predicted,
    uid,
)

RITA, REMY, ROSA = (PersonKey(name) for name in ("rita", "remy", "rosa"))
SECOND = timedelta(seconds=1)


def signed(now: datetime, *, by: PersonKey = RITA, label: Label = Label.HAS_FINDING) -> Report:
    return a_report(version=2, label=label, status=ReportStatus.SIGNED, signed_by=by, signed_at=now)


def test_a_disagreement_opens_the_studys_case_and_bars_its_raiser(work: UnitOfWork, task: Task) -> None:
    keep_predicted(work)
    filed = file_correction(work, a_correction(by="rita"), task=task)
    assert filed.case is not None
    case = work.cases.get(filed.case)
    assert (case.study, case.state, case.barred) == (uid(), CaseState.OPEN, frozenset({RITA}))
    assert work.corrections.get(filed.id) == filed


@pytest.mark.parametrize(
    ("kind", "model", "label"),
    [
        (Kind.MISSED_FINDING, Label.HAS_FINDING, Label.NO_FINDING),
        (Kind.FALSE_ALARM, Label.NO_FINDING, Label.HAS_FINDING),
    ],
)
def test_a_kind_that_the_labels_contradict_is_refused_with_the_remedy(
    work: UnitOfWork, task: Task, kind: Kind, model: Label, label: Label
) -> None:
    keep_predicted(work)
    with pytest.raises(InputError, match=f"{kind} is for an answer of {label} .* leave the kind out"):
        file_correction(work, a_correction(kind=kind, model_label=model, label=label), task=task)
    assert work.corrections.all() == []


def test_another_disagreement_joins_the_open_case(work: UnitOfWork, task: Task) -> None:
    keep_predicted(work)
    first = file_correction(work, a_correction(by="rita"), task=task)
    second = file_correction(work, a_correction(by="remy"), task=task)
    assert second.case == first.case
    assert work.cases.get(first.case or "").barred == {RITA, REMY}
    assert len(work.cases.of_study(uid())) == 1


def test_after_a_closed_case_a_new_one_is_opened(work: UnitOfWork, task: Task) -> None:
    keep_predicted(work)
    first = file_correction(work, a_correction(by="rita"), task=task)
    work.cases.set_state(first.case or "", CaseState.CLOSED)
    second = file_correction(work, a_correction(by="remy"), task=task)
    assert second.case not in {None, first.case}


def test_an_agreement_opens_nothing(work: UnitOfWork, task: Task) -> None:
    keep_predicted(work)
    assert file_correction(work, an_agreement(), task=task).case is None
    assert work.cases.of_study(uid()) == []


def test_a_correction_is_one_row_of_the_change_record(work: UnitOfWork, task: Task) -> None:
    keep_predicted(work)
    filed = file_correction(work, a_correction(), task=task)
    (row,) = work.audit.rows()
    assert (row.event.subject, row.event.action, row.event.study) == (filed.id, "correction-filed", uid())
    assert row.event.details["answer_shown"] is True


def test_what_cannot_be_said_is_refused(work: UnitOfWork, task: Task) -> None:
    with pytest.raises(NotFoundError):
        file_correction(work, a_correction(), task=task)
    keep_predicted(work)
    for finding in (a_finding("unheard_of"), a_finding(box=(0, 0, 10, 2001))):
        with pytest.raises(InputError):
            file_correction(work, a_correction(findings=(finding,)), task=task)
    assert work.cases.of_study(uid()) == []


def test_a_withdrawn_claim_closes_its_unread_case(work: UnitOfWork, task: Task, now: datetime) -> None:
    keep_predicted(work)
    filed = file_correction(work, a_correction(), task=task)
    withdraw(work, filed.id, by=RITA, now=now + 60 * SECOND)
    assert work.corrections.get(filed.id).withdrawn_at == now + 60 * SECOND
    assert work.cases.get(filed.case or "").state is CaseState.WITHDRAWN
    rows = work.audit.rows()
    assert rows[-1].event.action == "correction-withdrawn"
    withdraw(work, filed.id, by=RITA, now=now + 60 * SECOND)  # again: nothing more
    assert work.audit.rows() == rows


def test_the_case_stays_while_another_claim_stands(work: UnitOfWork, task: Task, now: datetime) -> None:
    keep_predicted(work)
    first = file_correction(work, a_correction(by="rita"), task=task)
    second = file_correction(work, a_correction(by="remy"), task=task)
    withdraw(work, first.id, by=RITA, now=now)
    case = work.cases.get(first.case or "")
    assert (case.state, case.barred) == (CaseState.OPEN, frozenset({RITA, REMY}))
    withdraw(work, second.id, by=REMY, now=now)
    assert work.cases.get(case.id).state is CaseState.WITHDRAWN


def test_a_case_somebody_has_read_stays(work: UnitOfWork, task: Task, now: datetime) -> None:
    keep_predicted(work)
    filed = file_correction(work, a_correction(by="rita"), task=task)
    take_read(work, a_read("remy", case=filed.case or ""), a_person("remy"), task=task)
    withdraw(work, filed.id, by=RITA, now=now)
    assert work.cases.get(filed.case or "").state is CaseState.OPEN


def test_an_audit_stays_open_when_the_claim_that_joined_it_goes(
    work: UnitOfWork, task: Task, now: datetime
) -> None:
    keep_predicted(work)
    audit = open_case(work, a_case(origin=Origin.AUDIT))
    filed = file_correction(work, a_correction(by="rita"), task=task)
    assert filed.case == audit.id
    withdraw(work, filed.id, by=RITA, now=now)
    assert work.cases.get(audit.id).state is CaseState.OPEN


def test_after_a_minute_it_is_too_late(work: UnitOfWork, task: Task, now: datetime) -> None:
    keep_predicted(work)
    filed = file_correction(work, a_correction(), task=task)
    with pytest.raises(TooLateError) as refused:
        withdraw(work, filed.id, by=RITA, now=now + 61 * SECOND)
    assert refused.value.code == "too-late"
    assert work.corrections.get(filed.id).withdrawn_at is None


def test_only_its_author_takes_a_correction_back(work: UnitOfWork, task: Task, now: datetime) -> None:
    keep_predicted(work)
    filed = file_correction(work, a_correction(by="rita"), task=task)
    with pytest.raises(ForbiddenError):
        withdraw(work, filed.id, by=REMY, now=now)


def test_a_signed_report_that_contradicts_the_model_is_a_correction(
    work: UnitOfWork, task: Task, now: datetime
) -> None:
    keep_predicted(work)
    report = signed(now)
    filed = file_if_contradicted(work, report, task=task, answer_shown=False)
    assert filed is not None
    assert (filed.by, filed.label, filed.kind) == ("rita", Label.HAS_FINDING, Kind.MISSED_FINDING)
    assert (filed.origin, filed.answer_shown, filed.model_version) == (Origin.SIGNED_REPORT, False, "1")
    assert work.cases.get(filed.case or "").barred == {RITA}


def test_a_false_alarm_names_no_findings(work: UnitOfWork, task: Task, now: datetime) -> None:
    keep_predicted(work, probability=0.9)
    filed = file_if_contradicted(work, signed(now, label=Label.NO_FINDING), task=task, answer_shown=True)
    assert filed is not None
    assert (filed.kind, filed.findings) == (Kind.FALSE_ALARM, ())


def test_a_report_that_agrees_or_is_not_signed_files_nothing(
    work: UnitOfWork, task: Task, now: datetime
) -> None:
    keep_predicted(work)
    agreeing = signed(now, label=Label.NO_FINDING)
    assert file_if_contradicted(work, agreeing, task=task, answer_shown=True) is None
    draft = a_report(label=Label.HAS_FINDING)
    assert file_if_contradicted(work, draft, task=task, answer_shown=True) is None
    assert work.corrections.all() == []


def test_who_pressed_the_button_is_not_heard_twice(work: UnitOfWork, task: Task, now: datetime) -> None:
    keep_predicted(work)
    file_correction(work, a_correction(by="rita"), task=task)
    assert file_if_contradicted(work, signed(now), task=task, answer_shown=True) is None
    assert len(work.corrections.all()) == 1


def test_a_signature_counts_after_an_agreement_or_a_word_taken_back(
    work: UnitOfWork, task: Task, now: datetime
) -> None:
    keep_predicted(work, 1)
    file_correction(work, an_agreement(by="rita"), task=task)
    assert file_if_contradicted(work, signed(now + SECOND), task=task, answer_shown=True) is not None
    keep_predicted(work, 2)
    taken_back = file_correction(work, a_correction(2, by="rita"), task=task)
    withdraw(work, taken_back.id, by=RITA, now=now)
    report = a_report(
        2, label=Label.HAS_FINDING, status=ReportStatus.SIGNED, signed_by=RITA, signed_at=now + SECOND
    )
    assert file_if_contradicted(work, report, task=task, answer_shown=True) is not None


def test_a_report_files_once_even_where_its_word_was_taken_back(
    work: UnitOfWork, task: Task, now: datetime
) -> None:
    keep_predicted(work)
    filed = file_if_contradicted(work, signed(now), task=task, answer_shown=True)
    assert filed is not None
    withdraw(work, filed.id, by=RITA, now=now + SECOND)
    assert file_if_contradicted(work, signed(now), task=task, answer_shown=False) is None
    assert len(work.corrections.all()) == 1


def test_another_persons_claim_does_not_silence_the_signer(
    work: UnitOfWork, task: Task, now: datetime
) -> None:
    keep_predicted(work)
    claim = file_correction(work, a_correction(by="remy"), task=task)
    filed = file_if_contradicted(work, signed(now), task=task, answer_shown=True)
    assert filed is not None
    assert filed.case == claim.case
    assert work.cases.get(claim.case or "").barred == {RITA, REMY}


def test_whoever_signed_the_report_is_barred_from_a_later_case(work: UnitOfWork, now: datetime) -> None:
    keep_predicted(work)
    work.reports.add(signed(now, by=ROSA, label=Label.NO_FINDING))
    assert open_case(work, a_case()).barred == {ROSA}


def test_whoever_signs_is_barred_from_the_open_case_even_without_contradiction(
    work: UnitOfWork, task: Task, now: datetime
) -> None:
    keep_predicted(work)
    case = open_or_join(work, a_correction(by="rita"), task=task)
    agreeing = signed(now, by=ROSA, label=Label.NO_FINDING)
    assert file_if_contradicted(work, agreeing, task=task, answer_shown=True) is None
    assert work.cases.get(case.id).barred == {RITA, ROSA}
