"""People and programs: `overread user add`, `overread user reset`, `overread token new`."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from cli.settings import AsJson, answer, settings
from overread.domain.identifiers import PersonKey
from overread.domain.people import Role, Scope

CENTURY = 36_500

user = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="People who sign in.")
token = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Credentials of programs.")


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(user, name="user")
    app.add_typer(token, name="token")


@user.command("add")
def add_user(
    name: Annotated[str, typer.Argument(help="How the person signs in.")],
    role: Annotated[Role, typer.Option(help="What the person may do.")],
    as_json: AsJson = False,
) -> None:
    """Add a person; the one-time password is printed once, lasts a week and is to be changed."""
    from bootstrap.clock import utc_now
    from bootstrap.credentials import add_person
    from bootstrap.storage import open_storage

    password = add_person(open_storage(settings()), person_key(name), role, now=utc_now())
    answer({"name": name, "role": role.value, "password": password}, as_json=as_json)


@user.command("reset")
def reset_user(
    name: Annotated[str, typer.Argument(help="Who forgot the password.")], as_json: AsJson = False
) -> None:
    """Give a person a new one-time password, printed once, for a week; sessions of the person end."""
    from bootstrap.accounts import reset_password
    from bootstrap.clock import utc_now
    from bootstrap.storage import OPERATOR, open_storage

    password = reset_password(open_storage(settings()), person_key(name), by=OPERATOR, now=utc_now())
    answer({"name": name, "password": password}, as_json=as_json)


@token.command("new")
def new_token(
    name: Annotated[str, typer.Argument(help="Whose voice it is; an unknown name is made.")],
    role: Annotated[Role, typer.Option(help="What it may do.")],
    only: Annotated[Scope | None, typer.Option(help="Narrow it to one scope.")] = None,
    days: Annotated[int | None, typer.Option(min=1, max=CENTURY, help="Days until it ends.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a token; it is printed once, we keep only its digest."""
    from bootstrap.clock import utc_now
    from bootstrap.credentials import issue_token
    from bootstrap.storage import open_storage

    now = utc_now()
    expires = None if days is None else now + timedelta(days=days)
    storage = open_storage(settings())
    made = issue_token(storage, person_key(name), role, scope=only, now=now, expires_at=expires)
    if not as_json:
        typer.echo(made)
        return
    result = {"name": name, "role": role.value, "token": made}
    answer({**result, "expires_at": None if expires is None else instant(expires)}, as_json=True)


def person_key(name: str) -> PersonKey:
    """Return a name as the command line takes it; raise `BadParameter` that says what a name is."""
    from overread.domain.errors import InputError

    try:
        return PersonKey(name)
    except InputError as error:
        raise typer.BadParameter(
            "a name is 1 to 64 letters, digits or . _ @ - without spaces", param_hint="NAME"
        ) from error


def instant(at: datetime) -> str:
    """Return an instant as JSON results give it: RFC 3339 to the second, with Z."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
