"""People and tokens made: from the command line, on the page of people, or by the demo."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

from bootstrap.storage import OPERATOR, Storage
from overread.domain.accounts import ONE_TIME_LASTS, Account, KnownPersonError
from overread.domain.audit import AuditEvent
from overread.domain.errors import InputError
from overread.domain.identifiers import PersonKey
from overread.domain.people import (
    MAY,
    SCOPE_ALLOWS,
    WIDGET_LASTS,
    Permission,
    Person,
    Role,
    Scope,
    Token,
    new_token,
    password_digest,
    token_digest,
)
from overread.store.unit_of_work import UnitOfWork


def add_person(
    storage: Storage, name: PersonKey, role: Role, *, now: datetime, by: PersonKey = OPERATOR
) -> str:
    """Let a person sign in and return the one-time password; one known only by tokens gets one too."""
    password = new_password()
    digest = password_digest(password)
    with storage.work() as work:
        known = _known(work, name, role)
        if known is not None and known.has_password:
            raise KnownPersonError(
                f"{name} is known already and signs in with a password; "
                f"`overread user reset {name}` gives a new one"
            )
        if known is not None:
            work.people.give_password(name, digest, until=now + ONE_TIME_LASTS)
        else:
            work.people.add(name, role, password=digest, at=now)
        record(work, now, "person-added", f"person:{name}", {"name": name, "role": role}, by=by)
        work.commit()
    return password


def new_password() -> str:
    """Return 96 random bits as text: a password to be shown once and changed at the next sign-in."""
    return secrets.token_urlsafe(12)


def issue_token(
    storage: Storage,
    name: PersonKey,
    role: Role,
    *,
    scope: Scope | None = None,
    now: datetime,
    expires_at: datetime | None = None,
) -> str:
    """Keep a new token's digest and return the token; an unknown name is made, a known one keeps its role.

    One for the widget that names no end lasts as long as such a token may.

    Raises
    ------
    InputError
        The scope leaves nothing of what the role may, or a token for the widget would last too long.
    """
    if scope is not None and not MAY[role] & SCOPE_ALLOWS[scope]:
        raise InputError(f"a {role} may do nothing of {scope}; choose another role, or leave the scope out")
    if scope is Scope.WIDGET and expires_at is None:
        expires_at = now + WIDGET_LASTS
    with storage.work() as work:
        if _known(work, name, role) is None:
            work.people.add(name, role, password=None, at=now)
        token = _made(work, Person(key=name, role=role, scope=scope), by=OPERATOR, now=now, ends=expires_at)
        work.commit()
    return token


def lend_token(
    storage: Storage, name: PersonKey, *, lasts: timedelta, by: PersonKey, now: datetime
) -> tuple[str, datetime]:
    """Return a token for the widget of somebody who is known to give feedback, and when it ends.

    Earlier ones of the name that have ended are forgotten: a workstation gets several a day.

    Raises
    ------
    ForbiddenError
        The person's role gives no feedback.
    NotFoundError
        Nobody has this name.
    SwitchedOffError
        The account is switched off.
    """
    ends = now + lasts
    with storage.work() as work:
        account = work.people.account(name)
        account.require_on()
        Person(key=name, role=account.role).must(Permission.GIVE_FEEDBACK)
        work.people.forget_ended(name, Scope.WIDGET, now=now)
        lent_to = Person(key=name, role=account.role, scope=Scope.WIDGET)
        token = _made(work, lent_to, by=by, now=now, ends=ends)
        work.commit()
    return token, ends


def _made(
    work: UnitOfWork, speaks_for: Person, *, by: PersonKey, now: datetime, ends: datetime | None
) -> str:
    """Keep the digest of a new token and return the token."""
    token = new_token()
    kept = Token(
        digest=token_digest(token),
        person=speaks_for.key,
        role=speaks_for.role,
        scope=speaks_for.scope,
        created_at=now,
        expires_at=ends,
    )
    work.people.add_token(kept)
    details = {"name": kept.person, "role": kept.role, "scope": kept.scope, "expires_at": ends}
    record(work, now, "token-made", f"token:{kept.digest[:16]}", details, by=by)
    return token


def _known(work: UnitOfWork, name: PersonKey, role: Role) -> Account | None:
    """Return the account of a known name; raise where it has another role or is switched off."""
    if work.people.find(name) is None:
        return None
    known = work.people.account(name)
    known.require_on()
    if known.role is not role:
        raise KnownPersonError(f"{name} is known as {known.role}; use that role or another name")
    return known


def record(
    work: UnitOfWork,
    now: datetime,
    action: str,
    subject: str,
    details: Mapping[str, object],
    *,
    by: PersonKey,
) -> None:
    """Put one row into the change record; never a password or a token."""
    work.audit.append(AuditEvent(at=now, by=by, action=action, subject=subject, details=details))
