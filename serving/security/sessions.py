"""Page sessions: a signed, HttpOnly, SameSite cookie that ends with time or with a change of password."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from fastapi import Response
from itsdangerous import BadSignature, URLSafeTimedSerializer

from overread.domain.errors import InputError
from overread.domain.identifiers import PersonKey
from overread.domain.people import Person
from overread.store.unit_of_work import UnitOfWork

COOKIE = "overread_session"


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """One signed-in browser; `password` is a short digest of the password digest it was opened under."""

    person: PersonKey
    nonce: str
    password: str


class Sessions:
    """Opens sessions and reads them back; keeps nothing on the server."""

    def __init__(self, secret: bytes, *, minutes: int) -> None:
        self._signer = URLSafeTimedSerializer(secret, salt="session")
        self._seconds = minutes * 60

    def open(self, person: PersonKey, password_digest: str) -> str:
        """Return the cookie's value for a person who has just proved who they are."""
        return str(self._signer.dumps([person, secrets.token_urlsafe(16), _short(password_digest)]))

    def read(self, cookie: str | None) -> Session | None:
        """Return the session of a cookie; None when it is absent, altered or too old."""
        if not cookie:
            return None
        try:
            person, nonce, password = self._signer.loads(cookie, max_age=self._seconds)
            return Session(person=PersonKey(person), nonce=str(nonce), password=str(password))
        except (BadSignature, InputError, TypeError, ValueError):
            return None

    def set_cookie(self, response: Response, value: str, *, secure: bool) -> None:
        """Put a session on a response; `secure` wherever the page came over HTTPS."""
        response.set_cookie(
            COOKIE, value, max_age=self._seconds, httponly=True, samesite="lax", secure=secure, path="/"
        )


def person_of(work: UnitOfWork, session: Session) -> Person | None:
    """Return who a session belongs to; None when the person is gone or the password has changed since."""
    person = work.people.find(session.person)
    digest = work.people.password(session.person)
    if person is None or digest is None or not hmac.compare_digest(_short(digest), session.password):
        return None
    return person


def clear_cookie(response: Response) -> None:
    """Sign out."""
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")


def _short(password_digest: str) -> str:
    return hashlib.sha256(password_digest.encode()).hexdigest()[:16]
