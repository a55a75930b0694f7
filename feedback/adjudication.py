"""Take a blinded read, close a case where two agree, let the senior decide where they differ."""

from dataclasses import dataclass
from datetime import datetime

from feedback.labels import keep_outcome
from overread.domain.adjudication import Case, CaseState, Read, Resolution, Stage
from overread.domain.audit import AuditEvent
from overread.domain.findings import Finding, Label, require_consistent
from overread.domain.people import Person
from overread.domain.tasks import Task
from overread.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, kw_only=True, slots=True)
class Decided:
    """What a senior decides about a case, and why."""

    id: str
    label: Label
    findings: tuple[Finding, ...]
    reason: str


def take_read(work: UnitOfWork, read: Read, person: Person, *, task: Task) -> Case:
    """Keep one blinded read; a case on which two first reads agree is closed and labelled.

    Raises
    ------
    RaiserError, AlreadyReadError, ForbiddenError, ConflictError
        This person may not read this case now.
    InputError
        A finding is unknown, its box lies outside the picture, or the label contradicts the findings.
    """
    case = work.cases.get(read.case)
    _check(work, case, read.label, read.findings, task)
    case = case.with_read(read, person.role)
    work.cases.add_read(read)
    if case.state is CaseState.CLOSED:
        _close(work, case, now=read.at)
    elif read.stage is not Stage.SENIOR:  # the senior keeps the case until it is decided
        work.cases.hold(case.id, None, None)
    _record(work, "case-read", read, case)
    return case


def resolve(
    work: UnitOfWork, case_id: str, decided: Decided, person: Person, *, task: Task, now: datetime
) -> Case:
    """Keep the senior's decision after an own read, and close the case with its label."""
    case = work.cases.get(case_id)
    _check(work, case, decided.label, decided.findings, task)
    own = case.read_of(person.key)
    resolution = Resolution(
        id=decided.id,
        case=case.id,
        by=person.key,
        at=now,
        label=decided.label,
        findings=decided.findings,
        reason=decided.reason,
        changed_after_reveal=own is not None and own.label is not decided.label,
    )
    case = case.resolved(resolution)
    work.cases.add_resolution(resolution)
    _close(work, case, now=now)
    _record(work, "case-resolved", resolution, case)
    return case


def _check(work: UnitOfWork, case: Case, label: Label, findings: tuple[Finding, ...], task: Task) -> None:
    require_consistent(label, findings)
    task.vocabulary.check(findings)
    work.studies.get(case.study).acquisition.require_inside(findings)


def _close(work: UnitOfWork, case: Case, *, now: datetime) -> None:
    work.cases.set_state(case.id, CaseState.CLOSED)
    work.cases.hold(case.id, None, None)
    keep_outcome(work, case, now=now)


def _record(work: UnitOfWork, action: str, word: Read | Resolution, case: Case) -> None:
    work.audit.append(
        AuditEvent(
            at=word.at,
            by=word.by,
            action=action,
            subject=word.id,
            study=case.study,
            details={"case": case.id, "label": word.label, "state": case.state},
        )
    )
