"""The change record: is the chain whole, and what was done by whom."""

import io
import re
from collections.abc import Mapping
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from bootstrap.bundles import LARGEST, export_bundle
from bootstrap.heads import BrokenChainError, latest_in_chain
from overread.domain.errors import ConfigurationError, TooLargeError
from overread.store.unit_of_work import UnitOfWork
from serving.pages.routing import PageRoute
from serving.pages.visits import Visit, Visiting
from serving.security.permissions import AuditViewer

router = APIRouter(include_in_schema=False, route_class=PageRoute)

ROWS = 50
LONGEST = 80
VERIFIED_AT_ONCE = 2000  # rows; about 60 microseconds each
HANDED_OVER = 20_000  # rows that a download may have: a second or two, a mebibyte or two
_DIGEST = re.compile(r"[0-9a-f]{32,64}")


@router.get("/audit")
def show_audit(
    by: AuditViewer,
    visit: Visiting,
    before: Annotated[int | None, Query(ge=2, le=2**62)] = None,
    verify: Literal["1"] | None = None,
) -> Response:
    """Show a page of the chain, the latest first; a long chain is verified when asked."""
    del by
    with visit.web.look() as work:
        length = work.audit.length()
        chain = work.audit.verify() if verify or length <= VERIFIED_AT_ONCE else None
        signed = _signed(work, visit) if chain is not None and chain.ok else {"head": None, "wrong": None}
        last = length if before is None else min(before - 1, length)
        first = max(last - ROWS, 0)
        rows = work.audit.rows(after=first, limit=last - first)[::-1]
    return visit.page(
        "audit/page.html",
        view={
            "chain": chain,
            "signed": signed,
            "length": length,
            "checked_at": visit.formats.clock(visit.web.now()),
            "rows": [
                {
                    "seq": row.seq,
                    "at": visit.formats.instant(row.event.at),
                    "by": row.event.by,
                    "action": row.event.action,
                    "study": row.event.study,
                    "details": _plain(row.event.details),
                    "hash": row.hash,
                }
                for row in rows
            ],
            "may_export": length <= HANDED_OVER,
            "first_seq": rows[0].seq if rows else 0,
            "last_seq": rows[-1].seq if rows else 0,
            "older": f"/audit?before={first + 1}" if first > 0 else None,
            "newer": None
            if before is None
            else f"/audit?before={before + ROWS}"
            if before + ROWS <= length
            else "/audit",
        },
    )


@router.get("/audit/bundle.zip")
def hand_over(by: AuditViewer, visit: Visiting) -> Response:
    """Return the signed bundle of everything, as `overread audit export` writes it."""
    del by
    services = visit.web.services
    with visit.web.look() as work:
        rows = work.audit.length()
    if rows > HANDED_OVER:
        raise TooLargeError(
            f"the record has {rows} rows; over {HANDED_OVER} use `overread audit export FILE.zip`"
        )
    out = io.BytesIO()
    export_bundle(services.storage, services.settings, out, now=visit.web.now(), largest=LARGEST)
    name = f"overread-audit-{services.settings.site}-{rows}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(out.getvalue(), media_type="application/zip", headers=headers)


def _signed(work: UnitOfWork, visit: Visit) -> dict[str, str | None]:
    """Return the head that was signed last, or what is wrong with one."""
    try:
        head = latest_in_chain(work, visit.web.services.settings.folder)
    except (BrokenChainError, ConfigurationError) as error:
        return {"head": None, "wrong": str(error)}
    if head is None:
        return {"head": None, "wrong": None}
    said = visit.words.text("audit.signed", seq=head.seq, at=visit.formats.instant(head.at))
    return {"head": said, "wrong": None}


def _plain(details: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return details as short pairs of words; what is empty or nested is left to the export."""
    shown = []
    for name, value in details.items():
        if isinstance(value, list | tuple):
            value = ", ".join(str(each) for each in value)  # noqa: PLW2901 - the same value, flattened
        if value is None or value == "" or isinstance(value, Mapping):
            continue
        shown.append((name, _short(str(value))))
    return shown


def _short(text: str) -> str:
    """Return a digest by how it begins, any other text on one line."""
    if _DIGEST.fullmatch(text):
        return f"{text[:12]}…"
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
