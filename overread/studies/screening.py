"""Keeps every rule's outcome; excludes what the model must not read, sets aside what is unsafe."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from overread.domain.audit import SYSTEM, AuditEvent
from overread.domain.errors import RuleError
from overread.domain.identifiers import PersonKey, StudyUid, derived_id
from overread.domain.screening import Screening
from overread.domain.studies import Reason, Study, StudyState
from overread.store.unit_of_work import UnitOfWork

PREDICT = "predict"  # outbox topic


def keep_screening(
    work: UnitOfWork,
    uid: StudyUid,
    screening: Screening,
    *,
    fingerprint: bytes | None,
    now: datetime,
    queued: bool = True,
) -> Study:
    """Keep the outcomes; the study is then excluded with reasons, or screened and queued for the model.

    What somebody has read already is not queued (`queued`): it would stand before those who wait.
    """
    study = work.studies.get(uid)
    if study.state is not StudyState.RECEIVED:
        return study  # done already: this step may run twice
    reasons = tuple(Reason(code=o.code, text=o.text) for o in screening.reasons)
    state = StudyState.EXCLUDED if reasons else StudyState.SCREENED
    study = replace(study.screened(screening), state=state, reasons=reasons, fingerprint=fingerprint)
    work.studies.save(study)
    if queued and state is StudyState.SCREENED:
        work.outbox.put(PREDICT, key=uid, at=now)
    _record(work, study, "study-screened", now=now, by=SYSTEM)
    return study


def declare(
    work: UnitOfWork, uid: StudyUid, declared: Mapping[str, str], *, by: PersonKey, now: datetime
) -> Study:
    """Answer unknown rules by what a collection declares (rule -> why); only cohort eligibility changes."""
    before = work.studies.get(uid)
    study = before.screened(before.screening.declaring(declared))
    if study == before:
        return before
    work.studies.save(study)
    rules = sorted(o.rule for o in before.screening.unknown if o.rule in declared)
    work.audit.append(
        AuditEvent(
            at=now,
            by=by,
            action="rules-declared",
            subject=derived_id("rules-declared", uid, *rules),
            study=uid,
            details={"rules": rules, "cohort": study.cohort},
        )
    )
    return study


def quarantine(work: UnitOfWork, uid: StudyUid, reasons: Sequence[Reason], *, now: datetime) -> Study:
    """Set a study aside that cannot or must not be looked at; a person releases or deletes it.

    A reported study stays reported: what a person signed is never taken from view. A deleted one stays so.
    """
    study = work.studies.get(uid)
    if study.state is StudyState.REPORTED or study.deleted:
        return study
    study = replace(study, state=StudyState.QUARANTINED, reasons=tuple(reasons), cohort=False)
    work.studies.save(study)
    _record(work, study, "study-quarantined", now=now, by=SYSTEM)
    return study


def release(work: UnitOfWork, uid: StudyUid, *, by: PersonKey, reason: str, now: datetime) -> Study:
    """Let a quarantined study go on, on a person's word: it is screened as read and queued for the model."""
    study = work.studies.get(uid)
    if study.state is not StudyState.QUARANTINED:
        raise RuleError("only a quarantined study can be released")
    study = replace(study, state=StudyState.SCREENED, reasons=())
    work.studies.save(study)
    work.outbox.put(PREDICT, key=uid, at=now)
    _record(work, study, "study-released", now=now, by=by, why=reason)
    return study


def _record(
    work: UnitOfWork, study: Study, action: str, *, now: datetime, by: PersonKey, why: str = ""
) -> None:
    details: dict[str, object] = {"state": study.state, "reasons": [reason.code for reason in study.reasons]}
    if why:
        details["why"] = why
    subject = f"{action}:{study.uid}:{now.isoformat()}"  # a study may be released more than once
    work.audit.append(
        AuditEvent(at=now, by=by, action=action, subject=subject, study=study.uid, details=details)
    )
