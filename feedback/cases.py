"""From claims to blinded cases, and who may read which."""

from dataclasses import replace
from datetime import datetime, timedelta

from overread.domain.adjudication import Case, CaseState
from overread.domain.corrections import Correction
from overread.domain.identifiers import PersonKey, derived_id
from overread.domain.people import Role
from overread.domain.tasks import Task
from overread.store.unit_of_work import UnitOfWork

HOLD = timedelta(minutes=15)


def open_or_join(work: UnitOfWork, correction: Correction, *, task: Task) -> Case:
    """Return the study's open case, made if need be; every raiser is barred from reading it."""
    case = work.cases.open_of(correction.study)
    if case is None:
        return open_case(
            work,
            Case(
                id=derived_id("case", correction.id),
                study=correction.study,
                task=task.name,
                opened_at=correction.at,
                origin=correction.origin.value,
                barred=frozenset({correction.by}),
            ),
        )
    work.cases.bar(case.id, {correction.by})
    return case


def open_case(work: UnitOfWork, case: Case) -> Case:
    """Keep a new case; whoever signed the study's report is barred too."""
    report = work.reports.latest(case.study)
    if report is not None and report.signed_by is not None:
        case = replace(case, barred=case.barred | {report.signed_by})
    work.cases.add(case)
    return case


def withdraw_claim(work: UnitOfWork, correction: Correction) -> None:
    """Close the case of a withdrawn claim while it is unread and no other claim stands."""
    if correction.case is None:
        return
    case = work.cases.get(correction.case)
    standing = [c for c in work.corrections.of_case(case.id) if c.withdrawn_at is None]
    if case.state is CaseState.OPEN and not case.reads and not standing:
        work.cases.set_state(case.id, CaseState.WITHDRAWN)


def next_case(
    work: UnitOfWork, person: PersonKey, role: Role, *, now: datetime
) -> tuple[Case, datetime] | None:
    """Give a person the case they hold, or the longest-waiting one they may read, for fifteen minutes."""
    held = work.cases.held_by(person, now=now)
    if held is not None and _concerns(held[0], person, role):
        return held
    for case in work.cases.unheld(now=now):
        if _concerns(case, person, role):
            until = now + HOLD
            work.cases.hold(case.id, person, until)
            return case, until
    return None


def waiting_for(work: UnitOfWork, person: PersonKey, role: Role) -> int:
    """Return how many open cases this person could read."""
    return sum(_concerns(case, person, role) for case in work.cases.in_state(CaseState.OPEN))


def _concerns(case: Case, person: PersonKey, role: Role) -> bool:
    """Say whether this is a case to read, or one that its senior has read and still has to decide."""
    undecided = case.stage.value == "senior" and any(
        read.by == person and read.stage.value == "senior" for read in case.reads
    )
    return case.state is CaseState.OPEN and (undecided or case.may_be_read_by(person, role))
