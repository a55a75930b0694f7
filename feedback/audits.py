"""Random re-reads of undisputed studies: without them, misses on both sides stay unseen."""

import hashlib
from dataclasses import asdict
from datetime import datetime

from feedback.cases import open_case
from overread.domain.adjudication import Case, CaseState
from overread.domain.audit import SYSTEM, AuditEvent
from overread.domain.corrections import Origin
from overread.domain.findings import Label
from overread.domain.identifiers import StudyUid, derived_id
from overread.domain.lots import Answered, Lot
from overread.domain.tasks import Task
from overread.store.unit_of_work import UnitOfWork


def draw_audits(work: UnitOfWork, *, task: Task, salt: bytes, now: datetime) -> list[Case]:
    """Draw lots for the reported studies that have none, and open a case for each drawn one nobody disputes.

    Chance decides about a study once, with the share that is in force then: that share is, and stays, the
    study's probability to be drawn, however often this is called and whatever the share becomes. A study's
    place in the lottery follows from its UID and `salt`, which must not be known to readers.
    """
    shares = {label: task.audit.share(label) for label in Label}
    lots, opened = [], []
    for answer in work.lots.undecided():
        share = shares[answer.called]
        drawn = _position(answer.study, salt) < share
        case = None
        if drawn and not answer.disputed:
            case = _standing_case(work, answer.study)
            if case is None:
                case = _opened(work, answer, task=task, share=share, now=now)
                opened.append(case)
        lots.append(_lot(answer, share=share, drawn=drawn, case=case, now=now))
    if lots:
        work.lots.add(lots)
        _record(work, lots, {label.value: share for label, share in shares.items()}, now=now)
    return opened


def _position(study: StudyUid, salt: bytes) -> float:
    digest = hashlib.blake2b(study.encode(), key=salt, digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def _lot(answer: Answered, *, share: float, drawn: bool, case: Case | None, now: datetime) -> Lot:
    return Lot(**asdict(answer), at=now, share=share, drawn=drawn, case=None if case is None else case.id)


def _standing_case(work: UnitOfWork, study: StudyUid) -> Case | None:
    """Return the case in which an undisputed study is, or was, read blind for another reason."""
    known = [case for case in work.cases.of_study(study) if case.state is not CaseState.WITHDRAWN]
    return known[-1] if known else None


def _opened(work: UnitOfWork, answer: Answered, *, task: Task, share: float, now: datetime) -> Case:
    case = open_case(
        work,
        Case(
            id=derived_id("case", "audit", answer.study),
            study=answer.study,
            task=task.name,
            opened_at=now,
            origin=Origin.AUDIT,
        ),
    )
    work.audit.append(
        AuditEvent(
            at=now,
            by=SYSTEM,
            action="audit-drawn",
            subject=case.id,
            study=answer.study,
            details={"probability": share},
        )
    )
    return case


def _record(work: UnitOfWork, lots: list[Lot], shares: dict[str, float], *, now: datetime) -> None:
    work.audit.append(
        AuditEvent(
            at=now,
            by=SYSTEM,
            action="lots-drawn",
            subject=derived_id("lots", now.isoformat(), lots[0].study),
            details={"shares": shares, "lots": len(lots), "drawn": sum(lot.drawn for lot in lots)},
        )
    )
