"""The hash-chained change record."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from overread.domain.audit import AuditRow
from serving.api.shapes import Answer, Instant, Listed
from serving.cursors import Paging
from serving.security.permissions import AuditViewer, GuardedRoute
from serving.wiring import Wired

router = APIRouter(prefix="/api/v1/audit", tags=["audit"], route_class=GuardedRoute)

LIST = "audit"


class AuditAnswer(Answer):
    """One event in its place in the chain."""

    seq: int
    at: Instant
    by: str
    action: str
    subject: str
    study: str | None
    details: dict[str, Any]
    previous: str
    hash: str


class VerifyAnswer(Answer):
    """Whether the chain is whole; `first_bad` is the first row that does not fit."""

    ok: bool
    rows: int
    head: str
    first_bad: int | None


def audit_answer(row: AuditRow) -> AuditAnswer:
    """Return the wire's shape of a row."""
    event = row.event
    return AuditAnswer(
        seq=row.seq,
        at=event.at,
        by=event.by,
        action=event.action,
        subject=event.subject,
        study=event.study,
        details=dict(event.details),
        previous=row.previous,
        hash=row.hash,
    )


@router.get("")
def list_rows(
    _by: AuditViewer, web: Wired, paging: Paging, after: Annotated[int, Query(ge=0, le=2**62)] = 0
) -> Listed[AuditAnswer]:
    """Return rows in order, from behind `after`."""
    position = web.cursors.read(LIST, paging.cursor)
    start = after if position is None else int(position[0])
    with web.look() as work:
        rows = work.audit.rows(after=start, limit=paging.limit + 1)
    page = rows[: paging.limit]
    cursor = web.cursors.sign(LIST, [page[-1].seq]) if len(rows) > paging.limit else None
    return Listed(items=[audit_answer(row) for row in page], next_cursor=cursor)


@router.get("/verify")
def verify(_by: AuditViewer, web: Wired) -> VerifyAnswer:
    """Recompute the whole chain."""
    with web.look() as work:
        state = work.audit.verify()
    return VerifyAnswer(ok=state.ok, rows=state.rows, head=state.head, first_bad=state.first_bad)
