"""From claims to blinded cases, and who may read which."""

from dataclasses import replace
from datetime import datetime, timedelta

from overread.domain.adjudication import (
    ALL_READS,
    FIRST_READS,
    Case,
    CaseState,
    Stage,
    reads_at,
    stage_after,
)
from overread.domain.corrections import Correction, Origin
from overread.domain.identifiers import PersonKey, derived_id
from overread.domain.people import Role
from overread.domain.reports import Report
from overread.domain.tasks import Task
from overread.store.unit_of_work import UnitOfWork

HOLD = timedelta(minutes=15)
_CLAIMLESS = frozenset({Origin.AUDIT.value, Origin.DOUBT.value})  # asked for by no person's claim


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


def bar_signer(work: UnitOfWork, report: Report) -> None:
    """Bar who signed a study's report from reading its open case, if it has one."""
    case = work.cases.open_of(report.study)
    if case is not None and report.signed_by is not None:
        work.cases.bar(case.id, {report.signed_by})


def withdraw_claim(work: UnitOfWork, correction: Correction) -> None:
    """Close the case of a withdrawn claim while it is unread and nothing else asks for it."""
    if correction.case is None:
        return
    case = work.cases.get(correction.case)
    claims = [claim for claim in work.corrections.of_case(case.id) if claim.withdrawn_at is None]
    asked_for = claims or case.origin in _CLAIMLESS
    if case.state is CaseState.OPEN and not case.reads and not asked_for:
        work.cases.set_state(case.id, CaseState.WITHDRAWN)


def next_case(
    work: UnitOfWork, person: PersonKey, role: Role, *, now: datetime
) -> tuple[Case, datetime] | None:
    """Give a person the case they hold, or the longest-waiting one they may read, for fifteen minutes."""
    held = work.cases.held_by(person, now=now)
    if held is not None and held[0].id in _waiting(work, person, role):
        return held
    waiting = _waiting(work, person, role, free_at=now)
    if not waiting:
        return None
    case, until = work.cases.get(waiting[0]), now + HOLD
    work.cases.hold(case.id, person, until)
    return case, until


def waiting_for(work: UnitOfWork, person: PersonKey, role: Role) -> int:
    """Return how many open cases this person could read."""
    return len(_waiting(work, person, role))


def without_senior(work: UnitOfWork) -> list[str]:
    """Return the open cases whose first reads differ and that no senior here may read."""
    decidable = _decidable(work)
    return [
        case.id
        for case in work.cases.in_state(CaseState.OPEN)
        if len(case.reads) == FIRST_READS and case.id not in decidable
    ]


def _waiting(
    work: UnitOfWork, person: PersonKey, role: Role, *, free_at: datetime | None = None
) -> list[str]:
    """Return what waits for a person: own decisions, then what only a senior reads, then the rest.

    A senior comes last to cases on which no other senior would be left to break a tie.
    """
    spared = _decidable(work, but=person) if role is Role.SENIOR else set()
    unread = [
        (stage_after(count), case)
        for case, count in work.cases.unread_by(person, free_at=free_at)
        if count < ALL_READS and reads_at(role, stage_after(count))
    ]
    unread.sort(key=lambda waiting: 0 if waiting[0] is Stage.SENIOR else 1 + (waiting[1] not in spared))
    return [*work.cases.undecided_by(person), *(case for _, case in unread)]


def _decidable(work: UnitOfWork, *, but: PersonKey | None = None) -> set[str]:
    """Return the open cases that some senior, `but` aside, has not read and is not barred from."""
    seniors = [person.key for person in work.people.all() if person.role is Role.SENIOR and person.key != but]
    return {case for senior in seniors for case, _ in work.cases.unread_by(senior)}
