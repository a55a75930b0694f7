"""A page's route: guarded like a call, and its errors are pages too."""

from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError

from overread.domain.errors import InputError, OverreadError
from serving.pages.refusals import explained
from serving.pages.visits import OWN_PASSWORD, back_to, caller_of, visit
from serving.problems import status_of
from serving.security.access import SAFE
from serving.security.permissions import GuardedRoute

BEFORE_OWN_PASSWORD = ("/account", "/logout")


class PageRoute(GuardedRoute):
    """A guarded route whose refusals say, on a page, what is true and what to do."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler with its errors put on a page."""
        handle = super().get_route_handler()

        async def handle_page(request: Request) -> Response:
            try:
                if _needs_own_password(request):
                    return back_to(OWN_PASSWORD)
                return await handle(request)
            except RequestValidationError:
                refusal: OverreadError = InputError("part of this address or form cannot be understood")
            except OverreadError as error:
                refusal = error
            return await run_in_threadpool(refused, request, refusal)

        return handle_page


def _needs_own_password(request: Request) -> bool:
    """Say whether a write waits until the caller has replaced the one-time password."""
    is_write = request.method not in SAFE
    return (
        is_write
        and caller_of(request).person.must_change_password
        and not request.url.path.startswith(BEFORE_OWN_PASSWORD)
    )


def refused(request: Request, error: OverreadError) -> Response:
    """Return an error as a page; the words are the catalogue's where it knows the error's code."""
    seen = visit(request)
    status = status_of(error)
    if status is HTTPStatus.INTERNAL_SERVER_ERROR:
        raise error
    blinded = error.code == "blinded"
    is_address = error.code == InputError.code and request.method in SAFE
    return seen.page(
        "problem/page.html",
        status=status,
        counted=False,
        code=error.code,
        title=seen.words.text_or(f"problem.title.{int(status)}", error.code),
        detail=seen.words.text("problem.bad-address") if is_address else explained(seen.words, error),
        href="/adjudication" if blinded else "/",
        action=seen.words.text("problem.to_case" if blinded else "problem.to_start"),
    )
