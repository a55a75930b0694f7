"""A candidate beside production: registered before anything is scored, ended once, each step on record."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from overread.domain.audit import SYSTEM, AuditEvent
from overread.domain.errors import RuleError
from overread.domain.identifiers import PersonKey, StudyUid, VersionKey, derived_id
from overread.domain.models import ModelState
from overread.domain.policies import GatePolicy
from overread.domain.shadows import (
    Ending,
    Progress,
    Shadow,
    ShadowAnswer,
    ShadowEnd,
    ShadowEndedError,
    ShadowRunningError,
)
from overread.store.unit_of_work import UnitOfWork

TAG_SHADOW = "tag-shadow"  # outbox topic; its key is a shadow that has ended


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What a person asks for: which version, why, and for how many studies or until when."""

    candidate: VersionKey
    by: PersonKey
    why: str
    studies: int | None = None
    until: datetime | None = None


def register(work: UnitOfWork, plan: Plan, *, policy: GatePolicy, task: str, now: datetime) -> Shadow:
    """Register a shadow; from the commit on, what production answers belongs to it.

    Raises
    ------
    NotFoundError
        There is no such version.
    RuleError
        It is no candidate, it has no signed package, or there is no production to run beside.
    ShadowRunningError
        Another one runs.
    """
    running, production = work.shadows.running(task), work.models.production(task)
    if running is not None:
        raise ShadowRunningError(running.candidate)
    if production is None:
        raise RuleError(
            "nothing is in production, so there is nothing to run beside; promote a version first"
        )
    candidate = work.models.get(plan.candidate)
    if candidate.state is not ModelState.CANDIDATE:
        raise RuleError(f"version {candidate.version} is {candidate.state}; only a candidate runs in shadow")
    if candidate.signature is None:
        raise RuleError(f"the package of version {candidate.version} is not signed; run `overread init`")
    shadow = Shadow(
        id=derived_id("shadow", task, candidate.version, now.isoformat()),
        task=task,
        candidate=candidate.version,
        candidate_digest=candidate.digest,
        production=production.version,
        production_digest=production.digest,
        registered_by=plan.by,
        registered_at=now,
        why=plan.why,
        policy=policy.name,
        margins=margins_of(policy),
        studies=plan.studies,
        until=plan.until,
    )
    work.shadows.add(shadow)
    _record(work, "shadow-registered", shadow.id, by=plan.by, at=now, details=_registered(shadow))
    return shadow


def margins_of(policy: GatePolicy) -> dict[str, float]:
    """Return the losses that a policy would tolerate, by rate."""
    return {"sensitivity": policy.sensitivity_margin, "specificity": policy.specificity_margin}


def topic_of(shadow: Shadow) -> str:
    """Return the outbox topic of one shadow's studies; its keys are studies."""
    return f"shadow:{shadow.id}"


def progress_of(work: UnitOfWork, shadow: Shadow) -> Progress:
    """Return how far a shadow has come; nothing in it tells what was answered."""
    answered, failed = work.shadows.count(shadow.id)
    return Progress(answered=answered, failed=failed, waiting=work.outbox.waiting(topic_of(shadow)))


def enrol(work: UnitOfWork, study: StudyUid, production: VersionKey, *, task: str, now: datetime) -> None:
    """Ask the candidate for its answer on a study that production has just answered, if a shadow takes it."""
    shadow = work.shadows.running(task)
    if shadow is None or shadow.production != production:
        return
    if shadow.takes(progress_of(work, shadow), now=now):
        work.outbox.put(topic_of(shadow), key=study, at=now)


def keep_answer(work: UnitOfWork, answer: ShadowAnswer) -> None:
    """Keep an answer, or that there is none; the last one that was registered ends the shadow.

    Nothing is kept of a shadow that has ended, of a study that was deleted, or a second time.
    """
    shadow = work.shadows.get(answer.shadow)
    deleted = work.studies.get(answer.study).deleted
    if shadow.end is not None or deleted or work.shadows.has_answer(shadow.id, answer.study):
        return
    work.shadows.add_answer(answer)
    work.audit.append(
        AuditEvent(
            at=answer.made_at,
            by=SYSTEM,
            action="study-shadowed",
            subject=f"shadowed:{shadow.id}:{answer.study}",
            study=answer.study,
            details={"model": shadow.candidate, "failure": answer.failure},
        )
    )


def end_if_complete(work: UnitOfWork, shadow: Shadow, *, now: datetime) -> bool:
    """End a running shadow where all that was registered is settled; say whether that was so."""
    if work.shadows.get(shadow.id).end is not None:
        return False
    if not shadow.is_complete(progress_of(work, shadow), now=now):
        return False
    _end(work, shadow, Ending.COMPLETE, by=SYSTEM, reason="all that was registered is settled", now=now)
    return True


def stop(work: UnitOfWork, shadow_id: str, *, by: PersonKey, reason: str, now: datetime) -> Shadow:
    """End a shadow on a person's word; raise `ShadowEndedError` where it has ended."""
    shadow = work.shadows.get(shadow_id)
    if shadow.end is not None:
        raise ShadowEndedError(shadow.end.how)
    _end(work, shadow, Ending.STOPPED, by=by, reason=reason, now=now)
    return work.shadows.get(shadow_id)


def end_overtaken(work: UnitOfWork, task: str, production: VersionKey, *, now: datetime) -> None:
    """End the shadow that runs beside another version than the one that serves from now on."""
    shadow = work.shadows.running(task)
    if shadow is not None and shadow.production != production:
        reason = f"production changed from version {shadow.production} to {production}"
        _end(work, shadow, Ending.OVERTAKEN, by=SYSTEM, reason=reason, now=now)


def developers_of(work: UnitOfWork, candidate: VersionKey) -> frozenset[PersonKey]:
    """Return who asked for a candidate to be trained or promoted; they see a shadow's progress only."""
    trained = {run.requested_by for run in work.monitoring.runs() if candidate in run.candidates}
    asked = {each.requested_by for each in work.models.requests() if each.version == candidate}
    return frozenset(trained | asked)


def _end(work: UnitOfWork, shadow: Shadow, how: Ending, *, by: PersonKey, reason: str, now: datetime) -> None:
    progress = progress_of(work, shadow)
    work.shadows.add_end(shadow.id, ShadowEnd(at=now, by=by, how=how, reason=reason))
    work.outbox.call_off(topic_of(shadow), at=now)
    work.outbox.put(TAG_SHADOW, key=shadow.id, at=now)
    details = {
        "how": how,
        "reason": reason,
        "answered": progress.answered,
        "failed": progress.failed,
        "left": progress.waiting,
    }
    _record(work, "shadow-ended", f"shadow-ended:{shadow.id}", by=by, at=now, details=details)


def _registered(shadow: Shadow) -> dict[str, object]:
    return {
        "candidate": shadow.candidate,
        "candidate_digest": shadow.candidate_digest,
        "production": shadow.production,
        "production_digest": shadow.production_digest,
        "why": shadow.why,
        "studies": shadow.studies,
        "until": shadow.until,
        "policy": shadow.policy,
        "margins": shadow.margins,
        "compared": shadow.compared,
    }


def _record(
    work: UnitOfWork, action: str, subject: str, *, by: str, at: datetime, details: Mapping[str, object]
) -> None:
    work.audit.append(AuditEvent(at=at, by=by, action=action, subject=subject, details=details))
