"""From candidate to production: the request, two people's review, and the rules that stop it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from overread.domain.change_control import DATA_MANAGEMENT
from overread.domain.drift import DriftVerdict
from overread.domain.errors import RuleError
from overread.domain.identifiers import PersonKey, VersionKey

NEEDED = 2


class RequestState(StrEnum):
    """Where a request stands."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    PROMOTED = "promoted"


class Decision(StrEnum):
    """One reviewer's word."""

    APPROVE = "approve"
    REJECT = "reject"


class SecondVoiceError(RuleError):
    """One person reviewed a promotion twice."""

    code = "second-voice"

    def __init__(self) -> None:
        super().__init__("you have already had a say on this promotion; another reviewer is needed")


class OwnRequestError(RuleError):
    """The person who asked may not review."""

    code = "own-request"

    def __init__(self) -> None:
        super().__init__("you asked for this promotion; another reviewer is needed")


class NotOpenError(RuleError):
    """The request is decided already."""

    code = "not-open"

    def __init__(self, state: str) -> None:
        super().__init__(f"this request is {state}; only an open one takes decisions")


class OutsideProtocolError(RuleError):
    """The candidate was not trained as the change protocol asks."""

    code = "outside-protocol"

    def __init__(self) -> None:
        super().__init__(
            f"this model was trained outside the change protocol (clause {DATA_MANAGEMENT.id}: the "
            "registered training set is always part); it may be compared, never promoted"
        )


class GateRefusedError(RuleError):
    """The gate's verdict is not PROMOTE."""

    code = "gate-refused"

    def __init__(self, verdict: str | None) -> None:
        super().__init__(f"the gate's verdict is {verdict or 'missing'}; only PROMOTE can be approved")


class DriftUnexplainedError(RuleError):
    """The drift check failed and nobody has said why the promotion may go on."""

    code = "drift-unexplained"

    def __init__(self) -> None:
        super().__init__("the drift check did not pass; say in accept_drift why the promotion may follow")


@dataclass(frozen=True, kw_only=True, slots=True)
class Review:
    """One reviewer's decision with the reason, and what stood behind it.

    `flips_seen` counts the negative flips that the reviewer had looked at, `own_corrections` the studies of
    the training data that the reviewer had disputed or read; None where that was not recorded or not known.
    """

    id: str
    reviewer: PersonKey
    at: datetime
    decision: Decision
    reason: str
    accept_drift: str | None = None
    flips_seen: int | None = None
    own_corrections: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PromotionRequest:
    """A proposal to serve one model version, with its reviews in the order given.

    `comparison`, `ledger` and `lineage` are the plain records that reviewers see (JSON values).
    """

    version: VersionKey
    requested_by: PersonKey
    created_at: datetime
    verdict: str | None
    state: RequestState = RequestState.OPEN
    within_protocol: bool = True
    drift: DriftVerdict | None = None
    comparison: Mapping[str, object] = field(default_factory=dict)
    ledger: Mapping[str, object] = field(default_factory=dict)
    lineage: Mapping[str, object] = field(default_factory=dict)
    reviews: tuple[Review, ...] = ()

    @property
    def approvals(self) -> int:
        """How many people have approved so far."""
        return sum(review.decision is Decision.APPROVE for review in self.reviews)

    def left_by(self, review: Review) -> tuple[RequestState, int]:
        """Return the state and the number of approvals in which one of the reviews left the request.

        It stayed open where another review followed, and where only a change of production withdrew it.
        """
        until = self.reviews[: self.reviews.index(review) + 1]
        decided = review == self.reviews[-1] and self.state is not RequestState.WITHDRAWN
        approvals = sum(given.decision is Decision.APPROVE for given in until)
        return (self.state if decided else RequestState.OPEN), approvals

    def reviewed(self, review: Review) -> "PromotionRequest":
        """Return the request with one more review; raise a `RuleError` where a rule forbids it.

        Rejecting needs only an open request and a first word; approving also needs a verdict of PROMOTE,
        training within the protocol, and a drift check that passed or was explained.
        """
        if self.state is not RequestState.OPEN:
            raise NotOpenError(self.state)
        if review.reviewer == self.requested_by:
            raise OwnRequestError
        if review.reviewer in {given.reviewer for given in self.reviews}:
            raise SecondVoiceError
        if review.decision is Decision.REJECT:
            return replace(self, reviews=(*self.reviews, review), state=RequestState.REJECTED)
        self._may_be_approved(review)
        request = replace(self, reviews=(*self.reviews, review))
        return replace(request, state=RequestState.APPROVED) if request.approvals >= NEEDED else request

    def _may_be_approved(self, review: Review) -> None:
        if not self.within_protocol:
            raise OutsideProtocolError
        if self.verdict != "PROMOTE":
            raise GateRefusedError(self.verdict)
        explained = review.accept_drift or any(given.accept_drift for given in self.reviews)
        if self.needs_drift_check and not self._drift_passed and not explained:
            raise DriftUnexplainedError

    @property
    def needs_drift_check(self) -> bool:
        """Whether the intake must be looked at: always, but for a first release."""
        return self.comparison.get("production", "unknown") is not None

    @property
    def _drift_passed(self) -> bool:
        return self.drift is not None and self.drift.passed is True
