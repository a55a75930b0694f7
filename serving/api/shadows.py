"""Shadows: a candidate beside production on live studies; start one, see how far it is, stop it."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from model_registry.recording import recorded
from model_registry.shadow import analyse
from model_registry.shadow_run import Plan, developers_of, progress_of, register, stop
from overread.domain.identifiers import Identifier, VersionKey
from overread.domain.people import Permission, Person
from overread.domain.shadows import MOST_STUDIES, Compared, Shadow
from overread.settings.policies import load_policy
from overread.store.unit_of_work import UnitOfWork
from overread.wording.catalogue import catalogue
from serving.api.shapes import Answer, Body, Instant, Listed, Reason, named
from serving.cursors import Paging, page_of
from serving.security.permissions import GuardedRoute, ShadowStarter, ShadowViewer
from serving.wiring import Web, Wired

router = APIRouter(prefix="/api/v1/shadows", tags=["shadows"], route_class=GuardedRoute)


class ShadowBody(Body):
    """What to run beside production, why, and for how long: `studies` or `until`."""

    candidate: str
    why: Reason
    studies: Annotated[int, Field(ge=1, le=MOST_STUDIES)] | None = None
    until: Instant | None = None


class StopBody(Body):
    """Why a shadow ends before it is over."""

    reason: Reason


class EndAnswer(Answer):
    """How a shadow ended."""

    at: Instant
    by: str
    reason: str


class ProgressAnswer(Answer):
    """How far a shadow is; of what was answered it tells nothing."""

    enrolled: int
    answered: int
    failed: int
    waiting: int


class ShadowItem(Answer):
    """One registration with its progress; `problem` says why nothing is scored while it runs."""

    id: str
    state: str
    candidate: str
    candidate_digest: str
    production: str
    production_digest: str
    registered_by: str
    registered_at: Instant
    why: str
    studies: int | None
    until: Instant | None
    policy: str
    margins: dict[str, float]
    compared: list[Compared]
    progress: ProgressAnswer
    problem: str | None
    ended: EndAnswer | None


class ShadowAnswer(ShadowItem):
    """One shadow; `result` is null until it has ended, and for whoever sees only its progress."""

    result: dict[str, Any] | None
    selection: str


def shadow_item(work: UnitOfWork, web: Web, shadow: Shadow) -> ShadowItem:
    """Return the wire's shape of a shadow without its numbers."""
    progress, end = progress_of(work, shadow), shadow.end
    return ShadowItem(
        id=shadow.id,
        state=shadow.state,
        candidate=shadow.candidate,
        candidate_digest=shadow.candidate_digest,
        production=shadow.production,
        production_digest=shadow.production_digest,
        registered_by=shadow.registered_by,
        registered_at=shadow.registered_at,
        why=shadow.why,
        studies=shadow.studies,
        until=shadow.until,
        policy=shadow.policy,
        margins=dict(shadow.margins),
        compared=list(shadow.compared),
        progress=ProgressAnswer(
            enrolled=progress.enrolled,
            answered=progress.answered,
            failed=progress.failed,
            waiting=progress.waiting,
        ),
        problem=web.worker.shadow.failure if end is None else None,
        ended=None if end is None else EndAnswer(at=end.at, by=end.by, reason=end.reason),
    )


def shadow_answer(work: UnitOfWork, web: Web, by: Person, shadow: Shadow) -> ShadowAnswer:
    """Return a shadow with its numbers where it has ended and this person may see them."""
    result = None
    if shadow.end is not None and may_see_result(work, by, shadow):
        result = recorded(analyse(work, shadow))
    return ShadowAnswer(
        **shadow_item(work, web, shadow).model_dump(),
        result=result if isinstance(result, dict) else None,
        selection=catalogue("en").text("shadow.selection"),
    )


def may_see_result(work: UnitOfWork, by: Person, shadow: Shadow) -> bool:
    """Say whether somebody sees more than progress: by role, and not of a candidate of one's own."""
    return by.may(Permission.SEE_SHADOW_RESULTS) and by.key not in developers_of(work, shadow.candidate)


@router.get("")
def list_shadows(_by: ShadowViewer, web: Wired, paging: Paging) -> Listed[ShadowItem]:
    """Return shadows with their progress, the latest first."""
    with web.look() as work:
        page, cursor = page_of(
            work.shadows.all(), paging, web.cursors, of="shadows", key=lambda shadow: shadow.id
        )
        items = [shadow_item(work, web, shadow) for shadow in page]
    return Listed(items=items, next_cursor=cursor)


@router.get("/{shadow}")
def show_shadow(shadow: str, by: ShadowViewer, web: Wired) -> ShadowAnswer:
    """Return one shadow; once it has ended, with what it showed."""
    with web.look() as work:
        return shadow_answer(work, web, by, work.shadows.get(named(Identifier, shadow)))


@router.post("", status_code=201)
def start(body: ShadowBody, by: ShadowStarter, web: Wired) -> ShadowItem:
    """Register a shadow; what production answers from now on is put to the candidate too."""
    with web.work() as work:
        shadow = keep_registration(work, web, body, by)
        answer = shadow_item(work, web, shadow)
        work.commit()
    web.worker.wake()
    return answer


def keep_registration(work: UnitOfWork, web: Web, body: ShadowBody, by: Person) -> Shadow:
    """Keep what a person registers."""
    plan = Plan(
        candidate=named(VersionKey, body.candidate),
        by=by.key,
        why=body.why,
        studies=body.studies,
        until=body.until,
    )
    return register(work, plan, policy=load_policy(web.task.policy), task=web.task.name, now=web.now())


@router.delete("/{shadow}")
def end(shadow: str, body: StopBody, by: ShadowStarter, web: Wired) -> ShadowItem:
    """Stop a shadow; what it has answered is kept."""
    with web.work() as work:
        stopped = stop(work, named(Identifier, shadow), by=by.key, reason=body.reason, now=web.now())
        answer = shadow_item(work, web, stopped)
        work.commit()
    web.worker.wake()
    return answer
