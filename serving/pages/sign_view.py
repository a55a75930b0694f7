"""The sign-off panel: who has signed and on what grounds, what stands against it, what a button would do."""

from typing import Any

from bootstrap.clock import new_id
from feedback.own_part import OwnPart, own_part
from model_registry.flips import flips_of
from overread.domain.people import Permission, Person
from overread.domain.promotion import NEEDED, PromotionRequest, RequestState, Review
from overread.store.unit_of_work import UnitOfWork
from serving.pages.visits import Visit


def sign_view(visit: Visit, work: UnitOfWork, person: Person, request: PromotionRequest) -> dict[str, Any]:
    """Return the panel's facts for one person."""
    blocked = _blocked(visit, person, request)
    explained = any(given.accept_drift for given in request.reviews)
    drifted = request.drift is None or request.drift.passed is not True
    dataset = work.models.get(request.version).lineage.dataset_version
    own = own_part(work, visit.web.objects, person.key, dataset=dataset)
    open_slots = range(len(request.reviews) + 1, NEEDED + 1)
    return {
        "key": new_id(),
        "reviews": [_review(visit, given, len(flips_of(request.comparison))) for given in request.reviews],
        "free_slots": list(open_slots) if request.state is RequestState.OPEN else [],
        "blocked": blocked,
        "may_decide": blocked is None,
        "conflict": _conflict(visit, own),
        "is_clear": own is not None and not own.studies,
        "needs_drift_word": drifted and not explained,
        "no_approval": _no_approval(visit, request),
    }


def _review(visit: Visit, given: Review, flips: int) -> dict[str, Any]:
    words = visit.words
    behind = []
    if given.flips_seen is not None and flips:
        behind.append(words.text("candidates.saw", seen=given.flips_seen, n=flips))
    if given.own_corrections:
        behind.append(words.text("candidates.own_recorded", n=given.own_corrections))
    if given.accept_drift:
        behind.append(words.text("candidates.drift_accepted", why=given.accept_drift))
    return {
        "by": given.reviewer,
        "decision": given.decision.value,
        "at": visit.formats.instant(given.at),
        "reason": given.reason,
        "behind": behind,
    }


def _conflict(visit: Visit, own: OwnPart | None) -> str:
    """Say whether a reviewer's own words are in what the candidate learned from."""
    words = visit.words
    if own is None:
        return words.text("candidates.own_unknown")
    if not own.studies:
        return words.text("candidates.own_none")
    return words.text("candidates.own", n=own.studies, disputed=len(own.disputed), read=len(own.read))


def _blocked(visit: Visit, person: Person, request: PromotionRequest) -> str | None:
    """Return why this person has nothing to decide here; None where they have."""
    words = visit.words
    if request.state is not RequestState.OPEN:
        return words.text("candidates.closed", state=words.text(f"request.{request.state}"))
    if not person.may(Permission.DECIDE):
        return words.text("candidates.not_reviewer", role=words.text(f"role.{person.role}"))
    if person.key == request.requested_by:
        return words.text("problem.own-request")
    if person.key in {given.reviewer for given in request.reviews}:
        return words.text("problem.second-voice")
    return None


def _no_approval(visit: Visit, request: PromotionRequest) -> str | None:
    """Return why nobody can approve, whoever asks; rejecting is always possible."""
    if not request.within_protocol:
        return visit.words.text("problem.outside-protocol")
    if request.verdict != "PROMOTE":
        return visit.words.text("problem.gate-refused")
    return None
