"""Promotion review: what speaks for a candidate and against it, and two different people's decisions."""

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from bootstrap.clock import new_id
from feedback.own_part import own_part
from model_registry.promotion import review
from overread.domain.drift import DriftVerdict
from overread.domain.errors import NotFoundError
from overread.domain.identifiers import Digest, VersionKey
from overread.domain.people import Person
from overread.domain.promotion import NEEDED, Decision, PromotionRequest, RequestState, Review
from overread.store.unit_of_work import UnitOfWork
from serving.api.drift import AttributionAnswer, attribution_answers
from serving.api.repeats import Key, Once
from serving.api.shapes import Answer, Body, Instant, Listed, Reason, finite, named
from serving.cursors import Paging, page_of
from serving.security.permissions import CandidateViewer, GuardedRoute, Reviewer
from serving.wiring import Web, Wired

router = APIRouter(prefix="/api/v1/candidates", tags=["candidates"], route_class=GuardedRoute)

# A report of the drift tool is one self-contained page with scripts of its own: shown in a frame, as nobody.
SANDBOX = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'unsafe-inline'; img-src data: blob:; font-src data:; frame-ancestors 'self'"
)


class CandidateItem(Answer):
    """One line of the list."""

    version: str
    state: RequestState
    verdict: str | None
    requested_by: str
    created_at: Instant


class ComparisonAnswer(Answer):
    """Candidate beside production and the first release, on the same frozen test set.

    `flips` are single test studies: null for those who train, unless the policy opens them.
    """

    production: Any = None
    anchor: Any = None
    checks: tuple[Any, ...] = ()
    by_finding: Any = None
    slices: Any = None
    flips: Any = None


class DriftAnswer(Answer):
    """What the drift check said; `report` is where its page lies."""

    passed: bool | None
    columns_tested: int
    drifted: list[str]
    attributions: list[AttributionAnswer]
    report: str | None


class LedgerAnswer(Answer):
    """Which look at the test set this was."""

    look: int | None = None
    looks: int | None = None
    alpha: float | None = None


class DecisionBody(Body):
    """One reviewer's decision."""

    decision: Decision
    reason: Reason
    accept_drift: Reason | None = None


class DecisionAnswer(Answer):
    """A decision as it is kept."""

    id: str
    version: str
    decision: Decision
    reason: str
    accept_drift: str | None
    flips_seen: int | None
    own_corrections: int | None
    by: str
    at: Instant
    state: RequestState
    approvals: int
    needed: int


class CandidateAnswer(CandidateItem):
    """One candidate with all its evidence."""

    comparison: ComparisonAnswer
    drift: DriftAnswer | None
    lineage: Annotated[dict[str, Any], Field(description="from labels to weights")]
    ledger: LedgerAnswer
    needed: int
    decisions: list[DecisionAnswer]


def candidate_item(request: PromotionRequest) -> CandidateItem:
    """Return one line of the list."""
    return CandidateItem(
        version=request.version,
        state=request.state,
        verdict=request.verdict,
        requested_by=request.requested_by,
        created_at=request.created_at,
    )


def candidate_answer(request: PromotionRequest, *, test_cases: bool) -> CandidateAnswer:
    """Return a candidate with all its evidence; single studies of the test set only with `test_cases`."""
    ledger, comparison = finite(request.ledger), finite(request.comparison)
    if not test_cases:
        comparison = {**comparison, "flips": None}
    return CandidateAnswer(
        **candidate_item(request).model_dump(),
        comparison=ComparisonAnswer.model_validate(comparison),
        drift=None if request.drift is None else _drift(request.version, request.drift),
        lineage=finite(request.lineage),
        ledger=LedgerAnswer(**{name: ledger.get(name) for name in LedgerAnswer.model_fields}),
        needed=NEEDED,
        decisions=[decision_answer(request, given) for given in request.reviews],
    )


def _drift(version: VersionKey, verdict: DriftVerdict) -> DriftAnswer:
    return DriftAnswer(
        passed=verdict.passed,
        columns_tested=len(verdict.measures),
        drifted=list(verdict.drifted),
        attributions=attribution_answers(verdict),
        report=None if verdict.report is None else f"/api/v1/candidates/{version}/drift.html",
    )


def decision_answer(request: PromotionRequest, given: Review) -> DecisionAnswer:
    """Return a decision with where it left the request."""
    state, approvals = request.left_by(given)
    return DecisionAnswer(
        id=given.id,
        version=request.version,
        decision=given.decision,
        reason=given.reason,
        accept_drift=given.accept_drift,
        flips_seen=given.flips_seen,
        own_corrections=given.own_corrections,
        by=given.reviewer,
        at=given.at,
        state=state,
        approvals=approvals,
        needed=NEEDED,
    )


@router.get("")
def list_candidates(_by: CandidateViewer, web: Wired, paging: Paging) -> Listed[CandidateItem]:
    """Return who asks to be promoted, the latest first."""
    with web.look() as work:
        requests = work.models.requests()
    page, cursor = page_of(
        requests, paging, web.cursors, of="candidates", key=lambda request: request.version
    )
    return Listed(items=[candidate_item(request) for request in page], next_cursor=cursor)


@router.get("/{version}")
def show_candidate(version: str, by: CandidateViewer, web: Wired) -> CandidateAnswer:
    """Return one candidate with comparison, drift, lineage and decisions."""
    with web.look() as work:
        request = work.models.request(named(VersionKey, version))
    return candidate_answer(request, test_cases=web.shows_test_cases(by))


@router.get("/{version}/drift.html", response_class=Response)
def show_drift(version: str, _by: CandidateViewer, web: Wired) -> Response:
    """Return the drift check's own page, for a sandboxed frame."""
    with web.look() as work:
        drift = work.models.request(named(VersionKey, version)).drift
    if drift is None or drift.report is None:
        raise NotFoundError("there is no drift report for this candidate")
    return framed_page(web, drift.report)


def framed_page(web: Web, digest: str) -> Response:
    """Return a stored page so that it can do nothing but show itself."""
    headers = {"Content-Security-Policy": SANDBOX, "X-Frame-Options": "SAMEORIGIN"}
    return Response(web.objects.get(named(Digest, digest)), media_type="text/html", headers=headers)


@router.post("/{version}/decisions", status_code=201, response_model=DecisionAnswer)
def decide(
    version: str, body: DecisionBody, by: Reviewer, key: Key, request: Request, web: Wired
) -> JSONResponse:
    """Approve or reject; the second approval puts the version into production."""
    once = Once(request, by.key, key, body)
    with web.work() as work:
        if (before := once.before(work)) is not None:
            return before
        answer = once.keep(work, keep_decision(work, web, version, body, by), web)
        work.commit()
    web.worker.wake()
    return answer


def keep_decision(work: UnitOfWork, web: Web, version: str, body: DecisionBody, by: Person) -> DecisionAnswer:
    """Keep a decision, with what stood behind it, and return it as it goes out."""
    key = named(VersionKey, version)
    dataset = work.models.get(key).lineage.dataset_version
    own = own_part(work, web.objects, by.key, dataset=dataset)
    given = Review(
        id=new_id(),
        reviewer=by.key,
        at=web.now(),
        decision=body.decision,
        reason=body.reason,
        accept_drift=body.accept_drift,
        flips_seen=len(work.models.seen_flips(key, by.key)),
        own_corrections=None if own is None else own.studies,
    )
    reviewed = review(work, key, given, task=web.task.name)
    return decision_answer(reviewed, given)
