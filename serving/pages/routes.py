"""All pages, and the files they load: their own only, nothing from elsewhere."""

from pathlib import Path

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.staticfiles import StaticFiles

from overread.domain.errors import NotFoundError
from serving import problems
from serving.pages import (
    account,
    accounts,
    adjudication,
    alerts,
    answers,
    assignments,
    audit,
    candidates,
    events,
    exports,
    locks,
    login,
    monitoring,
    own_calls,
    own_reads,
    reader_studies,
    reading,
    retraining,
    widget,
    worklist,
)
from serving.pages.routing import refused
from serving.security.access import PROGRAMS, is_open

STATIC = Path(__file__).resolve().parents[1] / "static"

ROUTERS: tuple[APIRouter, ...] = (
    login.router,
    login.leaving,
    worklist.router,
    events.router,
    exports.router,
    reading.router,
    locks.router,
    assignments.router,
    own_calls.router,
    answers.router,
    adjudication.router,
    own_reads.router,
    reader_studies.router,
    candidates.router,
    monitoring.router,
    alerts.router,
    retraining.router,
    audit.router,
    accounts.router,
    account.router,
    widget.router,
)


def mount(app: FastAPI) -> None:
    """Put the pages and their static files into the application."""
    for router in ROUTERS:
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    for nothing_to_read in (404, 405):
        app.add_exception_handler(nothing_to_read, nowhere)


def nowhere(request: Request, error: Exception) -> Response:
    """Answer an address that no route reads: with a page in a browser, with a problem document elsewhere."""
    path = request.url.path
    reads_pages = "text/html" in request.headers.get("accept", "")
    if not reads_pages or is_open(path) or path.startswith(PROGRAMS):
        return problems.answer(error, path=path)
    return refused(request, NotFoundError("there is no page at this address"))
