"""Puts the web process together: the door, the API, the pages, and inference beside them."""

import importlib
import importlib.util
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bootstrap.web import WebServices
from feedback.own_calls import set_order
from serving import problems
from serving.api import (
    adjudication,
    alerts,
    answers,
    assignments,
    audit,
    candidates,
    feedback,
    flips,
    health,
    instances,
    me,
    models,
    monitoring,
    own_calls,
    performance,
    pictures,
    reader_studies,
    reports,
    retrainings,
    shadows,
    studies,
    widget,
)
from serving.dicomweb import qido, wado
from serving.metrics import Metrics
from serving.security.access import Access
from serving.security.embedding import Embedding
from serving.security.headers import SecurityHeaders
from serving.security.limits import MIB, BodyLimit, Quota
from serving.wiring import wire

ROUTERS = tuple(
    part.router
    for part in (
        instances,
        studies,
        assignments,
        pictures,
        reports,
        feedback,
        own_calls,
        answers,
        adjudication,
        reader_studies,
        candidates,
        flips,
        models,
        retrainings,
        shadows,
        monitoring,
        alerts,
        performance,
        audit,
        me,
        widget,
        qido,
        wado,
        health,
    )
)
PAGES = "serving.pages.routes"
STREAM = "/events"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_LARGE = ("/api/v1/instances", "/dicomweb/")


def create_app(services: WebServices, *, scoring: bool = True) -> FastAPI:
    """Return the web application; `scoring` runs inference in threads of this process while it is up."""
    web = wire(services, scoring=scoring)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        note_answer_order(services)
        if scoring:
            web.worker.start()
        yield
        if scoring:
            web.worker.stop()

    app = FastAPI(
        title="Overread",
        summary="Closes the loop between radiologists' corrections and a chest radiograph model.",
        version="1",
        lifespan=lifespan,
        responses={"default": problems.DESCRIPTION},
        docs_url=None,
        redoc_url=None,
    )
    app.state.web = web
    for router in ROUTERS:
        app.include_router(router)
    if importlib.util.find_spec(PAGES) is not None:
        importlib.import_module(PAGES).mount(app)
    if services.settings.ohif is not None:
        from serving.ohif import viewer  # with what unpacks archives; most sites serve none

        viewer.mount(app, services.settings.ohif)
    problems.install(app)
    limit = partial(body_limit, largest=services.settings.max_upload_mib * MIB)
    app.add_middleware(BodyLimit, limit=limit)  # the last added is the outermost
    app.add_middleware(
        Access, services=services, keys=web, quota=Quota(services.settings.requests_per_minute)
    )
    app.add_middleware(Embedding, origins=services.settings.embedders)
    app.add_middleware(Measured, metrics=web.metrics)
    app.add_middleware(SecurityHeaders)
    return app


def note_answer_order(services: WebServices) -> None:
    """Let the record say from when on readers are shown answers as this site's setting has it."""
    with services.storage.work() as work:
        set_order(work, services.settings.answer_shown, now=services.now())
        work.commit()


def body_limit(scope: Scope, *, largest: int) -> int:
    """Return how long a body may be: an upload's is a setting, any other's 1 MiB."""
    return largest if scope["path"].startswith(_LARGE) else MIB


class Measured:
    """Counts and times answers by route, so that no address with a study in it becomes a label."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._metrics.requests.labels(method, route, status).inc()
            if route != STREAM:  # it is open for minutes, which says nothing about speed
                self._metrics.seconds.labels(method, route).observe(time.perf_counter() - began)
