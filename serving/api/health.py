"""Whether the process lives, whether it can serve, and its numbers; open to everybody, naming nobody."""

import logging
import os
from collections.abc import Callable
from pathlib import Path

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from bootstrap.probes import answers
from overread.domain.errors import OverreadError
from serving.api.shapes import Answer
from serving.metrics import CONTENT_TYPE
from serving.wiring import Web, Wired

router = APIRouter(tags=["health"])

_log = logging.getLogger(__name__)
_PATIENCE = 1.0
_PROBE = b"overread ready"


class Live(Answer):
    """The process answers."""

    status: str = "live"


class Checked(Answer):
    """One thing we lean on; None where it is not ours to know."""

    ok: bool | None


class InferenceChecked(Checked):
    """Whether studies are scored, and by which version."""

    model: str | None


class Checks(Answer):
    """Everything looked at; database, objects and inference decide."""

    database: Checked
    objects: Checked
    inference: InferenceChecked
    mlflow: Checked
    prefect: Checked


class Ready(Answer):
    """Whether the process can serve."""

    status: str
    checks: Checks


@router.get("/health/live")
async def live() -> Live:
    """Answer as long as the process does."""
    return Live()


@router.get("/health/ready", response_model=Ready, responses={503: {"model": Ready}})
def ready(web: Wired) -> JSONResponse:
    """Answer 200 while studies can be taken; without a production model they wait, which is fine."""
    checks = Checks(
        database=Checked(ok=_holds("database", lambda: _database(web))),
        objects=Checked(ok=_holds("objects", lambda: _objects(web))),
        inference=_inference(web),
        mlflow=Checked(ok=_mlflow(web.services.settings.mlflow)),
        prefect=Checked(ok=_answers(os.environ.get("PREFECT_API_URL"))),
    )
    well = bool(checks.database.ok and checks.objects.ok and checks.inference.ok)
    answer = Ready(status="ready" if well else "unready", checks=checks)
    headers = {} if well else {"Retry-After": "5"}
    return JSONResponse(answer.plain(), status_code=200 if well else 503, headers=headers)


@router.get("/metrics", include_in_schema=False)
def metrics(web: Wired) -> Response:
    """Return everything in Prometheus' text format."""
    with web.look() as work:
        counts = work.studies.count_by_state()
    for state, count in counts.items():
        web.metrics.studies.labels(state).set(count)
    return Response(web.metrics.exposition(), headers={"Content-Type": CONTENT_TYPE})


def _database(web: Web) -> None:
    with web.look() as work:
        work.people.all()


def _objects(web: Web) -> None:
    web.objects.get(web.objects.put(_PROBE))


def _inference(web: Web) -> InferenceChecked:
    current = web.slot.current
    well = not web.scoring or (web.worker.alive and web.slot.failure is None)
    return InferenceChecked(ok=well, model=None if current is None else current.version)


def _holds(name: str, check: Callable[[], None]) -> bool:
    try:
        check()
    except Exception as error:  # whatever is wrong, the answer is "not ready"
        code = error.code if isinstance(error, OverreadError) else type(error).__name__
        _log.warning("not ready: %s fails with %s", name, code)
        return False
    return True


def _mlflow(uri: str) -> bool | None:
    """Ask a server whether it answers; a local file is there or not made yet."""
    if uri.startswith("http"):
        return _answers(uri)
    return Path(uri.partition("///")[2]).exists() or None if uri.startswith("sqlite") else None


def _answers(address: str | None) -> bool | None:
    if not address:
        return None
    return answers(f"{address.rstrip('/')}/health", seconds=_PATIENCE)
