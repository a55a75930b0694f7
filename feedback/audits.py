"""Random re-reads of undisputed studies: without them, misses on both sides stay unseen."""

from datetime import datetime

import numpy as np

from feedback.cases import open_case
from overread.domain.adjudication import Case
from overread.domain.audit import AuditEvent
from overread.domain.corrections import Origin
from overread.domain.findings import Label
from overread.domain.identifiers import derived_id
from overread.domain.studies import Study, StudyState
from overread.domain.tasks import Task
from overread.store.unit_of_work import UnitOfWork


def draw_audits(
    work: UnitOfWork, *, task: Task, share: float, rng: np.random.Generator, now: datetime
) -> list[Case]:
    """Open a case for a random share of studies whose no-finding draft was signed without dispute."""
    opened = []
    for study in work.studies.in_state(StudyState.REPORTED):
        if not _undisputed(work, study) or rng.random() >= share:
            continue
        case = open_case(
            work,
            Case(
                id=derived_id("case", "audit", study.uid),
                study=study.uid,
                task=task.name,
                opened_at=now,
                origin=Origin.AUDIT,
            ),
        )
        work.audit.append(
            AuditEvent(at=now, by="overread", action="audit-drawn", subject=case.id, study=study.uid)
        )
        opened.append(case)
    return opened


def _undisputed(work: UnitOfWork, study: Study) -> bool:
    report = work.reports.latest(study.uid)
    agreed = study.label is Label.NO_FINDING and report is not None and report.label is Label.NO_FINDING
    return agreed and not work.cases.of_study(study.uid)
