"""Bearer tokens of programs: from an Authorization header to the person it speaks for."""

from datetime import datetime

from overread.domain.people import Person, token_digest
from overread.store.unit_of_work import UnitOfWork
from serving.problems import CredentialsError


def bearer(authorization: str | None) -> str | None:
    """Return the token in an Authorization header; None where there is no header.

    Raises
    ------
    CredentialsError
        The header is there and is not of the Bearer scheme.
    """
    if authorization is None:
        return None
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise CredentialsError("the Authorization header is not `Bearer TOKEN`")
    return token.strip()


def person_of(work: UnitOfWork, token: str, *, now: datetime) -> Person:
    """Return who a token speaks for; raise `CredentialsError` when it is unknown or has ended."""
    known = work.people.token(token_digest(token))
    if known is None or not known.lasts(now):
        raise CredentialsError("this token is unknown or has ended; ask an operator for another")
    return Person(key=known.person, role=known.role, scope=known.scope)
