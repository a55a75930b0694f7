"""Labels that look wrong are put to blinded readers; a doubt by itself changes no label."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from feedback.cases import open_case
from overread.domain.adjudication import Case, CaseState
from overread.domain.audit import SYSTEM, AuditEvent
from overread.domain.corrections import Origin
from overread.domain.findings import Label
from overread.domain.identifiers import StudyUid, derived_id
from overread.domain.tasks import Task
from overread.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, kw_only=True, slots=True)
class Doubt:
    """A study's label, and the `probability` of a finding by a network that learned from other patients."""

    study: StudyUid
    label: Label
    probability: float


def places_left(work: UnitOfWork, most: int) -> int:
    """Return how many doubts may be put to readers, where at most `most` stand open at once."""
    standing = sum(case.origin == Origin.DOUBT for case in work.cases.in_state(CaseState.OPEN))
    return max(0, most - standing)


def open_doubts(
    work: UnitOfWork, doubts: Iterable[Doubt], *, task: Task, most: int, now: datetime
) -> list[Case]:
    """Open cases for the first doubts, until `most` stand open; called again, it opens none.

    A study that has, or had, a case is left out, and so is one whose picture is not stored: nobody could
    read it.
    """
    opened: list[Case] = []
    left = places_left(work, most)
    for doubt in doubts:
        if len(opened) == left:
            break
        if not work.cases.of_study(doubt.study) and work.studies.instances_of(doubt.study):
            opened.append(_opened(work, doubt, task=task, now=now))
    return opened


def _opened(work: UnitOfWork, doubt: Doubt, *, task: Task, now: datetime) -> Case:
    case = open_case(
        work,
        Case(
            id=derived_id("case", "doubt", doubt.study),
            study=doubt.study,
            task=task.name,
            opened_at=now,
            origin=Origin.DOUBT,
        ),
    )
    said = {"label": doubt.label, "probability": round(doubt.probability, 4)}
    work.audit.append(
        AuditEvent(
            at=now, by=SYSTEM, action="label-doubted", subject=case.id, study=doubt.study, details=said
        )
    )
    return case
