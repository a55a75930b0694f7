"""Blinded cases: handed out, held, read, closed and labelled."""

from datetime import datetime, timedelta
from itertools import combinations

import pytest
from sqlalchemy import event

from bootstrap.storage import Storage
from feedback.adjudication import Decided, resolve, take_read
from feedback.agreement import two_reader_agreement
from feedback.cases import HOLD, next_case, waiting_for, without_senior
from overread.domain.adjudication import ALL_READS, Case, CaseState, Grade, Stage
from overread.domain.datasets import Split
from overread.domain.errors import ConflictError, InputError
from overread.domain.findings import Finding, Label
from overread.domain.identifiers import PersonKey
from overread.domain.people import Role
from overread.domain.tasks import Task
from overread.store.engine import Engine
from overread.store.unit_of_work import UnitOfWork
from tests.builders import (
    NOW,
    a_case,
    a_finding,
    a_person,
    a_read,
    keep_predicted,
    uid,
)

RITA, REMY, ROSA, SVEN, SARA = (PersonKey(name) for name in ("rita", "remy", "rosa", "sven", "sara"))
MINUTE = timedelta(minutes=1)
HAS, NO = Label.HAS_FINDING, Label.NO_FINDING


def opened(work: UnitOfWork, number: int = 1, *, split: Split = Split.TRAIN) -> Case:
    """Keep a case that rita raised; the greater its number, the later."""
    keep_predicted(work, number, split=split)
    case = a_case(number, barred=frozenset({RITA}), opened_at=NOW + MINUTE * number)
    work.cases.add(case)
    return case


def read(work: UnitOfWork, by: str, label: Label, task: Task, *, case: str = "case-0001") -> Case:
    stage = work.cases.get(case).stage
    role = Role.SENIOR if by.startswith("s") else Role.READER
    return take_read(work, a_read(by, case=case, label=label, stage=stage), a_person(by, role), task=task)


def hired(work: UnitOfWork, *seniors: PersonKey) -> None:
    for senior in seniors:
        work.people.add(senior, Role.SENIOR, password=None, at=NOW)


def decided(label: Label = HAS) -> Decided:
    return Decided(id="decided", label=label, findings=(), reason="seen")


def test_the_longest_waiting_case_is_handed_out_and_held(work: UnitOfWork, now: datetime) -> None:
    opened(work, 2)
    first = opened(work, 1)
    given = next_case(work, REMY, Role.READER, now=now)
    assert given is not None
    assert (given[0].id, given[1]) == (first.id, now + HOLD)
    assert next_case(work, REMY, Role.READER, now=now + MINUTE) == given  # the same till it is read
    other = next_case(work, ROSA, Role.READER, now=now)
    assert other is not None
    assert other[0].id == "case-0002"
    assert next_case(work, PersonKey("third"), Role.READER, now=now) is None


def test_a_hold_that_ran_out_frees_the_case(work: UnitOfWork, now: datetime) -> None:
    opened(work)
    next_case(work, REMY, Role.READER, now=now)
    assert next_case(work, ROSA, Role.READER, now=now + HOLD - MINUTE) is None
    assert next_case(work, ROSA, Role.READER, now=now + HOLD) is not None


def test_a_read_frees_the_case_for_the_next_reader(work: UnitOfWork, task: Task, now: datetime) -> None:
    opened(work)
    next_case(work, REMY, Role.READER, now=now)
    read(work, "remy", HAS, task)
    assert next_case(work, REMY, Role.READER, now=now) is None
    given = next_case(work, ROSA, Role.READER, now=now)
    assert given is not None
    assert given[0].stage is Stage.SECOND


def test_the_raiser_is_never_given_the_case(work: UnitOfWork, now: datetime) -> None:
    opened(work)
    for role in Role:
        assert next_case(work, RITA, role, now=now) is None
        assert waiting_for(work, RITA, role) == 0


def test_who_joins_as_a_raiser_loses_the_case_they_held(work: UnitOfWork, now: datetime) -> None:
    opened(work)
    next_case(work, REMY, Role.READER, now=now)
    work.cases.bar("case-0001", {REMY})
    assert next_case(work, REMY, Role.READER, now=now) is None


