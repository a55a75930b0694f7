"""People and tokens made from the command line or by the demo."""

import secrets
from collections.abc import Mapping
from datetime import datetime

from bootstrap.storage import OPERATOR, Storage
from overread.domain.audit import AuditEvent
from overread.domain.errors import ConflictError
from overread.domain.identifiers import PersonKey
from overread.domain.people import Role, Scope, Token, new_token, password_digest, token_digest
from overread.store.unit_of_work import UnitOfWork


def add_person(storage: Storage, name: PersonKey, role: Role, *, now: datetime) -> str:
    """Let a person sign in and return the one-time password; one known only by tokens gets one too."""
    password = secrets.token_urlsafe(12)
    digest = password_digest(password)
    with storage.work() as work:
        if work.people.find(name) is not None and work.people.password(name) is not None:
            raise ConflictError(f"{name} is known already and signs in with a password")
        if _is_known(work, name, role):
            work.people.set_password(name, digest, must_change=True)
        else:
            work.people.add(name, role, password=digest, at=now)
        _record(work, now, "person-added", f"person:{name}", {"role": role})
        work.commit()
    return password


def issue_token(
    storage: Storage,
    name: PersonKey,
    role: Role,
    *,
    scope: Scope | None = None,
    now: datetime,
    expires_at: datetime | None = None,
) -> str:
    """Keep a new token's digest and return the token; an unknown name is made, a known one keeps its role."""
    token = new_token()
    digest = token_digest(token)
    with storage.work() as work:
        if not _is_known(work, name, role):
            work.people.add(name, role, password=None, at=now)
        work.people.add_token(
            Token(digest=digest, person=name, role=role, scope=scope, created_at=now, expires_at=expires_at)
        )
        details = {"name": name, "role": role, "scope": scope, "expires_at": expires_at}
        _record(work, now, "token-made", f"token:{digest[:16]}", details)
        work.commit()
    return token


def _is_known(work: UnitOfWork, name: PersonKey, role: Role) -> bool:
    """Say whether a name is known; raise `ConflictError` where it has another role."""
    known = work.people.find(name)
    if known is not None and known.role is not role:
        raise ConflictError(f"{name} is known as {known.role}; use that role or another name")
    return known is not None


def _record(
    work: UnitOfWork, now: datetime, action: str, subject: str, details: Mapping[str, object]
) -> None:
    work.audit.append(AuditEvent(at=now, by=OPERATOR, action=action, subject=subject, details=details))
