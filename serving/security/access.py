"""Default deny at the door: outside a short list of open paths, nobody unknown gets any further."""

from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlencode

from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from bootstrap.web import WebServices
from overread.domain.errors import ForbiddenError
from overread.domain.people import Person, token_digest
from overread.domain.people import Scope as TokenScope
from serving import problems
from serving.problems import CredentialsError, OriginError
from serving.security import embedding, forgery, sessions, tokens
from serving.security.addresses import place_of
from serving.security.forgery import Forgery
from serving.security.limits import Quota
from serving.security.sessions import Session, Sessions

OPEN = ("/health/", "/static/", "/login", "/metrics", "/openapi.json", "/favicon.ico")
PROGRAMS = ("/api/", "/dicomweb/", "/events")
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """Who is asking: a person with a token's role and scope, or with a page session."""

    person: Person
    session: Session | None = None
    key: str = ""


class Keys(Protocol):
    """What signs: page sessions and the tokens of their forms."""

    @property
    def sessions(self) -> Sessions:
        """Opens and reads sessions."""

    @property
    def forgery(self) -> Forgery:
        """Makes and checks the tokens of forms."""


def is_open(path: str) -> bool:
    """Say whether a path needs no credentials."""
    return path.startswith(OPEN)


def _login_for(request: Request) -> str:
    """Return the address of the login page, which leads back to where a person is."""
    place = place_of(request, reads=request.method in SAFE)
    return "/login" if place in {None, "/"} else f"/login?{urlencode({'next': place})}"


class Access:
    """Finds the caller before anything else happens and leaves them in `request.state.caller`."""

    def __init__(self, app: ASGIApp, *, services: WebServices, keys: Keys, quota: Quota) -> None:
        self._app = app
        self._services = services
        self._keys = keys
        self._quota = quota

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or is_open(scope["path"]):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        answer: ASGIApp = self._app
        try:
            request.state.caller = await self._admitted(request)
        except CredentialsError as error:
            answer = problems.answer(error, path=scope["path"])
            if not scope["path"].startswith(PROGRAMS):
                answer = RedirectResponse(_login_for(request), status_code=303)
        except Exception as error:  # whatever happens at the door, the caller gets a problem document
            answer = problems.answer(error, path=scope["path"])
        await answer(scope, receive, send)

    async def _admitted(self, request: Request) -> Caller:
        caller = await run_in_threadpool(self._identify, request)
        if caller is None:
            raise CredentialsError("send a token as `Authorization: Bearer TOKEN`, or sign in")
        self._quota.take(caller.key)
        self._refuse_forged(request, caller)
        return caller

    def _identify(self, request: Request) -> Caller | None:
        """Return the caller, None without credentials; where a token is sent, a cookie does not count."""
        token = tokens.bearer(request.headers.get("authorization"))
        if token is not None:
            with self._services.storage.look() as work:
                person = tokens.person_of(work, token, now=self._services.now())
            self._refuse_elsewhere(request, person)
            return Caller(person=person, key=token_digest(token))
        session = self._keys.sessions.read(request.cookies.get(sessions.COOKIE))
        if session is None:
            return None
        with self._services.storage.look() as work:
            signed_in = sessions.person_of(work, session)
        if signed_in is None:
            return None
        return Caller(person=signed_in, session=session, key=f"page:{signed_in.key}")

    def _refuse_elsewhere(self, request: Request, person: Person) -> None:
        """Hold a token for the widget to its calls, from pages that may show it."""
        if person.scope is not TokenScope.WIDGET:
            return
        if request.headers.get("origin") not in self._services.settings.embedders:
            raise OriginError
        if not embedding.is_shared(request.url.path):
            raise ForbiddenError("this token is for the calls of the widget alone")

    def _refuse_forged(self, request: Request, caller: Caller) -> None:
        """Hold a page's API call to its token; the pages' own forms are checked where they are read."""
        if caller.session is None or not request.url.path.startswith(PROGRAMS):
            return
        if caller.person.must_change_password:
            raise ForbiddenError("set a password of your own on the account page first")
        if request.method not in SAFE:
            self._keys.forgery.require(caller.session.nonce, request.headers.get(forgery.HEADER))
