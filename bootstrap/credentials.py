"""Tokens for programs, made from the command line or by the demo."""

from datetime import datetime

from bootstrap.storage import Storage
from overread.domain.audit import AuditEvent
from overread.domain.errors import ConflictError
from overread.domain.identifiers import PersonKey
from overread.domain.people import Role, Scope, Token, new_token, token_digest


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
        known = work.people.find(name)
        if known is None:
            work.people.add(name, role, password=None, at=now)
        elif known.role is not role:
            raise ConflictError(f"{name} is known as {known.role}; use that role or another name")
        work.people.add_token(
            Token(digest=digest, person=name, role=role, scope=scope, created_at=now, expires_at=expires_at)
        )
        details = {"name": name, "role": role, "scope": scope}
        work.audit.append(
            AuditEvent(
                at=now, by="operator", action="token-made", subject=f"token:{digest[:16]}", details=details
            )
        )
        work.commit()
    return token