def test_two_that_agree_close_the_case_with_a_label(work: UnitOfWork, task: Task) -> None:
    opened(work)
    read(work, "remy", HAS, task)
    case = read(work, "rosa", HAS, task)
    assert case.state is CaseState.CLOSED
    assert work.cases.get(case.id).state is CaseState.CLOSED
    assert work.cases.holder(case.id) is None
    (label,) = work.labels.of_study(uid())
    assert (label.label, label.grade, label.source, label.case) == (
        HAS,
        Grade.DOUBLE,
        "adjudication",
        case.id,
    )
    assert work.labels.errata() == []


def test_where_two_differ_a_senior_reads_and_decides(work: UnitOfWork, task: Task, now: datetime) -> None:
    opened(work)
    read(work, "remy", HAS, task)
    read(work, "rosa", NO, task)
    assert next_case(work, PersonKey("another"), Role.READER, now=now) is None
    assert next_case(work, SVEN, Role.SENIOR, now=now) is not None
    senior = a_person("sven", Role.SENIOR)
    read(work, "sven", NO, task)
    case = resolve(work, "case-0001", decided(HAS), senior, task=task, now=now)
    assert (case.state, case.resolution is not None and case.resolution.changed_after_reveal) == (
        CaseState.CLOSED,
        True,
    )
    (label,) = work.labels.of_study(uid())
    assert (label.label, label.grade) == (HAS, Grade.ADJUDICATED)
    actions = [row.event.action for row in work.audit.rows()]
    assert actions == ["case-read", "case-read", "case-read", "case-resolved"]
    with pytest.raises(ConflictError):
        resolve(work, "case-0001", decided(), senior, task=task, now=now)


def test_a_senior_keeps_an_undecided_case_and_no_other_senior_gets_it(
    work: UnitOfWork, task: Task, now: datetime
) -> None:
    opened(work)
    opened(work, 2)
    for by, label in (("remy", HAS), ("rosa", NO)):
        read(work, by, label, task)
    next_case(work, SVEN, Role.SENIOR, now=now)
    read(work, "sven", NO, task)
    for later in (now, now + 2 * HOLD):
        given = next_case(work, SVEN, Role.SENIOR, now=later)
        assert given is not None
        assert given[0].id == "case-0001"
        other = next_case(work, SARA, Role.SENIOR, now=later)
        assert other is not None
        assert other[0].id == "case-0002"


def test_a_senior_is_given_first_what_only_a_senior_can_read(
    work: UnitOfWork, task: Task, now: datetime
) -> None:
    opened(work, 1)
    opened(work, 2)
    read(work, "remy", HAS, task, case="case-0002")
    read(work, "rosa", NO, task, case="case-0002")
    given = next_case(work, SVEN, Role.SENIOR, now=now)
    assert given is not None
    assert given[0].id == "case-0002"
    assert waiting_for(work, SVEN, Role.SENIOR) == 2


def test_a_senior_comes_last_to_what_no_other_senior_could_decide(
    work: UnitOfWork, task: Task, now: datetime
) -> None:
    hired(work, SVEN, SARA)
    opened(work, 1)
    opened(work, 2)
    read(work, "sara", HAS, task)
    given = next_case(work, SVEN, Role.SENIOR, now=now)
    assert given is not None
    assert given[0].id == "case-0002"
    read(work, "sven", HAS, task, case="case-0002")
    last = next_case(work, SVEN, Role.SENIOR, now=now)
    assert last is not None
    assert last[0].id == "case-0001"  # kept from nobody: what then has no senior is an alert


def test_a_case_that_no_senior_may_decide_is_named(work: UnitOfWork, task: Task) -> None:
    hired(work, SVEN)
    for number in (1, 2, 3):
        opened(work, number)
    work.cases.bar("case-0001", {SVEN})  # who raised it, or signed the study's report
    assert without_senior(work) == []  # its readers may agree yet
    for case in ("case-0001", "case-0002"):
        read(work, "remy", HAS, task, case=case)
        read(work, "rosa", NO, task, case=case)
    assert without_senior(work) == ["case-0001"]
    hired(work, SARA)
    assert without_senior(work) == []


