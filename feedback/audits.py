"""Random re-reads of undisputed studies: without them, misses on both sides stay unseen."""

import hashlib
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
    """Open a case for a random share of studies whose no-finding draft was signed without dispute.

    A study's chance follows from the generator's seed: drawing again with it draws no study that it left.
    """
    salt = rng.bytes(16)
    opened = []
    for study in work.studies.in_state(StudyState.REPORTED):
        if _position(study, salt) >= share or not _undisputed(work, study):
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


def _position(study: Study, salt: bytes) -> float:
    digest = hashlib.blake2b(study.uid.encode(), key=salt, digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def _undisputed(work: UnitOfWork, study: Study) -> bool:
    if study.label is not Label.NO_FINDING:
        return False
    report = work.reports.latest(study.uid)
    agreed = report is not None and report.label is Label.NO_FINDING
    return agreed and not work.cases.of_study(study.uid)
