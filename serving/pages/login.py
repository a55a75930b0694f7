"""Sign in and out."""

import hashlib
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from overread.domain.audit import AuditEvent
from overread.domain.errors import InputError, OverreadError
from overread.domain.identifiers import PersonKey
from overread.domain.people import password_matches
from overread.settings.environment import Language
from serving.pages.forms import Filled, Form, read_form
from serving.pages.routing import PageRoute
from serving.pages.visits import OWN_PASSWORD, Visit, back_to
from serving.problems import CredentialsError, ForgeryError, OneTimeEndedError, QuotaError, status_of
from serving.security import forgery, sessions
from serving.security.addresses import local
from serving.security.forgery import Forgery
from serving.security.permissions import Anyone
from serving.wiring import Web, Wired

router = APIRouter(include_in_schema=False)
leaving = APIRouter(include_in_schema=False, route_class=PageRoute)

NEXT = "next"
_REFUSALS: dict[type[OverreadError], str] = {
    ForgeryError: "login.expired",
    QuotaError: "login.wait",
    OneTimeEndedError: "login.one_time_ended",
}
_NOBODY = f"scrypt${'0' * 32}${'0' * 128}"  # so that an unknown name takes as long as a wrong password


@router.get("/login")
def show_login(
    request: Request,
    web: Wired,
    lang: Annotated[Language | None, Query()] = None,
    then: Annotated[str, Query(alias=NEXT)] = "",
) -> Response:
    """Ask who is there; `next` is where that person was."""
    return _login(request, web, lang, then=then)


@router.post("/login")
def sign_in(
    request: Request,
    web: Wired,
    form: Annotated[Filled, Depends(read_form)],
    lang: Annotated[Language | None, Query()] = None,
) -> Response:
    """Open a session for whoever knows a name and its password."""
    username, then = form.text("username").strip(), form.text(NEXT)
    try:
        web.forgery.require(request.cookies.get(forgery.LOGIN_COOKIE, ""), form.text(forgery.FIELD))
    except ForgeryError as error:  # most often a page that outlived its cookie
        return _login(request, web, lang, then=then, username=username, refusal=error)
    guesser = _guesser(request, username)
    try:
        web.guesses.take(guesser)
    except QuotaError as error:
        return _login(request, web, lang, then=then, username=username, refusal=error)
    digest = _password_of(web, username)
    if not password_matches(form.text("password"), digest or _NOBODY) or digest is None:
        return _login(request, web, lang, then=then, username=username, refusal=CredentialsError())
    web.guesses.forget(guesser)
    key = PersonKey(username)
    if _one_time_ended(web, key):
        return _login(request, web, lang, then=then, username=username, refusal=OneTimeEndedError())
    response = back_to(_first_page(web, key, local(then) or "/", lang))
    cookie = web.sessions.open(key, digest)
    web.sessions.set_cookie(response, cookie, secure=request.url.scheme == "https")
    response.delete_cookie(forgery.LOGIN_COOKIE, path="/login")
    return response


@leaving.post("/logout")
def sign_out(by: Anyone, form: Form) -> Response:
    """End the session of this browser."""
    del by, form
    response = back_to("/login")
    sessions.clear_cookie(response)
    return response


def _guesser(request: Request, username: str) -> str:
    """Return who guesses: a name from an address, so that nobody can lock another out from elsewhere."""
    address = "" if request.client is None else request.client.host
    return hashlib.sha256(f"{address} {username}".encode()).hexdigest()  # a name may be as long as a body


def _password_of(web: Web, username: str) -> str | None:
    try:
        key = PersonKey(username)
    except InputError:
        return None
    with web.look() as work:
        return work.people.password(key)


def _one_time_ended(web: Web, key: PersonKey) -> bool:
    with web.look() as work:
        return work.people.account(key).one_time_ended(web.now())


def _first_page(web: Web, key: PersonKey, then: str, lang: str | None) -> str:
    """Keep that somebody signed in; return where to go: `then`, or first to a password of one's own.

    Whoever has chosen no language yet goes on in that of the page they signed in on.
    """
    now = web.now()
    with web.work() as work:
        account = work.people.account(key)
        if lang not in {None, web.services.settings.language} and work.people.language(key) is None:
            work.people.set_language(key, str(lang))
        work.people.signed_in(key, at=now)
        event = AuditEvent(at=now, by=key, action="signed-in", subject=f"signed-in:{key}:{now.isoformat()}")
        work.audit.append(event)
        work.commit()
    return OWN_PASSWORD if account.must_change_password else then


def _login(
    request: Request,
    web: Web,
    lang: str | None,
    *,
    then: str,
    username: str = "",
    refusal: OverreadError | None = None,
) -> Response:
    """Render the page; after a refusal with the reason and the name that was typed."""
    settings = web.services.settings
    nonce = request.cookies.get(forgery.LOGIN_COOKIE) or Forgery.new_nonce()
    visit = Visit(request=request, web=web, language=lang or settings.language, csrf=web.forgery.token(nonce))
    response = visit.page(
        "login/page.html",
        status=200 if refusal is None else status_of(refusal),
        username=username,
        then=local(then) or "",
        problem=None if refusal is None else visit.words.text(_REFUSALS.get(type(refusal), "login.wrong")),
        hours=f"{settings.session_minutes / 60:g}",
    )
    response.set_cookie(
        forgery.LOGIN_COOKIE,
        nonce,
        max_age=3600,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
        path="/login",
    )
    return response