def test_what_is_handed_out_is_what_the_rules_allow(work: UnitOfWork, task: Task) -> None:
    """In every mix of barred people, reads and roles."""
    people = {"remy": Role.READER, "rosa": Role.READER, "sven": Role.SENIOR}
    mixes = [
        (barred, readers)
        for count in range(ALL_READS + 1)
        for readers in combinations(people, count)
        for barred in ((), ("remy",), ("sven",))
        if not set(barred) & set(readers) and (count < ALL_READS or readers[-1] == "sven")
    ]
    for number, (barred, readers) in enumerate(mixes, start=1):
        keep_predicted(work, number)
        work.cases.add(a_case(number, barred=frozenset(PersonKey(name) for name in barred)))
        for stage, label, name in zip(Stage, (HAS, NO, HAS), readers, strict=False):
            work.cases.add_read(a_read(name, case=f"case-{number:04}", stage=stage, label=label))
    cases = work.cases.in_state(CaseState.OPEN)
    for name, role in people.items():
        may = sum(case.may_be_read_by(PersonKey(name), role) for case in cases)
        undecided = sum(len(case.reads) == ALL_READS and case.reads[-1].by == name for case in cases)
        assert waiting_for(work, PersonKey(name), role) == may + undecided > 0


def test_with_many_open_cases_the_next_takes_a_few_queries(storage: Storage, engine: Engine) -> None:
    with storage.work() as work:
        keep_predicted(work)
        for number in range(400):
            work.cases.add(a_case(number, study=uid(), barred=frozenset({RITA})))
        work.commit()
    asked: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda _c, _cursor, statement, *_: asked.append(statement))
    with storage.work() as work:
        given = next_case(work, REMY, Role.READER, now=NOW)
        waiting = waiting_for(work, REMY, Role.READER)
    assert given is not None
    assert waiting == 400
    assert len([statement for statement in asked if statement.startswith("SELECT")]) < 10


@pytest.mark.parametrize(
    ("label", "findings"),
    [(NO, (a_finding(),)), (HAS, (a_finding("unheard_of"),)), (HAS, (a_finding(box=(0, 0, 1801, 5)),))],
)
def test_a_read_or_decision_that_cannot_be_true_is_refused(
    work: UnitOfWork, task: Task, now: datetime, label: Label, findings: tuple[Finding, ...]
) -> None:
    opened(work)
    with pytest.raises(InputError):
        take_read(work, a_read("remy", label=label, findings=findings), a_person("remy"), task=task)
    read(work, "remy", HAS, task)
    read(work, "rosa", NO, task)
    read(work, "sven", NO, task)
    wrong = Decided(id="d", label=label, findings=findings, reason="x")
    with pytest.raises(InputError):
        resolve(work, "case-0001", wrong, a_person("sven", Role.SENIOR), task=task, now=now)


def test_a_settled_case_of_a_test_patient_is_an_erratum(work: UnitOfWork, task: Task) -> None:
    opened(work, split=Split.TEST)
    read(work, "remy", HAS, task)
    read(work, "rosa", HAS, task)
    assert [(erratum.study, erratum.case) for erratum in work.labels.errata()] == [(uid(), "case-0001")]


def test_agreement_is_counted_on_the_first_two_reads(work: UnitOfWork, task: Task) -> None:
    for number, (one, other) in enumerate([(HAS, HAS), (NO, NO), (HAS, NO)], start=1):
        case = opened(work, number)
        read(work, "remy", one, task, case=case.id)
        read(work, "rosa", other, task, case=case.id)
    opened(work, 4)
    read(work, "remy", HAS, task, case="case-0004")
    assert work.cases.count_first_reads() == [(HAS, HAS, 1), (HAS, NO, 1), (NO, NO, 1)]
    kappa = two_reader_agreement(work)
    assert kappa.n == 3
    assert kappa.lower <= kappa.estimate <= kappa.upper
