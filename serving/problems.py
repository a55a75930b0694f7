"""Errors as RFC 9457 problem documents: the one place that gives an error its HTTP status."""

import errno
import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from overread.domain.errors import (
    ConfigurationError,
    ConflictError,
    EvidenceError,
    ForbiddenError,
    InputError,
    MalformedError,
    NotFoundError,
    OverreadError,
    PreconditionError,
    RuleError,
    TooLargeError,
    UnavailableError,
    UnsupportedError,
)
from overread.domain.resources import NoRoomError
from overread.store.failures import CLASHES, FAILURES, is_disk_full

_log = logging.getLogger(__name__)

RETRY_SECONDS = 5


class CredentialsError(OverreadError):
    """Nobody we know is asking (401)."""

    code = "no-credentials"


class OneTimeEndedError(CredentialsError):
    """A password that was given for one sign-in, and that nobody used in time (401)."""

    code = "one-time-ended"


class ForgeryError(ForbiddenError):
    """A page's request came without the page's own token (403)."""

    code = "forged"

    def __init__(self) -> None:
        super().__init__("the form's token is missing or old; load the page again and repeat")


class OriginError(ForbiddenError):
    """A token for the widget came from a page that may not show it (403)."""

    code = "foreign-origin"

    def __init__(self) -> None:
        super().__init__("pages of this origin may not show the widget; add it to OVERREAD_WIDGET_ORIGINS")


class NotAcceptableError(OverreadError):
    """What is asked for cannot be given in any of the forms that the request accepts (406)."""

    code = "not-acceptable"


class KeyRequiredError(MalformedError):
    """A write that must be safe to repeat came without its key (400)."""

    code = "idempotency-key-required"

    def __init__(self) -> None:
        super().__init__(
            "send an Idempotency-Key of 1 to 200 printable characters; a retry uses the same one"
        )


class PreconditionRequiredError(OverreadError):
    """A change of something that has versions came without If-Match (428)."""

    code = "precondition-required"

    def __init__(self) -> None:
        super().__init__("send If-Match with the ETag that you last read")


class QuotaError(OverreadError):
    """Too many requests from one caller (429)."""

    code = "too-many-requests"

    def __init__(self, *, seconds: int) -> None:
        super().__init__(f"too many requests; try again in {seconds} s")
        self.retry_after = seconds


class BusyError(UnavailableError):
    """The queue is full (503)."""

    code = "queue-full"

    def __init__(self, waiting: int) -> None:
        super().__init__(f"{waiting} studies are waiting already; try again later")


class DiskFullError(UnavailableError):
    """No room is left (507)."""

    code = "disk-full"

    def __init__(self) -> None:
        super().__init__("the disk is full; nothing was kept")


_STATUS: dict[type[OverreadError], HTTPStatus] = {
    OverreadError: HTTPStatus.INTERNAL_SERVER_ERROR,
    InputError: HTTPStatus.UNPROCESSABLE_ENTITY,
    MalformedError: HTTPStatus.BAD_REQUEST,
    UnsupportedError: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    TooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    ConfigurationError: HTTPStatus.SERVICE_UNAVAILABLE,
    RuleError: HTTPStatus.CONFLICT,
    EvidenceError: HTTPStatus.CONFLICT,
    PreconditionError: HTTPStatus.PRECONDITION_FAILED,
    NotFoundError: HTTPStatus.NOT_FOUND,
    ForbiddenError: HTTPStatus.FORBIDDEN,
    UnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    CredentialsError: HTTPStatus.UNAUTHORIZED,
    NotAcceptableError: HTTPStatus.NOT_ACCEPTABLE,
    PreconditionRequiredError: HTTPStatus.PRECONDITION_REQUIRED,
    DiskFullError: HTTPStatus.INSUFFICIENT_STORAGE,
    NoRoomError: HTTPStatus.INSUFFICIENT_STORAGE,
    QuotaError: HTTPStatus.TOO_MANY_REQUESTS,
}
_CODE: dict[int, str] = {
    400: "malformed",
    404: "not-found",
    405: "method-not-allowed",
    413: "too-large",
    415: "unsupported",
    503: "unavailable",
}


