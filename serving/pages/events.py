"""What an open page is told of: arrivals and studies that stand elsewhere now."""

from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse

from serving.security.permissions import GuardedRoute, Viewer
from serving.wiring import Wired

router = APIRouter(include_in_schema=False, route_class=GuardedRoute)

Place = Annotated[int, Query(ge=0, le=2**53)]
LastPlace = Annotated[int | None, Header(alias="Last-Event-ID", ge=0, le=2**53)]


@router.get("/events")
async def tell(by: Viewer, web: Wired, after: Place = 0, last: LastPlace = None) -> StreamingResponse:
    """Tell the news behind a place in the change record; a browser that comes again says where it was."""
    place = after if last is None else last
    return StreamingResponse(
        web.streams.told(by.key, place),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},  # a proxy in between must not hold events back
    )
