"""All pages, and the files they load: their own only, nothing from elsewhere."""

from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.staticfiles import StaticFiles

from serving.pages import (
    account,
    adjudication,
    audit,
    candidates,
    login,
    monitoring,
    reading,
    retraining,
    worklist,
)

STATIC = Path(__file__).resolve().parents[1] / "static"

ROUTERS: tuple[APIRouter, ...] = (
    login.router,
    login.leaving,
    worklist.router,
    reading.router,
    adjudication.router,
    candidates.router,
    monitoring.router,
    retraining.router,
    audit.router,
    account.router,
)


def mount(app: FastAPI) -> None:
    """Put the pages and their static files into the application."""
    for router in ROUTERS:
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