DESCRIPTION: dict[str, Any] = {
    "description": "A problem document (RFC 9457); `code` is stable",
    "content": {
        "application/problem+json": {
            "schema": {
                "type": "object",
                "required": ["type", "title", "status", "detail", "instance", "code"],
                "properties": {
                    "type": {"type": "string"},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "detail": {"type": "string"},
                    "instance": {"type": "string"},
                    "code": {"type": "string"},
                },
            }
        }
    },
}
"""How the interface's description tells of every refusal."""


def status_of(error: OverreadError) -> HTTPStatus:
    """Return the status of the nearest class that has one."""
    return next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)


def document(
    status: int, code: str, detail: str, *, path: str, headers: Mapping[str, str] | None = None, **more: Any
) -> JSONResponse:
    """Return one problem document; `more` are members of its own."""
    content = {
        "type": f"urn:overread:problem:{code}",
        "title": code.replace("-", " ").capitalize(),
        "status": int(status),
        "detail": detail,
        "instance": path,
        "code": code,
        **more,
    }
    return JSONResponse(
        content, status_code=status, headers=dict(headers or {}), media_type="application/problem+json"
    )


def answer(error: Exception, *, path: str) -> JSONResponse:
    """Return the problem document of any error; an unforeseen one is logged and says nothing of itself."""
    foreseen = _translated(error)
    if foreseen is not None:
        return _foreseen(foreseen, path)
    if isinstance(error, RequestValidationError):
        return _invalid(error, path)
    if isinstance(error, HTTPException):
        code = _CODE.get(error.status_code, "http")
        return document(error.status_code, code, str(error.detail), path=path, headers=error.headers)
    _log.error("unforeseen error on %s", path, exc_info=error)
    return document(500, "internal", "something went wrong on our side; it has been logged", path=path)


def _translated(error: Exception) -> OverreadError | None:
    """Return an error of ours for what a database may raise."""
    if isinstance(error, OverreadError):
        return error
    if isinstance(error, CLASHES):
        return ConflictError("somebody else has just written the same thing; read it and try again")
    if isinstance(error, FAILURES):
        _log.error("the database failed: %s", type(error).__name__)
        return DiskFullError() if is_disk_full(error) else UnavailableError("the database is away; try again")
    return None


def _foreseen(error: OverreadError, path: str) -> JSONResponse:
    cause = error.__cause__
    if isinstance(cause, OSError) and cause.errno in {errno.ENOSPC, errno.EDQUOT}:
        error = DiskFullError()
    status = status_of(error)
    headers = {}
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="overread"'
    if status in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}:
        headers["Retry-After"] = str(getattr(error, "retry_after", RETRY_SECONDS))
    members: Mapping[str, Any] = getattr(error, "members", {})
    return document(status, error.code, str(error), path=path, headers=headers, **members)


def _invalid(error: RequestValidationError, path: str) -> JSONResponse:
    """Say where and what; never what was sent, which may name a patient."""
    faults = [{"where": _where(fault["loc"]), "what": fault["msg"]} for fault in error.errors()]
    first = faults[0]
    detail = f"{first['where']}: {first['what']}"
    if error.errors()[0]["type"] == "json_invalid":
        return document(400, MalformedError.code, "the body is not JSON", path=path)
    return document(422, InputError.code, detail, path=path, errors=faults)


def _where(location: Sequence[object]) -> str:
    return ".".join(str(part) for part in location)


async def _handle(request: Request, error: Exception) -> JSONResponse:
    return answer(error, path=request.url.path)


def install(app: FastAPI) -> None:
    """Answer every error of `app` as a problem document."""
    for kind in (OverreadError, RequestValidationError, HTTPException, *CLASHES, *FAILURES, Exception):
        app.add_exception_handler(kind, _handle)
