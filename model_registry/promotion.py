"""Request, review, promote, roll back: one row of the database says what serves; the MLflow alias follows."""

from dataclasses import dataclass, replace
from datetime import datetime

from model_registry.shadow_run import end_overtaken
from overread.domain.audit import AuditEvent
from overread.domain.errors import ConflictError
from overread.domain.identifiers import VersionKey, derived_id
from overread.domain.models import ModelState
from overread.domain.promotion import PromotionRequest, RequestState, Review
from overread.store.models import Succession
from overread.store.unit_of_work import UnitOfWork

FOLLOW_ALIAS = "follow-alias"  # outbox topic


class NothingToRollBackError(ConflictError):
    """No version served before the one in production."""

    code = "nothing-to-roll-back"

    def __init__(self) -> None:
        super().__init__("no earlier model has been in production; there is nothing to go back to")


class StaleError(ConflictError):
    """A withdrawn version stays withdrawn: it was made from, and held against, what no longer serves."""

    code = "stale"

    def __init__(self, version: VersionKey) -> None:
        super().__init__(
            f"the request for version {version} was withdrawn, because production changed after its "
            "comparison; retrain, so that a new version starts from what serves now"
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Change:
    to: VersionKey
    at: datetime
    by: tuple[str, ...]
    reason: str
    rollback: bool = False


def ask(work: UnitOfWork, request: PromotionRequest) -> None:
    """Open a request to promote a version; asking again for the same version is a conflict.

    Raises
    ------
    NotFoundError
        No such version is registered.
    StaleError
        Its request was withdrawn.
    ConflictError
        Somebody has asked for it before.
    """
    work.models.get(request.version)
    if is_asked_for(work, request.version):
        raise ConflictError(f"version {request.version} has been asked for already")
    work.models.add_request(request)
    _record(
        work,
        "promotion-asked",
        f"request:{request.version}",
        by=request.requested_by,
        at=request.created_at,
        details={"version": request.version, "verdict": request.verdict, **_evidence(request)},
    )


def is_asked_for(work: UnitOfWork, version: VersionKey) -> bool:
    """Say whether there is a request for a version; raise `StaleError` where it was withdrawn."""
    states = {known.version: known.state for known in work.models.requests()}
    if states.get(version) is RequestState.WITHDRAWN:
        raise StaleError(version)
    return version in states


def review(work: UnitOfWork, version: VersionKey, given: Review, *, task: str) -> PromotionRequest:
    """Add one decision; the second approval puts the version into production in this very transaction.

    Raises
    ------
    RuleError
        One of the rules of `overread.domain.promotion` forbids it.
    """
    request = work.models.request(version).reviewed(given)
    approved = request.state is RequestState.APPROVED
    if approved:
        request = replace(request, state=RequestState.PROMOTED)
    work.models.save_request(request)
    _record(
        work,
        "promotion-reviewed",
        given.id,
        by=given.reviewer,
        at=given.at,
        details={
            "version": version,
            "decision": given.decision,
            "reason": given.reason,
            "accept_drift": given.accept_drift,
            "flips_seen": given.flips_seen,
            "own_corrections": given.own_corrections,
            "approvals": request.approvals,
        },
    )
    if request.state is RequestState.REJECTED:
        work.models.set_state(version, ModelState.REJECTED)
    if approved:
        approvers = tuple(voice.reviewer for voice in request.reviews)
        _put_in_production(work, task, _Change(to=version, at=given.at, by=approvers, reason="promoted"))
    return request


def roll_back(work: UnitOfWork, *, task: str, by: str, reason: str, now: datetime) -> tuple[str, str]:
    """Put the version back that served before the present one; return (from, to).

    Raises
    ------
    NothingToRollBackError
        The version in production is the first one.
    """
    current, target = work.models.production(task), way_back(work, task)
    if current is None or target is None:
        raise NothingToRollBackError
    change = _Change(to=target, at=now, by=(by,), reason=reason or "rolled back", rollback=True)
    _put_in_production(work, task, change)
    return current.version, target


def way_back(work: UnitOfWork, task: str) -> VersionKey | None:
    """Return the version that a rollback would put back; None where none served before."""
    current = work.models.production(task)
    return None if current is None else _before(work.models.successions(task), current.version)


def _before(history: list[Succession], current: VersionKey) -> VersionKey | None:
    promotions = [entry for entry in history if entry.version == current and not entry.rollback]
    return promotions[-1].previous if promotions else None


def _put_in_production(work: UnitOfWork, task: str, change: _Change) -> None:
    previous = work.models.put_in_production(
        task, change.to, at=change.at, by=change.by, reason=change.reason, rollback=change.rollback
    )
    work.outbox.put(FOLLOW_ALIAS, key=change.to, at=change.at)
    seq = len(work.models.successions(task))
    _record(
        work,
        "production-rolled-back" if change.rollback else "production-changed",
        derived_id("production", task, str(seq)),
        by=change.by[-1],
        at=change.at,
        details={"from": previous, "to": change.to, "approved_by": change.by, "reason": change.reason},
    )
    _withdraw_stale(work, change.to, at=change.at)
    end_overtaken(work, task, change.to, now=change.at)


def _withdraw_stale(work: UnitOfWork, version: VersionKey, *, at: datetime) -> None:
    """Close open requests that were compared with another production model: their evidence is out of date."""
    for request in work.models.requests():
        if request.state is RequestState.OPEN and request.comparison.get("production") != version:
            work.models.save_request(replace(request, state=RequestState.WITHDRAWN))
            _record(
                work,
                "promotion-withdrawn",
                f"withdrawn:{request.version}:{version}",
                by="overread",
                at=at,
                details={"version": request.version, "why": "production changed since the comparison"},
            )


def _evidence(request: PromotionRequest) -> dict[str, object]:
    verdict = request.drift
    drift = (
        None
        if verdict is None
        else {"passed": verdict.passed, "drifted": verdict.drifted, "report": verdict.report}
    )
    return {"drift": drift, "ledger": dict(request.ledger), "lineage": dict(request.lineage)}


def _record(
    work: UnitOfWork, action: str, subject: str, *, by: str, at: datetime, details: dict[str, object]
) -> None:
    work.audit.append(AuditEvent(at=at, by=by, action=action, subject=subject, details=details))
