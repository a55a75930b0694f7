"""What is done to an account after it was made; each act ends what it must and has its row in the record."""

from collections.abc import Mapping
from datetime import datetime

from bootstrap.credentials import new_password, record
from bootstrap.storage import Storage
from overread.domain.accounts import (
    ONE_TIME_LASTS,
    NoPasswordError,
    require_another,
    require_new_role,
    require_operator_left,
)
from overread.domain.errors import NotFoundError
from overread.domain.identifiers import PersonKey
from overread.domain.people import Role, password_digest
from overread.store.unit_of_work import UnitOfWork


def reset_password(storage: Storage, name: PersonKey, *, by: PersonKey, now: datetime) -> str:
    """Return a new one-time password of a person; every session opened with the old one ends."""
    with storage.work() as work:
        account = work.people.account(name)
        account.require_on()
        if not account.has_password:
            raise NoPasswordError(name, account.role)
        password = _give_password(work, name, now=now)
        _record(work, by, now, "password-reset", name, {})
        work.commit()
    return password


def switch_off(storage: Storage, name: PersonKey, *, by: PersonKey, now: datetime) -> None:
    """Let somebody in no more, neither by password nor by token, until switched on again."""
    with storage.work() as work:
        account = work.people.account(name)
        account.require_on()
        require_another(name, by=by)
        require_operator_left(work.people.accounts(), without=name)
        work.people.switch(name, off_at=now)
        _record(work, by, now, "person-switched-off", name, {})
        work.commit()


def switch_on(storage: Storage, name: PersonKey, *, by: PersonKey, now: datetime) -> str | None:
    """Let somebody in again and return the new one-time password; None for who has tokens alone.

    The old password opens nothing any more, nor do sessions of before, which may be on a screen somewhere.
    """
    with storage.work() as work:
        account = work.people.account(name)
        if account.switched_off_at is None:
            return None
        work.people.switch(name, off_at=None)
        password = _give_password(work, name, now=now) if account.has_password else None
        _record(work, by, now, "person-switched-on", name, {})
        work.commit()
    return password


def change_role(storage: Storage, name: PersonKey, role: Role, *, by: PersonKey, now: datetime) -> None:
    """Give somebody else another role; tokens of the old role end."""
    with storage.work() as work:
        account = work.people.account(name)
        require_new_role(account, role)
        require_another(name, by=by)
        require_operator_left(work.people.accounts(), without=name)
        work.people.set_role(name, role)
        for token in work.people.tokens_of(name):
            if token.lasts(now):
                work.people.end_token(token.digest, at=now)
        _record(work, by, now, "role-changed", name, {"from": account.role, "to": role})
        work.commit()


def end_token(storage: Storage, name: PersonKey, made_at: datetime, *, by: PersonKey, now: datetime) -> None:
    """Revoke the token of a name that was made at an instant; one that has ended stays as it is."""
    with storage.work() as work:
        found = [token for token in work.people.tokens_of(name) if token.created_at == made_at]
        if not found:
            raise NotFoundError(f"{name} has no such token")
        token = found[0]
        if not token.lasts(now):
            return
        work.people.end_token(token.digest, at=now)
        details = {"name": name, "made_at": made_at}
        record(work, now, "token-revoked", f"token-revoked:{token.digest[:16]}", details, by=by)
        work.commit()


def _give_password(work: UnitOfWork, name: PersonKey, *, now: datetime) -> str:
    password = new_password()
    work.people.give_password(name, password_digest(password), until=now + ONE_TIME_LASTS)
    return password


def _record(
    work: UnitOfWork, by: PersonKey, now: datetime, action: str, name: PersonKey, more: Mapping[str, object]
) -> None:
    record(work, now, action, f"{action}:{name}:{now.isoformat()}", {"name": name, **more}, by=by)
