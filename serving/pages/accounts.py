"""People and programs: who may do what here, and what operators do when somebody comes, forgets or leaves."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Response

from bootstrap.accounts import change_role, end_token, reset_password, switch_off, switch_on
from bootstrap.credentials import add_person
from bootstrap.storage import Storage
from overread.domain.accounts import (
    ONE_TIME_LASTS,
    ROLES_OF_PEOPLE,
    Account,
    ProgramRoleError,
    require_another,
)
from overread.domain.errors import InputError, NotFoundError, OverreadError
from overread.domain.identifiers import PersonKey
from overread.domain.people import Permission, Person, Role, Token
from serving.pages.forms import Filled, Form
from serving.pages.refusals import FieldError
from serving.pages.routing import PageRoute
from serving.pages.visits import OWN_PASSWORD, Visit, Visiting, back_to
from serving.security.permissions import PeopleManager, PeopleViewer

router = APIRouter(prefix="/people", include_in_schema=False, route_class=PageRoute)


@router.get("")
def show_people(by: PeopleViewer, visit: Visiting) -> Response:
    """Show everybody, with role, state and last sign-in."""
    return back_to(OWN_PASSWORD) if by.must_change_password else _list(visit, by)


@router.post("")
def add(by: PeopleManager, visit: Visiting, form: Form) -> Response:
    """Add a person and show the one-time password, once."""
    web = visit.web
    try:
        name = _name(form)
        role = _role(form)
        password = add_person(web.services.storage, name, role, now=web.now(), by=by.key)
    except OverreadError as error:
        return _list(visit, by, error=error, typed=form)
    return _one(visit, by, name, password=password)


@router.get("/{name}")
def show_person(name: str, by: PeopleViewer, visit: Visiting) -> Response:
    """Show one person or program, with tokens and what can be done."""
    return back_to(OWN_PASSWORD) if by.must_change_password else _one(visit, by, _known(name))


@router.post("/{name}/reset")
def reset(name: str, by: PeopleManager, visit: Visiting, form: Form) -> Response:
    """Reset a password and show the one-time password, once; one's own is changed at `/account`."""
    del form

    def give(storage: Storage, now: datetime) -> str:
        require_another(_known(name), by=by.key)  # a session left open must not give the account away
        return reset_password(storage, _known(name), by=by.key, now=now)

    return _done(visit, by, name, give)


@router.post("/{name}/off")
def turn_off(name: str, by: PeopleManager, visit: Visiting, form: Form) -> Response:
    """Switch an account off."""
    del form
    return _done(visit, by, name, lambda storage, now: switch_off(storage, _known(name), by=by.key, now=now))


@router.post("/{name}/on")
def turn_on(name: str, by: PeopleManager, visit: Visiting, form: Form) -> Response:
    """Switch an account on again and show the one-time password, once."""
    del form
    return _done(visit, by, name, lambda storage, now: switch_on(storage, _known(name), by=by.key, now=now))


@router.post("/{name}/role")
def give_role(name: str, by: PeopleManager, visit: Visiting, form: Form) -> Response:
    """Give somebody else another role."""

    def change(storage: Storage, now: datetime) -> None:
        change_role(storage, _known(name), _role(form), by=by.key, now=now)

    return _done(visit, by, name, change)


@router.post("/{name}/token")
def revoke(name: str, by: PeopleManager, visit: Visiting, form: Form) -> Response:
    """End a token, which is named by the instant it was made at."""

    def end(storage: Storage, now: datetime) -> None:
        end_token(storage, _known(name), _instant(form.text("made_at")), by=by.key, now=now)

    return _done(visit, by, name, end)


def _done(visit: Visit, by: Person, name: str, act: Callable[[Storage, datetime], str | None]) -> Response:
    """Do something to an account and show it; a page with a password is an answer, not an address."""
    try:
        password = act(visit.web.services.storage, visit.web.now())
    except NotFoundError:
        raise
    except OverreadError as error:
        return _one(visit, by, _known(name), error=error)
    if password is None:
        return back_to(f"/people/{name}")
    return _one(visit, by, _known(name), password=password)


def _known(name: str) -> PersonKey:
    try:
        return PersonKey(name)
    except InputError as error:
        raise NotFoundError(str(error)) from error


def _name(form: Filled) -> PersonKey:
    typed = form.text("name").strip()
    try:
        return PersonKey(typed)
    except InputError as error:
        raise FieldError(str(error), field="name", wrong="unfit" if typed else "empty") from error


def _role(form: Filled) -> Role:
    try:
        role = Role(form.text("role"))
    except ValueError as error:
        raise FieldError("choose a role", field="role", wrong="choose") from error
    if role not in ROLES_OF_PEOPLE:
        raise ProgramRoleError
    return role


def _instant(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError("the token is named by the instant it was made at") from error


def _list(
    visit: Visit, by: Person, *, error: OverreadError | None = None, typed: Filled | None = None
) -> Response:
    with visit.web.look() as work:
        accounts = work.people.accounts()
    return visit.page(
        "people/list.html",
        typed=typed,
        error=error,
        people=[_shown(visit, account) for account in accounts],
        may_manage=by.may(Permission.MANAGE_PEOPLE),
        roles=ROLES_OF_PEOPLE,
    )


def _one(
    visit: Visit,
    by: Person,
    name: PersonKey,
    *,
    password: str | None = None,
    error: OverreadError | None = None,
) -> Response:
    with visit.web.look() as work:
        account, tokens = work.people.account(name), work.people.tokens_of(name)
    return visit.page(
        "people/page.html",
        error=error,
        one=_shown(visit, account),
        tokens=[_token(visit, token) for token in tokens],
        password=password,
        may_manage=by.may(Permission.MANAGE_PEOPLE),
        own=name == by.key,
        roles=[role for role in ROLES_OF_PEOPLE if role is not account.role],
    )


def _shown(visit: Visit, account: Account) -> dict[str, Any]:
    instant = visit.formats.instant
    return {
        "key": account.key,
        "role": account.role,
        "state": _state(account),
        "has_password": account.has_password,
        "created_at": instant(account.created_at),
        "signed_in_at": instant(account.signed_in_at),
        "off_since": instant(account.switched_off_at),
        "one_time_until": instant(account.one_time_until) if account.one_time_until else "",
        "one_time_days": ONE_TIME_LASTS.days,
    }


def _state(account: Account) -> str:
    """Return in one word how somebody gets in."""
    if account.switched_off_at is not None:
        return "off"
    if not account.has_password:
        return "tokens"
    return "one_time" if account.must_change_password else "on"


def _token(visit: Visit, token: Token) -> dict[str, Any]:
    """Return a token by when it was made and ends; nothing from which it could be guessed or known."""
    instant = visit.formats.instant
    return {
        "made": token.created_at.isoformat(),
        "made_at": instant(token.created_at),
        "ends_at": None if token.expires_at is None else instant(token.expires_at),
        "scope": token.scope,
        "role": token.role,
        "lasts": token.lasts(visit.web.now()),
    }
